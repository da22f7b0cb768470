"""Processes of tests."""

import contextlib
import pathlib
import signal
import time


def suspend(process):
    """Suspends a process, and returns once none of its threads runs: on a busy machine they continue for some time after the signal."""
    process.send_signal(signal.SIGSTOP)
    end = time.monotonic() + 30
    while any(state != "T" for state in _states(process.pid)):
        assert time.monotonic() < end, f"the process {process.pid} does not stop"
        time.sleep(0.005)


def resume(process):
    process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def suspended(process):
    """Suspends a process during the block, so that requests to it hang."""
    suspend(process)
    try:
        yield
    finally:
        resume(process)


def _states(number):
    """The states of the threads of a process (proc_pid_stat(5))."""
    for task in pathlib.Path(f"/proc/{number}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield (task / "stat").read_text().rpartition(")")[2].split()[0]
