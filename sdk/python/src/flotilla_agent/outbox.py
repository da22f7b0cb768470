"""The acknowledgements that are on their way."""

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
    """Where acknowledgements go."""

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Tells of a command that is about to be carried out; returns why it must not be, None when it may."""

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
        """Tells what became of a command; raises CallFailure."""


class Outbox:
    """What is in the journal leaves it only when the target has it."""

    MOST_REFUSALS = 1000

    def __init__(self, journal: Journal, target: Target, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._journal = journal
        self._target = target
        self._logger = logger
        #: What is said of commands that were never begun; they are judged alike when they are delivered again.
        self._refusals: collections.deque[contract.Acknowledgement] = collections.deque()
        #: Told when there is something to send.
        self.changed = threading.Event()

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Tells the target that a command is about to be carried out; returns why it must not be."""
        return self._target.claim(acknowledgement)

    def refuse(self, acknowledgement: contract.Acknowledgement) -> None:
        """Says of a command that it will not be carried out."""
        if len(self._refusals) < self.MOST_REFUSALS:
            self._refusals.append(acknowledgement)
        self.changed.set()

    def flush(self) -> None:
        """Sends everything that waits; raises CallFailure."""
        while self._refusals:
            self._send(self._refusals[0])
            self._refusals.popleft()
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
                self._logger.warning("%s; it is sent without evidence", error)
                self._send(dataclasses.replace(acknowledgement, evidence=None))
                return
            self._logger.error("the acknowledgement of %s was refused: %s", acknowledgement.command_id, error)
