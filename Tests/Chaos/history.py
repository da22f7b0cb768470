"""What was asked, what was answered, and when: all that the judge knows of a run."""

import json
import threading
import time
from dataclasses import dataclass, field

# Not carried out, and to be sent again as it is.
NOT_NOW = (408, 429)


@dataclass(frozen=True, slots=True)
class Operation:
    """A request and its answer, or something else that a client saw. Times are seconds since the run began."""

    kind: str
    subject: str
    start: float
    end: float
    status: int | None = 200
    sent: dict = field(default_factory=dict)
    answer: object = None

    @property
    def is_acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        return self.status is not None and 400 <= self.status < 500 and self.status not in NOT_NOW

    @property
    def is_unknown(self) -> bool:
        """Nothing says that it was carried out, or that it never will be."""
        return not self.is_acknowledged and not self.is_refused


@dataclass(frozen=True, slots=True)
class Window:
    """A fault, until the server was ready again."""

    fault: str
    start: float
    end: float
    # Whether no server listened, or none reached the database.
    is_away: bool
    # Whether that is sure for all of the time.
    is_gap: bool = True


class History:
    """Operations in the order in which they ended. Many threads add to it."""

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

    def forget(self, prefix: str):
        with self._lock:
            self.operations = [operation for operation in self.operations if not operation.kind.startswith(prefix)]

    def of(self, *kinds: str) -> list[Operation]:
        return [operation for operation in self.operations if operation.kind in kinds]

    def wall(self, at: float) -> str:
        seconds = self.epoch + at
        return time.strftime("%H:%M:%S", time.gmtime(seconds)) + f"{seconds % 1:.3f}"[1:]

    def line(self, operation: Operation) -> str:
        """As it stands in a report; what was only seen has no answer."""
        line = f"{self.span(operation)} {operation.kind} {operation.subject} {json.dumps(operation.sent, default=str)}"
        if operation.kind in ("alert", "effect", "event"):
            return line
        answer = json.dumps(operation.answer, default=str)
        return f"{line} → {operation.status or 'no answer'} {answer if len(answer) < 300 else answer[:300] + '…'}"

    def span(self, item: Operation | Window) -> str:
        return f"{self.wall(item.start)} {item.start:9.3f}–{item.end:.3f}"

    def save(self, path):
        with open(path, "w") as file:
            file.write(json.dumps({"epoch": self.epoch, "windows": [[w.fault, w.start, w.end, w.is_away, w.is_gap] for w in self.windows]}) + "\n")
            for o in self.operations:
                file.write(json.dumps([o.kind, o.subject, o.start, o.end, o.status, o.sent, o.answer], default=str) + "\n")

    @staticmethod
    def load(path) -> "History":
        with open(path) as file:
            header = json.loads(file.readline())
            history = History(header["epoch"])
            history.windows = [Window(*window) for window in header["windows"]]
            history.operations = [Operation(*json.loads(line)) for line in file]
        return history
