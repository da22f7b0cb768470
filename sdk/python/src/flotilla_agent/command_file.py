"""A queue of commands in a local file."""

from __future__ import annotations

import itertools
import logging
import os
import typing

from . import contract
from .control_plane import CallFailure
from .files import AppendFile, decode, encode, read, replace


class CommandFile:
    """A file that holds a JSON list. Whoever adds commands replaces the file by one that holds them.

    What is taken out lies in `FILE.taken` until it is in the journal; what cannot be read is kept as `FILE.bad`; acknowledgements are
    appended to `FILE.acks` as JSON lines.
    """

    def __init__(self, path: str, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._path = path
        self._logger = logger
        #: A text that could not be read. Somebody may be in the middle of writing it.
        self._doubtful: bytes | None = None
        #: What lies in `FILE.taken`; None before this process has looked.
        self._taken: list[object] | None = None

    def take(self, has_begun: typing.Callable[[object], bool]) -> list[object]:
        """Takes the commands out of the file that this process has not been given yet. `has_begun` says of one that was given
        whether it is in the journal, so that it is not needed here any more."""
        given = self._taken or []
        if given and all(map(has_begun, given)):
            os.unlink(self._path + ".taken")
            given = []
        left = (_list(read(self._path + ".taken") or b"") or []) if self._taken is None else []
        new = self._new_commands()
        if new:
            replace(self._path + ".taken", encode(given + left + new))
            replace(self._path, "[]")
        self._taken = given + left + new
        return left + new

    def _new_commands(self) -> list[object]:
        data = read(self._path)
        if data is None:
            return []
        commands = _list(data)
        if commands is not None:
            self._doubtful = None
            return commands
        # Unreadable twice in a row, it is put aside.
        if self._doubtful == data:
            self._set_aside(data)
            self._doubtful = None
        else:
            self._doubtful = data
        return []

    def _set_aside(self, data: bytes) -> None:
        names = itertools.chain([self._path + ".bad"], (f"{self._path}.bad.{number}" for number in itertools.count(2)))
        bad = next(name for name in names if not os.path.exists(name))
        with open(bad, "xb") as file:
            file.write(data)
        replace(self._path, "[]")
        self._logger.error("the command file holds no JSON list; it is kept as %s", bad)

    # Acknowledgements

    def claim(self, acknowledgement: contract.Acknowledgement) -> str | None:
        return None

    def send(self, acknowledgement: contract.Acknowledgement) -> None:
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
