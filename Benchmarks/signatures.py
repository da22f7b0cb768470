"""Measures what the signatures of commands cost.

Usage: signatures.py PLAIN SIGNED KEYS, the addresses of a server without and of one with a signing key, and a file of public keys.
"""

import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

PLAIN, SIGNED, KEYS = sys.argv[1:]
ROOT = pathlib.Path(__file__).resolve().parents[1]
ROUNDS, COMMANDS = 10, 100
BOTS = {"Swift": [str(ROOT / ".build/debug/RecordingBot")], "Python": [sys.executable, str(ROOT / "sdk/python/tests/recording_bot.py")]}


class Server:
    """One connection to a server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"))

    def call(self, method: str, path: str, body: object = None):
        headers = {"X-Admin-Token": "benchmark", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        content = response.read()
        assert response.status < 300, content
        return json.loads(content)

    def beat(self, name: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        heartbeat = {"instance_id": name, "bot_id": "b", "runtime_mode": "PAPER", "exchange": "binance", "symbol": "BTCUSDT", "version": "1", "timestamp": now}
        self.call("POST", "/ingest/heartbeat", heartbeat)

    def send(self, name: str) -> None:
        body = {"command_id": str(uuid.uuid4()), "instance_id": name, "command_type": "SYNC_BALANCE", "ttl_seconds": 3600, "payload": {"limit": 1}}
        self.call("POST", "/commands", body)

    def open(self, name: str) -> int:
        return self.call("GET", f"/commands?instance_id={name}&status=PENDING&page_size=1")["total"]


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def processor_time(program: list[str], server: Server, name: str, keys: dict[str, str]) -> float:
    """The processor time of an agent that executes all pending commands of an instance, in milliseconds per command."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "INSTANCE_ID": name, "BOT_ID": "b", "EXCHANGE": "binance", "SYMBOL": "BTCUSDT", "CONTROL_PLANE_URL": server.address,
            "AGENT_DATA_DIR": f"{folder}/agent", "EVENTS_FILE": f"{folder}/events", "LOG_LEVEL": "critical", **keys,
        }
        process = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while server.open(name):
            time.sleep(0.2)
        process.kill()
        usage = os.wait4(process.pid, 0)[2]
        process.returncode = 0
        assert pathlib.Path(f"{folder}/events").read_text().count("EFFECT") >= ROUNDS * COMMANDS - 1
    return (usage.ru_utime + usage.ru_stime) * 1000 / (ROUNDS * COMMANDS)


def row(measurement: str, ours: float, reference: float, what: str) -> None:
    print(f"| {measurement} | {ours:.2f} ms | {what}: {reference:.2f} ms | {ours / reference:.2f} |")


plain, signed = Server(PLAIN), Server(SIGNED)
times: dict[str, list[float]] = {"plain": [], "signed": []}
for name in ("plain", "signed"):
    plain.beat(name)
for _ in range(ROUNDS):
    times["plain"] += [timed(lambda: plain.send("plain")) for _ in range(COMMANDS)]
    times["signed"] += [timed(lambda: signed.send("signed")) for _ in range(COMMANDS)]
created = [statistics.median(times[name]) for name in ("signed", "plain")]
row("a signed command until its response", *created, "unsigned")
pulls: dict[str, list[float]] = {"plain": [], "signed": []}
for _ in range(5):
    for name in pulls:
        pulls[name].append(timed(lambda: plain.call("GET", f"/instances/{name}/commands/pending")) / (ROUNDS * COMMANDS))
pulled = [statistics.median(pulls[name]) for name in ("signed", "plain")]
row("the same in a list of 1,000 pending ones, per command", *pulled, "unsigned")
for language, program in BOTS.items():
    for name in ("plain", "signed"):
        plain.beat(f"{language}-{name}")
    for _ in range(ROUNDS * COMMANDS):
        plain.send(f"{language}-plain")
        signed.send(f"{language}-signed")
    without = processor_time(program, plain, f"{language}-plain", {})
    verified = processor_time(program, plain, f"{language}-signed", {"COMMAND_KEYS_FILE": KEYS})
    row(f"processor time of an agent per signed command, {language}", verified, without, "unsigned")
    cost = created[0] - created[1] + pulled[0] - pulled[1] + verified - without
    print(f"| cost of the signature per command, server and agent, {language} | {cost:.2f} ms | the limit: 2 ms | {cost / 2:.2f} |")
