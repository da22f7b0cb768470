"""The real control plane for tests: flotilla-server with its own PostgreSQL cluster, read through its API."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from flotilla_agent.files import decode

from processes import suspended

ROOT = pathlib.Path(__file__).parents[3]

#: The lists of the API that have the elements of an instance.
PATHS = {
    "orders": "/orders",
    "fills": "/fills",
    "trades": "/trades",
    "costs": "/analytics/costs",
    "positions": "/portfolio/positions",
    "findings": "/reconcile/findings",
    "parts": "/analytics/net-pnl/explanation",
}

#: The ends of a command. A command that ended without an acknowledgement has no outcome for a test.
ENDS = {"REJECTED_EXPIRED", "REJECTED_DUPLICATE", "EXPIRED", "CANCELED", "SUPERSEDED", "DENIED"}

#: The text with which an agent logs a report that the control plane rejected.
REJECTION = "the control plane rejected a report"


def find_server():
    """The path of flotilla-server; raises OSError if it is not built."""
    program = pathlib.Path(os.environ.get("FLOTILLA_SERVER") or ROOT / ".build" / "debug" / "flotilla-server")
    if not program.exists():
        raise OSError(f"{program} does not exist; swift build --product flotilla-server builds it, FLOTILLA_SERVER names another one")
    return program


class ControlPlane:
    """A running server. Instances of different tests have different names, so tests can share one server.

    Every number is an exact Decimal. FLATTEN on a LIVE instance needs a second person, who approves it at once.
    """

    TOKEN = "token"

    def __init__(self, **variables):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        # PostgreSQL runs as another user if the tests run as root.
        self.folder.chmod(0o755)
        environment = {
            **os.environ,
            "ADMIN_TOKEN": self.TOKEN,
            "DATA_DIR": str(self.folder / "data"),
            "API_ADDRESS": "127.0.0.1:0",
            "WEB_ADDRESS": "off",
            "LOG_LEVEL": "warning",
            "BOOKS_CURRENCY": "USDT",
            "COMMAND_APPROVAL": "required",
            **variables,
        }
        environment.pop("DATABASE_URL", None)
        self.log = self.folder / "log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [find_server(), "serve", "--migrate"], env=environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            line = self.process.stdout.readline().split()
            assert line[:1] == ["API"], self.log.read_text()[-2000:]
            self.url = line[1]
            end = time.monotonic() + 120
            while not self.is_ready():
                assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()[-2000:]
                time.sleep(0.1)
            self._approver = self.call("POST", "/tokens", {"name": "approver", "roles": ["approver"]})["token"]
            self._operator = self.call("POST", "/tokens", {"name": "operator", "roles": ["operator"]})["token"]
        except BaseException:
            self.end()
            raise

    def is_ready(self):
        try:
            return bool(self.call("GET", "/readyz"))
        except OSError:
            return False

    def read(self, path):
        """The response to a GET. A server on a busy machine may respond 503 for a while."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.call("GET", path)
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > end:
                    raise
            time.sleep(1)

    def call(self, method, path, body=None, token=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("X-Admin-Token", token or self.TOKEN)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return decode(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            error.msg = f"{error.msg}: {error.read().decode(errors='replace')[:500]}"
            raise

    # Instances

    def instance(self, name):
        """The instance as the newest heartbeat shows it; None before its first one."""
        items = self.read(f"/instances?instance_id={urllib.parse.quote(name)}")["items"]
        return items[0] if items else None

    def state(self, name):
        """The state that the newest heartbeat of an instance reports; None before its first one."""
        instance = self.instance(name)
        return instance and instance["status"].replace("RUNNING", "NORMAL")

    def instances(self):
        """All instances as their newest heartbeats show them."""
        return self._items("/instances?sort=bot")

    def alerts(self, target):
        """The source and the status of each alert of an instance or a command, oldest first."""
        items = [item for item in self._items("/alerts?") if item["target_id"] == target]
        return [(item["source"], item["status"]) for item in sorted(items, key=lambda item: item["first_at"])]

    # Elements

    def elements(self, kind, name):
        """All stored elements of an instance."""
        quoted = urllib.parse.quote(name)
        if kind == "balances":
            return self.read(f"/instances/{quoted}/balances")["items"]
        if kind == "log":
            return self.read(f"/instances/{quoted}/log?limit=500")["items"]
        return self._items(f"{PATHS[kind]}?instance_id={quoted}")

    def all(self, kind):
        """All stored elements of all instances."""
        return self._items(f"{PATHS[kind]}?")

    def count(self, kind, name):
        """The number of an instance's elements, without their contents."""
        return self.read(f"{PATHS[kind]}?instance_id={urllib.parse.quote(name)}&page_size=1")["total"]

    def series(self, name, metric_type, symbol):
        """The values of a metric, oldest first."""
        query = urllib.parse.urlencode({"instance_id": name, "metric_type": metric_type, "symbol": symbol, "limit": 10000})
        return [point["value"] for point in self.read(f"/analytics/series?{query}")["points"]]

    def _items(self, path):
        """The items of all pages of a list."""
        path += "&page_size=200"
        items, page, rest = [], 1, ""
        while True:
            answer = self.read(path + rest)
            items += answer["items"]
            page += 1
            if (cursor := answer.get("next_cursor")) is not None:
                rest = f"&cursor={urllib.parse.quote(cursor)}"
            elif answer["items"] and len(items) < answer.get("total", 0):
                rest = f"&page={page}"
            else:
                return items

    # Commands

    def send(self, name, command_type, payload=None, seconds=120):
        """Sends a command to an instance, and returns its id."""
        body = {"command_id": str(uuid.uuid4()), "instance_id": name, "command_type": command_type, "ttl_seconds": seconds}
        command = self.call("POST", "/commands", body | {"payload": payload or {}}, token=self._operator)
        if command["status"] == "AWAITING_APPROVAL":
            self.call("POST", f"/commands/{body['command_id']}/approve", {}, token=self._approver)
        return body["command_id"]

    def command(self, command_id):
        return self.read(f"/commands/{command_id}")

    def is_accepted(self, command_id):
        """Whether the instance has acknowledged a command."""
        return bool(self.command(command_id)["acknowledgements"])

    def outcome(self, command_id, seconds=90):
        """Waits for the end of a command, and returns the acknowledgement that ended it."""
        end = time.monotonic() + seconds
        while (command := self.command(command_id))["status"] not in ("COMPLETED", "FAILED"):
            assert command["status"] not in ENDS, command
            assert time.monotonic() < end, f"no outcome within {seconds} seconds: {command}"
            time.sleep(0.05)
        # The status that people see is the one that the agent reported, once.
        # An agent repeats an acknowledgement whose response was lost, and the control plane keeps each copy.
        final, *copies = (item for item in command["acknowledgements"] if item["status"] != "ACCEPTED")
        for copy in copies:
            assert all(copy.get(member) == final.get(member) for member in ("status", "reason", "timestamp", "evidence")), command
        assert final["status"] == command["status"], command
        assert [event["event"] for event in command["timeline"]].count(command["status"]) == 1, command
        return final

    # Failures

    def kill(self):
        """Kills the server, so that connections are refused."""
        self.process.kill()
        self.process.wait()

    def suspended(self):
        """Suspends the server during a block."""
        return suspended(self.process)

    def end(self):
        """Ends the server and its PostgreSQL, which outlives a server that was killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process.stdout.close()
        with contextlib.suppress(OSError, ValueError, IndexError):
            postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGQUIT)
            for _ in range(100):
                os.kill(postmaster, 0)
                time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)


def rejections(*logs):
    """The reports that the control plane rejected, from the logs of agents. They would be reports that contradict stored ones."""
    return [line for log in logs if log.exists() for line in log.read_text(errors="replace").splitlines() if REJECTION in line]
