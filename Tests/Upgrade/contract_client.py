"""Repeatedly calls every operation of a server's contract and reads every page of its dashboard."""

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
    """A connection ended without a response, as it may while a server is replaced. The client starts the round again."""


@dataclass(frozen=True)
class Call:
    """One call. `operation` is a method and a path template; `text` is the start of an error response."""

    phase: str
    operation: str
    status: int
    text: str


class ContractClient(threading.Thread):
    """Runs `round` until it is stopped, and records each call with the current `phase`.

    - api, web: the ports of the proxies in front of the servers.
    - sql: runs a statement.
    """

    def __init__(self, api: int, web: int, sql):
        super().__init__(name="contract-client", daemon=True)
        self.api, self.web, self.sql = api, web, sql
        self.phase = "start"
        self.is_over = threading.Event()
        self.calls: list[Call] = []
        self.rounds = 0
        self.interruptions = 0
        self.session = ""
        # Describes the first response with wrong content.
        self.first_error: str | None = None

    def run(self):
        while not self.is_over.is_set():
            try:
                self.round()
                self.rounds += 1
            except Interrupted:
                self.interruptions += 1
            except (KeyError, IndexError, TypeError) as error:
                # A response lacks a member of the contract. Responses with an error status are also in `failed_calls`.
                self.first_error = self.first_error or f"{type(error).__name__} {error} after {self.calls[-1]}"
            self.is_over.wait(0.5)

    def stop(self):
        self.is_over.set()
        self.join(60)

    @property
    def failed_calls(self) -> list[Call]:
        """The calls without a 2xx response. A successful login is a redirect."""
        return [call for call in self.calls if not 200 <= call.status < 300 and (call.operation, call.status) != ("POST page login", 303)]

    def missing(self, contract: dict, phase: str) -> set[str]:
        """The operations of a contract that did not succeed in a phase."""
        called = {call.operation for call in self.calls if call.phase == phase and 200 <= call.status < 300}
        return {f"{method.upper()} {path}" for path, item in contract["paths"].items() for method, operation in item.items()
                if isinstance(operation, dict) and "operationId" in operation and f"{method.upper()} {path}" not in called}

    # --- Requests -------------------------------------------------------------------------------------------------------------

    def call(self, method: str, template: str, body=None, token: str = TOKEN, query: dict | None = None, **parameters):
        """Sends a request to the API and returns the JSON body, or None for another media type."""
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
            response = connection.getresponse()
            # A stream of events does not end.
            text = (response.readline() if path == "/events" else response.read()).decode()
        except (OSError, http.client.HTTPException):
            raise Interrupted from None
        finally:
            connection.close()
        self.calls.append(Call(self.phase, f"{method} {operation}", response.status, text[:300] if response.status >= 400 else ""))
        if cookie := response.headers.get("Set-Cookie"):
            self.session = cookie.split(";")[0]
        return response.headers.get("Content-Type", ""), text

    def get(self, template: str, query: dict | None = None, **parameters):
        return self.call("GET", template, None, TOKEN, query, **parameters)

    def post(self, template: str, body=None, token: str = TOKEN, query: dict | None = None, **parameters):
        return self.call("POST", template, body, token, query, **parameters)

    def read_page(self, path: str):
        self.request(self.web, "GET", f"page {path.split('/')[1].split('?')[0]}", path, None, {"Cookie": self.session})

    # --- A round --------------------------------------------------------------------------------------------------------------

    def round(self):
        for path in ("/healthz", "/readyz", "/openapi.json", "/openapi.yaml", "/metrics"):
            self.get(path)
        self.ingest()
        self.read_analytics()
        self.run_modules()
        command, bulk = self.run_commands()
        alert = self.handle_alerts()
        self.issue_tokens()
        self.read_audit_log()
        self.read_dashboard(command, bulk, alert)
        # The heartbeats of the next round name this bot.
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

    def read_analytics(self):
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

    def create_command(self, kind: str, token: str = TOKEN, **members) -> str:
        identity = str(uuid.uuid4())
        self.post("/commands", {"command_id": identity, "instance_id": INSTANCE, "command_type": kind, "ttl_seconds": 600, **members}, token)
        return identity

    def run_commands(self) -> tuple[str, str]:
        """Creates, acknowledges, cancels, supersedes, approves and denies commands. Returns the ids of a command and of a bulk."""
        first = self.create_command("SYNC_BALANCE")
        listed = [row["command_id"] for row in self.get("/instances/{instance_id}/commands/pending", instance_id=INSTANCE)]
        if first not in listed:
            self.first_error = self.first_error or f"a poll of {INSTANCE} did not return {first}"
        for status in ("ACCEPTED", "COMPLETED"):
            self.acknowledge(first, status)
        superseded = self.create_command("SYNC_BALANCE")
        canceled = self.create_command("SYNC_BALANCE", supersedes=superseded)
        self.post("/commands/{command_id}/cancel", command_id=canceled)
        self.acknowledge(canceled, "COMPLETED")
        second = self.post("/tokens", {"name": f"every-approver-{uuid.uuid4()}", "roles": ["approver"]})
        # An approver's token must not be issued by the author of the command.
        author = self.post("/tokens", {"name": f"every-operator-{uuid.uuid4()}", "roles": ["operator"]})
        approved, denied = (self.create_command("FLATTEN", author["token"], reason="every") for _ in range(2))
        self.post("/commands/{command_id}/approve", {"reason": "every"}, second["token"], command_id=approved)
        self.post("/commands/{command_id}/deny", {"reason": "every"}, second["token"], command_id=denied)
        self.acknowledge(approved, "FAILED")
        for token in (author, second):
            self.call("DELETE", "/tokens/{token_id}", token_id=token["token_id"])
        bulk = self.post("/commands/bulk", {"command_type": "SYNC_BALANCE", "target": {"instance_ids": [INSTANCE]}, "ttl_seconds": 600,
                                            "reason": "every"})
        self.get("/command-bulks/{bulk_id}", bulk_id=bulk["bulk_id"])
        self.acknowledge(bulk["items"][0]["command_id"], "COMPLETED")
        self.get("/commands")
        if (status := self.get("/commands/{command_id}", command_id=first)["status"]) != "COMPLETED":
            self.first_error = self.first_error or f"{first} was acknowledged as COMPLETED, but its status is {status}"
        return first, bulk["bulk_id"]

    def acknowledge(self, command: str, status: str):
        self.post("/commands/{command_id}/ack", {"command_id": command, "instance_id": INSTANCE, "status": status, "timestamp": utc(time.time())},
                  command_id=command)

    def handle_alerts(self) -> str:
        """Acknowledges, silences and resolves an alert, and replays a notification. Returns the id of the alert."""
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
        # Only a dead delivery can be replayed.
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

    def read_audit_log(self):
        for path in ("/audit/logs", "/audit/logs.csv", "/events"):
            self.get(path)
        if not (part := self.get("/audit/verify"))["is_intact"]:
            self.first_error = self.first_error or f"the audit log is not intact: {part}"

    def read_dashboard(self, command: str, bulk: str, alert: str):
        form = urllib.parse.urlencode({"token": TOKEN, "next": "/dashboard"})
        if not self.session:
            self.request(self.web, "POST", "page login", "/login", form, {"Content-Type": FORM})
        for path in ("dashboard", "bots", f"bots/{self.bot(self.rounds)}", f"bots/{self.bot(self.rounds)}/{INSTANCE}", "commands",
                     f"commands/new?instance={INSTANCE}&type=STOP", f"commands/{command}", f"command-bulks/{bulk}", "approvals", "alerts",
                     f"alerts/{alert}", "portfolio", "analytics", "reconciliation", "admin/modules", "audit", "markets", "datasets", "settings",
                     "system", "killswitch", "api/fleet"):
            self.read_page(f"/{path}")
