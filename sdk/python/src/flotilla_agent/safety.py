"""Decides whether the bot may place orders."""

from __future__ import annotations

import dataclasses
import logging
import threading

from .clock import Clock
from .configuration import AgentConfiguration
from .journal import Journal, Standing


class OrdersRefused(Exception):
    """New orders are blocked. The bot must not place the order."""

    def __init__(self, state: str) -> None:
        super().__init__(f"new orders are blocked in {state}")
        #: The state that blocks orders: REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
        self.state = state


class SafetySwitch:
    """Decides whether the bot may place orders, from commands and from the dead-man switch.

    Each successful response of the control plane renews a lease. Half of the timeout without a response is DEGRADED. The full timeout
    blocks new orders, even if the thread that checks the lease is stuck. Times come from a clock that never jumps.
    """

    def __init__(
        self, configuration: AgentConfiguration, journal: Journal, clock: Clock, logger: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._logger = logger
        #: The dead-man timeout; None without a control plane.
        self._timeout = configuration.deadman_timeout if configuration.control_plane_url else None
        self._resume = configuration.deadman_resume
        self._lock = threading.Lock()
        self._standing = journal.standing
        self._last_contact = clock.elapsed()
        self._healthy_since: float | None = None
        #: Whether the dead-man action of this outage has started.
        self._has_fired = self._standing.acted
        self._has_lost_lease = False
        #: Whether the dead-man switch set the mode, also if the bot does not resume automatically.
        self._is_switched_off = self._standing.dead_man
        self._stop_count = 0
        #: Set when the reported state has changed.
        self.changed = threading.Event()

    # Reading

    @property
    def reported(self) -> str:
        """The state that heartbeats report."""
        now = self._clock.elapsed()
        with self._lock:
            return self._reported(now)

    def _reported(self, now: float) -> str:
        mode = self._standing.mode
        if mode not in ("NORMAL", "REDUCE_ONLY"):
            return mode
        if self._has_lost_lease:
            return "SAFE_MODE"
        if self._timeout is None:
            return mode
        silence = now - self._last_contact
        if silence >= self._timeout:
            return "SAFE_MODE"
        return "DEGRADED" if mode == "NORMAL" and silence >= self._timeout / 2 else mode

    @property
    def cause(self) -> str | None:
        """Why that state is not NORMAL: COMMAND, DEAD_MAN or LEASE_LOST; None for NORMAL and DEGRADED."""
        now = self._clock.elapsed()
        with self._lock:
            reported = self._reported(now)
            if reported in ("NORMAL", "DEGRADED"):
                return None
            # The state of a command or of the switch is stronger than a lost lease.
            if reported == self._standing.mode:
                return "DEAD_MAN" if self._is_switched_off else "COMMAND"
            return "LEASE_LOST" if self._has_lost_lease else "DEAD_MAN"

    @property
    def has_lost_lease(self) -> bool:
        """Whether another process has taken over the instance."""
        with self._lock:
            return self._has_lost_lease

    @property
    def has_expired(self) -> bool:
        """Whether the control plane has not answered for the full timeout."""
        with self._lock:
            return self._timeout is not None and self._clock.elapsed() - self._last_contact >= self._timeout

    @property
    def stop_count(self) -> int:
        """How many events have blocked orders so far, so that a START detects a stop that came after it. Pass it to `open`."""
        with self._lock:
            return self._stop_count

    def permit(self) -> None:
        """Raises OrdersRefused if new orders are blocked now."""
        state = self.reported
        if state not in ("NORMAL", "DEGRADED"):
            raise OrdersRefused(state)

    def until_next_tick(self) -> float:
        """How long until an event can be due at the earliest, in seconds.

        Responses in the meantime only postpone the expiry of the lease. After an expiry the next one is at least one timeout away.
        """
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
        """Renews the lease after a successful response of the control plane."""
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

    def begin(self) -> None:
        """Starts the lease when the agent starts, because the bot may have taken its time since it created the agent."""
        with self._lock:
            self._last_contact = self._clock.elapsed()

    def lose_lease(self) -> None:
        """Blocks new orders permanently, because another process has taken over the instance. The dead-man switch no longer acts."""
        with self._lock:
            self._has_lost_lease = True
            self._stop_count += 1

    def tick(self) -> str | None:
        """Checks the time, and returns the event that is due, or None.

        "expired": the dead-man action is due. "resumed": the control plane has answered for the resume time, and the mode is NORMAL again.
        """
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
            self._stop_count += 1
            if self._standing.mode in ("NORMAL", "REDUCE_ONLY"):
                # A bot that an operator restricted does not resume automatically.
                dead_man = self._standing.mode == "NORMAL"
                self._standing = dataclasses.replace(self._standing, mode="SAFE_MODE", dead_man=dead_man)
                self._is_switched_off = True
            return "expired"
        if (
            self._resume is not None
            and self._healthy_since is not None
            and self._standing.dead_man
            and now - self._healthy_since >= self._resume
        ):
            self._standing = Standing()
            self._is_switched_off = False
            return "resumed"
        return None

    def acted(self) -> None:
        """Records that the dead-man action is finished."""
        with self._lock:
            # A response during the action has ended the outage and cleared `_has_fired`.
            if self._has_fired:
                self._standing = dataclasses.replace(self._standing, acted=True)
        self._save()

    # Commands

    def close(self, mode: str, is_dead_man: bool = False) -> None:
        """Blocks new orders. `mode` is REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.

        `is_dead_man` is whether the dead-man switch is the cause. It does not make a stop by a command resumable.
        """
        with self._lock:
            self._stop_count += 1
            dead_man = is_dead_man and (self._standing.dead_man or self._standing.mode == "NORMAL")
            self._standing = dataclasses.replace(self._standing, mode=mode, dead_man=dead_man)
            self._is_switched_off = is_dead_man
        self.changed.set()
        self._save()

    def open(self, if_still_at: int) -> str | None:
        """Permits new orders, unless they were blocked again since `stop_count` was read. Returns the reason for a refusal, or None."""
        now = self._clock.elapsed()
        with self._lock:
            if self._stop_count != if_still_at:
                return "OVERTAKEN: the agent was stopped again after this command"
            if self._has_lost_lease:
                return "LEASE_LOST: another process has taken over this instance"
            if self._timeout is not None and now - self._last_contact >= self._timeout:
                return "NO_CONTACT: the control plane has not answered within the dead-man timeout"
            self._standing = dataclasses.replace(self._standing, mode="NORMAL", dead_man=False)
            self._is_switched_off = False
        self.changed.set()
        self._save()
        return None

    def _current(self) -> Standing:
        with self._lock:
            return self._standing

    def _save(self) -> None:
        """Writes the state to the journal. If that fails, the state in memory stays in force and the failure is logged."""
        try:
            self._journal.save(self._current)
        except OSError as error:
            self._logger.critical("cannot write the journal, so a restart would lose the change of state: %s", error)
