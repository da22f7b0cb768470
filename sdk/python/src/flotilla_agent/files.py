"""Files as an agent needs them, and JSON that keeps numbers as they are."""

from __future__ import annotations

import decimal
import fcntl
import json
import os
import typing


def encode(value: object) -> str:
    """JSON text. A Decimal is written as the number that it is."""
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no JSON number")
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{encode(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(encode, value)) + "]"
    return json.dumps(value, allow_nan=False)


def decode(text: str | bytes) -> typing.Any:
    """What JSON text says, its fractions as Decimal. A ValueError for anything else."""
    return json.loads(text, parse_float=decimal.Decimal)


class AppendFile:
    """A file that is only ever appended to."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, text: str) -> None:
        """Appends the text. What a killed process has appended is there; what a crashed machine has, only after `synchronize`."""
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def synchronize(self) -> None:
        """Waits until everything is on the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Whoever appends afterwards gets an OSError: the number may be another file's by then."""
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)


def read(path: str) -> bytes | None:
    """The file's bytes; None where there is no file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def complete_lines(data: bytes) -> list[bytes]:
    """The lines of a text. One without an end was being written when its process ended."""
    return [line for line in data.split(b"\n")[:-1] if line]


def replace(path: str, text: str, is_durable: bool = True) -> None:
    """Puts a file with this text in the place of whatever is there, so that at any moment one of both is there in one piece.
    `is_durable` says whether to wait until it is on the disk."""
    draft = path + ".new"
    if os.path.exists(draft):
        os.unlink(draft)
    file = AppendFile(draft)
    try:
        file.append(text)
        if is_durable:
            file.synchronize()
    finally:
        file.close()
    os.rename(draft, path)
    if not is_durable:
        return
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class FileLock:
    """A file that is this process's alone until it is released or the process ends."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise OSError(f"cannot lock (does another agent of this instance run?) {path}: {error.strerror}") from None

    def release(self) -> None:
        # A child that was forked meanwhile holds the descriptor too until it runs its own program.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
