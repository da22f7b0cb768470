"""Installs freqtrade and NautilusTrader from PyPI, and starts real bots on this machine. The demo and the tests use it."""

import fcntl
import json
import os
import pathlib
import socket
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).parents[1]
FREQTRADE = "2026.9"
NAUTILUS = "1.221.0"

#: The processes that install packages now.
installing = []


def _run(launch, *arguments):
    process = launch(list(map(str, arguments)))
    installing.append(process)
    try:
        if process.wait() != 0:
            raise subprocess.CalledProcessError(process.returncode, process.args)
    finally:
        installing.remove(process)


def _install(launch, name, package, version, *options):
    """The folder of a virtual environment with a package, made once per version; raises OSError if PyPI cannot be reached."""
    folder = pathlib.Path(os.environ.get(f"{name.upper()}_VENV") or ROOT / ".build" / name)
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        # Tests in several processes install it once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / f"version-{version}").exists():
            with urllib.request.urlopen(f"https://pypi.org/simple/{package}/", timeout=30):
                pass
            _run(launch, sys.executable, "-m", "venv", "--clear", folder)
            _run(launch, folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *options, f"{package}=={version}")
            (folder / f"version-{version}").touch()
    return folder


def install_freqtrade(launch=subprocess.Popen):
    """The path of the program of freqtrade, installed in `.build/freqtrade`. `launch` starts processes."""
    return _install(launch, "freqtrade", "freqtrade", FREQTRADE) / "bin" / "freqtrade"


def install_nautilus(launch=subprocess.Popen):
    """The path of a Python with NautilusTrader, installed in `.build/nautilus`. `launch` starts processes."""
    return _install(launch, "nautilus", "nautilus-trader", NAUTILUS, "--only-binary", ":all:") / "bin" / "python"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Exchange:
    """A running fake exchange."""

    def __init__(self, seed=1, launch=subprocess.Popen):
        arguments = [sys.executable, ROOT / "demo" / "exchange", "--port", "0", "--seed", str(seed)]
        self.process = launch(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.url = self.process.stdout.readline().strip()

    def end(self):
        self.process.terminate()
        self.process.wait()


class FreqtradeBot:
    """A freqtrade bot in dry-run with a separate folder, database and API server."""

    USER, PASSWORD = "operator", "open sesame"

    def __init__(self, program, name, folder, exchange, strategies, strategy, environment=None, **configuration):
        self.program, self.name, self.folder = program, name, pathlib.Path(folder) / name
        self.strategies, self.strategy, self.environment = strategies, strategy, environment or {}
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

    def start(self, launch=subprocess.Popen):
        (self.folder / "config.json").write_text(json.dumps(self.configuration))
        arguments = [self.program, "trade", "-c", "config.json", "--strategy-path", self.strategies, "--userdir", "user_data"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **self.environment}
        with open(self.folder / "log", "ab") as log:
            self.process = launch(
                [*arguments, "--db-url", f"sqlite:///{self.database}"],
                cwd=self.folder, stdout=log, stderr=log, env=environment, start_new_session=True,
            )
        return self

    def listens(self):
        """Whether its API server accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def sidecar_configuration(bots, **members):
    """The text of `bots.toml` for freqtrade bots. `members` are further members of all tables, each a function of the bot."""
    tables = []
    for bot in bots:
        lines = {
            "url": bot.url, "username": bot.USER, "password_variable": "BOT_PASSWORD", "instance_id": bot.name,
            **{name: value(bot) for name, value in members.items()},
        }
        tables.append("[[bot]]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    return "\n".join(tables)
