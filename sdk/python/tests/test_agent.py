"""Tests of single modules, and of the installed program against a real server."""

import datetime
import decimal
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid

import pytest

from flotilla_agent import Agent, AgentCommand, AgentConfiguration, SpoolFull
from flotilla_agent.clock import Clock
from flotilla_agent.control_plane import CallFailure, Response
from flotilla_agent.files import AppendFile, decode, encode
from flotilla_agent.http import HTTPTransport
from flotilla_agent.journal import Journal, JournalFailure
from flotilla_agent.spool import Report, Spool

PROGRAM = pathlib.Path(sys.executable).parent / "flotilla-agent"


# JSON


def test_json_keeps_exact_numbers():
    text = '{"a":0.1,"b":[10000.000000000000000001,-3,1E+3],"c":{"d":true,"e":null,"f":"é\\n"}}'
    value = decode(text)
    assert value["b"][0] == decimal.Decimal("10000.000000000000000001")
    assert decode(encode(value)) == value
    assert encode(value).startswith('{"a":0.1,"b":[10000.000000000000000001,-3,1000]')
    for number in [float("nan"), decimal.Decimal("Infinity")]:
        with pytest.raises(ValueError):
            encode(number)


# State


def test_a_bot_that_does_not_respond_is_reported_with_its_reason(tmp_path):
    bodies = []

    def transport(method, path, headers, body, limit):
        bodies.append(decode(body))
        return Response(202, {}, b'{"status":"accepted"}')

    configuration = AgentConfiguration("i1", "b1", "binance", "BTCUSDT", control_plane_url="http://127.0.0.1:1")
    configuration.data_directory = str(tmp_path)
    agent = Agent(configuration, transport=transport)
    agent.metadata = {"host": "a"}
    agent.report_bot("timed out")
    agent._send_heartbeat()
    agent.report_bot(None)
    agent._send_heartbeat()
    assert [body["state"] for body in bodies] == ["UNRESPONSIVE", "NORMAL"]
    assert [body["metadata"] for body in bodies] == [{"host": "a", "bot_failure": "timed out"}, {"host": "a"}]


# Spool


def report(kind, number):
    return Report(kind, {"entry_id": str(number), "fill": "x" * 80})


def test_a_full_spool_drops_the_oldest_reports_but_never_costs(tmp_path):
    spool = Spool(str(tmp_path), 8_000)
    spool.SEGMENT_LENGTH = 10
    for number in range(100):
        spool.add(report("costs" if number % 10 == 0 else "metrics", number))
    assert spool.take_dropped() > 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 8_000
    seen = []
    while (oldest := spool.oldest()) is not None:
        number, reports = oldest
        seen += reports
        spool.remove(number, [])
    assert [r.body["entry_id"] for r in seen if r.kind == "costs"] == [str(number) for number in range(0, 100, 10)]
    assert seen[-1].body["entry_id"] == "99"
    with pytest.raises(SpoolFull):
        for number in range(100):
            spool.add(report("costs", number))


def test_reports_survive_a_restart_and_an_incomplete_line_is_ignored(tmp_path):
    spool = Spool(str(tmp_path), 1 << 20)
    spool.add(report("costs", 1))
    (tmp_path / "1.jsonl").open("a").write('{"kind":"costs","bo')
    again = Spool(str(tmp_path), 1 << 20)
    again.add(report("costs", 2))
    assert again.count == 2
    assert [again.oldest()[1][0].body["entry_id"], again.count] == ["1", 2]
    again.remove(1, [])
    assert again.oldest()[1][0].body["entry_id"] == "2"


# Journal


def test_a_journal_has_one_owner_and_tolerates_an_incomplete_last_line(tmp_path):
    journal = Journal(str(tmp_path), Clock())
    with pytest.raises(OSError, match="is another agent of this instance running"):
        Journal(str(tmp_path), Clock())
    journal.close()
    (tmp_path / "journal.jsonl").open("a").write('{"record":"beg')
    Journal(str(tmp_path), Clock()).close()
    (tmp_path / "journal.jsonl").open("a").write("noise\n")
    with pytest.raises(JournalFailure, match=r"journal.jsonl:2: this line is not a journal record"):
        Journal(str(tmp_path), Clock())


def test_appending_to_a_closed_file_raises_an_error(tmp_path):
    file = AppendFile(str(tmp_path / "a"))
    file.close()
    with (tmp_path / "b").open("w") as other:
        with pytest.raises(OSError):
            file.append("x")
        assert other.tell() == 0


# Handlers


@pytest.mark.parametrize("evidence", [["a list"], "text", {"x": float("nan")}, {"x": object()}])
def test_evidence_that_cannot_be_encoded_fails_its_command_only(tmp_path, evidence):
    acknowledgements = []

    def respond(method, path, headers, body, limit):
        acknowledgements.append(decode(body))
        return Response(202, {}, b"{}")

    configuration = AgentConfiguration("i1", "b1", "e", "s", "http://h", data_directory=str(tmp_path))
    agent = Agent(configuration, transport=respond)
    agent.on("SYNC_BALANCE", lambda command: evidence)
    agent.on("CANCEL_ALL", lambda command: {"canceled": 1})
    now = datetime.datetime.now(datetime.timezone.utc)
    for command_type in ["SYNC_BALANCE", "CANCEL_ALL"]:
        agent._execute(AgentCommand(uuid.uuid4(), "i1", command_type, now + datetime.timedelta(minutes=1)))
        agent._send_acknowledgements()
    assert [a["status"] for a in acknowledgements] == ["ACCEPTED", "FAILED", "ACCEPTED", "COMPLETED"]
    assert acknowledgements[1]["reason"].startswith("HANDLER_FAILED: ")


def test_a_heartbeat_that_cannot_be_encoded_raises_a_call_failure(tmp_path):
    configuration = AgentConfiguration("i1", "b1", "e", "s", "http://h", data_directory=str(tmp_path))
    agent = Agent(configuration, transport=lambda *call: Response(202, {}, b"{}"))
    agent.metadata = {"x": object()}
    with pytest.raises(CallFailure, match="the request cannot be encoded as JSON"):
        agent._send_heartbeat()


# HTTP


class SlowServer:
    """Sends one byte of its response every 50 ms."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        connection, _ = self.listener.accept()
        try:
            connection.recv(4096)
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass


def test_a_slow_server_does_not_extend_a_request_beyond_its_limit():
    with SlowServer() as server:
        start = time.monotonic()
        with pytest.raises(OSError):
            HTTPTransport(f"http://127.0.0.1:{server.port}")("GET", "/", {}, None, 0.5)
        assert 0.5 <= time.monotonic() - start < 5


def test_a_response_is_complete_when_the_server_closes_the_connection():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n")
            time.sleep(0.2)
            connection.sendall(b"body")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        transport = HTTPTransport(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert transport("GET", "/", {}, None, 5).body == b"body"


# The program


def test_the_program_reports_all_errors_in_its_environment():
    run = subprocess.run([PROGRAM], env={"INSTANCE_ID": "i1", "BOT_ID": "b1"}, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == (
        "EXCHANGE: found nothing, expected 1 to 64 characters\nSYMBOL: found nothing, expected 1 to 64 characters\n"
        "CONTROL_PLANE_URL: found nothing, expected a URL, or COMMAND_FILE to run without a control plane\n"
    )
    run = subprocess.run([PROGRAM, "nothing:here"], capture_output=True, text=True)
    assert run.returncode == 2
    assert "cannot import 'nothing:here', expected MODULE:FUNCTION" in run.stderr
    run = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True)
    assert run.stdout == "1.1.0\n"


class Server:
    """A running control plane with a separate database."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        environment = {
            **os.environ,
            "ADMIN_TOKEN": "token",
            "DATA_DIR": f"{self.folder}/data",
            "API_ADDRESS": "127.0.0.1:0",
            "WEB_ADDRESS": "off",
            "LOG_LEVEL": "error",
        }
        environment.pop("DATABASE_URL", None)
        arguments = [program, "serve", "--migrate"]
        self.process = subprocess.Popen(
            arguments, env=environment, cwd=self.folder, stdout=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().split()[1]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("X-Admin-Token", "token")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return decode(answer.read())

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server():
    program = os.environ.get("FLOTILLA_SERVER")
    if not program:
        pytest.skip("FLOTILLA_SERVER is not set: it must be the path of the server")
    server = Server(program)
    until(lambda: server.call("GET", "/readyz"))
    yield server
    server.end()


def until(condition):
    """Waits until the condition is true, for up to 30 seconds, and returns its value."""
    end = time.monotonic() + 30
    while True:
        try:
            if result := condition():
                return result
        except (OSError, KeyError, IndexError):
            pass
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_paper_bot_reports_flattens_and_stops(server, tmp_path):
    environment = {
        "CONTROL_PLANE_URL": server.url,
        "INSTANCE_ID": "paper-1",
        "BOT_ID": "paper",
        "EXCHANGE": "binance",
        "SYMBOL": "BTCUSDT",
        "AGENT_DATA_DIR": str(tmp_path),
        "PAPER_STEP_SECONDS": "0.02",
        "PAPER_SEED": "1",
    }
    bot = subprocess.Popen([PROGRAM], env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: server.call("GET", "/bots")["items"][0]["status"] == "RUNNING")
        until(lambda: (server.call("GET", "/analytics/net-pnl")["fees"] or 0) > 0)
        until(lambda: (server.call("GET", "/portfolio/exposure")["key_metrics"]["latest_equity"] or 0) > 9000)
        until(lambda: server.call("GET", "/analytics/execution-quality")["samples"] > 3)
        command = str(uuid.uuid4())
        request = {"command_id": command, "instance_id": "paper-1", "command_type": "FLATTEN", "ttl_seconds": 60}
        server.call("POST", "/commands", request)
        until(lambda: server.call("GET", f"/commands/{command}")["status"] == "COMPLETED")
        evidence = server.call("GET", f"/commands/{command}")["acknowledgements"][-1]["evidence"]
        assert decimal.Decimal(evidence["residual"]) == 0
        until(lambda: server.call("GET", "/bots")["items"][0]["status"] == "FLATTENED")
        # The exposure becomes 0.
        until(lambda: server.call("GET", "/portfolio/exposure")["total_gross_exposure"] == 0)
    finally:
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(20) == 0
    assert server.call("GET", "/bots")["items"][0]["status"] == "STOPPED"
    pnl = server.call("GET", "/analytics/net-pnl")
    assert pnl["net_pnl"] == pnl["realized"] + pnl["unrealized"] - pnl["fees"] + pnl["funding"]
