"""Starts real hummingbots and a real MQTT broker, offline."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import urllib.request

from freqtrade_fleet import ROOT, free_port
from processes import suspended

VERSION = "20260922"
LAUNCHER = pathlib.Path(__file__).parent / "hummingbot_headless" / "launch.py"

#: The imports of the tested parts of hummingbot. Its own list also has the clients of many exchanges.
PACKAGES = """
aiohttp aiomqtt aioprocessing aiounittest async-timeout<5 asyncssh base58 bidict bip-utils Brotli cachetools cryptography eth-account
msgpack-python numba numpy objgraph pandas prompt_toolkit protobuf psutil pydantic pyjwt pyperclip PyYAML requests ruamel.yaml scipy six
sqlalchemy tabulate==0.9.0 TA-Lib tqdm typer ujson urllib3<2 web3
"""


def install():
    """The Python of hummingbot's environment in `.build/hummingbot`.

    hummingbot has only source on PyPI, and its 58 Cython modules take three minutes of processor time. So it is installed only if
    HUMMINGBOT_BUILD is set; later runs find it. Raises OSError if it is not installed and must not or cannot be.
    """
    folder = pathlib.Path(os.environ.get("HUMMINGBOT_VENV") or ROOT / ".build" / "hummingbot")
    if not (folder / f"version-{VERSION}").exists():
        if not os.environ.get("HUMMINGBOT_BUILD"):
            raise OSError(f"{folder} has no hummingbot {VERSION}; HUMMINGBOT_BUILD=1 installs it once, which takes minutes")
        with urllib.request.urlopen("https://pypi.org/simple/hummingbot/", timeout=30):
            pass
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = ["nice", folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES.split()], check=True)
        # Without optimization it compiles in 40 % of the processor time, and the tests need no speed.
        environment = {**os.environ, "CFLAGS": "-O0", "WITHOUT_CYTHON_OPTIMIZATIONS": "1"}
        subprocess.run([*pip, "--no-deps", f"hummingbot=={VERSION}"], check=True, env=environment)
        (folder / f"version-{VERSION}").touch()
    return folder / "bin" / "python"


def mosquitto():
    """The path of the MQTT broker; raises OSError if it is not installed."""
    path = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise OSError("mosquitto is not installed")
    return path


class Mosquitto:
    """A running broker. With `upgrades` it keeps the bots' messages for a sidecar that is stopped."""

    def __init__(self, folder, upgrades=True):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", f"upgrade_outgoing_qos {str(upgrades).lower()}"]
        (self.folder / "mosquitto.conf").write_text("\n".join([*lines, "max_queued_messages 0"]) + "\n")
        self.process = None

    def start(self):
        log = open(self.folder / "mosquitto.log", "ab")
        self.process = subprocess.Popen([mosquitto(), "-c", self.folder / "mosquitto.conf"], stdout=log, stderr=log)
        return self

    def end(self):
        self.process.terminate()
        self.process.wait(10)


class Hummingbot:
    """The real application, headless, with a script that trades on its own mock exchange."""

    def __init__(self, python, name, folder, broker, fixed_fee="", **members):
        self.python, self.name, self.folder, self.broker = python, name, pathlib.Path(folder) / name, broker
        self.members = [f"{member}={str(value).lower()}" for member, value in members.items()]
        self.environment = {**os.environ, "FIXED_FEE": fixed_fee, "OMP_NUM_THREADS": "1", "HOME": str(folder)}
        self.process = None

    def start(self, strategy="swing"):
        self.folder.mkdir(parents=True, exist_ok=True)
        log = open(self.folder / "log", "ab")
        arguments = [self.python, LAUNCHER, self.folder, self.name, str(self.broker.port)]
        arguments += [strategy, *self.members] if strategy else []
        self.process = subprocess.Popen(arguments, stdout=log, stderr=log, env=self.environment)
        return self

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def rows(self, table):
        """The rows of a table of its database."""
        database = self.folder / "data" / "conf_swing.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]

    def is_done(self, orders):
        """Whether it has placed its orders, and all but those that rest have ended."""
        rows = self.rows("Order")
        return len(rows) >= orders and all("Created" not in row["last_status"] for row in rows if row["price"] != 40_000_250_000)

    def suspended(self):
        return suspended(self.process)

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Sidecar:
    """`flotilla-agent hummingbot` for several bots, in a separate process."""

    def __init__(self, bots, broker, control_plane_url, folder, **variables):
        self.bots, self.broker, self.folder = bots, broker, pathlib.Path(folder)
        self.environment = {
            **os.environ,
            "CONTROL_PLANE_URL": control_plane_url,
            "AGENT_DATA_DIR": str(self.folder / "agents"),
            "HEARTBEAT_INTERVAL_SECONDS": "2",
            "DEADMAN_TIMEOUT_SECONDS": "60",
            **variables,
        }
        self.process = None

    def start(self, *arguments):
        program = pathlib.Path(sys.executable).parent / "flotilla-agent"
        log = open(self.folder / "sidecar.log", "ab")
        ids = [argument for bot in self.bots for argument in ("--id", bot.name)]
        self.process = subprocess.Popen(
            [program, "hummingbot", "--broker", f"mqtt://127.0.0.1:{self.broker.port}", *ids, *arguments], env=self.environment, stderr=log
        )
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0


