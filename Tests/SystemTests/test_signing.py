"""Commands that a browser signs with WebCrypto."""

import datetime
import hashlib
import json
import subprocess
import urllib.request

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conftest import TOKEN, Browser, running
from fleet import Fleet


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    # Without approval, so that the commands are delivered at once.
    with running(COMMAND_SIGNING_KEY_FILE=str(key), COMMAND_APPROVAL="off") as server:
        yield server


@pytest.fixture(scope="module")
def api(server):
    fleet = Fleet(server.api, TOKEN)
    for instance in ("i1", "i2"):
        fleet.heartbeat(instance, "b1")
    return fleet


@pytest.fixture
def browser(server):
    browser = Browser(server.web)
    browser.sign_in()
    yield browser
    browser.close()


def pending(server, instance: str) -> list[dict]:
    with urllib.request.urlopen(f"{server.api}/instances/{instance}/commands/pending") as response:
        return json.load(response)


def send(browser: Browser, query: str):
    """Confirms a command and waits for its page."""
    browser.open(f"/commands/new?{query}")
    if browser.all("main input[name=reason]"):
        browser.find("main input[name=reason]").send_keys("maintenance window")
    if browser.all("main input[name=phrase]"):
        browser.find("main input[name=phrase]").send_keys(browser.find("main form[data-phrase]").get_attribute("data-phrase"))
    browser.click(browser.find("main form[action='/commands'] button"))
    browser.wait(lambda: browser.path.startswith("/command") and "/new" not in browser.path)


def test_a_command_is_signed_with_a_key_that_cannot_leave_the_browser(server, api, browser):
    send(browser, "type=SAFE_MODE&instance=i1")
    assert [item["signer"] for item in pending(server, "i1")[-1]["signatures"]] == ["SERVER"]

    browser.open("/settings")
    button = "form[action='/signing-key'] button"
    browser.click(browser.find(button))
    public = browser.wait(lambda: browser.find("input[name=public_key]").get_attribute("value"))
    assert len(public) == 64
    # The key is still there after a reload, and is not created again.
    browser.open("/settings")
    assert browser.wait(lambda: browser.find("input[name=public_key]").get_attribute("value")) == public
    browser.click(browser.find(button))
    assert browser.find("input[name=public_key]").get_attribute("value") == public
    exported = browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const opening = indexedDB.open("flotilla", 1);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("keys").objectStore("keys").getAll();
          reading.onsuccess = () => Promise.all(["pkcs8", "jwk"].map((format) =>
            crypto.subtle.exportKey(format, reading.result[0].privateKey).then(() => "exported", (error) => error.name))).then(done);
        };""")
    assert exported == ["InvalidAccessError", "InvalidAccessError"]

    # Before an admin has registered the key, commands go without its signature.
    send(browser, "type=CANCEL_ALL&instance=i1")
    assert [item["signer"] for item in pending(server, "i1")[-1]["signatures"]] == ["SERVER"]
    account = api.call("GET", "/audit/logs?action=COMMAND_CREATE&page_size=1")["items"][0]["actor"]
    api.call("POST", "/command-keys", {"principal": account, "public_key": public, "name": "browser"})

    for query, payload in (("type=SYNC_BALANCE", "{}"), ("type=SET_MODE&mode=PAPER", '{"mode":"PAPER"}')):
        send(browser, f"{query}&instance=i1")
        command = pending(server, "i1")[-1]
        by_signer = {item["signer"]: item for item in command["signatures"]}
        assert sorted(by_signer) == ["OPERATOR", "SERVER"]
        signature = by_signer["OPERATOR"]
        assert signature["payload"] == payload
        # The server has verified the signature; this is the same check without our code.
        microseconds = (datetime.datetime.fromisoformat(command["expires_at"]) - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) \
            // datetime.timedelta(microseconds=1)
        lines = ["flotilla-command-v1", signature["key_id"], command["command_id"], "i1", command["command_type"],
                 hashlib.sha256(payload.encode()).hexdigest(), str(microseconds), str(signature["sequence"]), account]
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature["signature"]), "".join(f"{line}\n" for line in lines).encode())

    # A command to several instances has only the server's signature.
    send(browser, "type=SAFE_MODE&instance=i1&instance=i2")
    assert [item["signer"] for item in pending(server, "i2")[-1]["signatures"]] == ["SERVER"]
