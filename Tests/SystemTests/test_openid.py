"""Sign-in at a real OpenID provider of this machine, in a real browser, with two servers on one database."""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
import time
import urllib.request

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import oidc_provider_mock
import pytest
from conftest import TOKEN, Browser, Server, running
from oidc_provider_mock import _storage

SECRET = "the provider's secret"


class Provider:
    """`oidc-provider-mock`, which neither dates logins nor requires PKCE: the tests of `OpenIDTests` cover those."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"

    def put(self, subject: str, **claims):
        """Sets the claims of a person."""
        request = urllib.request.Request(f"{self.url}/users/{subject}", method="PUT", data=json.dumps(claims).encode(),
                                         headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="module")
def provider():
    # By default the provider does not state when a person authenticated.
    _storage.AuthorizationCode.get_auth_time = lambda _: int(time.time())
    with oidc_provider_mock.run_server_in_thread() as server:
        yield Provider(server.server_port)


@contextlib.contextmanager
def second(first: Server, **settings: str):
    """Runs another server on the database of the first one."""
    folder = tempfile.mkdtemp(prefix="flotilla-browser-")
    socket = f"host={first.folder}/cluster user=flotilla dbname=flotilla"
    server = Server(folder, DATABASE_URL=socket, **settings)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def servers(provider):
    secret = pathlib.Path(tempfile.mkdtemp(prefix="flotilla-browser-")) / "secret"
    secret.write_text(SECRET)
    settings = {"OIDC_ISSUER": provider.url, "OIDC_CLIENT_ID": "flotilla", "OIDC_CLIENT_SECRET_FILE": str(secret),
                "OIDC_ROLES": "trading:operator,risk:approver", "STEP_UP_MINUTES": "5"}
    with running(**settings) as first, second(first, **settings) as other:
        yield first, other
    shutil.rmtree(secret.parent)


def sign_in(browser: Browser, provider: Provider, subject: str):
    browser.find("a.button").click()
    browser.wait(lambda: browser.driver.current_url.startswith(provider.url))
    authorize(browser, subject)


def authorize(browser: Browser, subject: str):
    browser.find("[name=sub]").send_keys(subject)
    browser.find("form button[type=submit]").click()
    browser.wait(lambda: browser.driver.current_url.startswith(browser.web))


def sessions(server: Server) -> list[dict]:
    request = urllib.request.Request(f"{server.api}/sessions", headers={"X-Admin-Token": TOKEN})
    with urllib.request.urlopen(request) as response:
        return json.load(response)["items"]


@contextlib.contextmanager
def browsing(web: str):
    browser = Browser(web)
    try:
        yield browser
    finally:
        browser.close()


def test_a_person_signs_in_and_loses_access_with_the_group_within_a_minute_on_all_servers(provider, servers):
    provider.put("ann", preferred_username="ann", groups=["trading"])
    with browsing(servers[0].web) as browser:
        browser.open("/bots?status=LOST")
        assert browser.path == "/login?next=%2Fbots%3Fstatus%3DLOST"
        sign_in(browser, provider, "ann")
        assert browser.path == "/bots?status=LOST"
        assert browser.text(".user summary") == "oidc:ann"
        # Cookies do not depend on the port, so the session is valid at the other server, too.
        urls = [server.web + "/bots" for server in servers]
        for url in urls:
            browser.driver.get(url)
            assert browser.driver.current_url == url
        provider.put("ann", preferred_username="ann", groups=["other"])
        removed = time.monotonic()
        ended: dict[str, float] = {}
        while len(ended) < len(urls):
            assert time.monotonic() - removed < 120
            for url in urls:
                browser.driver.get(url)
                if "/login" in browser.driver.current_url:
                    ended.setdefault(url, time.monotonic() - removed)
            time.sleep(1)
        print("access ended after", sorted(ended.values()), "s")
        # The page itself takes some time.
        assert max(ended.values()) < 65
        assert [item for item in sessions(servers[0]) if item["principal"] == "oidc:ann"] == []
        browser.open("/login")
        sign_in(browser, provider, "ann")
        assert browser.text("[role=alert]") == "Sign-in failed: none of your groups has a role here."


def test_an_open_page_is_closed_without_a_request_of_its_user(provider, servers):
    provider.put("eve", preferred_username="eve", groups=["trading"])
    with browsing(servers[1].web) as browser:
        browser.open("/dashboard")
        sign_in(browser, provider, "eve")
        provider.put("eve", preferred_username="eve", groups=[])
        browser.wait(lambda: browser.path.startswith("/login"), 120)


def test_signing_out_leads_to_the_provider_and_back(provider, servers):
    provider.put("bob", preferred_username="bob", groups=["risk"])
    with browsing(servers[0].web) as browser:
        browser.open("/login")
        sign_in(browser, provider, "bob")
        browser.open("/settings?tab=sessions")
        assert "this browser" in browser.text("#sessions tbody tr") and "oidc:bob" in browser.text("#sessions")
        browser.find(".user summary").click()
        browser.find("form[action='/logout'] button").click()
        browser.wait(lambda: browser.driver.current_url.startswith(provider.url + "/oauth2/end_session?"))
        browser.find("form button[type=submit]").click()
        browser.wait(lambda: browser.path == "/login")
        browser.open("/bots")
        assert browser.path.startswith("/login")


def test_a_refused_consent_opens_no_session(provider, servers):
    with browsing(servers[0].web) as browser:
        browser.open("/login")
        browser.find("a.button").click()
        browser.wait(lambda: browser.driver.current_url.startswith(provider.url))
        browser.find("button[value=deny]").click()
        browser.wait(lambda: browser.driver.current_url.startswith(browser.web))
        # This provider does not repeat the state in its response.
        assert browser.text("[role=alert]").startswith("Sign-in failed: ")
        assert [item for item in sessions(servers[0]) if item["kind"] == "OPENID"] == []


def test_a_high_risk_command_needs_another_login_and_another_person_of_the_provider_approves_it(provider, servers):
    provider.put("carl", preferred_username="carl", groups=["trading"])
    provider.put("dora", preferred_username="dora", groups=["risk"])
    heartbeat = {"instance_id": "i1", "bot_id": "b1", "runtime_mode": "LIVE", "exchange": "binance", "symbol": "BTCUSDT", "version": "1.0",
                 "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    request = urllib.request.Request(f"{servers[0].api}/ingest/heartbeat", data=json.dumps(heartbeat).encode(),
                                     headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    with browsing(servers[0].web) as carl, browsing(servers[1].web) as dora:
        carl.open("/login")
        sign_in(carl, provider, "carl")
        servers[0].sql("UPDATE web_sessions SET authenticated_at = now() - interval '6 minutes'")
        carl.open("/commands/new?type=FLATTEN&instance=i1")
        carl.find("#step-up a").click()
        carl.wait(lambda: carl.driver.current_url.startswith(provider.url))
        assert "prompt=login&max_age=300" in carl.driver.current_url
        authorize(carl, "carl")
        assert carl.path == "/commands/new?type=FLATTEN&instance=i1" and not carl.all("#step-up")
        carl.find("[name=reason]").send_keys("venue is closing")
        carl.find("[name=phrase]").send_keys("FLATTEN i1")
        carl.click(carl.find("#confirm button.danger"))
        carl.wait(lambda: "AWAITING_APPROVAL" in carl.text("#receipt") or "Awaiting approval" in carl.text("#receipt"))
        identity = carl.path.rsplit("/", 1)[1]
        dora.open("/approvals")
        sign_in(dora, provider, "dora")
        dora.click(dora.find(f"#approval-{identity} button[value=approve]"))
        dora.wait(lambda: "Command approved" in dora.text())
        carl.open(f"/commands/{identity}")
        assert "oidc:dora" in carl.text("#timeline") and "oidc:carl" in carl.text("#receipt")
