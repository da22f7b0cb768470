"""Tests of how the proxy selects targets."""

import contextlib
import socket
import threading

from proxy import Proxy


@contextlib.contextmanager
def server(name: bytes):
    """A server that sends its name on each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(name)
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def response_of(proxy: Proxy) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        return connection.recv(10)


def test_connections_go_to_the_targets_in_turn_and_skip_closed_ones():
    with server(b"one") as one:
        with server(b"two") as two:
            proxy = Proxy(one, two)
            assert sorted(response_of(proxy) for _ in range(4)) == [b"one", b"one", b"two", b"two"]
            proxy.targets = (two,)
            assert {response_of(proxy) for _ in range(4)} == {b"two"}
        proxy.targets = (one, two)
        assert {response_of(proxy) for _ in range(4)} == {b"one"}
