"""Decides what is done with delivered commands, and does it: each at most once, and each with an acknowledgement."""

from __future__ import annotations

import datetime
import logging
import queue
import threading
import time
import typing
import uuid

from . import contract
from .clock import Clock, ServerClock
from .command import COMMAND_TYPES, AgentCommand, Malformed
from .configuration import AgentConfiguration
from .files import encode
from .journal import Journal
from .outbox import Outbox
from .safety import SafetySwitch

Evidence = typing.Optional[typing.Dict[str, typing.Any]]

#: Carries out a command. What it returns proves the effect and stands in the acknowledgement; what it raises is the reason of the failure.
Handler = typing.Callable[[AgentCommand], Evidence]


class CommandFailure(Exception):
    """A failed command, with what is known all the same: what is left of a position, for instance."""

    def __init__(self, reason: str, evidence: Evidence = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = _checked(evidence)


class CommandProcessor:
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
        self._journal = journal
        self._safety = safety
        self._clock = clock
        self._server_clock = server_clock
        self._outbox = outbox
        self._logger = logger
        #: What the bot does, by the type of the command.
        self.handlers: dict[str, Handler] = {}
        #: The commands that are carried out or wait for that.
        self._taken: set[uuid.UUID] = set()
        self._lock = threading.Lock()

    def settle_unfinished(self) -> None:
        """Of what an earlier process has begun and not finished nobody knows whether it happened."""
        for command in self._journal.unfinished():
            reason = "UNKNOWN_OUTCOME: the agent ended while it carried the command out"
            self._journal.end(command, self._acknowledgement(command.command_id, "FAILED", reason))
        self._outbox.changed.set()

    # Judging

    def judge(self, body: object) -> AgentCommand | None:
        """Judges what was delivered; returns a command that is to be carried out, which nobody gets twice. Others are answered or
        left alone."""
        try:
            command = AgentCommand.from_json(body)
        except Malformed as error:
            self._logger.error("a command that cannot be read: %s", error.reason)
            if error.command_id:
                self._outbox.refuse(self._acknowledgement(error.command_id, "FAILED", error.reason))
            return None
        if command.instance_id != self._instance_id:
            reason = f"WRONG_INSTANCE: this is '{self._instance_id}'"
            self._outbox.refuse(self._acknowledgement(command.command_id, "FAILED", reason))
            return None
        # Taken before the journal is asked: whoever carries it out lets go of it only once the journal knows.
        with self._lock:
            is_taken = command.command_id not in self._taken
            self._taken.add(command.command_id)
        entry = self._journal.entry(command.command_id)
        if entry and is_taken:
            with self._lock:
                self._taken.discard(command.command_id)
        if entry and entry.command != command:
            reason = "another command has this id"
            self._outbox.refuse(self._acknowledgement(command.command_id, "REJECTED_DUPLICATE", reason))
            return None
        if entry:
            if entry.acknowledgement:
                self._journal.repeat_acknowledgement(command.command_id)
            self._outbox.changed.set()
            return None
        return command if is_taken else None

    def has_begun(self, body: object) -> bool:
        """Whether a delivered command need not be delivered again."""
        try:
            command = AgentCommand.from_json(body)
        except Malformed:
            return True
        return command.instance_id != self._instance_id or self._journal.entry(command.command_id) is not None

    def finish(self, limit: float) -> None:
        """Waits until nothing is being carried out, for so long at most."""
        end = time.monotonic() + limit
        while self._taken and time.monotonic() < end:
            time.sleep(0.01)

    # Carrying out

    def carry_out(self, command: AgentCommand) -> None:
        """Carries out a command that `judge` gave."""
        try:
            if command.expires_at <= self._server_clock.now():
                reason = "the command has expired"
                self._journal.end(command, self._acknowledgement(command.command_id, "REJECTED_EXPIRED", reason))
            else:
                self._journal.begin(command)
                self._journal.end(command, self._outcome(command))
        finally:
            with self._lock:
                self._taken.discard(command.command_id)
        self._outbox.changed.set()

    def _outcome(self, command: AgentCommand) -> contract.Acknowledgement:
        obstacle = self._outbox.claim(self._acknowledgement(command.command_id, "ACCEPTED"))
        if obstacle:
            return self._acknowledgement(command.command_id, "FAILED", f"NOT_CARRIED_OUT: {obstacle}")
        try:
            evidence = _checked(self._effect(command))
        except CommandFailure as failure:
            self._logger.error("failed: %s: %s", command.command_type, failure.reason)
            return self._acknowledgement(command.command_id, "FAILED", failure.reason, failure.evidence)
        except Exception as error:
            self._logger.exception("failed: %s", command.command_type)
            return self._acknowledgement(command.command_id, "FAILED", f"HANDLER_FAILED: {error}")
        self._logger.info("carried out: %s", command.command_type)
        return self._acknowledgement(command.command_id, "COMPLETED", evidence=evidence)

    def _effect(self, command: AgentCommand) -> Evidence:
        """What a command does. The gate is closed before anything else happens, and stays closed when the handler fails."""
        if command.command_type in ("SAFE_MODE", "STOP"):
            mode = "SAFE_MODE" if command.command_type == "SAFE_MODE" else "STOPPED"
            self._safety.close(mode)
            evidence = self._handle(command) if command.command_type in self.handlers else None
            return evidence if evidence is not None else {"state": mode}
        if command.command_type == "FLATTEN":
            self._safety.close("SAFE_MODE")
            evidence = self._handle(command)
            self._safety.close("FLATTENED")
            return evidence
        if command.command_type == "START":
            closings = self._safety.closings
            evidence = self._handle(command) if "START" in self.handlers else None
            obstacle = self._safety.open(if_still_at=closings)
            if obstacle:
                raise CommandFailure(obstacle)
            return evidence if evidence is not None else {"state": "NORMAL"}
        return self._handle(command)

    def _handle(self, command: AgentCommand) -> Evidence:
        handler = self.handlers.get(command.command_type)
        if handler is None:
            raise CommandFailure(f"NO_HANDLER: this bot does not know what to do for {command.command_type}")
        return _first_of(self._time_limit, lambda: handler(command))

    def act(self, action: str) -> None:
        """What the dead-man switch does: the handler that an operator's command would call, once."""
        expires_at = self._server_clock.now() + datetime.timedelta(hours=1)
        payload = {"reason": "DEADMAN_TIMEOUT"}
        command = AgentCommand(uuid.uuid4(), self._instance_id, action, expires_at, payload=payload)
        try:
            if action in self.handlers:
                self._handle(command)
            if action == "FLATTEN":
                self._safety.close("FLATTENED", is_dead_man=True)
        except Exception:
            self._logger.critical("the dead-man switch could not %s", action, exc_info=True)
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
    """Evidence that can be told; a ValueError or TypeError for what is no JSON object."""
    if evidence is not None and not isinstance(evidence, dict):
        raise TypeError(f"its evidence is {type(evidence).__name__}; a dict or None was expected")
    encode(evidence)
    return evidence


def check_type(command_type: str) -> None:
    """Raises a ValueError for what is no type of a command."""
    if command_type not in COMMAND_TYPES:
        raise ValueError(f"'{command_type}' is no command; one of {', '.join(sorted(COMMAND_TYPES))} was expected")


def _first_of(limit: float, work: typing.Callable[[], Evidence]) -> Evidence:
    """What `work` returns or raises, if it does so within `limit` seconds. Work that goes on beyond is left alone: whoever waits for it
    must not wait for ever."""
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
        raise CommandFailure(f"UNKNOWN_OUTCOME: the handler was not done within {limit:g} seconds") from None
    if error is not None:
        raise error
    return evidence
