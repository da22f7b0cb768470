"""The faults. Each begins and ends as planned; afterwards the server must become ready without help."""

import os
import pathlib
import shutil
import signal
import subprocess

from plan import Step
from server import kill


class Fault:
    """Base of all faults."""

    name = ""
    # Minimum and maximum, in seconds.
    duration = (0.0, 0.0)
    # Whether the fault may make the service unavailable: no server listens, or no server can reach the database.
    is_outage = True
    # Whether no server listens during the whole fault. The silence of instances does not count then.
    is_gap = True
    # Faults of the same kind exclude each other because they change the same process or connection.
    kind = ""

    def __init__(self, run, step: Step):
        self.run, self.server, self.seconds, self.choice = run, run.server, step.seconds, step.choice
        self.began = self.ended = 0.0

    @staticmethod
    def reason_to_skip(server) -> str | None:
        """Why the fault cannot be injected here, or None if it can."""
        return None

    def begin(self):
        raise NotImplementedError

    def end(self):
        pass

    def repair(self):
        """Cleans up once the server is ready again."""


class Kill(Fault):
    """Kills processes with SIGKILL. The supervisor or the harness restarts them."""

    def processes(self) -> list[int]:
        raise NotImplementedError

    def begin(self):
        for process in self.processes():
            kill(process)


class KillAPI(Kill):
    name = "kill-api"

    def processes(self):
        return list(filter(None, [self.server.child("api")]))


class KillDashboard(Kill):
    name = "kill-dashboard"
    is_outage = False

    def processes(self):
        return list(filter(None, [self.server.child("dashboard")]))


class KillPostgres(Kill):
    """Kills the postmaster and its children. The supervisor restarts the cluster."""

    name = "kill-postgres"

    @staticmethod
    def reason_to_skip(server):
        return "the server does not restart a cluster that the harness runs" if server.nodes else None

    def processes(self):
        return self.server.postgres_processes()


class KillSupervisor(Kill):
    """Kills the supervisor, whose children end with it. The harness restarts it as a service manager does; it adopts the running cluster."""

    name = "kill-supervisor"
    kind = "service"

    def processes(self):
        return [self.server.process.pid]

    def end(self):
        self.server.process.wait()
        self.server.start()


class KillEverything(KillSupervisor):
    """Kills the supervisor, its children and the cluster. The first restart must succeed even if killed processes are still listed."""

    name = "kill-everything"

    def processes(self):
        return self.server.all_processes()


class Restart(Fault):
    """Stops the server in an orderly way and starts it, as an upgrade does."""

    name = "restart"
    kind = "service"

    def begin(self):
        self.server.stop()

    def end(self):
        self.server.start()


class Pause(Fault):
    """Pauses processes with SIGSTOP, then SIGCONT."""

    duration = (3.0, 8.0)

    def processes(self) -> list[int]:
        raise NotImplementedError

    def begin(self):
        self.paused = self.processes()
        for process in self.paused:
            kill(process, signal.SIGSTOP)

    def end(self):
        for process in self.paused:
            kill(process, signal.SIGCONT)


class PauseAPI(Pause):
    name = "pause-api"
    kind = "pause-api"

    def processes(self):
        return list(filter(None, [self.server.child("api")]))


class HangAPI(PauseAPI):
    """Pauses the API for longer than an instance may be silent. The dashboard's process runs the checks meanwhile."""

    name = "hang-api"
    duration = (40.0, 50.0)


class PauseBackend(Pause):
    name = "pause-backend"
    is_gap = False

    def processes(self):
        found = self.server.postgres_processes("flotilla flotilla [local]")
        return [found[self.choice % len(found)]] if found else []


class PauseCheckpointer(Pause):
    name = "pause-checkpointer"
    is_gap = False

    def processes(self):
        return self.server.postgres_processes("checkpointer")


class MassLoss(Fault):
    """Silences half of the fleet for longer than the stale threshold. All of its instances return at once."""

    name = "mass-loss"
    duration = (45.0, 55.0)
    is_outage = False

    def begin(self):
        half = self.choice % 2
        self.run.fleet.silence({instance for number, instance in enumerate(self.run.fleet.names) if number % 2 == half})

    def end(self):
        self.run.fleet.silence(set())


class Cut(Fault):
    """Interrupts the connections between clients and the API."""

    duration = (3.0, 8.0)
    is_outage = False
    kind = "connections"
    mode = ""

    def begin(self):
        self.run.proxy.cut(self.mode)

    def end(self):
        self.run.proxy.restore()


class CutReset(Cut):
    name, mode = "cut-reset", "reset"


class CutSilent(Cut):
    name, mode = "cut-silent", "blocked"


class CutAnswers(Cut):
    name, mode = "cut-answers", "requests-only"


class Clock(Fault):
    """Steps the server's clock by 120 s and back. The database's clock does not change."""

    name = "clock"
    duration = (10.0, 20.0)
    is_outage = False

    @staticmethod
    def reason_to_skip(server):
        return None if server.has_clock else "it needs Linux and a C compiler for the library that steps the clock"

    def begin(self):
        self.server.step_clock(120 if self.choice % 2 else -120)

    def end(self):
        self.server.step_clock(0)


class FullDisk(Fault):
    """Fills the file system of the cluster, a small tmpfs, and frees it."""

    name = "disk"
    duration = (4.0, 8.0)

    @staticmethod
    def reason_to_skip(server):
        return None if os.path.ismount(server.folder / "cluster") else "it needs root on Linux, to mount a file system, and excludes --failover"

    @property
    def filler(self) -> pathlib.Path:
        return self.server.folder / "cluster" / "filler"

    def begin(self):
        free = shutil.disk_usage(self.filler.parent).free
        subprocess.run(["fallocate", "-l", str(free), self.filler], stderr=subprocess.DEVNULL)

    def end(self):
        self.filler.unlink(missing_ok=True)


class SlowFsync(Fault):
    """Slows down each fsync of PostgreSQL and thus each commit. With the longest delay some requests time out."""

    name = "slow-fsync"
    is_gap = False
    duration = (8.0, 15.0)

    @staticmethod
    def reason_to_skip(server):
        return None if server.has_slow_disk else "it needs Linux, a C compiler, and root or --failover, to preload a library into PostgreSQL"

    def begin(self):
        self.server.slow_disk.write_text(("0.5", "1", "3")[self.choice % 3])

    def end(self):
        self.server.slow_disk.unlink(missing_ok=True)


class Failover(Fault):
    """Kills the primary and promotes its synchronous standby. The killed node becomes the new standby."""

    name = "failover"
    duration = (1.0, 12.0)

    @staticmethod
    def reason_to_skip(server):
        return None if server.nodes else "it needs --failover"

    def begin(self):
        self.server.nodes.primary.kill()

    def end(self):
        self.server.nodes.promote()

    def repair(self):
        self.server.nodes.restore()


class LongTransaction(Fault):
    """Keeps a transaction of another session open. Events and sums wait for it; no guarantee may break."""

    name = "long-transaction"
    duration = (10.0, 20.0)
    is_outage = False

    def begin(self):
        self.session = self.server.session(f"BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep({self.seconds}); COMMIT")

    def end(self):
        self.session.wait()


FAULTS: dict[str, type[Fault]] = {fault.name: fault for fault in (
    KillAPI, KillDashboard, KillPostgres, KillSupervisor, KillEverything, Restart, PauseAPI, HangAPI, PauseBackend, PauseCheckpointer, MassLoss,
    CutReset, CutSilent, CutAnswers, Clock, FullDisk, SlowFsync, LongTransaction, Failover)}
QUICK = ("kill-api", "pause-api", "cut-answers", "kill-postgres")


def conflict(one: str, other: str) -> bool:
    """Whether two faults exclude each other."""
    return FAULTS[one].kind != "" and FAULTS[one].kind == FAULTS[other].kind
