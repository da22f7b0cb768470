"""Starts real freqtrade bots against the fake exchange, offline."""

import base64
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from decimal import Decimal

from flotilla_agent.files import decode
from control_plane import rejections
from freqtrade_comparison import compare
from processes import resume, suspend

ROOT = pathlib.Path(__file__).parents[3]
STRATEGIES = pathlib.Path(__file__).parent / "strategies"
sys.path.insert(0, str(ROOT / "demo"))

import bots  # noqa: E402
from bots import FREQTRADE as VERSION, free_port, install_freqtrade as install, sidecar_configuration  # noqa: E402

__all__ = ["VERSION", "free_port", "install"]


class Exchange(bots.Exchange):
    """A running fake exchange whose answers can be replaced."""

    @contextlib.contextmanager
    def fault(self, pattern, action, message="Account has insufficient balance for requested action."):
        """Sets a fault, and ends it after the block."""
        self.set([{"pattern": pattern, "action": action, "message": message}])
        try:
            yield
        finally:
            self.set([])

    def set(self, faults):
        request = urllib.request.Request(self.url + "/_faults", json.dumps(faults).encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).close()

    def set_account(self, key, **fields):
        """Sets how the account of an API key is treated, as `Account` documents."""
        url = f"{self.url}/_account?{urllib.parse.urlencode(fields)}"
        urllib.request.urlopen(urllib.request.Request(url, method="POST", headers={"X-MBX-APIKEY": key}), timeout=5).close()


class Bot(bots.FreqtradeBot):
    """A freqtrade bot that tests ask for its own answers."""

    def __init__(self, program, name, folder, exchange, strategy="Pulse", environment=None, **configuration):
        super().__init__(program, name, folder, exchange, STRATEGIES, strategy, environment, **configuration)

    def call(self, path, method="GET", body=None):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{self.USER}:{self.PASSWORD}".encode()).decode())
        request.add_header("Content-Type", "application/json")
        # The API of a bot on a busy machine resets connections.
        for attempts_left in range(4 if method == "GET" else 0, -1, -1):
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return decode(answer.read())
            except ConnectionResetError:
                if not attempts_left:
                    raise
                time.sleep(1)

    @property
    def state(self):
        return self.call("/show_config")["state"]

    def rows(self, query):
        """Rows of the bot's database as dicts, with exact numbers instead of floats."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(query)]
        return [{name: Decimal(repr(value)) if isinstance(value, float) else value for name, value in row.items()} for row in rows]

    def suspend(self):
        suspend(self.process)

    def resume(self):
        resume(self.process)


def until(condition, seconds=60):
    """Waits until the condition is true, and returns its value."""
    end = time.monotonic() + seconds
    while True:
        try:
            if result := condition():
                return result
            error = None
        except (OSError, KeyError, IndexError, sqlite3.Error) as caught:
            error = caught
        assert time.monotonic() < end, f"not true within {seconds} seconds: {error!r}"
        time.sleep(0.1)


class Sidecar:
    """`flotilla-agent freqtrade` for several bots, in a separate process."""

    def __init__(self, fleet, control_plane_url, folder, **variables):
        self.folder = pathlib.Path(folder)
        (self.folder / "bots.toml").write_text(sidecar_configuration(fleet))
        self.environment = {
            **os.environ,
            "CONTROL_PLANE_URL": control_plane_url,
            "AGENT_DATA_DIR": str(self.folder / "agents"),
            "BOT_PASSWORD": Bot.PASSWORD,
            "HEARTBEAT_INTERVAL_SECONDS": "2",
            "DEADMAN_TIMEOUT_SECONDS": "60",
            **variables,
        }
        self.process = None

    def start(self):
        program = pathlib.Path(sys.executable).parent / "flotilla-agent"
        log = open(self.folder / "sidecar.log", "ab")
        self.process = subprocess.Popen([program, "freqtrade", "--config", self.folder / "bots.toml"], env=self.environment, stderr=log)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0


@dataclasses.dataclass
class Connection:
    """A bot as the sidecar of one test connects it. Its instance has a name that no other test uses."""

    bot: Bot
    name: str
    USER = Bot.USER

    @property
    def url(self):
        """The address that the sidecar calls: the bot's, or that of a proxy in front of it."""
        return getattr(self.bot, "front", self.bot).url


_fleets = itertools.count(1)


class Fleet:
    """Bots, their sidecar, and the control plane."""

    def __init__(self, bots, control_plane, folder, **variables):
        self.bots, self.control_plane = bots, control_plane
        number = next(_fleets)
        self.connections = [Connection(bot, f"{bot.name}-{number}") for bot in bots]
        self.sidecar = Sidecar(self.connections, control_plane.url, folder, **{"COMMAND_TIMEOUT_SECONDS": "25", **variables}).start()
        for bot in bots:
            until(lambda: self.state(bot))

    def name(self, bot):
        """The instance of a bot."""
        return next(connection.name for connection in self.connections if connection.bot is bot)

    def send(self, bot, command_type, payload=None):
        return self.control_plane.send(self.name(bot), command_type, payload)

    def command(self, bot, command_type, payload=None):
        return self.control_plane.outcome(self.send(bot, command_type, payload))

    def complete(self, bot, command_type, payload=None):
        outcome = self.command(bot, command_type, payload)
        assert outcome["status"] == "COMPLETED", outcome
        return outcome["evidence"]

    def state(self, bot):
        return self.control_plane.state(self.name(bot))

    def elements(self, kind, bot):
        return self.control_plane.elements(kind, self.name(bot))

    def alerts(self, bot):
        return self.control_plane.alerts(self.name(bot))

    @property
    def rejections(self):
        return rejections(self.sidecar.folder / "sidecar.log")


def open_trades(bot):
    return bot.call("/status")


def wait_for_trades(bot):
    until(lambda: [trade for trade in open_trades(bot) if trade["amount"]], 90)


def compare_soon(fleet, bot, earlier=()):
    """Compares when the last reports have arrived."""
    end = time.monotonic() + 30
    while (comparison := compare(fleet.control_plane, fleet.name(bot), bot, earlier)).differences and time.monotonic() < end:
        time.sleep(0.5)
    assert comparison.differences == [], comparison.differences
    return comparison.counts
