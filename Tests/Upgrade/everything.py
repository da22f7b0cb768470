"""Calls every operation of a server's contract, and reads every page of its dashboard, again and again."""

import http.client
import json
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass

from clients import TIMEOUT, utc
from server import TOKEN

SYMBOL = "EVERYUSDT"
INSTANCE = "every-1"
FORM = "application/x-www-form-urlencoded"


class Interrupted(Exception):
    """A connection ended without an answer, as it may while a server is replaced: the round is begun again."""


@dataclass(frozen=True)
class Call:
    phase: str
    operation: str
    status: int
    text: str


class Everything(threading.Thread):
    """Goes through `round` until it is stopped.

    `api` and `web` are the ports of the proxies before the servers; `sql` runs a statement. `phase` is noted with each call.
    """

    def __init__(self, api: int, web: int, sql):
        super().__init__(name="everything", daemon=True)
        self.api, self.web, self.sql = api, web, sql
        self.phase = "start"
        self.is_over = threading.Event()
        self.calls: list[Call] = []
        self.rounds = 0
        self.interruptions = 0
        self.session = ""
        # What a round expected and did not get, other than a status.
        self.failure: str | None = None

    def run(self):
        while not self.is_over.is_set():
            try:
                self.round()
                self.rounds += 1
            except Interrupted:
                self.interruptions += 1
            except (KeyError, IndexError, TypeError) as error:
                # An answer lacks what the contract promises; where it is an error, the call itself is reported.
                self.failure = self.failure or f"{type(error).__name__} {error} after {self.calls[-1]}"
            self.is_over.wait(0.5)

    def stop(self):
        self.is_over.set()
        self.join(60)

    @property
    def wrong(self) -> list[Call]:
        """The calls without success; a login is answered with a redirect."""
        return [call for call in self.calls if not 200 <= call.status < 300 and (call.operation, call.status) != ("POST page login", 303)]

    def missing(self, contract: dict, phase: str) -> set[str]:
        """The operations of a contract that were not carried out in a phase."""
        called = {call.operation for call in self.calls if call.phase == phase and 200 <= call.status < 300}
        return {f"{method.upper()} {path}" for path, item in contract["paths"].items() for method, operation in item.items()
                if isinstance(operation, dict) and "operationId" in operation and f"{method.upper()} {path}" not in called}

    # --- Requests -------------------------------------------------------------------------------------------------------------

    def call(self, method: str, template: str, body=None, token: str = TOKEN, query: dict | None = None, **parameters):
        """A request of the API; its answer as JSON."""
        path = template.format(**{name: urllib.parse.quote(value, safe="") for name, value in parameters.items()})
        if query:
            path += "?" + urllib.parse.urlencode(query)
        headers = {"X-Admin-Token": token, "Content-Type": "application/json"}
        kind, text = self.request(self.api, method, template, path, None if body is None else json.dumps(body), headers)
        return json.loads(text) if text and "json" in kind else None

    def request(self, port: int, method: str, operation: str, path: str, body: str | None, headers: dict) -> tuple[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            # A stream of events has no end.
            text = (answer.readline() if path == "/events" else answer.read()).decode()
        except (OSError, http.client.HTTPException):
            raise Interrupted from None
        finally:
            connection.close()
        self.calls.append(Call(self.phase, f"{method} {operation}", answer.status, text[:300] if answer.status >= 400 else ""))
        if cookie := answer.headers.get("Set-Cookie"):
            self.session = cookie.split(";")[0]
        return answer.headers.get("Content-Type", ""), text

    def get(self, template: str, query: dict | None = None, **parameters):
        return self.call("GET", template, None, TOKEN, query, **parameters)

    def post(self, template: str, body=None, token: str = TOKEN, query: dict | None = None, **parameters):
        return self.call("POST", template, body, token, query, **parameters)

    def page(self, path: str):
        self.request(self.web, "GET", f"page {path.split('/')[1].split('?')[0]}", path, None, {"Cookie": self.session})

    # --- A round --------------------------------------------------------------------------------------------------------------

    def round(self):
        for path in ("/healthz", "/readyz", "/openapi.json", "/openapi.yaml", "/metrics"):
            self.get(path)
        self.ingest()
        self.analyze()
        self.run_modules()
        command, bulk = self.command()
        alert = self.answer_alerts()
        self.issue_tokens()
        self.read()
        self.look(command, bulk, alert)
        # The next round's heartbeats name this bot.
        self.post("/instances/{instance_id}/move", {"bot_id": self.bot(self.rounds + 1)}, instance_id=INSTANCE)

    def bot(self, number: int) -> str:
        return f"every-bot-{number % 2}"

    def ingest(self):
        now, number = utc(time.time()), str(uuid.uuid4())
        own = {"instance_id": INSTANCE, "symbol": SYMBOL, "timestamp": now}
        self.post("/ingest/heartbeat", own | {"bot_id": self.bot(self.rounds), "runtime_mode": "LIVE", "exchange": "every", "version": "1",
                                              "state": "NORMAL", "metadata": {"round": number}})
        self.post("/ingest/metrics", [own | {"metric_type": kind, "value": "1.5", "currency": "USDT"}
                                      for kind in ("equity", "realized_pnl", "unrealized_pnl")])
        self.post("/ingest/execution-quality", own | {"slippage_bps": "1.5", "latency_ms": "20", "fill_ratio": "0.5", "sample_id": number})
        self.post("/ingest/costs", own | {"cost_type": "FEE", "amount": "0.25", "currency": "USDT", "entry_id": number})
        self.post("/ingest/positions", {"instance_id": INSTANCE, "symbol": SYMBOL, "net_exposure": "0", "gross_exposure": "0", "updated_at": now})
        self.post("/ingest/indices", {"instance_id": INSTANCE, "index_name": "EVERY", "value": "61", "timestamp": now})
        self.post("/ingest/resource", {"instance_id": INSTANCE, "cpu_pct": "12.5", "memory_pct": "40", "timestamp": now})

    def analyze(self):
        for path in ("/portfolio/positions", "/portfolio/exposure", "/analytics/execution-quality", "/analytics/net-pnl",
                     "/analytics/net-pnl/explanation", "/analytics/costs", "/analytics/costs.csv", "/analytics/execution-samples",
                     "/analytics/execution-samples.csv", "/analytics/equity-drawdown", "/analytics/equity-curve", "/analytics/indices/latest",
                     "/analytics/resource/latest", "/analytics/resource/window", "/fleet", "/fleet/equity", "/instances", "/instances.csv", "/bots"):
            self.get(path)
        series = {"instance_id": INSTANCE, "metric_type": "equity", "symbol": SYMBOL}
        self.get("/analytics/series", series)
        self.get("/analytics/series.csv", series)
        self.get("/instances/{instance_id}/presence", instance_id=INSTANCE)

    def run_modules(self):
        now, module = utc(time.time()), str(uuid.uuid4())
        self.post("/modules", {"module_id": module, "name": f"every-{module}", "enabled": True, "execution_mode": "MANUAL", "config": {},
                               "created_at": now, "updated_at": now})
        self.get("/modules")
        self.get("/modules/{module_id}", module_id=module)
        self.post("/modules/{module_id}/run", {"trigger_type": "MANUAL"}, module_id=module)
        run = self.post("/module-runs/claim", {"worker_id": "every", "module_id": module, "lease_seconds": 60})["run"]["run_id"]
        self.post("/module-runs/{run_id}/progress", {"worker_id": "every", "progress": 0.5, "lease_seconds": 60}, run_id=run)
        self.call("PATCH", "/module-runs/{run_id}", {"status": "SUCCEEDED"}, run_id=run)
        other = self.post("/modules/{module_id}/run", {}, module_id=module)["run_id"]
        self.post("/module-runs/{run_id}/cancel", run_id=other)
        self.get("/module-runs/{run_id}", run_id=run)
        for path in ("/module-runs", "/module-runs/stats", "/analytics/module-runs/performance", "/analytics/module-runs/failure-rate",
                     "/analytics/module-runs/throughput", "/analytics/module-runs/active-age"):
            self.get(path)
        self.post("/alerts/module-runs/stuck-check")
        self.call("DELETE", "/modules/{module_id}", module_id=module)

    def give(self, kind: str, **members) -> str:
        identity = str(uuid.uuid4())
        self.post("/commands", {"command_id": identity, "instance_id": INSTANCE, "command_type": kind, "ttl_seconds": 600, **members})
        return identity

    def command(self) -> tuple[str, str]:
        """A command and a bulk of commands, which were given, answered, canceled, superseded, approved and denied."""
        first = self.give("SYNC_BALANCE")
        listed = [row["command_id"] for row in self.get("/instances/{instance_id}/commands/pending", instance_id=INSTANCE)]
        if first not in listed:
            self.failure = self.failure or f"{INSTANCE} polled and did not get {first}"
        for status in ("ACCEPTED", "COMPLETED"):
            self.acknowledge(first, status)
        superseded = self.give("SYNC_BALANCE")
        canceled = self.give("SYNC_BALANCE", supersedes=superseded)
        self.post("/commands/{command_id}/cancel", command_id=canceled)
        self.acknowledge(canceled, "COMPLETED")
        second = self.post("/tokens", {"name": f"every-approver-{uuid.uuid4()}", "roles": ["approver"]})
        approved, denied = self.give("FLATTEN", reason="every"), self.give("FLATTEN", reason="every")
        self.post("/commands/{command_id}/approve", {"reason": "every"}, second["token"], command_id=approved)
        self.post("/commands/{command_id}/deny", {"reason": "every"}, second["token"], command_id=denied)
        self.acknowledge(approved, "FAILED")
        self.call("DELETE", "/tokens/{token_id}", token_id=second["token_id"])
        bulk = self.post("/commands/bulk", {"command_type": "SYNC_BALANCE", "target": {"instance_ids": [INSTANCE]}, "ttl_seconds": 600,
                                            "reason": "every"})
        self.get("/command-bulks/{bulk_id}", bulk_id=bulk["bulk_id"])
        self.acknowledge(bulk["items"][0]["command_id"], "COMPLETED")
        self.get("/commands")
        if (status := self.get("/commands/{command_id}", command_id=first)["status"]) != "COMPLETED":
            self.failure = self.failure or f"{first} was completed and is {status}"
        return first, bulk["bulk_id"]

    def acknowledge(self, command: str, status: str):
        self.post("/commands/{command_id}/ack", {"command_id": command, "instance_id": INSTANCE, "status": status, "timestamp": utc(time.time())},
                  command_id=command)

    def answer_alerts(self) -> str:
        """An alert that was acknowledged, silenced and resolved, and its notifications."""
        self.post("/reconcile", {"instance_id": INSTANCE, "exchange_equity": "1100", "internal_equity": "1000", "difference": "100",
                                 "status": "MISMATCH", "timestamp": utc(time.time())})
        self.get("/reconcile/results")
        self.post("/alerts/heartbeat-check")
        rows = self.get("/alerts", {"target_id": INSTANCE, "status": "OPEN"})["items"]
        alert = next(row["alert_id"] for row in rows if row["source"] == "reconcile")
        self.get("/alerts/{alert_id}", alert_id=alert)
        self.post("/alerts/{alert_id}/ack", alert_id=alert)
        self.post("/alerts/{alert_id}/silence", {"duration_seconds": 60}, alert_id=alert)
        self.post("/alerts/{alert_id}/resolve", alert_id=alert)
        delivery = self.post("/notifications/test", query={"severity": "WARNING"})["items"][0]["delivery_id"]
        self.get("/notifications")
        # Only a delivery that was given up can be asked for again.
        self.sql(f"UPDATE notification_deliveries SET status = 'DEAD', sent_at = NULL WHERE delivery_id = '{delivery}'")
        self.post("/notifications/{delivery_id}/replay", delivery_id=delivery)
        return alert

    def issue_tokens(self):
        token = self.post("/tokens", {"name": f"every-{uuid.uuid4()}", "roles": ["viewer"]})
        self.call("GET", "/fleet", None, token["token"])
        rotated = self.post("/tokens/{token_id}/rotate", {"grace_seconds": 60}, token_id=token["token_id"])
        for issued in (rotated, self.post("/instances/{instance_id}/tokens", {}, instance_id=INSTANCE)):
            self.call("DELETE", "/tokens/{token_id}", token_id=issued["token_id"])
        self.get("/tokens")

    def read(self):
        for path in ("/audit/logs", "/audit/logs.csv", "/events"):
            self.get(path)
        if not (part := self.get("/audit/verify"))["is_intact"]:
            self.failure = self.failure or f"the audit log is broken: {part}"

    def look(self, command: str, bulk: str, alert: str):
        form = urllib.parse.urlencode({"token": TOKEN, "next": "/dashboard"})
        if not self.session:
            self.request(self.web, "POST", "page login", "/login", form, {"Content-Type": FORM})
        for path in ("dashboard", "bots", f"bots/{self.bot(self.rounds)}", f"bots/{self.bot(self.rounds)}/{INSTANCE}", "commands",
                     f"commands/new?instance={INSTANCE}&type=STOP", f"commands/{command}", f"command-bulks/{bulk}", "approvals", "alerts",
                     f"alerts/{alert}", "portfolio", "analytics", "reconciliation", "admin/modules", "audit", "markets", "datasets", "settings",
                     "system", "killswitch", "api/fleet"):
            self.page(f"/{path}")
