"""Commands, as they are passed to handlers."""

from __future__ import annotations

import dataclasses
import datetime
import typing
import uuid

from . import contract

#: The types of commands in the contract.
COMMAND_TYPES = {command_type.value for command_type in contract.CommandType}
#: The types of commands that reduce risk, so that they must not wait for other commands.
PROTECTIVE = {"SAFE_MODE", "REDUCE_ONLY", "FLATTEN", "STOP", "CANCEL_ALL"}


class MalformedCommand(Exception):
    """JSON that is not a valid command, with the command's ID if it could be read."""

    def __init__(self, command_id: uuid.UUID | None, reason: str) -> None:
        super().__init__(reason)
        self.command_id = command_id
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class AgentCommand:
    """A command, as it is passed to the handler for its type."""

    #: The unique ID of the command.
    command_id: uuid.UUID
    #: The instance that must execute the command.
    instance_id: str
    #: The type of the command, such as FLATTEN, which selects the handler.
    command_type: str
    #: When the command expires, in the control plane's time. It is not started at or after this time.
    expires_at: datetime.datetime
    #: When the command was issued; None if the control plane did not send it.
    issued_at: datetime.datetime | None = None
    #: Parameters of the command, empty if it has none. Numbers with a fraction are Decimal.
    payload: dict[str, typing.Any] = dataclasses.field(default_factory=dict)
    #: The verified sequence numbers by key; empty if the agent verifies no signatures. A delivered command never sets them.
    sequences: dict[str, int] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def from_json(body: object) -> AgentCommand:
        """Decodes one command of a list, so that a malformed command does not affect the others. Unknown members are ignored, because a
        newer control plane may send them. Raises MalformedCommand."""
        members: dict[str, typing.Any] = body if isinstance(body, dict) else {}
        try:
            command_id = uuid.UUID(members["command_id"])
        except (KeyError, ValueError, TypeError, AttributeError):
            raise MalformedCommand(None, "MALFORMED: command_id must be a UUID") from None

        def text(name: str) -> str:
            value = members.get(name)
            if not isinstance(value, str):
                raise MalformedCommand(command_id, f"MALFORMED: {name} must be a string")
            return value

        def time(name: str) -> datetime.datetime:
            try:
                value = datetime.datetime.fromisoformat(text(name))
            except ValueError:
                value = datetime.datetime.min
            if value.tzinfo is None:
                raise MalformedCommand(command_id, f"MALFORMED: {name} must be an RFC 3339 time")
            return value

        instance_id = text("instance_id")
        command_type = text("command_type")
        if command_type not in COMMAND_TYPES:
            raise MalformedCommand(command_id, f"UNKNOWN_COMMAND: '{command_type[:64]}'")
        issued_at = time("issued_at") if "issued_at" in members else None
        expires_at = time("expires_at")
        payload = members.get("payload", {})
        if not isinstance(payload, dict):
            raise MalformedCommand(command_id, "MALFORMED: payload must be an object")
        return AgentCommand(command_id, instance_id, command_type, expires_at, issued_at, payload)

    def to_json(self) -> dict[str, object]:
        """The command in the journal's format."""
        body: dict[str, object] = {
            "command_id": str(self.command_id),
            "instance_id": self.instance_id,
            "command_type": self.command_type,
        }
        if self.issued_at is not None:
            body["issued_at"] = self.issued_at.isoformat()
        body["expires_at"] = self.expires_at.isoformat()
        body["payload"] = self.payload
        if self.sequences:
            body["sequences"] = self.sequences
        return body
