"""File operations with the durability that an agent needs, and JSON with exact numbers."""

from __future__ import annotations

import decimal
import fcntl
import json
import os
import typing


def encode(value: object) -> str:
    """Encodes a value as JSON. A Decimal becomes a JSON number with all its digits.

    Raises ValueError for NaN and infinity, and TypeError for values that JSON does not support.
    """
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be encoded as JSON: it must be a finite number")
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{encode(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(encode, value)) + "]"
    return json.dumps(value, allow_nan=False)


def decode(text: str | bytes) -> typing.Any:
    """Decodes JSON. Numbers with a fraction or an exponent become Decimal. Raises ValueError if the text is not JSON."""
    return json.loads(text, parse_float=decimal.Decimal)


class AppendFile:
    """A file that is open for appending. It is created if it does not exist."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, text: str) -> None:
        """Appends the text. It survives the end of the process, but survives a crash of the machine only after `synchronize`."""
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def synchronize(self) -> None:
        """Waits until all appended text is on the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Closes the file. A later `append` raises OSError, because the descriptor may belong to another file by then."""
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)


def read(path: str) -> bytes | None:
    """The content of a file; None if it does not exist."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def complete_lines(data: bytes) -> list[bytes]:
    """The complete, non-empty lines of a file. An incomplete last line was being written when the process stopped."""
    return [line for line in data.split(b"\n")[:-1] if line]


def replace(path: str, text: str, is_durable: bool = True) -> None:
    """Replaces a file atomically: a reader sees either the old content or the new. With `is_durable` it waits until the new content is on
    the disk."""
    temporary_path = path + ".new"
    if os.path.exists(temporary_path):
        os.unlink(temporary_path)
    file = AppendFile(temporary_path)
    try:
        file.append(text)
        if is_durable:
            file.synchronize()
    finally:
        file.close()
    os.rename(temporary_path, path)
    if not is_durable:
        return
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise OSError(f"cannot lock (is another agent of this instance running?) {path}: {error.strerror}") from None

    def release(self) -> None:
        """Releases the lock. Call it once."""
        # Unlock explicitly: a forked child keeps a copy of the descriptor until it calls exec.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
