"""A control plane that records what agents send, with the rules of the real one that reports depend on.

Tests with real bots use the real server (`control_plane.py`). Tests with simulated bots use this one: they check single requests, their order
and their times of arrival, which the real server does not keep.
"""

import contextlib
import datetime
import http.server
import json
import socket
import threading
import time
import uuid

from flotilla_agent.files import decode

#: The members that identify an element of a kind, and the member whose newest value counts; None if an element never changes.
RULES = {
    "metrics": (("instance_id", "symbol", "metric_type", "timestamp"), None),
    "positions": (("instance_id", "symbol"), "updated_at"),
    "costs": (("instance_id", "entry_id"), None),
    "orders": (("instance_id", "order_id"), "updated_at"),
    "fills": (("instance_id", "fill_id"), None),
    "trades": (("instance_id", "trade_id"), "updated_at"),
    "balances": (("instance_id", "account_id"), "timestamp"),
    "log": (("instance_id", "line_id"), None),
}


def moment(text):
    return datetime.datetime.fromisoformat(text)


class Recorder(http.server.ThreadingHTTPServer):
    """Listens on loopback. `stop` makes it unavailable."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.changed = threading.Condition()
        self.connections = []
        #: The records that were sent to be compared with the books.
        self.books = []
        #: The stored elements of each kind by their id.
        self.stored = {kind: {} for kind in RULES}
        #: Elements that contradict a stored one.
        self.conflicts = []
        #: The newest heartbeat of each instance, and all of them.
        self.heartbeats = {}
        self.history = []
        #: The commands that were not acknowledged finally, and the acknowledgements of each command with the time of their arrival.
        self.pending = {}
        self.acknowledgements = {}
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def process_request(self, request, address):
        self.connections.append(request)
        super().process_request(request, address)

    def stop(self):
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def send(self, instance, command_type, payload=None, seconds=120):
        """Gives a command to an instance, and returns its id."""
        now = datetime.datetime.now(datetime.timezone.utc)
        command = {
            "command_id": str(uuid.uuid4()),
            "instance_id": instance,
            "command_type": command_type,
            "issued_at": now.isoformat(),
            "expires_at": (now + datetime.timedelta(seconds=seconds)).isoformat(),
            "payload": payload or {},
        }
        with self.changed:
            self.pending.setdefault(instance, []).append(command)
            self.changed.notify_all()
        return command["command_id"]

    def outcome(self, command_id, seconds=90):
        """Waits for the final acknowledgement of a command."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for acknowledgement in self.acknowledgements.get(command_id, []):
                    if acknowledgement["status"] != "ACCEPTED":
                        return acknowledgement
                assert self.changed.wait(end - time.monotonic()), f"no outcome of {command_id} within {seconds} seconds"

    def elements(self, kind, instance):
        """The stored elements of an instance."""
        with self.changed:
            return [element for element in self.stored[kind].values() if element["instance_id"] == instance]

    # Requests

    def respond(self, method, path, body):
        parts = path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["ingest", "heartbeat"]:
            with self.changed:
                self.heartbeats[body["instance_id"]] = body
                self.history.append((time.monotonic(), body))
                self.changed.notify_all()
            return 202, {"status": "accepted"}
        if parts[0] == "ingest":
            return 202, {"status": "accepted", "items": [self.store(parts[1], *pair) for pair in enumerate(body)]}
        if method == "GET":
            return 200, self.wait(parts[1], int(path.partition("wait=")[2].rstrip("s") or 0))
        if parts == ["reconcile", "books"]:
            self.books.append(body)
            answer = {"instance_id": body["instance_id"], "compared_at": body["timestamp"], "findings": [], "is_complete": True}
            return 200, answer
        body["arrived"] = time.monotonic()
        with self.changed:
            self.acknowledgements.setdefault(parts[1], []).append(body)
            if body["status"] != "ACCEPTED":
                for instance, commands in self.pending.items():
                    self.pending[instance] = [command for command in commands if command["command_id"] != parts[1]]
            self.changed.notify_all()
        return 202, {"command_status": body["status"]}

    def store(self, kind, index, element):
        members, newest = RULES[kind]
        key = tuple(element.get(member) for member in members)
        with self.changed:
            stored = self.stored[kind].get(key)
            if stored is None or (newest and moment(element[newest]) > moment(stored[newest])):
                self.stored[kind][key] = element
            elif newest is None and stored != element:
                self.conflicts.append((kind, stored, element))
                return {"index": index, "status": "rejected", "code": "FILL_ID_TAKEN", "detail": "different content"}
            self.changed.notify_all()
        return {"index": index, "status": "accepted"}

    def wait(self, instance, seconds):
        end = time.monotonic() + seconds
        with self.changed:
            while not self.new(instance) and (left := end - time.monotonic()) > 0:
                self.changed.wait(left)
            return self.pending.get(instance, [])

    def new(self, instance):
        return [command for command in self.pending.get(instance, []) if command["command_id"] not in self.acknowledgements]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet.
    wbufsize = -1

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = decode(self.rfile.read(length)) if length else None
        status, answer = self.server.respond(self.command, self.path, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_POST = do_GET

    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
