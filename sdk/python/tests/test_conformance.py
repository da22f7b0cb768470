"""Runs the cases of `sdk/conformance`, as the tests of AgentKit for Swift do. The README there documents their format."""

import datetime
import decimal
import email.utils
import json
import pathlib
import threading
import urllib.parse

import pytest

from flotilla_agent import Agent, AgentConfiguration, CommandFailure, ConfigurationError, OrdersRefused
from flotilla_agent.clock import Clock
from flotilla_agent.control_plane import CallFailure, Response
from flotilla_agent.files import decode
from flotilla_agent.signatures import CommandKeys

FOLDER = pathlib.Path(__file__).parents[2] / "conformance"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def cases(*files):
    return [pytest.param(case, id=case["name"]) for file in files for case in json.loads((FOLDER / file).read_text())]


@pytest.mark.parametrize("case", cases("configuration.json"))
def test_the_environment_gives_the_expected_configuration_or_error(case):
    if "error" in case:
        with pytest.raises(ConfigurationError) as caught:
            AgentConfiguration.from_environment(case["environment"])
        assert str(caught.value) == case["error"]
        return
    read = AgentConfiguration.from_environment(case["environment"])
    assert case["expect"] == {
        "instance_id": read.instance_id,
        "bot_id": read.bot_id,
        "exchange": read.exchange,
        "symbol": read.symbol,
        "version": read.version,
        "runtime_mode": read.runtime_mode,
        "control_plane_url": read.control_plane_url,
        "pull_url": read.pull_url,
        "command_file": read.command_file,
        "heartbeat_interval_seconds": read.heartbeat_interval,
        "deadman_timeout_seconds": read.deadman_timeout,
        "deadman_action": read.deadman_action,
        "deadman_resume_seconds": read.deadman_resume,
    }


@pytest.mark.parametrize("case", cases("commands.json", "dead-man.json", "reports.json", "signatures.json"))
def test_the_agent_behaves_as_the_case_expects(case, tmp_path):
    scenario = Scenario(case, tmp_path)
    try:
        for step in case["steps"]:
            scenario.play(step)
    finally:
        scenario.end()


class Killed(BaseException):
    """Simulates that the process is killed while a handler runs."""


class Scenario:
    """Plays one case: simulates the clocks, the control plane, the bot and its process."""

    def __init__(self, case, folder):
        self.case = case
        self.folder = folder
        self.command_file = folder / "commands.json"
        self.now = self.wall_clock = 0.0
        self.has_dates = True
        self.calls = "answered"
        self.acknowledgement_mode = "stored"
        self.claim = None
        self.refuses = {}
        self.deliveries = []
        self.has_died = False
        self.reset()
        self.agent = self.begin()

    def reset(self):
        self.effects, self.acknowledgements, self.reports = [], [], []

    # The process

    def begin(self):
        given = self.case.get("configuration", {})
        configuration = AgentConfiguration("bot-1", "bot", "binance", "BTCUSDT", data_directory=str(self.folder))
        if given.get("control_plane", True):
            configuration.control_plane_url = "http://control-plane"
        if given.get("command_file"):
            configuration.command_file = str(self.command_file)
        configuration.heartbeat_interval = given.get("heartbeat_interval_seconds", 30)
        configuration.deadman_timeout = given.get("deadman_timeout_seconds", 90)
        configuration.deadman_resume = given.get("deadman_resume_seconds")
        configuration.command_timeout = given.get("command_timeout_seconds", 60)
        configuration.deadman_action = given.get("deadman_action", "SAFE_MODE")
        if "command_keys" in given:
            configuration.command_keys = CommandKeys(given["command_keys"])
        clock = Clock(lambda: self.time(self.now + self.wall_clock), lambda: self.now, lambda: 0.5)
        agent = Agent(configuration, transport=self.respond, clock=clock)
        for command_type, behaviour in self.case.get("handlers", {}).items():
            agent.on(command_type, self.handler(command_type, behaviour))
        agent._settle_unfinished()
        return agent

    def end(self):
        self.agent._journal.close()

    def handler(self, command_type, behaviour):
        def handle(command):
            self.effects.append(command_type)
            if "dies" in behaviour:
                self.has_died = True
                raise Killed
            if "hangs" in behaviour:
                threading.Event().wait()
            if "fails" in behaviour:
                # With evidence the handler raises a CommandFailure, otherwise any other error.
                if "evidence" in behaviour:
                    raise CommandFailure(behaviour["fails"], behaviour["evidence"])
                raise RuntimeError(behaviour["fails"])
            return behaviour.get("evidence")

        return handle

    def until_killed(self, work):
        try:
            work()
        except Killed:
            pass

    # A step

    def play(self, step):
        self.change(step)
        if "restart" in step:
            self.end()
            self.has_died = False
            self.agent = self.begin()
        agent = self.agent
        if step.get("tick", True) and agent._check_contact():
            self.until_killed(agent._run_deadman_action)
        if "heartbeat" in step:
            self.attempt(agent._send_heartbeat)
        for report in step.get("report", []):
            self.keep(report)
        commands = self.deliver(step)
        self.attempt(agent._send_acknowledgements)
        for command in commands:
            if not self.has_died:
                self.until_killed(lambda: agent._execute(command))
            if not self.has_died:
                self.attempt(agent._send_acknowledgements)
        self.attempt(agent._send_reports)
        if "expect" in step:
            self.compare(step["expect"], f"at {step['at']}")

    def attempt(self, call):
        try:
            return call()
        except CallFailure:
            return None

    def change(self, step):
        self.now = step["at"]
        self.wall_clock = step.get("wall_clock", self.wall_clock)
        self.has_dates = step.get("dates", self.has_dates)
        self.calls = step.get("calls", self.calls)
        self.acknowledgement_mode = step.get("acknowledgements", self.acknowledgement_mode)
        self.claim = step.get("claim", self.claim)
        self.refuses = step.get("refuses", self.refuses)
        self.deliveries = [self.command(short) for short in step.get("deliver", [])]
        self.reset()

    def deliver(self, step):
        if "file" in step:
            self.command_file.write_text(json.dumps([self.command(short) for short in step["file"]]))
            return self.agent._read_commands()
        if "deliver" in step:
            return self.attempt(lambda: self.agent._poll_commands(0)) or []
        return []

    def keep(self, report):
        telemetry, symbol = self.agent.telemetry, report.get("symbol")
        if report["kind"] == "metric":
            telemetry.metric(report["type"], report["value"], symbol=symbol)
        elif report["kind"] == "position":
            telemetry.position(report["net"], report["gross"], symbol=symbol)
        elif report["kind"] == "cost":
            telemetry.cost(
                report["type"],
                report["amount"],
                entry_id=report["entry_id"],
                symbol=symbol,
                currency=report.get("currency"),
                fx_rate=report.get("fx_rate"),
            )
        else:
            telemetry.execution(
                report["slippage_bps"],
                report["latency_ms"],
                report["fill_ratio"],
                sample_id=report["sample_id"],
                symbol=symbol,
            )

    def time(self, seconds):
        return START + datetime.timedelta(seconds=seconds)

    def command(self, short):
        """Expands the short form of a command to the contract's form."""
        if "id" not in short:
            return short["raw"]
        body = {
            "command_id": identifier(short),
            "instance_id": short.get("instance_id", "bot-1"),
            "command_type": short["type"],
            "issued_at": self.time(-1).isoformat(),
            "expires_at": self.time(short.get("expires_at", 600)).isoformat(),
            "payload": short.get("payload", {}),
            "status": "PENDING",
        }
        return {**body, **short.get("raw", {})}

    # Expectations

    def compare(self, expected, context):
        assert self.effects == expected.get("effects", []), context
        self.compare_acknowledgements(self.acknowledgements, expected.get("acknowledgements", []), context)
        lines = pathlib.Path(f"{self.command_file}.acks")
        written = [decode(line) for line in lines.read_text().splitlines()] if lines.exists() else []
        lines.unlink(missing_ok=True)
        self.compare_acknowledgements(written, expected.get("file_acknowledgements", []), context)
        if "reports" in expected:
            assert [path for path, _ in self.reports] == [wanted["path"] for wanted in expected["reports"]], context
            for (_, elements), wanted in zip(self.reports, expected["reports"]):
                assert [plain(element) for element in elements] == [self.element(e) for e in wanted["elements"]], context
        if "state" in expected:
            assert self.agent.state == expected["state"], context
        if "orders" in expected:
            assert self.may_order() == expected["orders"], context

    def may_order(self):
        try:
            self.agent.permit_orders()
            return True
        except OrdersRefused:
            return False

    def compare_acknowledgements(self, actual, expected, context):
        assert [(a["command_id"], a["status"]) for a in actual] == [
            (identifier(wanted), wanted["status"]) for wanted in expected
        ], context
        for acknowledgement, wanted in zip(actual, expected):
            assert acknowledgement["instance_id"] == "bot-1", context
            if "reason" in wanted:
                assert acknowledgement["reason"].split(":")[0] == wanted["reason"], context
            if "evidence" in wanted:
                assert json.loads(json.dumps(acknowledgement["evidence"], default=float)) == wanted["evidence"], context
            if "at" in wanted:
                assert datetime.datetime.fromisoformat(acknowledgement["timestamp"]) == self.time(wanted["at"]), context

    def element(self, wanted):
        wanted = dict(wanted)
        at = self.time(wanted.pop("at"))
        return {**plain(wanted), "updated_at" if "net_exposure" in wanted else "timestamp": at, "instance_id": "bot-1"}

    # The control plane

    def respond(self, method, path, headers, body, limit):
        path = urllib.parse.urlsplit(path).path
        json_body = decode(body) if body else None
        if path.endswith("/ack"):
            return self.acknowledge(json_body)
        if self.calls == "unreachable":
            raise OSError("unreachable")
        if self.calls == "failing":
            return self.response(503, {"code": "DATABASE_UNAVAILABLE", "detail": "not now"})
        if path == "/ingest/heartbeat":
            if self.calls == "superseded":
                return self.response(409, {"code": "LEASE_LOST", "detail": "another process"})
            if self.calls == "unregistered":
                return self.response(429, {"code": "TOO_MANY_REGISTRATIONS", "detail": "later"})
            return self.response(202, {"status": "accepted"})
        if method == "GET":
            return self.response(200, self.deliveries)
        self.reports.append((path, json_body))
        if self.calls == "lost":
            raise OSError("lost")
        items = []
        for index, element in enumerate(json_body):
            code = self.refuses.get(element.get("entry_id"))
            outcome = {"index": index, "status": "rejected" if code else "accepted"}
            if code:
                outcome |= {"code": code, "detail": "no", "server_time": self.time(self.now).isoformat()}
            items.append(outcome)
        return self.response(202, {"status": "accepted", "items": items})

    def acknowledge(self, body):
        if self.acknowledgement_mode != "unreachable":
            self.acknowledgements.append(body)
        if self.acknowledgement_mode in ("unreachable", "lost"):
            raise OSError(self.acknowledgement_mode)
        if self.acknowledgement_mode == "refused":
            return self.response(404, {"code": "COMMAND_NOT_FOUND", "detail": "command not found"})
        if self.acknowledgement_mode == "bulky" and body.get("evidence") is not None:
            return self.response(413, {"code": "EVIDENCE_TOO_LARGE", "detail": "too many bytes"})
        status = body["status"]
        return self.response(202, {"command_status": self.claim or status if status == "ACCEPTED" else status})

    def response(self, status, body):
        headers = {"date": email.utils.format_datetime(self.time(int(self.now)), usegmt=True)} if self.has_dates else {}
        return Response(status, headers, json.dumps(body).encode())


def identifier(short):
    return f"00000000-0000-4000-8000-00000000000{short['id']}"


def plain(element):
    """The members of an element, with amounts and times as values instead of text."""
    result = {}
    for name, value in element.items():
        result[name] = value
        if name in ("timestamp", "updated_at"):
            result[name] = datetime.datetime.fromisoformat(value)
        elif name in ("value", "amount", "fx_rate", "net_exposure", "gross_exposure") or name[-3:] in ("bps", "_ms", "tio"):
            result[name] = decimal.Decimal(value)
    return result
