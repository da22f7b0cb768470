"""A small client for Redis on the standard library.

The stream adapter needs four commands, so the agent does not depend on a client library for them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import typing
import urllib.parse

#: A reply: bytes, int, None, or a list of replies.
Reply = typing.Any


class RedisFailure(Exception):
    """Redis cannot be reached, did not answer in time, or answered an error."""


class Redis:
    """One connection, which is opened on the first call and again after a failure. Calls must not overlap."""

    #: The longest reply element, in bytes.
    LONGEST = 64 << 20

    def __init__(self, url: str, password: str | None, timeout: float = 5) -> None:
        """`url` is `redis://HOST:PORT/DATABASE`, or `rediss://…` for TLS, with an optional user. Raises ValueError for another form."""
        parts = urllib.parse.urlsplit(url)
        database = parts.path.strip("/") or "0"
        if parts.scheme not in ("redis", "rediss") or not parts.hostname or not database.isdigit():
            raise ValueError(f"found '{url}', expected redis://HOST:PORT/DATABASE")
        self._address = parts.hostname, parts.port or 6379
        self._is_encrypted = parts.scheme == "rediss"
        self._user, self._password, self._database = parts.username, password, database
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._file: typing.BinaryIO | None = None

    def call(self, *words: str | int, wait: float = 0) -> Reply:
        """Sends a command and returns its reply; raises RedisFailure. `wait` is how long the command itself may block, in seconds."""
        try:
            if self._socket is None:
                self._connect()
            assert self._socket is not None  # _connect has set it
            self._socket.settimeout(self._timeout + wait)
            return self._exchange(words)
        except (OSError, ValueError) as error:
            self.close()
            text = "no answer in time" if isinstance(error, TimeoutError) else str(error) or repr(error)
            raise RedisFailure(f"Redis at {self._address[0]}:{self._address[1]}: {text}") from None

    def close(self) -> None:
        """Closes the connection. A call in progress fails."""
        connection, self._socket, self._file = self._socket, None, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _connect(self) -> None:
        connection = socket.create_connection(self._address, self._timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_encrypted:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=self._address[0])
        self._socket, self._file = connection, connection.makefile("rb")
        if self._password:
            self._exchange(("AUTH", self._user or "default", self._password) if self._user else ("AUTH", self._password))
        if self._database != "0":
            self._exchange(("SELECT", self._database))

    def _exchange(self, words: tuple[str | int, ...]) -> Reply:
        assert self._socket is not None  # the callers have connected
        parts = [str(word).encode() for word in words]
        request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(request)
        reply = self._read(0)
        if isinstance(reply, RedisFailure):
            raise reply
        return reply

    def _read(self, depth: int) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisFailure(f"Redis refused: {rest.decode(errors='replace')}")
        if kind == b":":
            return int(rest)
        if kind not in (b"$", b"*") or depth > 8:
            raise ValueError(f"found {line[:40]!r}, expected a reply of Redis")
        size = int(rest)
        if size < 0:
            return None
        if size > self.LONGEST:
            raise ValueError(f"found a reply of {size} elements, expected at most {self.LONGEST}")
        if kind == b"*":
            return [self._read(depth + 1) for _ in range(size)]
        assert self._file is not None  # the callers have connected
        data = self._file.read(size + 2)
        if len(data) != size + 2:
            raise ConnectionError("the connection ended")
        return data[:-2]

    def _line(self) -> bytes:
        if self._file is None:
            raise ConnectionError("the connection was closed")
        line = self._file.readline(65_536)
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection ended")
        return line[:-2]
