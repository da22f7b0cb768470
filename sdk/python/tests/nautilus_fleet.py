"""Starts real NautilusTrader nodes in the sandbox, offline."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from decimal import Decimal

from freqtrade_fleet import ROOT, free_port, until
from processes import resume, suspend

# freqtrade_fleet made the folder of the demo known.
from bots import NAUTILUS as VERSION, install_nautilus as install

__all__ = ["VERSION", "install"]


class Node:
    """The demo node, in a separate process."""

    def __init__(self, python, folder, *arguments, trader="DEMO-001", seconds=0.2, **variables):
        self.trader = trader
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dump = self.folder / "dump.json"
        self.log = self.folder / "log"
        program = [python, ROOT / "demo" / "nautilus", "--trader", trader, "--seconds", str(seconds), "--dump", self.dump, *arguments]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "sdk" / "python" / "src"),
            "AGENT_DATA_DIR": str(self.folder / "agent"),
            "HEARTBEAT_INTERVAL_SECONDS": "1",
            "DEADMAN_TIMEOUT_SECONDS": "6",
            "COMMAND_TIMEOUT_SECONDS": "20",
            **variables,
        }
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, program)), env=environment, stdout=log, stderr=log)

    def suspend(self):
        suspend(self.process)

    def resume(self):
        resume(self.process)

    def end(self):
        """Ends the node, and returns the contents of its cache."""
        self.process.terminate()
        assert self.process.wait(40) == 0, self.log.read_text()[-4000:]
        return json.loads(self.dump.read_text(), parse_float=Decimal)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class RedisServer:
    """A Redis on loopback that stores nothing on disk."""

    @staticmethod
    def is_installed():
        return shutil.which("redis-server") is not None

    def __init__(self, folder, password=None):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        options += ["--requirepass", password] if password else []
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        from flotilla_agent.adapters.redis import Redis, RedisFailure

        self.client = Redis(self.url, password)

        def answers():
            try:
                return self.client.call("PING") == b"PONG"
            except RedisFailure as failure:
                raise OSError(str(failure)) from None

        until(answers, 20)

    def wait_until_unchanged(self, seconds=2):
        """Waits until nothing was written for some seconds."""

        def changes():
            lines = self.client.call("INFO", "persistence").decode().splitlines()
            return next(line for line in lines if line.startswith("rdb_changes_since_last_save:"))

        def is_unchanged():
            before = changes()
            time.sleep(seconds)
            return changes() == before

        until(is_unchanged)

    def suspend(self):
        suspend(self.process)

    def resume(self):
        resume(self.process)

    def end(self):
        self.client.close()
        self.process.kill()
        self.process.wait()


class StreamSidecar:
    """`flotilla-agent nautilus` in a separate process."""

    def __init__(self, redis, traders, control_plane_url, folder, **variables):
        self.folder = pathlib.Path(folder)
        self.arguments = ["--redis", redis.url, *(word for trader in traders for word in ("--trader", trader))]
        self.environment = {
            **os.environ,
            "CONTROL_PLANE_URL": control_plane_url,
            "AGENT_DATA_DIR": str(self.folder / "agents"),
            "HEARTBEAT_INTERVAL_SECONDS": "1",
            "DEADMAN_TIMEOUT_SECONDS": "60",
            "COMMAND_TIMEOUT_SECONDS": "20",
            "RUNTIME_MODE": "PAPER",
            **variables,
        }
        self.process = None

    def start(self):
        program = pathlib.Path(sys.executable).parent / "flotilla-agent"
        with open(self.folder / "sidecar.log", "ab") as log:
            self.process = subprocess.Popen([program, "nautilus", *self.arguments], env=self.environment, stderr=log)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0


