"""Starts real freqtrade bots against the fake exchange, offline."""

import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from decimal import Decimal

from flotilla_agent.files import decode

VERSION = "2026.9"
ROOT = pathlib.Path(__file__).parents[3]
STRATEGIES = pathlib.Path(__file__).parent / "strategies"


def install():
    """The path of the program of freqtrade, installed in `.build/freqtrade`; raises OSError if PyPI cannot be reached."""
    folder = pathlib.Path(os.environ.get("FREQTRADE_VENV") or ROOT / ".build" / "freqtrade")
    program = folder / "bin" / "freqtrade"
    if not (folder / f"version-{VERSION}").exists():
        with urllib.request.urlopen("https://pypi.org/simple/freqtrade/", timeout=30):
            pass
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, f"freqtrade=={VERSION}"], check=True)
        (folder / f"version-{VERSION}").touch()
    return program


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Exchange:
    """A running fake exchange."""

    def __init__(self, seed=1):
        arguments = [sys.executable, ROOT / "demo" / "exchange", "--port", "0", "--seed", str(seed)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

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

    def end(self):
        self.process.terminate()
        self.process.wait()


class Bot:
    """A freqtrade bot with a separate folder, database and API server."""

    USER, PASSWORD = "operator", "open sesame"

    def __init__(self, program, name, folder, exchange, strategy="Pulse", environment=None, **configuration):
        self.program, self.name, self.folder, self.strategy = program, name, pathlib.Path(folder) / name, strategy
        self.environment = environment or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = self.folder / "trades.sqlite"
        (self.folder / "user_data").mkdir(parents=True)
        api = {"public": "/api/v3", "private": "/api/v3", "v1": "/api/v1", "sapi": "/sapi/v1", "fapiPublic": "/fapi/v1", "dapiPublic": "/dapi/v1"}
        urls = {kind: f"{exchange.url}/{name}{path}" for kind, path in api.items()}
        ccxt = {"enableRateLimit": False, "urls": {"api": urls}, "options": {"fetchMarkets": {"types": ["spot"]}}}
        self.configuration = {
            "bot_name": name,
            "dry_run": True,
            "dry_run_wallet": 10000,
            "max_open_trades": 3,
            "stake_currency": "USDT",
            "stake_amount": 1000,
            "trading_mode": "spot",
            "strategy": strategy,
            "force_entry_enable": True,
            "initial_state": "running",
            "internals": {"process_throttle_secs": 1},
            "order_types": {"entry": "market", "exit": "limit", "stoploss": "market", "stoploss_on_exchange": False},
            "unfilledtimeout": {"entry": 8, "exit": 8, "unit": "seconds"},
            "entry_pricing": {"price_side": "other", "use_order_book": False},
            "exit_pricing": {"price_side": "other", "use_order_book": False},
            "exchange": {
                "name": "binance",
                "enable_ws": False,
                "pair_whitelist": ["BTC/USDT", "ETH/USDT", "SOL/USDT"],
                "pair_blacklist": [],
                "ccxt_config": ccxt,
                "ccxt_async_config": {},
            },
            "pairlists": [{"method": "StaticPairList"}],
            "api_server": {
                "enabled": True,
                "listen_ip_address": "127.0.0.1",
                "listen_port": self.port,
                "username": self.USER,
                "password": self.PASSWORD,
                "jwt_secret_key": "0123456789012345678901234567890123456789",
            },
            **configuration,
        }
        self.process = None

    def start(self):
        (self.folder / "config.json").write_text(json.dumps(self.configuration))
        arguments = [self.program, "trade", "-c", "config.json", "--strategy-path", STRATEGIES, "--userdir", "user_data"]
        log = open(self.folder / "log", "ab")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **self.environment}
        self.process = subprocess.Popen(
            [*arguments, "--db-url", f"sqlite:///{self.database}"], cwd=self.folder, stdout=log, stderr=log, env=environment
        )
        return self

    def call(self, path, method="GET", body=None):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{self.USER}:{self.PASSWORD}".encode()).decode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return decode(answer.read())

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
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


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

    def __init__(self, bots, control_plane_url, folder, **variables):
        self.folder = pathlib.Path(folder)
        tables = [
            f'[[bot]]\nurl = "{bot.url}"\nusername = "{bot.USER}"\npassword_variable = "BOT_PASSWORD"\ninstance_id = "{bot.name}"\n'
            for bot in bots
        ]
        (self.folder / "bots.toml").write_text("\n".join(tables))
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
