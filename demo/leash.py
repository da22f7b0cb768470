"""`python3 leash.py FD COMMAND…` runs a command, and ends it when the process that holds the other end of the pipe FD has ended.

The end of a process closes its pipes even if it is killed, so nothing that runs on a leash outlives it.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

#: How long the command may take to end, in seconds.
PATIENCE = 20.0


class Leash:
    """Starts commands that end with this process."""

    def __init__(self):
        # Only this process has the end that is written to. Python does not pass it on.
        self._held, self._end = os.pipe()

    def start(self, command, **options):
        """`subprocess.Popen`; the process is the command's keeper, which passes on SIGTERM and the command's status."""
        keeper = [sys.executable, "-I", "-S", pathlib.Path(__file__), self._held]
        return subprocess.Popen([str(word) for word in (*keeper, *command)], pass_fds=[self._held], **options)


def _keep(pipe, command):
    """Runs the command in a separate process group, and returns its exit status."""
    child, is_ending = None, False

    def end(*_):
        nonlocal is_ending
        is_ending = True
        if child is not None:
            child.terminate()

    def watch():
        os.read(pipe, 1)
        child.terminate()
        deadline = time.monotonic() + PATIENCE
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    child = subprocess.Popen(command, process_group=0)
    if is_ending:
        child.terminate()
    threading.Thread(target=watch, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(_keep(int(sys.argv[1]), sys.argv[2:]))
