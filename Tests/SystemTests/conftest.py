"""Fixtures: a real server with its own PostgreSQL, and a real browser."""

import hashlib
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import pytest
from selenium import webdriver

from fleet import APPROVERS, Fleet

# Its assertions show their values, as those of tests do.
pytest.register_assert_rewrite("axe")

TOKEN = "a-token-for-the-browser-tests"
SERVER = os.environ.get("FLOTILLA_SERVER", ".build/debug/flotilla-server")


class Server:
    """Runs `flotilla-server` on free ports of this machine."""

    def __init__(self, folder: str, **settings: str):
        tokens = pathlib.Path(f"{folder}/tokens")
        tokens.write_text("".join(f"{name} approver {hashlib.sha256(secret.encode()).hexdigest()}\n" for name, secret in APPROVERS.items()))
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment.update(DATA_DIR=f"{folder}/cluster", ADMIN_TOKEN=TOKEN, API_ADDRESS="127.0.0.1:0", WEB_ADDRESS="127.0.0.1:0",
                           ENVIRONMENT="TEST", LOG_LEVEL="warning",
                           # On a busy machine the tests take longer than the default of STEP_UP_MINUTES.
                           **{"COMMAND_APPROVAL": "required", "STEP_UP_MINUTES": "720", "ADMIN_TOKENS_FILE": str(tokens), **settings})
        self.folder = folder
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen([SERVER, "serve", "--migrate"], env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.api = self.address("API")
        self.web = self.address("WEB")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.api + "/readyz")
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(pathlib.Path(f"{folder}/log").read_text())

    def address(self, name: str) -> str:
        for line in self.process.stdout:
            if match := re.match(rf"{name} +(http\S+)", line):
                return match[1]
        raise AssertionError(pathlib.Path(f"{self.folder}/log").read_text())

    def child(self, component: str) -> int:
        """Returns the process ID of the API or the dashboard."""
        return int(subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", f"only {component}"], capture_output=True, text=True).stdout)

    def databases(self) -> list[int]:
        """Returns the process IDs of the server's own PostgreSQL."""
        postmaster = int(pathlib.Path(f"{self.folder}/cluster/data/postmaster.pid").read_text().split()[0]) \
            if pathlib.Path(f"{self.folder}/cluster/data/postmaster.pid").exists() \
            else int(next(pathlib.Path(f"{self.folder}/cluster").rglob("postmaster.pid")).read_text().split()[0])
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True).stdout.split()
        return [postmaster, *map(int, found)]

    def sql(self, text: str):
        subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", f"{self.folder}/cluster", "-U", "flotilla", "-d", "flotilla", "-c", text],
                       check=True, capture_output=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


@contextlib.contextmanager
def running(kind: type[Server] = Server, **settings: str):
    """Runs a server in a temporary folder."""
    folder = tempfile.mkdtemp(prefix="flotilla-browser-")
    os.chmod(folder, 0o755)
    server = kind(folder, **settings)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def fleet(server):
    fleet = Fleet(server.api, TOKEN)
    fleet.seed(48)
    # The rows that the server would have recorded during the last day.
    server.sql("INSERT INTO fleet_equity SELECT ts, 'LIVE', currency, equity FROM equity_points(NULL, 'LIVE', 'USDT') ON CONFLICT DO NOTHING")
    return fleet


class Browser:
    """Controls Chromium and collects its console messages and requests."""

    def __init__(self, web: str, scripts: bool = True, width: int = 1440):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={width},1000"):
            options.add_argument(argument)
        options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(30)
        # axe takes half a minute for a long page on a busy machine. The limit only catches hangs.
        self.driver.set_script_timeout(120)
        self.web = web
        self.messages: list[str] = []
        self.requests: list[str] = []

    def open(self, path: str):
        self.driver.get(self.web + path)

    def sign_in(self, token: str = TOKEN):
        self.open("/login")
        self.find("[name=token]").send_keys(token)
        self.find("button").click()
        self.wait(lambda: self.path == "/dashboard")

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def click(self, element):
        """Clicks an element after scrolling it to the centre, away from the sticky bars."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def all(self, selector: str):
        return self.driver.find_elements("css selector", selector)

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.web)

    def text(self, selector: str = "body") -> str:
        return self.find(selector).text

    def wait(self, condition, seconds: float = 15):
        """Waits until the condition holds and returns its value. The limit only catches hangs."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if found := condition():
                    return found
            except Exception:  # An update may replace the element during the check.
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s at {self.path}: {self.text()[:2000]}")
            time.sleep(0.05)

    def read_logs(self):
        """Reads the browser's logs since the last call."""
        for entry in self.driver.get_log("browser"):
            if entry["level"] in ("SEVERE", "WARNING"):
                self.messages.append(entry["message"])
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    def theme(self, theme: str):
        self.driver.add_cookie({"name": "theme", "value": theme, "path": "/"})

    def close(self):
        self.driver.quit()


@pytest.fixture(scope="session")
def shared(server, fleet):
    browser = Browser(server.web)
    browser.sign_in()
    yield browser
    browser.close()


@pytest.fixture
def browser(shared):
    """A signed-in browser. The test fails if the browser logs a warning or sends a request to another origin."""
    shared.read_logs()
    shared.messages.clear()
    yield shared
    shared.read_logs()
    assert shared.messages == []
    assert [url for url in shared.requests if not url.startswith((shared.web, "data:", "chrome:"))] == []
