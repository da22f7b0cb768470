"""PostgreSQL outside of the server: clusters on ports of this machine, and standbys of them."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def programs() -> pathlib.Path:
    """The folder of the newest version that is installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        raise RuntimeError("no PostgreSQL is installed (Debian: apt-get install postgresql)")
    return pathlib.Path(initdb).parent


class Postgres:
    """One node. Its fsync is on, as in production."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name, self.port = folder / name, name, free_port()
        self.environment = dict(os.environ)
        self.folder.mkdir()
        # PostgreSQL refuses to run as root.
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self.folder, "postgres", "postgres")

    @property
    def data(self) -> pathlib.Path:
        return self.folder / "data"

    def url(self, database: str = "flotilla") -> str:
        return f"postgres://flotilla@127.0.0.1:{self.port}/{database}"

    def create(self):
        self._run("initdb", "-D", self.data, "-U", "flotilla", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self.start()
        self.sql("CREATE DATABASE flotilla", "postgres")

    def create_standby(self, primary: "Postgres"):
        """Copies the primary. Once the copy has caught up, the primary's commits wait for it."""
        shutil.rmtree(self.data, ignore_errors=True)
        source = f"host=127.0.0.1 port={primary.port} user=flotilla application_name={self.name}"
        self._run("pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast")
        self.start()
        primary.synchronize(self.name)
        for _ in range(300):
            if primary.sql("SELECT sync_state FROM pg_stat_replication", "postgres") == ["sync"]:
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not catch up:\n{(self.folder / 'log').read_text()[-2000:]}")

    def synchronize(self, standby: str):
        """Commits wait for this standby; for none when the name is empty."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'", "postgres")
        self.sql("SELECT pg_reload_conf()", "postgres")

    def promote(self):
        """Makes the standby a primary that waits for no other node."""
        self._run("pg_ctl", "promote", "-D", self.data, "-w")
        self.synchronize("")

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        self._run("pg_ctl", "start", "-D", self.data, "-l", self.folder / "log", "-w", "-o", options)

    def stop(self):
        if self.postmaster() is not None:
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "immediate", "-w", check=False)

    def kill(self):
        """kill -9 of all processes."""
        if (postmaster := self.postmaster()) is None:
            return
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True).stdout.split()
        for process in (postmaster, *map(int, children)):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def postmaster(self) -> int | None:
        file = self.data / "postmaster.pid"
        return int(file.read_text().split()[0]) if file.exists() else None

    def sql(self, text: str, database: str = "flotilla") -> list[str]:
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def _run(self, program: str, *arguments, check: bool = True):
        command = [*self._as, programs() / program, *arguments]
        # Output goes to a file: a server that pg_ctl starts would hold a pipe open.
        with open(self.folder / "programs.log", "a") as log:
            status = subprocess.run(command, cwd="/", env=self.environment, stdout=log, stderr=log).returncode
        if check and status != 0:
            raise RuntimeError(f"{program} of {self.name} failed:\n{(self.folder / 'programs.log').read_text()[-2000:]}")


class Pair:
    """A primary and its synchronous standby, which takes its place when it fails."""

    def __init__(self, folder: pathlib.Path):
        self.primary, self.standby = (Postgres(folder, name) for name in ("node1", "node2"))
        ports = [self.primary.port, self.standby.port]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        # As deploy/ha/up names them.
        self.url = f"postgres://flotilla@{hosts}/flotilla?target_session_attrs=read-write&connect_timeout=3"

    def preload(self, library: pathlib.Path):
        """Loads a library into each node, from its next start on."""
        for node in (self.primary, self.standby):
            node.environment["LD_PRELOAD"] = str(library)

    def create(self):
        self.primary.create()
        self.standby.create_standby(self.primary)

    def promote(self):
        """Makes the standby the primary; the other node must have ended."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def restore(self):
        """Makes the node that ended a standby."""
        self.standby.create_standby(self.primary)

    def stop(self):
        for node in (self.primary, self.standby):
            node.stop()
