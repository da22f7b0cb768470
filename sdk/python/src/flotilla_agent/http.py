"""HTTP with the standard library, with one time limit for a whole request."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
import typing
import urllib.parse

from .control_plane import Response


class HTTPTransport:
    """Sends an agent's requests to a control plane over HTTP. Connections are reused. Redirects are not followed."""

    #: The maximum size of a response, in bytes.
    MAXIMUM_RESPONSE_SIZE = 16 << 20

    def __init__(self, url: str, token: str | None = None) -> None:
        """`url` is the base URL, without a slash at the end. `token` is the agent token of the instance; None if it has none."""
        parts = urllib.parse.urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path
        self._token = token
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes | None, limit: float) -> Response:
        """Sends a request within `limit` seconds; raises OSError."""
        end = time.monotonic() + limit
        if self._token:
            headers = {"X-Agent-Token": self._token, **headers}
        connection = self._take()
        try:
            response = connection.call(method, self._path + path, headers, body, end)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server may have closed an idle connection. A retry is safe, because all requests of an agent are idempotent.
            self._drop(connection)
            if not connection.is_used:
                raise
            connection = self._take(fresh=True)
            try:
                response = connection.call(method, self._path + path, headers, body, end)
            except BaseException as error:
                self._drop(connection)
                raise _as_os_error(error)
        except BaseException as error:
            self._drop(connection)
            raise _as_os_error(error)
        connection.is_used = True
        with self._lock:
            self._busy.discard(connection)
            if connection.sock is not None:
                self._idle.append(connection)
        return response

    def close(self) -> None:
        """Closes all connections, so that threads with a request in flight do not wait."""
        with self._lock:
            connections = [*self._idle, *self._busy]
        for connection in connections:
            connection.abort()

    def _take(self, fresh: bool = False) -> _Connection:
        with self._lock:
            if fresh or not self._idle:
                connection = _Connection(self._scheme, self._host, self._port)
            else:
                connection = self._idle.pop()
            self._busy.add(connection)
        return connection

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            self._busy.discard(connection)
        connection.close()


def _as_os_error(error: BaseException) -> BaseException:
    return OSError(repr(error)) if isinstance(error, (http.client.HTTPException, ValueError)) else error


class _Connection:
    def __init__(self, scheme: str, host: str, port: int | None) -> None:
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        self._http = kind(host, port)
        self._limited: _LimitedSocket | None = None
        self.is_used = False

    @property
    def sock(self) -> object:
        return self._http.sock

    def call(self, method: str, path: str, headers: dict[str, str], body: bytes | None, end: float) -> Response:
        if self._http.sock is None:
            self._http.timeout = min(5.0, max(end - time.monotonic(), 0.001))
            self._http.connect()
            sock = typing.cast(socket.socket, self._http.sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._limited = _LimitedSocket(sock)
            self._http.sock = typing.cast(typing.Any, self._limited)
        assert self._limited is not None  # set when the connection was opened
        self._limited.end = end
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        data = response.read(HTTPTransport.MAXIMUM_RESPONSE_SIZE + 1)
        if len(data) > HTTPTransport.MAXIMUM_RESPONSE_SIZE:
            raise OSError(f"the response is larger than {HTTPTransport.MAXIMUM_RESPONSE_SIZE} bytes")
        return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def abort(self) -> None:
        if self._limited is not None:
            self._limited.abort()

    def close(self) -> None:
        self._http.close()


class _LimitedSocket:
    """A socket with one deadline for all reads and writes, so that a slow server cannot extend a request."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.end = 0.0
        self._readers = 0
        self._is_closed = False

    def _limit(self) -> None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no complete response within the time limit")
        self._sock.settimeout(left)

    def sendall(self, data: bytes) -> None:
        self._limit()
        self._sock.sendall(data)

    def receive(self, buffer: typing.Any) -> int:
        self._limit()
        return self._sock.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def end_reader(self) -> None:
        self._readers -= 1
        self._close_unused()

    def abort(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        # http.client closes the socket before it reads the body of a response after which the server closes the connection.
        self._is_closed = True
        self._close_unused()

    def _close_unused(self) -> None:
        if self._is_closed and self._readers <= 0:
            self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, sock: _LimitedSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: typing.Any) -> int:
        return self._sock.receive(buffer)

    def close(self) -> None:
        if not self.closed:
            self._sock.end_reader()
        super().close()
