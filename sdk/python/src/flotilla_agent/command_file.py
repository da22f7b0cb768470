"""Commands from a local file."""

from __future__ import annotations

import itertools
import logging
import os
import typing

from . import contract
from .control_plane import CallFailure
from .files import AppendFile, decode, encode, read, replace


class CommandFile:
    """A queue of commands in a local file that contains a JSON array. To add commands, another program replaces the file.

    Commands that were taken from the file stay in `FILE.taken` until they are in the journal. A file that is not a JSON array is moved to
    `FILE.bad`. Acknowledgements are appended to `FILE.acks` as JSON lines.
    """

    def __init__(self, path: str, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._path = path
        self._logger = logger
        #: The last content that could not be parsed. Another program may still be writing it.
        self._unparsed: bytes | None = None
        #: The commands in `FILE.taken`; None until this process has read it.
        self._taken: list[object] | None = None

    def take(self, is_journaled: typing.Callable[[object], bool]) -> list[object]:
        """Removes all commands from the file, and returns the commands that this process has not returned before.

        `is_journaled` returns whether a command is in the journal, so that `FILE.taken` no longer has to keep it. Raises OSError.
        """
        returned = self._taken or []
        if returned and all(map(is_journaled, returned)):
            os.unlink(self._path + ".taken")
            returned = []
        recovered = (_list(read(self._path + ".taken") or b"") or []) if self._taken is None else []
        new = self._new_commands()
        if new:
            replace(self._path + ".taken", encode(returned + recovered + new))
            replace(self._path, "[]")
        self._taken = returned + recovered + new
        return recovered + new

    def _new_commands(self) -> list[object]:
        data = read(self._path)
        if data is None:
            return []
        commands = _list(data)
        if commands is not None:
            self._unparsed = None
            return commands
        # The first failure may be an unfinished write. The same bytes a second time are invalid.
        if self._unparsed == data:
            self._quarantine(data)
            self._unparsed = None
        else:
            self._unparsed = data
        return []

    def _quarantine(self, data: bytes) -> None:
        names = itertools.chain([self._path + ".bad"], (f"{self._path}.bad.{number}" for number in itertools.count(2)))
        bad = next(name for name in names if not os.path.exists(name))
        with open(bad, "xb") as file:
            file.write(data)
        replace(self._path, "[]")
        self._logger.error("the command file must contain a JSON array; it was moved to %s", bad)

    # Acknowledgements

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        """Returns None: a file cannot cancel a command."""
        return None

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
        """Appends the acknowledgement to `FILE.acks`; raises CallFailure."""
        try:
            file = AppendFile(self._path + ".acks")
            try:
                file.append(encode(acknowledgement.to_json()) + "\n")
                file.synchronize()
            finally:
                file.close()
        except OSError as error:
            raise CallFailure(str(error)) from error


def _list(data: bytes) -> list[object] | None:
    try:
        commands = decode(data)
    except ValueError:
        return None
    return commands if isinstance(commands, list) else None
