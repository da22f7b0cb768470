"""What goes wrong. A fault begins, lasts as long as the plan says, and ends; then the server has to become ready by itself."""

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
    # From how many to how many seconds it lasts.
    duration = (0.0, 0.0)
    # Whether no server listens, or none reaches the database.
    is_away = True
    # Whether all of that time is surely one in which no server listened: it then counts as silence of nobody.
    is_gap = True
    # Faults of one kind exclude each other: they change the same thing.
    kind = ""

    def __init__(self, run, step: Step):
        self.run, self.server, self.seconds, self.choice = run, run.server, step.seconds, step.choice
        self.began = self.ended = 0.0

    @staticmethod
    def reason_to_skip(server) -> str | None:
        """Why this machine cannot have it."""
        return None

    def begin(self):
        raise NotImplementedError

    def end(self):
        pass

    def repair(self):
        """What is left to do once the server is ready again."""


class Kill(Fault):
    """kill -9 of processes that somebody else starts again."""

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
    is_away = False

    def processes(self):
        return list(filter(None, [self.server.child("dashboard")]))


class KillPostgres(Kill):
    """The postmaster and its children; the supervisor starts the cluster again."""

    name = "kill-postgres"

    @staticmethod
    def reason_to_skip(server):
        return "the server starts its own cluster only" if server.nodes else None

    def processes(self):
        return self.server.databases()


class KillSupervisor(Kill):
    """Its children end with it; the harness does what a service manager does. The cluster goes on and is taken over."""

    name = "kill-supervisor"
    kind = "service"

    def processes(self):
        return [self.server.process.pid]

    def end(self):
        self.server.process.wait()
        self.server.start()


class KillEverything(KillSupervisor):
    """Also the cluster. The start must succeed at once, whatever is still listed as a process."""

    name = "kill-everything"

    def processes(self):
        return self.server.everything()


class Restart(Fault):
    """In order, as an upgrade does it."""

    name = "restart"
    kind = "service"

    def begin(self):
        self.server.stop()

    def end(self):
        self.server.start()


class Pause(Fault):
    """SIGSTOP for some seconds."""

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
    """For longer than an instance may be silent. The dashboard's process does the checks meanwhile."""

    name = "hang-api"
    duration = (40.0, 50.0)


class PauseBackend(Pause):
    name = "pause-backend"
    is_gap = False

    def processes(self):
        found = self.server.databases("flotilla flotilla [local]")
        return [found[self.choice % len(found)]] if found else []


class PauseCheckpointer(Pause):
    name = "pause-checkpointer"
    is_gap = False

    def processes(self):
        return self.server.databases("checkpointer")


class MassLoss(Fault):
    """One half of the fleet is silent for longer than it may be, and comes back at once."""

    name = "mass-loss"
    duration = (45.0, 55.0)
    is_away = False

    def begin(self):
        half = self.choice % 2
        self.run.fleet.silence({instance for number, instance in enumerate(self.run.fleet.names) if number % 2 == half})

    def end(self):
        self.run.fleet.silence(set())


class Cut(Fault):
    """Connections between clients and the API."""

    duration = (3.0, 8.0)
    is_away = False
    kind = "connections"
    mode = ""

    def begin(self):
        self.run.proxy.cut(self.mode)

    def end(self):
        self.run.proxy.restore()


class CutReset(Cut):
    name, mode = "cut-reset", "closed"


class CutSilent(Cut):
    name, mode = "cut-silent", "silent"


class CutAnswers(Cut):
    name, mode = "cut-answers", "deaf"


class Clock(Fault):
    """The server's clock steps, and back; the database's does not."""

    name = "clock"
    duration = (10.0, 20.0)
    is_away = False

    @staticmethod
    def reason_to_skip(server):
        return None if server.has_clock else "there is no compiler for the library that moves a clock"

    def begin(self):
        self.server.step_clock(120 if self.choice % 2 else -120)

    def end(self):
        self.server.step_clock(0)


class FullDisk(Fault):
    """The folder of the cluster is a small file system that is filled and freed."""

    name = "disk"
    duration = (4.0, 8.0)

    @staticmethod
    def reason_to_skip(server):
        return None if os.path.ismount(server.folder / "cluster") else "no file system may be mounted here"

    @property
    def ballast(self) -> pathlib.Path:
        return self.server.folder / "cluster" / "ballast"

    def begin(self):
        free = shutil.disk_usage(self.ballast.parent).free
        subprocess.run(["fallocate", "-l", str(free), self.ballast], stderr=subprocess.DEVNULL)

    def end(self):
        self.ballast.unlink(missing_ok=True)


class SlowFsync(Fault):
    """Each fsync of PostgreSQL takes longer, so every commit does. The longest leave some writes without an answer."""

    name = "slow-fsync"
    is_gap = False
    duration = (8.0, 15.0)

    @staticmethod
    def reason_to_skip(server):
        return None if server.has_slow_disk else "only root can preload a library into the server's cluster, and it needs a compiler"

    def begin(self):
        self.server.slow_disk.write_text(("0.5", "1", "3")[self.choice % 3])

    def end(self):
        self.server.slow_disk.unlink(missing_ok=True)


class Failover(Fault):
    """kill -9 of the primary. Its synchronous standby is promoted, and the node that was killed becomes the new standby."""

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
    """Another session holds a transaction open: events and sums wait for it, and nothing is wrong."""

    name = "long-transaction"
    duration = (10.0, 20.0)
    is_away = False

    def begin(self):
        self.session = self.server.session(f"BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep({self.seconds}); COMMIT")

    def end(self):
        self.session.wait()


FAULTS: dict[str, type[Fault]] = {fault.name: fault for fault in (
    KillAPI, KillDashboard, KillPostgres, KillSupervisor, KillEverything, Restart, PauseAPI, HangAPI, PauseBackend, PauseCheckpointer, MassLoss,
    CutReset, CutSilent, CutAnswers, Clock, FullDisk, SlowFsync, LongTransaction, Failover)}
QUICK = ("kill-api", "pause-api", "cut-answers", "kill-postgres")


def clash(one: str, other: str) -> bool:
    return FAULTS[one].kind != "" and FAULTS[one].kind == FAULTS[other].kind
