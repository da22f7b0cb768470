"""The history of a run: requests, responses and their times. The judge has no other input."""

import json
import threading
import time
from dataclasses import dataclass, field

# The server did not process the request; the client must retry it unchanged.
RETRY_STATUSES = (408, 429)


@dataclass(frozen=True, slots=True)
class Operation:
    """A request with its response, or another observation of a client. Times are seconds since the run began."""

    kind: str
    subject: str
    start: float
    end: float
    status: int | None = 200
    sent: dict = field(default_factory=dict)
    response: object = None

    @property
    def is_acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_rejected(self) -> bool:
        return self.status is not None and 400 <= self.status < 500 and self.status not in RETRY_STATUSES

    @property
    def is_unknown(self) -> bool:
        """Whether the server may have processed the request, or may still process it."""
        return not self.is_acknowledged and not self.is_rejected


@dataclass(frozen=True, slots=True)
class Window:
    """The time from the start of a fault until the server was ready again, in seconds since the run began."""

    fault: str
    start: float
    end: float
    # Whether the service may have been unavailable: no server listened, or no server could reach the database.
    is_outage: bool
    # Whether no server listened during the whole window.
    is_gap: bool = True


class History:
    """Operations in the order in which they ended. Thread-safe."""

    def __init__(self, epoch: float | None = None):
        self.epoch = time.time() if epoch is None else epoch
        self._origin = time.monotonic()
        self._lock = threading.Lock()
        self.operations: list[Operation] = []
        self.windows: list[Window] = []

    def now(self) -> float:
        return time.monotonic() - self._origin

    def add(self, operation: Operation):
        with self._lock:
            self.operations.append(operation)

    def discard(self, prefix: str):
        """Removes the operations whose kind begins with the prefix."""
        with self._lock:
            self.operations = [operation for operation in self.operations if not operation.kind.startswith(prefix)]

    def of(self, *kinds: str) -> list[Operation]:
        return [operation for operation in self.operations if operation.kind in kinds]

    def wall_time(self, at: float) -> str:
        """The UTC time of day, with milliseconds."""
        seconds = self.epoch + at
        return time.strftime("%H:%M:%S", time.gmtime(seconds)) + f"{seconds % 1:.3f}"[1:]

    def line(self, operation: Operation) -> str:
        """The operation as a line of a report. Observations that are not requests have no response."""
        line = f"{self.span(operation)} {operation.kind} {operation.subject} {json.dumps(operation.sent, default=str)}"
        if operation.kind in ("alert", "effect", "event"):
            return line
        response = json.dumps(operation.response, default=str)
        return f"{line} → {operation.status or 'no response'} {response if len(response) < 300 else response[:300] + '…'}"

    def span(self, item: Operation | Window) -> str:
        return f"{self.wall_time(item.start)} {item.start:9.3f}–{item.end:.3f}"

    def save(self, path):
        with open(path, "w") as file:
            file.write(json.dumps({"epoch": self.epoch, "windows": [[w.fault, w.start, w.end, w.is_outage, w.is_gap] for w in self.windows]}) + "\n")
            for o in self.operations:
                file.write(json.dumps([o.kind, o.subject, o.start, o.end, o.status, o.sent, o.response], default=str) + "\n")

    @staticmethod
    def load(path) -> "History":
        with open(path) as file:
            header = json.loads(file.readline())
            history = History(header["epoch"])
            history.windows = [Window(*window) for window in header["windows"]]
            history.operations = [Operation(*json.loads(line)) for line in file]
        return history
