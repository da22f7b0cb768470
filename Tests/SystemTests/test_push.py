"""Web push: a push service on this machine decrypts the messages with independent implementations of RFC 8291 and RFC 8292."""

import base64
import http.server
import json
import os
import threading
import time
import urllib.error
import urllib.request

import http_ece
import jwt
import pytest
import websocket
from conftest import TOKEN, Browser, running
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

# The private key of RFC 8291, appendix A.
KEY = "c9f58f89813e9f8e872e71f42aa64e1757c9254dcc62b72ddc010bb4043ea11c"
PUBLIC_KEY = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
ALERT = "11111111-2222-4333-8444-555555555555"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """The keys of a subscribed browser, and the answers of the push service to its messages."""

    def __init__(self, service: "PushService", name: str):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(16)
        self.url = f"{service.url}/{name}"
        self.name = name
        self.messages: list[dict] = []
        self.headers: list = []
        # The statuses of the next answers; then 201.
        self.answers: list[int] = []
        service.devices[f"/{name}"] = self

    @property
    def subscription(self) -> dict:
        point = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {"endpoint": self.url, "p256dh": encoded(point), "auth": encoded(self.secret), "device": self.name}

    def take(self, headers, body: bytes) -> int:
        if self.answers:
            return self.answers.pop(0)
        self.headers.append(headers)
        self.messages.append(json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret)))
        return 201


class PushService:
    """A push service as RFC 8030 describes it."""

    def __init__(self):
        self.devices: dict[str, Device] = {}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                device = service.devices.get(self.path)
                self.send_response(device.take(self.headers, body) if device else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def service():
    service = PushService()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def server(service):
    with running(PUSH_KEY=KEY, PUSH_CONTACT="mailto:ops@example.com", PUSH_SERVICES=service.url) as server:
        # The tests send its notification themselves.
        server.sql("INSERT INTO alert_silences VALUES ('reconcile', 'instance', 'i1', now() + interval '1 day', 'tests', NULL);"
                   "INSERT INTO alerts (alert_id, source, severity, target_type, target_id, message, metadata)"
                   f" VALUES ('{ALERT}', 'reconcile', 'CRITICAL', 'instance', 'i1', 'i1 is lost', '{{}}')")
        yield server


def call(server, method: str, path: str, body=None, token: str = TOKEN):
    request = urllib.request.Request(server.api + path, method=method, headers={"X-Admin-Token": token, "Content-Type": "application/json"},
                                     data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error


def wait(condition, seconds: float = 90):
    """Waits until the condition holds; the limit only catches hangs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def notify(server, message: str, severity: str = "CRITICAL", alert: str = ""):
    server.sql("INSERT INTO notifications (severity, title, message, alert_id)"
               f" VALUES ('{severity}', 'Instance lost', '{message}', nullif('{alert}', '')::uuid)")


def subscribed(server, service, name: str, token: str = TOKEN) -> Device:
    device = Device(service, name)
    assert call(server, "POST", "/push/subscriptions", device.subscription, token)["service"] == service.url.removeprefix("http://")
    return device


def deliveries(server, message: str) -> list[dict]:
    return [item for item in call(server, "GET", "/notifications?page_size=200")["items"] if item["message"] == message]


def remove_all(server):
    for item in call(server, "GET", "/push/subscriptions")["items"]:
        call(server, "DELETE", f"/push/subscriptions/{item['subscription_id']}")


def test_each_browser_can_decrypt_its_messages(server, service):
    remove_all(server)
    devices = [subscribed(server, service, name) for name in ("phone", "desk")]
    notify(server, "quiet", severity="WARNING")
    notify(server, 'i1 is lost: "no heartbeat" for 90 s ✓', alert=ALERT)
    wait(lambda: all(device.messages for device in devices))
    for device in devices:
        assert len(device.messages) == 1, device.messages
        message = device.messages[0]
        assert message.pop("time").endswith("Z")
        assert message == {"severity": "CRITICAL", "title": "Instance lost", "text": 'i1 is lost: "no heartbeat" for 90 s ✓', "count": 1,
                           "alert_id": ALERT}
        headers = device.headers[0]
        assert (headers["Content-Encoding"], headers["TTL"], headers["Urgency"]) == ("aes128gcm", "43200", "high")
        scheme, parameters = headers["Authorization"].split(" ", 1)
        fields = dict(part.strip().split("=", 1) for part in parameters.split(","))
        assert (scheme, fields["k"]) == ("vapid", PUBLIC_KEY)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(fields["k"]))
        claims = jwt.decode(fields["t"], key, algorithms=["ES256"], audience=service.url)
        assert claims["sub"] == "mailto:ops@example.com"
        assert 0 < claims["exp"] - time.time() <= 86_400
    wait(lambda: call(server, "GET", "/push/subscriptions")["items"][0]["sent_at"])


def test_a_failing_browser_gets_the_message_later_and_the_others_only_once(server, service):
    remove_all(server)
    first, second = subscribed(server, service, "first"), subscribed(server, service, "second")
    second.answers = [503]
    notify(server, "partly")
    wait(lambda: second.messages)
    wait(lambda: [item["status"] for item in deliveries(server, "partly")] == ["SENT"])
    assert [item["target"] for item in deliveries(server, "partly")] == ["push"]
    assert [message["text"] for message in first.messages] == ["partly"]
    assert [message["text"] for message in second.messages] == ["partly"]


def test_a_subscription_ends_with_the_push_service_or_with_its_token(server, service):
    remove_all(server)
    staying, gone = subscribed(server, service, "staying"), subscribed(server, service, "gone")
    issued = call(server, "POST", "/tokens", {"name": "carol", "roles": ["viewer"]})
    carols = subscribed(server, service, "carols", issued["token"])
    gone.answers = [410]
    notify(server, "first")
    wait(lambda: staying.messages and carols.messages)
    wait(lambda: len(call(server, "GET", "/push/subscriptions")["items"]) == 1)
    call(server, "DELETE", f"/tokens/{issued['token_id']}")
    notify(server, "second")
    wait(lambda: len(staying.messages) == 2)
    wait(lambda: [item["status"] for item in deliveries(server, "second")] == ["SENT"])
    assert [message["text"] for message in carols.messages] == ["first"]
    assert gone.messages == []


def test_many_losses_are_one_message(server, service):
    remove_all(server)
    device = subscribed(server, service, "one")
    server.sql("INSERT INTO notifications (severity, title, message) SELECT 'CRITICAL', 'Exchange down', 'bot ' || lpad(number::text, 4, '0')"
               " FROM generate_series(1, 3000) AS number")
    wait(lambda: device.messages)
    assert (device.messages[0]["text"], device.messages[0]["count"], device.messages[0]["alert_id"]) == ("bot 0001", 3_000, None)


# --- The browser ------------------------------------------------------------------------------------------------------------


class Worker:
    """The service worker of a browser, over the DevTools protocol."""

    def __init__(self, browser: Browser):
        address = browser.driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        version = json.loads(urllib.request.urlopen(f"http://{address}/json/version").read())
        self.socket = websocket.create_connection(version["webSocketDebuggerUrl"], suppress_origin=True, timeout=60)
        self.count = 0
        targets = self.send("Target.getTargets")["targetInfos"]
        worker = next(target["targetId"] for target in targets if target["type"] == "service_worker")
        self.session = self.send("Target.attachToTarget", targetId=worker, flatten=True)["sessionId"]

    def send(self, method: str, session=None, **parameters):
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": parameters} | ({"sessionId": session} if session else {})))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.count:
                assert "error" not in message, message
                return message["result"]

    def evaluate(self, expression: str):
        result = self.send("Runtime.evaluate", self.session, expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self):
        self.socket.close()


@pytest.fixture
def browser(server):
    browser = Browser(server.web)
    yield browser
    browser.close()


def subscribe_browser(browser, device):
    """Subscribes the browser. No push service of its vendor can be reached from here, so the test gives it the subscription."""
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", {"origin": browser.web, "permissions": ["notifications"]})
    keys = device.subscription
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": f"""
        PushManager.prototype.subscribe = async (options) => ({{ toJSON: () => (
            {{ endpoint: "{keys['endpoint']}", keys: {{ p256dh: "{keys['p256dh']}", auth: "{keys['auth']}" }}, options }}) }});"""})
    browser.sign_in()
    browser.open("/settings?tab=notifications")
    browser.find("#subscribe button").click()
    browser.wait(lambda: "done=subscribed" in browser.path)


def test_a_browser_subscribes_shows_a_message_and_acknowledges_its_alert(server, service, browser):
    remove_all(server)
    device = Device(service, "chromium")
    subscribe_browser(browser, device)
    assert "Chrome on Linux" in browser.text("#push table")
    notify(server, "i1 is lost", alert=ALERT)
    wait(lambda: device.messages)
    # The vendor's push service would deliver it.
    browser.driver.execute_cdp_cmd("ServiceWorker.enable", {})
    worker = Worker(browser)
    show = f"self.dispatchEvent(new PushEvent('push', {{ data: {json.dumps(json.dumps(device.messages[0]))} }}))"
    worker.evaluate(f"try {{ {show} }} catch {{}}")
    shown = "self.registration.getNotifications().then((all) => all.map(({ title, body, actions }) => ({ title, body, actions: actions.length })))"
    wait(lambda: worker.evaluate(shown) == [{"title": "CRITICAL: Instance lost", "body": "i1 is lost", "actions": 1}])
    worker.evaluate("self.registration.getNotifications().then(([notification]) => {"
                    " self.dispatchEvent(new NotificationEvent('notificationclick', { notification, action: 'acknowledge' })); })")
    wait(lambda: call(server, "GET", f"/alerts/{ALERT}")["status"] == "ACKED")
    assert call(server, "GET", f"/alerts/{ALERT}")["acked_by"] == "admin-token-user"
    wait(lambda: worker.evaluate(shown) == [])
    worker.close()
    browser.find("#push button").click()
    browser.wait(lambda: "done=unsubscribed" in browser.path)
    assert "No browser of yours is subscribed" in browser.text("#push")


def test_without_scripts_the_page_says_what_subscribing_needs(server):
    browser = Browser(server.web, scripts=False)
    try:
        browser.sign_in()
        browser.open("/settings?tab=notifications")
        assert "Subscribing needs JavaScript." in browser.text("#push")
        assert not browser.find("#subscribe").is_displayed()
    finally:
        browser.close()
