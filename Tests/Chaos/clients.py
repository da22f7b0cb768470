"""The load: instances, operators and readers. The history records each request, whatever its outcome."""

import contextlib
import datetime
import http.client
import json
import random
import threading
import time
import urllib.parse
import uuid
from decimal import Decimal

from history import History, Operation
from server import TOKEN

SYMBOL = "CHAOSUSDT"
# In seconds, for each read of a response.
TIMEOUT = 5.0
HEARTBEAT_SECONDS = 5.0


def utc(at: float) -> str:
    """A Unix time in seconds as an ISO 8601 time."""
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()


class Connection:
    """One connection to the API. It is reopened after each failure, so that a late response is never read as that of another request."""

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self._connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, body=None, key: str | None = None) -> tuple[int | None, object]:
        """Sends a request and returns the status and the parsed body. Both are None without a complete response."""
        headers = {"Host": self.host, "X-Admin-Token": TOKEN, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self._connection.getresponse()
            text = response.read()
            return response.status, json.loads(text, parse_float=Decimal) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None, None

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Client(threading.Thread):
    """Calls `act` repeatedly until the run ends."""

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(name=name, daemon=True)
        self.fleet, self.history = fleet, fleet.history
        self.generator = random.Random(f"{fleet.seed} {name}")
        self.connection = Connection(fleet.host, fleet.port)

    def run(self):
        while not self.fleet.is_over.is_set():
            self.act()
            self.fleet.is_over.wait(self.pause())
        self.connection.close()

    def act(self):
        raise NotImplementedError

    def pause(self) -> float:
        raise NotImplementedError

    @property
    def may_send(self) -> bool:
        return not self.fleet.has_stopped_sending.is_set()

    def call(self, kind: str, subject: str, method: str, path: str, body=None, sent: dict | None = None, read=None, key=None) -> Operation:
        """Sends one request and records it. `read` selects from a 2xx response the members that the judge needs."""
        start = self.history.now()
        status, response = self.connection.request(method, path, body, key)
        if status is not None and 200 <= status < 300 and read is not None:
            response = read(response)
        operation = Operation(kind, subject, start, self.history.now(), status, sent or {}, response)
        self.history.add(operation)
        return operation

    def call_until_decided(self, *arguments, **members) -> Operation | None:
        """Repeats a request until a response decides its outcome, as agents and operators do. None if the run ends before."""
        pause = 0.2
        while self.may_send:
            operation = self.call(*arguments, **members)
            if not operation.is_unknown:
                return operation
            time.sleep(pause)
            pause = min(2.0, pause * 2)
        return None


class Instance(Client):
    """A bot's instance. It sends heartbeats and reports, polls for commands, and executes each command once."""

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(fleet, name)
        self.next_heartbeat_at = 0.0
        self.executed: set[str] = set()
        self.number = 0

    @property
    def may_send(self) -> bool:
        return super().may_send and self.name not in self.fleet.silent

    def pause(self) -> float:
        return self.generator.uniform(0.5, 1.5) * self.fleet.interval

    def act(self):
        if not self.may_send:
            return
        now = self.history.now()
        if now >= self.next_heartbeat_at:
            if not self.send_heartbeat():
                return
            self.next_heartbeat_at = now + HEARTBEAT_SECONDS
        self.generator.choice((self.report_cost, self.report_cost, self.report_pnl, self.report_position))()
        if self.may_send:
            self.poll()

    def send_heartbeat(self) -> bool:
        now = self.history.now()
        body = {"instance_id": self.name, "bot_id": "chaos", "runtime_mode": "PAPER", "exchange": "chaos", "symbol": SYMBOL, "version": "1",
                "timestamp": utc(self.history.epoch + now)}
        return self.call("heartbeat", self.name, "POST", "/ingest/heartbeat", body, read=lambda _: None).is_acknowledged

    def time(self) -> str:
        return utc(self.history.epoch + self.history.now())

    def report_cost(self):
        self.number += 1
        identity = f"{self.name}-{self.number}"
        cost_type = self.generator.choice(("FEE", "FUNDING"))
        amount = f"{self.generator.randrange(-20_000, 50_000) / 10_000:.4f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "cost_type": cost_type, "amount": amount, "entry_id": identity, "timestamp": self.time()}
        for _ in range(self.generator.choice((1,) * 9 + (2,))):
            self.call_until_decided("cost", identity, "POST", "/ingest/costs", body, {"cost_type": cost_type, "amount": amount}, read=lambda _: None)

    def report_pnl(self):
        at, value = self.history.now(), f"{self.generator.randrange(-9_999, 9_999) / 100:.2f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "metric_type": "realized_pnl", "value": value, "timestamp": self.time()}
        self.call_until_decided("pnl", self.name, "POST", "/ingest/metrics", body, {"value": value, "at": at}, read=lambda _: None)

    def report_position(self):
        at, net = self.history.now(), f"{self.generator.randrange(-9_999, 9_999) / 100:.2f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "net_exposure": net, "gross_exposure": "100", "updated_at": self.time()}
        self.call_until_decided("position", self.name, "POST", "/ingest/positions", body, {"net": net, "at": at}, read=lambda _: None)

    def poll(self):
        def read(rows):
            return [{"command_id": row["command_id"]} for row in rows]

        operation = self.call("poll", self.name, "GET", f"/instances/{self.name}/commands/pending?wait=1", read=read)
        for row in operation.response if operation.is_acknowledged else ():
            self.execute(row["command_id"])

    def execute(self, identity: str):
        if identity not in self.executed:
            self.executed.add(identity)
            now = self.history.now()
            self.history.add(Operation("effect", identity, now, now, sent={"instance": self.name}))
        for status in ("ACCEPTED", "COMPLETED"):
            body = {"command_id": identity, "instance_id": self.name, "status": status, "timestamp": self.time()}
            self.call_until_decided("ack", identity, "POST", f"/commands/{identity}/ack", body, {"instance": self.name, "status": status},
                                    read=lambda response: {"status": response["command_status"]})


class Operator(Client):
    """Creates commands, some with a short lifetime, cancels some, and reads their status."""

    # Types that need no approval, so that each poll returns the command.
    TYPES = ("SYNC_BALANCE", "CANCEL_ALL", "SAFE_MODE", "RESTART")

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(fleet, name)
        self.created: list[str] = []

    def pause(self) -> float:
        return self.generator.uniform(0.2, 0.6)

    def act(self):
        if not self.may_send or self.fleet.is_settling.is_set():
            return
        identity = str(uuid.UUID(int=self.generator.getrandbits(128), version=4))
        instance, ttl = self.generator.choice(self.fleet.names), self.generator.choice((3, 600, 600, 600))
        body = {"command_id": identity, "instance_id": instance, "command_type": self.generator.choice(self.TYPES), "ttl_seconds": ttl}
        # A tenth of the requests is sent twice, as an operator does who is unsure of the outcome.
        for _ in range(self.generator.choice((1,) * 9 + (2,))):
            created = self.call_until_decided("command", identity, "POST", "/commands", body, {"instance": instance, "ttl": ttl},
                                              key=f"create-{identity}",
                                              read=lambda response: {"status": response["status"], "created_at": response["created_at"]})
        if created is not None and created.is_acknowledged:
            self.created.append(identity)
        if self.created and self.generator.random() < 0.15:
            recent = self.generator.choice(self.created[-3:])
            self.call_until_decided("cancel", recent, "POST", f"/commands/{recent}/cancel", {}, read=lambda response: {"status": response["status"]})
        if self.created:
            shown = self.generator.choice(self.created[-30:])
            self.call("status", shown, "GET", f"/commands/{shown}", read=lambda response: {"status": response["status"]})


class SumReader(Client):
    """Reads the sums repeatedly."""

    def pause(self) -> float:
        return 0.7

    def act(self):
        if self.may_send:
            self.read()

    def read(self) -> Operation:
        members = ("realized", "unrealized", "fees", "funding", "net_pnl")
        return self.call("sums", SYMBOL, "GET", f"/analytics/net-pnl?symbol={SYMBOL}",
                         read=lambda response: {member: response[member] for member in members})


class AlertReader(Client):
    """Reads the live alerts repeatedly."""

    MEMBERS = ("alert_id", "source", "target_id", "first_at", "resolved_at")

    def pause(self) -> float:
        return 2.0

    def act(self):
        if self.may_send:
            self.call("alerts", "live", "GET", "/alerts?status=OPEN&page_size=200",
                      read=lambda response: [{member: row[member] for member in self.MEMBERS} for row in response["items"]])


class FinalReader(Client):
    """Reads the stored data at the end of the run."""

    def get(self, kind: str, path: str, read=None) -> Operation:
        for _ in range(30):
            operation = self.call(kind, path, "GET", path, read=read)
            if operation.is_acknowledged:
                return operation
            time.sleep(1)
        raise RuntimeError(f"{path} could not be read at the end of the run: status {operation.status}, {operation.response}")

    def list(self, kind: str, path: str, members: tuple[str, ...], is_wanted=lambda row: True):
        """Reads all pages of a list, each as an operation."""
        cursor = None
        while True:
            query = {"page_size": 200} | ({"cursor": cursor} if cursor else {})
            page = {}

            def read(response):
                page.update(response)
                return [{member: row[member] for member in members} for row in response["items"] if is_wanted(row)]

            self.get(kind, path + ("&" if "?" in path else "?") + urllib.parse.urlencode(query), read)
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def verify(self):
        """Verifies the whole audit log."""
        after = 0
        while after is not None:
            after = self.get("final-verification", f"/audit/verify?after={after}").response["next"]


class EventReader(Client):
    """Reads the stream of events. It reconnects with the last id that it has received."""

    last: str | None = None
    stream = 0

    def pause(self) -> float:
        return 0.3

    def act(self):
        self.stream += 1
        headers = {"Host": self.fleet.host, "X-Admin-Token": TOKEN} | ({"Last-Event-ID": self.last} if self.last else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.fleet.port, timeout=20)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            connection.request("GET", "/events", headers=headers)
            response = connection.getresponse()
            if response.status == 200:
                self.read(response)

    def read(self, response):
        members: dict[str, str] = {}
        for line in response:
            if self.fleet.is_over.is_set():
                return
            if line := line.decode().rstrip("\n"):
                name, _, value = line.partition(":")
                members[name] = value.removeprefix(" ")
            else:
                self.take(members)
                members = {}

    def take(self, members: dict[str, str]):
        kind = members.get("event")
        if kind in (None, "tick"):
            return
        now = self.history.now()
        identity = members.get("id", "")
        key = json.loads(members["data"])["key"]
        self.history.add(Operation("event", identity, now, now, sent={"kind": kind, "key": key, "stream": self.stream}))
        self.last = identity or None


class Fleet:
    """All clients of a run.

    - host: the API's own host and port, for the Host header; the clients connect to the proxy at `port`.
    - count: the number of instances.
    - interval: the mean time between two reports of an instance, in seconds.
    """

    def __init__(self, history: History, host: str, port: int, seed: int, count: int, interval: float):
        self.history, self.port, self.seed, self.interval = history, port, seed, interval
        self.host = host
        self.is_settling, self.has_stopped_sending, self.is_over = threading.Event(), threading.Event(), threading.Event()
        self.silent: set[str] = set()
        self.names = [f"chaos-{number:02}" for number in range(count)]
        self.instances = [Instance(self, name) for name in self.names]
        self.sum_reader, self.alert_reader = SumReader(self, "sum-reader"), AlertReader(self, "alert-reader")
        self.event_reader = EventReader(self, "event-reader")
        self.operators = [Operator(self, f"operator-{number}") for number in range(2)]

    @property
    def clients(self) -> list[Client]:
        return [*self.instances, *self.operators, self.sum_reader, self.alert_reader, self.event_reader]

    def start(self):
        # The server rejects reports of unregistered instances, and the first heartbeat registers one.
        for instance in self.instances:
            while not instance.send_heartbeat():
                time.sleep(0.1)
        for client in self.clients:
            client.start()

    def silence(self, names: set[str]):
        """Makes these instances, and no others, stop sending."""
        self.silent = names

    def settle(self, seconds: float):
        """Stops the operators. The instances continue, so that each command is acknowledged and each alert can be resolved."""
        self.is_settling.set()
        time.sleep(seconds)

    def stop_sending(self):
        """Stops all requests. The stream of events stays open."""
        self.has_stopped_sending.set()

    def stop(self):
        self.is_over.set()
        for client in self.clients:
            client.join(30)

    def settle_and_read(self, sql):
        """Waits until the data no longer changes, then reads it all. `sql` returns the rows of a statement."""
        self.settle(15)
        final_reader = FinalReader(self, "final-reader")
        final_reader.list("final-alerts", "/alerts", AlertReader.MEMBERS)
        self.stop_sending()
        self.sum_reader.read()
        names = set(self.names)
        final_reader.list("final-positions", f"/portfolio/positions?symbol={SYMBOL}", ("instance_id", "net_exposure"))
        final_reader.list("final-costs", f"/analytics/costs?symbol={SYMBOL}", ("entry_id", "amount"))
        final_reader.list("final-commands", "/commands", ("command_id", "status"), lambda row: row["instance_id"] in names)
        final_reader.list("final-audit", "/audit/logs", ("action", "target_id", "result", "ordinal"))
        final_reader.verify()
        now = self.history.now()
        rows = sql("SELECT xid || '-' || event_id FROM event_log ORDER BY xid, event_id")
        # Events are delivered shortly after their commits.
        time.sleep(2)
        self.history.add(Operation("final-events", "log", now, self.history.now(), response=rows))
        self.stop()
