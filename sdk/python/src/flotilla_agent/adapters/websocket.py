"""A WebSocket client for messages that a bot sends (RFC 6455), with the standard library.

An adapter only reads text messages, so this is shorter than the glue around a library, and an agent inside of a bot's own environment cannot
conflict with the library's version there.
"""

from __future__ import annotations

import base64
import collections.abc
import hashlib
import os
import socket
import ssl
import struct
import urllib.parse

#: The key's suffix in the handshake (RFC 6455, section 1.3).
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class WebSocket:
    """A connection to a WebSocket server. It raises OSError when it ends, for any reason."""

    #: The time limit of the handshake, in seconds.
    HANDSHAKE_LIMIT = 10.0
    #: How long the server may be silent before a ping, and again before the connection counts as lost, in seconds.
    SILENCE_LIMIT = 20.0
    #: The maximum size of a message, in bytes.
    MAXIMUM_SIZE = 4 << 20

    def __init__(self, url: str) -> None:
        """Connects to a `ws` or `wss` URL; raises OSError."""
        parts = urllib.parse.urlsplit(url)
        is_secure = parts.scheme == "wss"
        host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
        self._socket = socket.create_connection((host, port), self.HANDSHAKE_LIMIT)
        self._received = b""
        try:
            if is_secure:
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
            self._shake_hands(f"{parts.path}?{parts.query}", f"{host}:{port}")
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Closes the connection, so that a read in another thread ends."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def send(self, text: str) -> None:
        """Sends a text message."""
        self._send(_TEXT, text.encode())

    def messages(self) -> collections.abc.Iterator[str]:
        """The text messages, until the connection ends with OSError."""
        message = b""
        while True:
            is_final, kind, payload = self._frame()
            if kind == _PING:
                self._send(_PONG, payload)
            elif kind == _CLOSE:
                raise OSError("the server closed the connection")
            elif kind != _PONG:
                message += payload
                if len(message) > self.MAXIMUM_SIZE:
                    raise OSError(f"the message is larger than {self.MAXIMUM_SIZE} bytes")
                if is_final:
                    text, message = message.decode(errors="replace"), b""
                    yield text

    def _shake_hands(self, target: str, host: str) -> None:
        key = base64.b64encode(os.urandom(16))
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}",
            "Sec-WebSocket-Version: 13",
            "",
            "",
        ]
        self._socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._received:
            self._receive()
            if len(self._received) > 65_536:
                raise OSError("the header of the handshake is too long")
        header, _, self._received = self._received.partition(b"\r\n\r\n")
        first, *rest = header.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        expected = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        if first.split(" ")[1:2] != ["101"] or fields.get("sec-websocket-accept") != expected:
            raise OSError(f"the server refused the handshake: {first[:100]}")
        self._socket.settimeout(self.SILENCE_LIMIT)

    def _frame(self) -> tuple[bool, int, bytes]:
        """One frame: whether it is the last of its message, its kind, and its payload."""
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        if size > self.MAXIMUM_SIZE:
            raise OSError(f"the frame is larger than {self.MAXIMUM_SIZE} bytes")
        mask = self._take(4) if second & 0x80 else b""
        payload = self._take(size)
        return bool(first & 0x80), first & 0x0F, _masked(payload, mask) if mask else payload

    def _send(self, kind: int, payload: bytes) -> None:
        # Clients mask every frame (section 5.3).
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | kind, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x80 | kind, 0xFE, size)
        self._socket.sendall(head + mask + _masked(payload, mask))

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            self._receive()
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _receive(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except TimeoutError:
            self._send(_PING, b"")
            data = self._socket.recv(65_536)
        if not data:
            raise OSError("the connection is closed")
        self._received += data


def _masked(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
