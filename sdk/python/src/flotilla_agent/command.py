"""A command as the handler of its type gets it."""

from __future__ import annotations

import dataclasses
import datetime
import typing
import uuid

from . import contract

COMMAND_TYPES = {command_type.value for command_type in contract.CommandType}


class Malformed(Exception):
    """What is no command: its id, if it has one, and what is wrong."""

    def __init__(self, command_id: uuid.UUID | None, reason: str) -> None:
        super().__init__(reason)
        self.command_id = command_id
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class AgentCommand:
    """A command as the handler of its type gets it."""

    #: Its id.
    command_id: uuid.UUID
    #: The instance that shall obey.
    instance_id: str
    #: What shall be done.
    command_type: str
    #: From when on it must not be carried out.
    expires_at: datetime.datetime
    #: When it was given; None where that is not said.
    issued_at: datetime.datetime | None = None
    #: Details; fractions are Decimal.
    payload: dict[str, typing.Any] = dataclasses.field(default_factory=dict)

    @staticmethod
    def from_json(body: object) -> AgentCommand:
        """Reads a command, one by one, so that one that cannot be read hides no other. Members that are not known are left alone: a
        newer control plane may send them."""
        members: dict[str, typing.Any] = body if isinstance(body, dict) else {}
        try:
            command_id = uuid.UUID(members["command_id"])
        except (KeyError, ValueError, TypeError, AttributeError):
            raise Malformed(None, "MALFORMED: command_id is no UUID") from None

        def text(name: str) -> str:
            value = members.get(name)
            if not isinstance(value, str):
                raise Malformed(command_id, f"MALFORMED: {name} is no string")
            return value

        def time(name: str) -> datetime.datetime:
            try:
                value = datetime.datetime.fromisoformat(text(name))
            except ValueError:
                value = datetime.datetime.min
            if value.tzinfo is None:
                raise Malformed(command_id, f"MALFORMED: {name} is no time")
            return value

        instance_id = text("instance_id")
        command_type = text("command_type")
        if command_type not in COMMAND_TYPES:
            raise Malformed(command_id, f"UNKNOWN_COMMAND: '{command_type[:64]}'")
        issued_at = time("issued_at") if "issued_at" in members else None
        expires_at = time("expires_at")
        payload = members.get("payload", {})
        if not isinstance(payload, dict):
            raise Malformed(command_id, "MALFORMED: payload is no object")
        return AgentCommand(command_id, instance_id, command_type, expires_at, issued_at, payload)

    def to_json(self) -> dict[str, object]:
        """The form in the journal."""
        body: dict[str, object] = {
            "command_id": str(self.command_id),
            "instance_id": self.instance_id,
            "command_type": self.command_type,
        }
        if self.issued_at is not None:
            body["issued_at"] = self.issued_at.isoformat()
        body["expires_at"] = self.expires_at.isoformat()
        body["payload"] = self.payload
        return body
