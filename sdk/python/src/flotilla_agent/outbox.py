"""Sends acknowledgements."""

from __future__ import annotations

import collections
import dataclasses
import logging
import threading
import typing

from . import contract
from .control_plane import CallFailure
from .journal import Journal


class Target(typing.Protocol):
    """A receiver of acknowledgements: a control plane or a file."""

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Sends ACCEPTED before a command is executed. Returns the reason why the command must not be executed, or None."""

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
        """Sends the outcome of a command; raises CallFailure."""


class Outbox:
    """Sends acknowledgements. Each one stays in the journal as unsent until the target has accepted it."""

    #: How many acknowledgements of refused commands can be pending.
    MAXIMUM_REFUSALS = 1000

    def __init__(self, journal: Journal, target: Target, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._journal = journal
        self._target = target
        self._logger = logger
        #: Acknowledgements of refused commands. They are not in the journal: a repeated delivery is refused again.
        self._refusals: collections.deque[contract.Acknowledgement] = collections.deque()
        #: Set when there is an acknowledgement to send.
        self.changed = threading.Event()

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Sends ACCEPTED before a command is executed. Returns the reason why the command must not be executed, or None."""
        return self._target.claim(acknowledgement)

    def refuse(self, acknowledgement: contract.Acknowledgement) -> None:
        """Adds the acknowledgement of a refused command, unless the same one waits already.

        Above the maximum it is dropped, and sent after the next delivery.
        """
        same = (acknowledgement.command_id, acknowledgement.reason)
        is_waiting = any((waiting.command_id, waiting.reason) == same for waiting in list(self._refusals))
        if not is_waiting and len(self._refusals) < self.MAXIMUM_REFUSALS:
            self._refusals.append(acknowledgement)
        self.changed.set()

    def flush(self) -> None:
        """Sends all pending acknowledgements; raises CallFailure at the first failure that a retry can fix."""
        self._flush_outcomes()
        while self._refusals:
            self._send(self._refusals[0])
            self._refusals.popleft()
            # Many forged commands must not delay the outcome of a genuine one.
            self._flush_outcomes()

    def _flush_outcomes(self) -> None:
        for acknowledgement in self._journal.unsent():
            self._send(acknowledgement)
            self._journal.sent(acknowledgement.command_id)

    def _send(self, acknowledgement: contract.Acknowledgement) -> None:
        try:
            self._target.send(acknowledgement)
        except CallFailure as error:
            if not error.is_final:
                raise
            if error.status == 413 and acknowledgement.evidence is not None:
                # The outcome of the command matters more than its evidence, which stays in the journal.
                self._logger.warning("%s; the acknowledgement is sent again without evidence", error)
                self._send(dataclasses.replace(acknowledgement, evidence=None))
                return
            self._logger.error("the control plane rejected the acknowledgement of %s: %s", acknowledgement.command_id, error)
