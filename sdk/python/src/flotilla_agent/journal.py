"""The durable state of an agent."""

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
from .signatures import SequenceFloors


class JournalFailure(Exception):
    """A journal file that is damaged. Its text has the file, the line and the error.

    The agent does not start, because it could execute a command twice.
    """


@dataclasses.dataclass(frozen=True)
class Standing:
    """The part of the safety state that survives a restart."""

    #: NORMAL, REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
    mode: str = "NORMAL"
    #: Whether the dead-man switch set the mode, so that it may end without a START command.
    dead_man: bool = False
    #: Whether the dead-man action of this outage is finished.
    acted: bool = False


@dataclasses.dataclass
class Entry:
    """A command and its progress."""

    command: AgentCommand
    #: The outcome; None while the command runs.
    acknowledgement: contract.Acknowledgement | None = None
    is_sent: bool = False


class Journal:
    """Started commands, their acknowledgements, and whether the bot may trade.

    The journal is an append-only file of JSON lines. Each line is on the disk before the event it describes happens. AgentKit for Swift
    writes the same format and documents it in Journal.swift. Methods that write raise OSError.
    """

    #: How long an entry is kept after its command has expired. A repeated delivery within this time is recognized.
    RETENTION = datetime.timedelta(hours=24)
    #: How many lines are appended before the file is rewritten without expired commands.
    COMPACTION_INTERVAL = 10_000

    def __init__(self, directory: str, clock: Clock) -> None:
        """Opens the journal in `directory` and locks it against other agents. Raises JournalFailure or OSError."""
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._path = f"{directory}/journal.jsonl"
        self._clock = clock
        self._lock = threading.Lock()
        self._file_lock = FileLock(f"{directory}/lock")
        self._entries: dict[uuid.UUID, Entry] = {}
        self._standing = Standing()
        self._floors = SequenceFloors()
        self._lines = 0
        try:
            self._replay(read(self._path) or b"")
            self._file = self._compact()
        except BaseException:
            self._file_lock.release()
            raise

    def close(self) -> None:
        """Closes the file and releases the lock, so that another agent can open the journal."""
        self._file.close()
        self._file_lock.release()

    # Reading

    def entry(self, command_id: uuid.UUID) -> Entry | None:
        """The entry of a command; None if the command is new."""
        with self._lock:
            return self._entries.get(command_id)

    @property
    def standing(self) -> Standing:
        """The last saved safety state."""
        with self._lock:
            return self._standing

    @property
    def floors(self) -> SequenceFloors:
        """The highest sequence numbers of the commands that started. The caller copies them before the agent runs."""
        return self._floors

    def unsent(self) -> list[contract.Acknowledgement]:
        """The acknowledgements that were not sent yet, in the order of their commands."""
        with self._lock:
            return [e.acknowledgement for e in self._entries.values() if e.acknowledgement and not e.is_sent]

    def unfinished(self) -> list[AgentCommand]:
        """The commands that started and have no outcome yet."""
        with self._lock:
            return [entry.command for entry in self._entries.values() if entry.acknowledgement is None]

    # Writing

    def begin(self, command: AgentCommand) -> None:
        """Records the start of a command. Run the handler only after this returns."""
        with self._lock:
            self._append({"record": "begin", "command": command.to_json()})
            self._add(command)

    def end(self, command: AgentCommand, acknowledgement: contract.Acknowledgement) -> None:
        """Records the outcome of a command. It never changes afterwards."""
        with self._lock:
            entry = self._entries.get(command.command_id)
            record: dict[str, object] = {"record": "end"}
            if entry is None:
                record["command"] = command.to_json()
            record["acknowledgement"] = acknowledgement.to_json()
            self._append(record)
            self._add(command).acknowledgement = acknowledgement

    def sent(self, command_id: uuid.UUID) -> None:
        """Records that the control plane has the acknowledgement.

        It does not wait for the disk: if the line is lost, the acknowledgement is only sent again.
        """
        with self._lock:
            entry = self._entries.get(command_id)
            if entry and entry.acknowledgement:
                self._append({"record": "sent", "command_id": str(command_id)}, is_durable=False)
                entry.is_sent = True

    def repeat_acknowledgement(self, command_id: uuid.UUID) -> None:
        """Marks an acknowledgement to be sent again, because its command was delivered again."""
        with self._lock:
            self._entries[command_id].is_sent = False

    def save(self, current: typing.Callable[[], Standing]) -> None:
        """Saves the safety state. `current` is called just before the write, so that concurrent calls always end with the newest state."""
        with self._lock:
            standing = current()
            if standing != self._standing:
                self._append({"record": "standing", **dataclasses.asdict(standing)})
                self._standing = standing

    def _add(self, command: AgentCommand) -> Entry:
        """The entry of a command that has started."""
        self._floors.raise_for(command)
        return self._entries.setdefault(command.command_id, Entry(command))

    def _append(self, record: dict[str, object], is_durable: bool = True) -> None:
        if self._lines >= self.COMPACTION_INTERVAL:
            self._file.close()
            self._file = self._compact()
        self._lines += 1
        line = encode(record) + "\n"
        try:
            self._file.append(line)
            if is_durable:
                self._file.synchronize()
        except OSError:
            # The line may be incomplete, so the next write must start a new file.
            self._lines = self.COMPACTION_INTERVAL
            raise

    # The file

    def _replay(self, data: bytes) -> None:
        for number, line in enumerate(complete_lines(data), start=1):
            try:
                self._apply(decode(line))
            except Exception as error:
                reason = f"{self._path}:{number}: this line is not a journal record: {error!r}"
                raise JournalFailure(reason) from None

    def _apply(self, record: dict[str, typing.Any]) -> None:
        if "command" in record:
            sequences = {str(key): int(number) for key, number in record["command"].get("sequences", {}).items()}
            self._add(dataclasses.replace(AgentCommand.from_json(record["command"]), sequences=sequences))
        kind = record["record"]
        if kind == "end":
            acknowledgement = contract.Acknowledgement.from_json(record["acknowledgement"])
            self._entries[acknowledgement.command_id].acknowledgement = acknowledgement
        elif kind == "sent":
            self._entries[uuid.UUID(record["command_id"])].is_sent = True
        elif kind == "standing":
            self._standing = Standing(record["mode"], record["dead_man"], record["acted"])
        elif kind == "sequences":
            self._floors.raise_to(record["key_id"], int(record["protective"]), int(record["other"]))
        elif kind != "begin":
            raise ValueError(f"'{kind}' is not a kind of record")

    def _compact(self) -> AppendFile:
        """Rewrites the file without expired commands, and opens it for appending."""
        now = self._clock.wall()
        for command_id, entry in list(self._entries.items()):
            if entry.is_sent and entry.command.expires_at + self.RETENTION < now:
                del self._entries[command_id]
        records: list[dict[str, object]] = [{"record": "standing", **dataclasses.asdict(self._standing)}]
        for key, floor in sorted(self._floors.floors.items()):
            records.append({"record": "sequences", "key_id": key, **dataclasses.asdict(floor)})
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
