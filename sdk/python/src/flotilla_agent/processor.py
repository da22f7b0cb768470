"""Executes delivered commands."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import queue
import threading
import time
import typing
import uuid

from . import contract
from .clock import Clock, ServerClock
from .command import COMMAND_TYPES, AgentCommand, MalformedCommand
from .configuration import AgentConfiguration
from .files import encode
from .journal import Journal
from .outbox import Outbox
from .safety import SafetySwitch
from .signatures import Refusal, SequenceGuard

#: Details that prove the effect of a command: a dict that can be encoded as JSON, or None.
Evidence = typing.Optional[typing.Dict[str, typing.Any]]

#: Executes a command of one type. The returned dict is the evidence of the effect and becomes part of the acknowledgement. If the handler
#: raises, the command fails, and the error is the reason in the acknowledgement. If it has not returned after
#: `AgentConfiguration.command_timeout`, the command fails with an unknown outcome, and the handler keeps running.
Handler = typing.Callable[[AgentCommand], Evidence]


class CommandFailure(Exception):
    """An error for handlers to raise that adds evidence to a failed command."""

    def __init__(self, reason: str, evidence: Evidence = None) -> None:
        """Raises TypeError or ValueError if `evidence` is not a dict that can be encoded as JSON."""
        super().__init__(reason)
        #: Why the command failed. The acknowledgement has its first 2,000 characters.
        self.reason = reason
        #: Details of the failure, for example the remaining position; None without details.
        self.evidence = _checked(evidence)


class CommandProcessor:
    """Executes delivered commands at most once each, and acknowledges every one of them."""

    def __init__(
        self,
        configuration: AgentConfiguration,
        journal: Journal,
        safety: SafetySwitch,
        clock: Clock,
        server_clock: ServerClock,
        outbox: Outbox,
        logger: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._instance_id = configuration.instance_id
        self._time_limit = configuration.command_timeout
        #: The keys that must have signed commands; None if they need no signature.
        self._keys = configuration.command_keys
        self._sequences = SequenceGuard(journal.floors)
        self._journal = journal
        self._safety = safety
        self._clock = clock
        self._server_clock = server_clock
        self._outbox = outbox
        self._logger = logger
        #: The bot's handlers by type of command.
        self.handlers: dict[str, Handler] = {}
        #: The commands that are queued or running.
        self._in_progress: set[uuid.UUID] = set()
        self._lock = threading.Lock()

    def settle_unfinished(self) -> None:
        """Acknowledges commands that an earlier process started and did not finish. Their outcome is unknown."""
        for command in self._journal.unfinished():
            reason = "UNKNOWN_OUTCOME: the agent stopped while it executed the command"
            self._journal.end(command, self._acknowledgement(command.command_id, "FAILED", reason))
        self._outbox.changed.set()

    # Deciding

    def decide(self, body: object) -> AgentCommand | None:
        """Returns a delivered command if it must be executed, and marks it as in progress, so that it is returned only once.

        Refused commands are acknowledged. Commands in progress and commands without a readable ID are ignored.
        """
        try:
            command = AgentCommand.from_json(body)
        except MalformedCommand as error:
            self._logger.error("received a malformed command: %s", error.reason)
            if error.command_id:
                self._outbox.refuse(self._acknowledgement(error.command_id, "FAILED", error.reason))
            return None
        if command.instance_id != self._instance_id:
            reason = f"WRONG_INSTANCE: this agent is '{self._instance_id}'"
            self._outbox.refuse(self._acknowledgement(command.command_id, "FAILED", reason))
            return None
        # Marked before the journal is read: `execute` clears the mark only after the command is in the journal.
        with self._lock:
            is_first = command.command_id not in self._in_progress
            self._in_progress.add(command.command_id)
        entry = self._journal.entry(command.command_id)
        if entry and is_first:
            with self._lock:
                self._in_progress.discard(command.command_id)
        if entry and entry.command != command:
            reason = "a different command has the same ID"
            self._outbox.refuse(self._acknowledgement(command.command_id, "REJECTED_DUPLICATE", reason))
            return None
        if entry:
            if entry.acknowledgement:
                self._journal.repeat_acknowledgement(command.command_id)
            self._outbox.changed.set()
            return None
        if not is_first:
            return None
        try:
            return self._authentic(command, body)
        except Refusal as refusal:
            with self._lock:
                self._in_progress.discard(command.command_id)
            self._logger.critical("refused the command %s: %s", command.command_id, refusal)
            self._outbox.refuse(self._acknowledgement(command.command_id, "FAILED", str(refusal)))
            return None

    def _authentic(self, command: AgentCommand, body: object) -> AgentCommand:
        """Returns the command with its signed payload.

        Raises Refusal unless each required key has signed it, for this instance, and has signed no newer one that was delivered before.
        """
        if self._keys is None:
            return command
        verified = self._keys.verify(command, body)
        if verified.expires_at <= self._server_clock.now():
            # It will not be executed, so others need not be newer.
            return dataclasses.replace(verified, sequences={})
        with self._lock:
            is_newest = self._sequences.admit(verified)
        if not is_newest:
            raise Refusal("REPLAYED: the command is older than one that was delivered before")
        return verified

    def is_journaled(self, body: object) -> bool:
        """Whether a delivered command is in the journal or will never be, so that it does not have to be delivered again."""
        try:
            command = AgentCommand.from_json(body)
        except MalformedCommand:
            return True
        if command.instance_id != self._instance_id or self._journal.entry(command.command_id) is not None:
            return True
        try:
            if self._keys:
                self._keys.verify(command, body)
        except Refusal:
            return True
        return False

    def finish(self, limit: float) -> None:
        """Waits until no command is queued or running, for at most `limit` seconds."""
        end = time.monotonic() + limit
        while self._in_progress and time.monotonic() < end:
            time.sleep(0.01)

    # Executing

    def execute(self, command: AgentCommand) -> None:
        """Executes a command that `decide` returned, and writes its start and its outcome to the journal; raises OSError."""
        try:
            # A signed command that had expired when it was delivered stays expired, whatever the server's clock says later: its number was not
            # checked.
            is_unchecked = self._keys is not None and not command.sequences
            if is_unchecked or command.expires_at <= self._server_clock.now():
                reason = "the command has expired"
                self._journal.end(command, self._acknowledgement(command.command_id, "REJECTED_EXPIRED", reason))
                self._forget(command)
            else:
                self._journal.begin(command)
                self._forget(command)
                self._journal.end(command, self._outcome(command))
        finally:
            with self._lock:
                self._in_progress.discard(command.command_id)
        self._outbox.changed.set()

    def _forget(self, command: AgentCommand) -> None:
        """Ends the admission of a command that is in the journal."""
        with self._lock:
            self._sequences.journaled(command.command_id)

    def _outcome(self, command: AgentCommand) -> contract.Acknowledgement:
        refusal = self._outbox.claim(self._acknowledgement(command.command_id, "ACCEPTED"))
        if refusal:
            return self._acknowledgement(command.command_id, "FAILED", f"NOT_CARRIED_OUT: {refusal}")
        try:
            evidence = _checked(self._effect(command))
        except CommandFailure as failure:
            self._logger.error("command failed: %s: %s", command.command_type, failure.reason)
            return self._acknowledgement(command.command_id, "FAILED", failure.reason, failure.evidence)
        except Exception as error:
            self._logger.exception("command failed: %s", command.command_type)
            return self._acknowledgement(command.command_id, "FAILED", f"HANDLER_FAILED: {error}")
        self._logger.info("command completed: %s", command.command_type)
        return self._acknowledgement(command.command_id, "COMPLETED", evidence=evidence)

    def _effect(self, command: AgentCommand) -> Evidence:
        """Applies a command. New orders are blocked before the handler runs, and stay blocked if it fails."""
        if command.command_type in ("SAFE_MODE", "REDUCE_ONLY", "STOP"):
            mode = "STOPPED" if command.command_type == "STOP" else command.command_type
            self._safety.close(mode)
            evidence = self._handle(command) if command.command_type in self.handlers else None
            return evidence if evidence is not None else {"state": mode}
        if command.command_type == "FLATTEN":
            self._safety.close("SAFE_MODE")
            evidence = self._handle(command)
            self._safety.close("FLATTENED")
            return evidence
        if command.command_type == "START":
            stop_count = self._safety.stop_count
            evidence = self._handle(command) if "START" in self.handlers else None
            refusal = self._safety.open(if_still_at=stop_count)
            if refusal:
                raise CommandFailure(refusal)
            return evidence if evidence is not None else {"state": "NORMAL"}
        return self._handle(command)

    def _handle(self, command: AgentCommand) -> Evidence:
        handler = self.handlers.get(command.command_type)
        if handler is None:
            raise CommandFailure(f"NO_HANDLER: the bot has no handler for {command.command_type}")
        return _with_time_limit(self._time_limit, lambda: handler(command))

    def act(self, action: str) -> None:
        """Runs the dead-man action: calls the handler that the same command from an operator would call."""
        expires_at = self._server_clock.now() + datetime.timedelta(hours=1)
        payload = {"reason": "DEADMAN_TIMEOUT"}
        command = AgentCommand(uuid.uuid4(), self._instance_id, action, expires_at, payload=payload)
        try:
            if action in self.handlers:
                self._handle(command)
            if action == "FLATTEN":
                self._safety.close("FLATTENED", is_dead_man=True)
        except Exception:
            self._logger.critical("the dead-man action %s failed", action, exc_info=True)
        self._safety.acted()

    def _acknowledgement(
        self, command_id: uuid.UUID, status: str, reason: str | None = None, evidence: Evidence = None
    ) -> contract.Acknowledgement:
        return contract.Acknowledgement(
            command_id=command_id,
            instance_id=self._instance_id,
            status=contract.AcknowledgementStatus(status),
            reason=reason[:2000] if reason else None,
            timestamp=self._clock.wall(),
            evidence=evidence,
        )


def _checked(evidence: Evidence) -> Evidence:
    """Returns the evidence. Raises TypeError or ValueError if it is not a dict that can be encoded as JSON."""
    if evidence is not None and not isinstance(evidence, dict):
        raise TypeError(f"evidence: found {type(evidence).__name__}, expected a dict or None")
    encode(evidence)
    return evidence


def check_type(command_type: str) -> None:
    """Raises ValueError if there is no such type of command."""
    if command_type not in COMMAND_TYPES:
        raise ValueError(f"command_type: found '{command_type}', expected one of {', '.join(sorted(COMMAND_TYPES))}")


def _with_time_limit(limit: float, work: typing.Callable[[], Evidence]) -> Evidence:
    """Returns the result of `work`, or raises UNKNOWN_OUTCOME after `limit` seconds. The work keeps running in its thread, so that a handler
    that hangs cannot block the queue."""
    results: queue.SimpleQueue[tuple[Evidence, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put((work(), None))
        except BaseException as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True, name="flotilla-handler").start()
    try:
        evidence, error = results.get(timeout=limit)
    except queue.Empty:
        raise CommandFailure(f"UNKNOWN_OUTCOME: the handler did not finish within {limit:g} seconds") from None
    if error is not None:
        raise error
    return evidence
