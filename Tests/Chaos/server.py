"""The real server under test, on a PostgreSQL of its own or on one that the harness runs."""

import http.client
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import time
import urllib.request

import preload
from postgres import Pair, free_port

TOKEN = "a-token-for-the-chaos-tests"
BINARY = os.environ.get("FLOTILLA_SERVER", ".build/debug/flotilla-server")

def kill(process: int, number: int = signal.SIGKILL):
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


class Server:
    """`flotilla-server` with its two children, at addresses that outlive restarts. Without a `database` it has a cluster of its own."""

    def __init__(self, folder: pathlib.Path, stale: int, database: str | None = None, binary=BINARY, arguments=("serve", "--migrate"),
                 nodes: Pair | None = None, **environment):
        self.folder, self.command = folder, [binary, *arguments]
        database = nodes.url if nodes else database
        self.database = database or f"host={folder}/cluster user=flotilla dbname=flotilla"
        self.api, self.web = free_port(), free_port()
        self.environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment.update(DATA_DIR=f"{folder}/cluster", ADMIN_TOKEN=TOKEN, API_ADDRESS=f"127.0.0.1:{self.api}", ENVIRONMENT="CHAOS",
                                WEB_ADDRESS=f"127.0.0.1:{self.web}", HEARTBEAT_STALE_SECONDS=str(stale), LOG_LEVEL="info", **environment)
        if database:
            self.environment["DATABASE_URL"] = database
        self.nodes = nodes
        self.has_clock = self.has_slow_disk = False
        self.process: subprocess.Popen | None = None
        self.starts_that_failed = 0

    def prepare(self):
        """Lets faults step the server's clock and slow down PostgreSQL's disk, from the next start on."""
        if (library := preload.compile(self.folder, "clock", preload.CLOCK)) is None:
            return
        self.environment.update(LD_PRELOAD=str(library), CHAOS_CLOCK=str(self.folder / "clock"))
        self.has_clock = True
        self.step_clock(0)
        library = preload.compile(self.folder, "fsync", preload.FSYNC, DELAY=self.slow_disk)
        if self.nodes:
            self.nodes.preload(library)
        elif os.geteuid() == 0:
            # The server runs its cluster's programs by setpriv, with a clean environment.
            programs = self.folder / "programs"
            programs.mkdir()
            (programs / "setpriv").write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec {shutil.which("setpriv")} "$@"\n')
            (programs / "setpriv").chmod(0o755)
            self.environment["PATH"] = f"{programs}:{os.environ['PATH']}"
        self.has_slow_disk = self.nodes is not None or os.geteuid() == 0

    @property
    def slow_disk(self) -> pathlib.Path:
        """The file that says by how many seconds each fsync of PostgreSQL is delayed, while it exists."""
        return self.folder / "fsync-delay"

    def step_clock(self, seconds: int):
        with open(self.folder / "clock", "r+b" if (self.folder / "clock").exists() else "wb") as file:
            file.write(struct.pack("q", seconds))

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=log)

    def is_ready(self) -> bool:
        """`/readyz` may say so for four seconds after the last check, so the database is asked, too."""
        return self._answers("/readyz") and self._answers("/bots?page_size=1")

    def _answers(self, path: str) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", headers={"X-Admin-Token": TOKEN})
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False

    def revive(self):
        """A server that ended is started again, as a service manager does it."""
        if self.process.poll() is not None:
            self.starts_that_failed += 1
            self.start()

    def wait_until_ready(self, limit: float = 120):
        end = time.monotonic() + limit
        while not self.is_ready():
            self.revive()
            if time.monotonic() > end:
                raise RuntimeError(f"the server is not ready after {limit:.0f} s:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.2)

    def stop(self):
        """In order; whatever is left of it afterwards is killed."""
        processes = self.everything()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        for process in processes:
            kill(process, signal.SIGCONT)
            kill(process)
        if self.process is not None:
            self.process.wait()

    def child(self, component: str) -> int | None:
        """The process of the API or of the dashboard."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", f"only {component}"], capture_output=True, text=True).stdout
        return int(found.split()[0]) if found else None

    def postmaster(self) -> int | None:
        if self.nodes:
            return self.nodes.primary.postmaster()
        for file in (self.folder / "cluster").rglob("postmaster.pid"):
            return int(file.read_text().split()[0])
        return None

    def databases(self, title: str = "") -> list[int]:
        """PostgreSQL's processes whose titles have this in them, the postmaster first where all are asked for; of two nodes the primary's."""
        if (postmaster := self.postmaster()) is None:
            return []
        lines = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(postmaster)], capture_output=True, text=True).stdout.splitlines()
        found = sorted(int(line.split()[0]) for line in lines if title in line)
        return found if title else [postmaster, *found]

    def everything(self) -> list[int]:
        children = [child for component in ("api", "dashboard") if self.process and (child := self.child(component))]
        return [*([self.process.pid] if self.process else []), *children, *([] if self.nodes else self.databases())]

    def sql(self, text: str) -> list[str]:
        return subprocess.run(self._psql(text), check=True, capture_output=True, text=True).stdout.splitlines()

    def session(self, text: str) -> subprocess.Popen:
        """A session of its own, for as long as its statements take."""
        return subprocess.Popen(self._psql(text), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _psql(self, text: str) -> list[str]:
        return ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.database, "-c", text]

    def crashes(self) -> list[str]:
        """What the log says of processes that ended by themselves: signals that no fault sends."""
        return [line for line in (self.folder / "log").read_text().splitlines() if re.search(r"SIG(ILL|SEGV|TRAP|ABRT|BUS)|[Ff]atal error", line)]
