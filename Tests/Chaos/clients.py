"""The load: instances, operators and observers. Each request is an operation of the history, whatever came of it."""

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
# How long a client waits for an answer.
TIMEOUT = 5.0
HEARTBEAT_SECONDS = 5.0


def utc(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()


class Connection:
    """One connection to the API, opened again after each failure: what is left on the old one answers another request."""

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self._connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, body=None, key: str | None = None) -> tuple[int | None, object]:
        """Status and answer; no status where there was no whole answer."""
        headers = {"Host": self.host, "X-Admin-Token": TOKEN, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text, parse_float=Decimal) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None, None

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Client(threading.Thread):
    """Acts until the run ends. What nobody answered is sent again, as agents and operators do."""

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(name=name, daemon=True)
        self.fleet, self.history = fleet, fleet.history
        self.chance = random.Random(f"{fleet.seed} {name}")
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
        return not self.fleet.is_closed.is_set()

    def call(self, kind: str, subject: str, method: str, path: str, body=None, sent: dict | None = None, read=None, key=None) -> Operation:
        """One request. `read` takes from a good answer what the judge needs."""
        start = self.history.now()
        status, answer = self.connection.request(method, path, body, key)
        if status is not None and 200 <= status < 300 and read is not None:
            answer = read(answer)
        operation = Operation(kind, subject, start, self.history.now(), status, sent or {}, answer)
        self.history.add(operation)
        return operation

    def insist(self, *arguments, **members) -> Operation | None:
        """Sends again until there is an answer that says what became of it."""
        pause = 0.2
        while self.may_send:
            operation = self.call(*arguments, **members)
            if not operation.is_unknown:
                return operation
            time.sleep(pause)
            pause = min(2.0, pause * 2)
        return None


class Instance(Client):
    """A bot's instance: heartbeats, reports, and commands, each of which it carries out once."""

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(fleet, name)
        self.beat_at = 0.0
        self.carried: set[str] = set()
        self.number = 0

    @property
    def may_send(self) -> bool:
        return super().may_send and self.name not in self.fleet.silent

    def pause(self) -> float:
        return self.chance.uniform(0.5, 1.5) * self.fleet.interval

    def act(self):
        if not self.may_send:
            return
        now = self.history.now()
        if now >= self.beat_at:
            if not self.beat():
                return
            self.beat_at = now + HEARTBEAT_SECONDS
        self.chance.choice((self.report_cost, self.report_cost, self.report_pnl, self.report_position))()
        if self.may_send:
            self.poll()

    def beat(self) -> bool:
        now = self.history.now()
        body = {"instance_id": self.name, "bot_id": "chaos", "runtime_mode": "PAPER", "exchange": "chaos", "symbol": SYMBOL, "version": "1",
                "timestamp": utc(self.history.epoch + now)}
        return self.call("heartbeat", self.name, "POST", "/ingest/heartbeat", body, read=lambda _: None).is_acknowledged

    def time(self) -> str:
        return utc(self.history.epoch + self.history.now())

    def report_cost(self):
        self.number += 1
        identity = f"{self.name}-{self.number}"
        cost_type = self.chance.choice(("FEE", "FUNDING"))
        amount = f"{self.chance.randrange(-20_000, 50_000) / 10_000:.4f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "cost_type": cost_type, "amount": amount, "entry_id": identity, "timestamp": self.time()}
        for _ in range(self.chance.choice((1,) * 9 + (2,))):
            self.insist("cost", identity, "POST", "/ingest/costs", body, {"cost_type": cost_type, "amount": amount}, read=lambda _: None)

    def report_pnl(self):
        at, value = self.history.now(), f"{self.chance.randrange(-9_999, 9_999) / 100:.2f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "metric_type": "realized_pnl", "value": value, "timestamp": self.time()}
        self.insist("pnl", self.name, "POST", "/ingest/metrics", body, {"value": value, "at": at}, read=lambda _: None)

    def report_position(self):
        at, net = self.history.now(), f"{self.chance.randrange(-9_999, 9_999) / 100:.2f}"
        body = {"instance_id": self.name, "symbol": SYMBOL, "net_exposure": net, "gross_exposure": "100", "updated_at": self.time()}
        self.insist("position", self.name, "POST", "/ingest/positions", body, {"net": net, "at": at}, read=lambda _: None)

    def poll(self):
        def read(rows):
            return [{"command_id": row["command_id"]} for row in rows]

        operation = self.call("poll", self.name, "GET", f"/instances/{self.name}/commands/pending?wait=1", read=read)
        for row in operation.answer if operation.is_acknowledged else ():
            self.carry_out(row["command_id"])

    def carry_out(self, identity: str):
        if identity not in self.carried:
            self.carried.add(identity)
            now = self.history.now()
            self.history.add(Operation("effect", identity, now, now, sent={"instance": self.name}))
        for status in ("ACCEPTED", "COMPLETED"):
            body = {"command_id": identity, "instance_id": self.name, "status": status, "timestamp": self.time()}
            self.insist("ack", identity, "POST", f"/commands/{identity}/ack", body, {"instance": self.name, "status": status},
                        read=lambda answer: {"status": answer["command_status"]})


class Operator(Client):
    """Gives commands, some of which live for a short time or are canceled, and looks at those that he gave."""

    TYPES = ("SYNC_BALANCE", "CANCEL_ALL", "SAFE_MODE", "START")

    def __init__(self, fleet: "Fleet", name: str):
        super().__init__(fleet, name)
        self.given: list[str] = []

    def pause(self) -> float:
        return self.chance.uniform(0.2, 0.6)

    def act(self):
        if not self.may_send or self.fleet.is_settling.is_set():
            return
        identity = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        instance, ttl = self.chance.choice(self.fleet.names), self.chance.choice((3, 600, 600, 600))
        body = {"command_id": identity, "instance_id": instance, "command_type": self.chance.choice(self.TYPES), "ttl_seconds": ttl}
        # A few are given twice, as by a person who is not sure.
        for _ in range(self.chance.choice((1,) * 9 + (2,))):
            given = self.insist("command", identity, "POST", "/commands", body, {"instance": instance, "ttl": ttl}, key=f"give-{identity}",
                                read=lambda answer: {"status": answer["status"], "created_at": answer["created_at"]})
        if given is not None and given.is_acknowledged:
            self.given.append(identity)
        if self.given and self.chance.random() < 0.15:
            recent = self.chance.choice(self.given[-3:])
            self.insist("cancel", recent, "POST", f"/commands/{recent}/cancel", {}, read=lambda answer: {"status": answer["status"]})
        if self.given:
            shown = self.chance.choice(self.given[-30:])
            self.call("status", shown, "GET", f"/commands/{shown}", read=lambda answer: {"status": answer["status"]})


class Bookkeeper(Client):
    """Reads the sums again and again."""

    def pause(self) -> float:
        return 0.7

    def act(self):
        if self.may_send:
            self.read()

    def read(self) -> Operation:
        members = ("realized", "unrealized", "fees", "funding", "net_pnl")
        return self.call("books", SYMBOL, "GET", f"/analytics/net-pnl?symbol={SYMBOL}",
                         read=lambda answer: {member: answer[member] for member in members})


class Guard(Client):
    """Reads the live alerts again and again."""

    MEMBERS = ("alert_id", "source", "target_id", "first_at", "resolved_at")

    def pause(self) -> float:
        return 2.0

    def act(self):
        if self.may_send:
            self.call("alerts", "live", "GET", "/alerts?status=OPEN&page_size=200",
                      read=lambda answer: [{member: row[member] for member in self.MEMBERS} for row in answer["items"]])


class Auditor(Client):
    """Reads in the end what there is."""

    def ask(self, kind: str, path: str, read=None) -> Operation:
        for _ in range(30):
            operation = self.call(kind, path, "GET", path, read=read)
            if operation.is_acknowledged:
                return operation
            time.sleep(1)
        raise RuntimeError(f"{path} cannot be read in the end: {operation.status} {operation.answer}")

    def list(self, kind: str, path: str, members: tuple[str, ...], is_wanted=lambda row: True):
        """The whole of a list, an operation for each page."""
        cursor = None
        while True:
            query = {"page_size": 200} | ({"cursor": cursor} if cursor else {})
            page = {}

            def read(answer):
                page.update(answer)
                return [{member: row[member] for member in members} for row in answer["items"] if is_wanted(row)]

            self.ask(kind, path + ("&" if "?" in path else "?") + urllib.parse.urlencode(query), read)
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def verify(self):
        after = 0
        while after is not None:
            after = self.ask("final-verification", f"/audit/verify?after={after}").answer["next"]


class Watcher(Client):
    """Watches the events, and comes back with the last id that it knows."""

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
            answer = connection.getresponse()
            if answer.status == 200:
                self.read(answer)

    def read(self, answer):
        members: dict[str, str] = {}
        for line in answer:
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
    """All clients of a run."""

    def __init__(self, history: History, host: str, port: int, seed: int, count: int, interval: float):
        self.history, self.port, self.seed, self.interval = history, port, seed, interval
        # What the API knows itself by: the clients reach it through a proxy.
        self.host = host
        self.is_settling, self.is_closed, self.is_over = threading.Event(), threading.Event(), threading.Event()
        self.silent: set[str] = set()
        self.names = [f"chaos-{number:02}" for number in range(count)]
        self.instances = [Instance(self, name) for name in self.names]
        self.bookkeeper, self.guard, self.watcher = Bookkeeper(self, "bookkeeper"), Guard(self, "guard"), Watcher(self, "watcher")
        self.operators = [Operator(self, f"operator-{number}") for number in range(2)]

    @property
    def clients(self) -> list[Client]:
        return [*self.instances, *self.operators, self.bookkeeper, self.guard, self.watcher]

    def start(self):
        # A report of an instance that is not registered is refused, so heartbeats come first.
        for instance in self.instances:
            while not instance.beat():
                time.sleep(0.1)
        for client in self.clients:
            client.start()

    def silence(self, names: set[str]):
        self.silent = names

    def settle(self, seconds: float):
        """Operators stop; instances go on, so that each command is answered and each alert can end."""
        self.is_settling.set()
        time.sleep(seconds)

    def close(self):
        """Nobody sends any more, and those who watch events still do."""
        self.is_closed.set()

    def stop(self):
        self.is_over.set()
        for client in self.clients:
            client.join(30)

    def conclude(self, sql):
        """Lets everything settle, and reads all that is there; `sql` answers the rows of a statement."""
        self.settle(15)
        auditor = Auditor(self, "auditor")
        auditor.list("final-alerts", "/alerts", Guard.MEMBERS)
        self.close()
        self.bookkeeper.read()
        names = set(self.names)
        auditor.list("final-positions", f"/portfolio/positions?symbol={SYMBOL}", ("instance_id", "net_exposure"))
        auditor.list("final-costs", f"/analytics/costs?symbol={SYMBOL}", ("entry_id", "amount"))
        auditor.list("final-commands", "/commands", ("command_id", "status"), lambda row: row["instance_id"] in names)
        auditor.list("final-audit", "/audit/logs", ("action", "target_id", "result", "ordinal"))
        auditor.verify()
        now = self.history.now()
        rows = sql("SELECT xid || '-' || event_id FROM event_log ORDER BY xid, event_id")
        # Events are shown a moment after their commits.
        time.sleep(2)
        self.history.add(Operation("final-events", "log", now, self.history.now(), answer=rows))
        self.stop()
