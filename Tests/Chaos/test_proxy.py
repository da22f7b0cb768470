"""Where the proxy sends connections."""

import contextlib
import socket
import threading

from proxy import Proxy


@contextlib.contextmanager
def server(name: bytes):
    """Says its name to each connection."""
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


def answer(proxy: Proxy) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        return connection.recv(10)


def test_connections_go_to_the_servers_in_turn_and_around_one_that_is_closed():
    with server(b"one") as one:
        with server(b"two") as two:
            proxy = Proxy(one, two)
            assert sorted(answer(proxy) for _ in range(4)) == [b"one", b"one", b"two", b"two"]
            proxy.targets = (two,)
            assert {answer(proxy) for _ in range(4)} == {b"two"}
        proxy.targets = (one, two)
        assert {answer(proxy) for _ in range(4)} == {b"one"}
