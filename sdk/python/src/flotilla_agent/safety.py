"""Whether the bot may give orders: the dead-man switch, and what commands say."""

from __future__ import annotations

import dataclasses
import logging
import threading

from .clock import Clock
from .configuration import AgentConfiguration
from .journal import Journal, Standing


class OrdersRefused(Exception):
    """New orders are refused."""

    def __init__(self, state: str) -> None:
        super().__init__(f"no new orders in {state}")
        #: The state that refuses them.
        self.state = state


class SafetySwitch:
    """The control plane's answers renew a lease. Half of the timeout without one is DEGRADED; the whole of it closes the gate, whatever
    else the process is doing at that moment. Time is that of a clock that never jumps."""

    def __init__(
        self, configuration: AgentConfiguration, journal: Journal, clock: Clock, logger: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._logger = logger
        #: None without a control plane.
        self._timeout = configuration.deadman_timeout if configuration.control_plane_url else None
        self._resume = configuration.deadman_resume
        self._lock = threading.Lock()
        self._standing = journal.standing
        self._last_contact = clock.elapsed()
        self._healthy_since: float | None = None
        #: Whether the action of this outage was begun.
        self._has_fired = self._standing.acted
        self._has_lost_lease = False
        self._closings = 0
        #: Told when the reported state has changed.
        self.changed = threading.Event()

    # Looking

    @property
    def reported(self) -> str:
        """What the agent reports of itself."""
        now = self._clock.elapsed()
        with self._lock:
            if self._standing.mode != "NORMAL":
                return self._standing.mode
            if self._has_lost_lease:
                return "SAFE_MODE"
            if self._timeout is None:
                return "NORMAL"
            silence = now - self._last_contact
            if silence >= self._timeout:
                return "SAFE_MODE"
            return "DEGRADED" if silence >= self._timeout / 2 else "NORMAL"

    @property
    def has_lost_lease(self) -> bool:
        """Whether another process reports for the instance."""
        with self._lock:
            return self._has_lost_lease

    @property
    def has_expired(self) -> bool:
        """Whether the control plane has been silent for the whole of the timeout."""
        with self._lock:
            return self._timeout is not None and self._clock.elapsed() - self._last_contact >= self._timeout

    @property
    def closings(self) -> int:
        """How often the gate was closed, so that a START knows whether it was overtaken."""
        with self._lock:
            return self._closings

    def permit(self) -> None:
        """Raises OrdersRefused unless new orders may be given now."""
        state = self.reported
        if state not in ("NORMAL", "DEGRADED"):
            raise OrdersRefused(state)

    def until_next_tick(self) -> float:
        """How long nothing can become due, whatever happens meanwhile: an answer only puts off the end of the lease. Once that has come,
        the next one is at least a whole timeout away."""
        now = self._clock.elapsed()
        with self._lock:
            if self._timeout is None or self._has_lost_lease:
                return 3600
            half = self._timeout / 2
            due = self._last_contact + (half if now < self._last_contact + half else self._timeout)
            if self._has_fired:
                due = now + min(half, self._resume or half)
            if self._resume is not None and self._healthy_since is not None and self._standing.dead_man:
                due = min(due, self._healthy_since + self._resume)
            return max(due - now, 0.005)

    # The lease

    def contact(self) -> None:
        """The control plane has answered."""
        now = self._clock.elapsed()
        with self._lock:
            was_silent = self._timeout is not None and now - self._last_contact >= self._timeout / 2
            if was_silent or self._healthy_since is None:
                self._healthy_since = now
            self._last_contact = now
            self._has_fired = False
            is_changed = self._standing.acted
            self._standing = dataclasses.replace(self._standing, acted=False)
        if is_changed:
            self._save()

    def lose_lease(self) -> None:
        """Another process reports for the instance: this one gives no more orders, and leaves everything else to the other."""
        with self._lock:
            self._has_lost_lease = True
            self._closings += 1

    def tick(self) -> str | None:
        """Looks at the time: "expired" when the action of the dead-man switch is due, "resumed" when the control plane has answered
        for long enough."""
        now = self._clock.elapsed()
        with self._lock:
            event = self._due(now)
        if event:
            self.changed.set()
            self._save()
        return event

    def _due(self, now: float) -> str | None:
        if self._timeout is None or self._has_lost_lease:
            return None
        silence = now - self._last_contact
        if silence >= self._timeout / 2:
            self._healthy_since = None
        if silence >= self._timeout and not self._has_fired:
            self._has_fired = True
            self._closings += 1
            if self._standing.mode == "NORMAL":
                self._standing = dataclasses.replace(self._standing, mode="SAFE_MODE", dead_man=True)
            return "expired"
        if (
            self._resume is not None
            and self._healthy_since is not None
            and self._standing.dead_man
            and now - self._healthy_since >= self._resume
        ):
            self._standing = Standing()
            return "resumed"
        return None

    def acted(self) -> None:
        """The dead-man switch has done what it does."""
        with self._lock:
            # An answer that came in between has ended the outage.
            if self._has_fired:
                self._standing = dataclasses.replace(self._standing, acted=True)
        self._save()

    # Commands

    def close(self, mode: str, is_dead_man: bool = False) -> None:
        """Closes the gate, or says why it is closed. What a command said stays said."""
        with self._lock:
            self._closings += 1
            dead_man = is_dead_man and (self._standing.dead_man or self._standing.mode == "NORMAL")
            self._standing = dataclasses.replace(self._standing, mode=mode, dead_man=dead_man)
        self.changed.set()
        self._save()

    def open(self, if_still_at: int) -> str | None:
        """Opens the gate if nothing has closed it since there were so many closings; says why not otherwise."""
        now = self._clock.elapsed()
        with self._lock:
            if self._closings != if_still_at:
                return "OVERTAKEN: the agent was stopped again meanwhile"
            if self._has_lost_lease:
                return "LEASE_LOST: another process reports for this instance"
            if self._timeout is not None and now - self._last_contact >= self._timeout:
                return "NO_CONTACT: the control plane does not answer"
            self._standing = dataclasses.replace(self._standing, mode="NORMAL", dead_man=False)
        self.changed.set()
        self._save()
        return None

    def _current(self) -> Standing:
        with self._lock:
            return self._standing

    def _save(self) -> None:
        """What the process knows is what counts; a disk that fails is told of."""
        try:
            self._journal.save(self._current)
        except OSError as error:
            self._logger.critical("the journal cannot be written, so a restart would forget that the state changed: %s", error)
