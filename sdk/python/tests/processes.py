"""Processes of tests."""

import contextlib
import signal


@contextlib.contextmanager
def suspended(process):
    """Suspends a process during the block, so that requests to it hang."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
