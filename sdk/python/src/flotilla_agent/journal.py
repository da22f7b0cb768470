"""What an agent must not forget."""

from __future__ import annotations

import dataclasses
import datetime
import os
import threading
import typing
import uuid

from . import contract
from .clock import Clock
from .command import AgentCommand
from .files import AppendFile, FileLock, complete_lines, decode, encode, read, replace


class JournalFailure(Exception):
    """A journal that cannot be read: which file and line, and what is wrong."""


@dataclasses.dataclass(frozen=True)
class Standing:
    """Whether the agent may trade, as it lasts over a restart."""

    #: NORMAL, SAFE_MODE, FLATTENED or STOPPED.
    mode: str = "NORMAL"
    #: Whether the dead-man switch brought that about, so that it may end by itself.
    dead_man: bool = False
    #: Whether the dead-man switch has done all it does in this outage.
    acted: bool = False


@dataclasses.dataclass
class Entry:
    """What is known of a command."""

    command: AgentCommand
    #: None while it is carried out.
    acknowledgement: contract.Acknowledgement | None = None
    is_sent: bool = False


class Journal:
    """The commands that an agent has begun, what it said of them, and whether it may trade: a file of JSON lines that only grows, each
    on the disk before what it announces happens. AgentKit in Swift writes the same lines, and its documentation says what they are.
    """

    #: How long an entry is kept once its command has expired: as long as anybody might deliver it again.
    KEEPING = datetime.timedelta(hours=24)
    #: How many lines are appended before the file is written anew without what is over.
    LONGEST = 10_000

    def __init__(self, directory: str, clock: Clock) -> None:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._path = f"{directory}/journal.jsonl"
        self._clock = clock
        self._lock = threading.Lock()
        self._file_lock = FileLock(f"{directory}/lock")
        self._entries: dict[uuid.UUID, Entry] = {}
        self._standing = Standing()
        self._lines = 0
        try:
            self._replay(read(self._path) or b"")
            self._file = self._compact()
        except BaseException:
            self._file_lock.release()
            raise

    def close(self) -> None:
        """Lets another process use the journal."""
        self._file.close()
        self._file_lock.release()

    # Reading

    def entry(self, command_id: uuid.UUID) -> Entry | None:
        """What is known of a command; None when it is new."""
        with self._lock:
            return self._entries.get(command_id)

    @property
    def standing(self) -> Standing:
        with self._lock:
            return self._standing

    def unsent(self) -> list[contract.Acknowledgement]:
        """The acknowledgements that the control plane does not know of, in the order of their commands."""
        with self._lock:
            return [e.acknowledgement for e in self._entries.values() if e.acknowledgement and not e.is_sent]

    def unfinished(self) -> list[AgentCommand]:
        """The commands that were begun and of which nothing else is known."""
        with self._lock:
            return [entry.command for entry in self._entries.values() if entry.acknowledgement is None]

    # Writing

    def begin(self, command: AgentCommand) -> None:
        """The command's effect may happen once this returns."""
        with self._lock:
            self._append({"record": "begin", "command": command.to_json()})
            self._entries[command.command_id] = Entry(command)

    def end(self, command: AgentCommand, acknowledgement: contract.Acknowledgement) -> None:
        """What is said of a command, for good."""
        with self._lock:
            entry = self._entries.get(command.command_id)
            record: dict[str, object] = {"record": "end"}
            if entry is None:
                record["command"] = command.to_json()
            record["acknowledgement"] = acknowledgement.to_json()
            self._append(record)
            self._entries.setdefault(command.command_id, Entry(command)).acknowledgement = acknowledgement

    def sent(self, command_id: uuid.UUID) -> None:
        """The control plane knows what is said of a command. Forgetting that does no harm, so nothing waits for the disk."""
        with self._lock:
            entry = self._entries.get(command_id)
            if entry and entry.acknowledgement:
                self._append({"record": "sent", "command_id": str(command_id)}, is_durable=False)
                entry.is_sent = True

    def repeat_acknowledgement(self, command_id: uuid.UUID) -> None:
        """A command was delivered again: what was said of it is said again."""
        with self._lock:
            self._entries[command_id].is_sent = False

    def save(self, current: typing.Callable[[], Standing]) -> None:
        """Keeps the standing that `current` returns; of several at once the last to be written is the newest."""
        with self._lock:
            standing = current()
            if standing != self._standing:
                self._append({"record": "standing", **dataclasses.asdict(standing)})
                self._standing = standing

    def _append(self, record: dict[str, object], is_durable: bool = True) -> None:
        if self._lines >= self.LONGEST:
            self._file.close()
            self._file = self._compact()
        self._lines += 1
        line = encode(record) + "\n"
        try:
            self._file.append(line)
            if is_durable:
                self._file.synchronize()
        except OSError:
            # Nothing may follow on half a line.
            self._lines = self.LONGEST
            raise

    # The file

    def _replay(self, data: bytes) -> None:
        for number, line in enumerate(complete_lines(data), start=1):
            try:
                self._apply(decode(line))
            except Exception as error:
                reason = f"{self._path}:{number}: this line is no record of a journal: {error!r}"
                raise JournalFailure(reason) from None

    def _apply(self, record: dict[str, typing.Any]) -> None:
        if "command" in record:
            command = AgentCommand.from_json(record["command"])
            self._entries.setdefault(command.command_id, Entry(command))
        kind = record["record"]
        if kind == "end":
            acknowledgement = contract.Acknowledgement.from_json(record["acknowledgement"])
            self._entries[acknowledgement.command_id].acknowledgement = acknowledgement
        elif kind == "sent":
            self._entries[uuid.UUID(record["command_id"])].is_sent = True
        elif kind == "standing":
            self._standing = Standing(record["mode"], record["dead_man"], record["acted"])
        elif kind != "begin":
            raise ValueError(kind)

    def _compact(self) -> AppendFile:
        """Writes the file anew without the commands that are over."""
        now = self._clock.wall()
        for command_id, entry in list(self._entries.items()):
            if entry.is_sent and entry.command.expires_at + self.KEEPING < now:
                del self._entries[command_id]
        records: list[dict[str, object]] = [{"record": "standing", **dataclasses.asdict(self._standing)}]
        for entry in self._entries.values():
            if entry.acknowledgement is None:
                records.append({"record": "begin", "command": entry.command.to_json()})
                continue
            acknowledgement = entry.acknowledgement.to_json()
            records.append({"record": "end", "command": entry.command.to_json(), "acknowledgement": acknowledgement})
            if entry.is_sent:
                records.append({"record": "sent", "command_id": str(entry.command.command_id)})
        replace(self._path, "".join(encode(record) + "\n" for record in records))
        self._lines = 0
        return AppendFile(self._path)
