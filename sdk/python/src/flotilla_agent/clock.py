"""An agent's source of time and of random numbers."""

from __future__ import annotations

import dataclasses
import datetime
import random
import threading
import time
import typing


def _elapsed() -> float:
    """The time since a fixed moment. It never jumps. On Linux it continues while the machine is suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclasses.dataclass
class Clock:
    """The clocks of this machine. Tests and simulations provide their own functions, which are called from any thread."""

    #: Returns the wall clock time, with a time zone. It may jump forwards or backwards.
    wall: typing.Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc)
    #: Returns the seconds since a fixed moment. It never jumps, and should continue while the machine is suspended.
    elapsed: typing.Callable[[], float] = _elapsed
    #: Returns a random number from 0 to 1, excluding 1, used to add jitter to pauses.
    chance: typing.Callable[[], float] = random.random

    def jittered(self, seconds: float) -> float:
        """`seconds` with jitter of up to 10 % in both directions."""
        return seconds * (0.9 + self.chance() * 0.2)

    def backoff(self, failures: int, limit: float) -> float:
        """The pause after a number of consecutive failures, in seconds: 0.5 to 1 after the first failure, twice as long after each further
        one, at most `limit`."""
        whole = min(limit, 2.0 ** min(max(failures, 1) - 1, 20))
        return whole * (0.5 + self.chance() * 0.5)


class ServerClock:
    """Estimates the control plane's time, which decides whether a command has expired.

    The agent's own clock is used while it agrees with the `Date` header of the control plane's responses. A wrong clock must neither
    reject valid commands nor execute expired ones.
    """

    #: In seconds. `Date` has a resolution of one second, and responses have latency.
    TOLERANCE = 2.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: tuple[datetime.datetime, float] | None = None

    def observe(self, date: datetime.datetime) -> None:
        """Records the `Date` header of a response that has just arrived."""
        with self._lock:
            self._seen = (date, self._clock.elapsed())

    def now(self) -> datetime.datetime:
        """The estimated time of the control plane."""
        wall = self._clock.wall()
        with self._lock:
            seen = self._seen
        if seen is None:
            return wall
        date, at = seen
        estimate = date + datetime.timedelta(seconds=0.5 + self._clock.elapsed() - at)
        is_right = abs((wall - estimate).total_seconds()) <= self.TOLERANCE
        return wall if is_right else estimate
