"""What an agent sees of time and chance."""

from __future__ import annotations

import dataclasses
import datetime
import random
import threading
import time
import typing


def _elapsed() -> float:
    """The time since some fixed moment. It never jumps, and goes on while the machine sleeps where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclasses.dataclass
class Clock:
    """The machine's clocks; tests and simulations bring their own."""

    #: The wall clock. It may jump.
    wall: typing.Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc)
    #: Seconds since some fixed moment.
    elapsed: typing.Callable[[], float] = _elapsed
    #: A number from 0 up to 1, which spreads waiting times.
    chance: typing.Callable[[], float] = random.random

    def jittered(self, seconds: float) -> float:
        """`seconds`, give or take a tenth."""
        return seconds * (0.9 + self.chance() * 0.2)

    def backoff(self, failures: int, limit: float) -> float:
        """How long to wait after so many failures in a row: from half a second to one second after the first, twice as long after
        each further one, at most `limit`."""
        whole = min(limit, 2.0 ** min(max(failures, 1) - 1, 20))
        return whole * (0.5 + self.chance() * 0.5)


class ServerClock:
    """The control plane's time, by which commands expire.

    An agent's own clock is used while it agrees with the `Date` of the control plane's answers. One that is wrong must neither refuse
    commands that are valid nor carry out expired ones.
    """

    #: `Date` is cut to the second, and answers take their time.
    TOLERANCE = 2.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: tuple[datetime.datetime, float] | None = None

    def observe(self, date: datetime.datetime) -> None:
        """An answer with this `Date` has just come."""
        with self._lock:
            self._seen = (date, self._clock.elapsed())

    def now(self) -> datetime.datetime:
        wall = self._clock.wall()
        with self._lock:
            seen = self._seen
        if seen is None:
            return wall
        date, at = seen
        estimate = date + datetime.timedelta(seconds=0.5 + self._clock.elapsed() - at)
        is_right = abs((wall - estimate).total_seconds()) <= self.TOLERANCE
        return wall if is_right else estimate
