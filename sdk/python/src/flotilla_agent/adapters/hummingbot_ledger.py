"""The durable record of what a hummingbot said, because hummingbot says most of it once and cannot be asked again."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import threading
import time
import typing
import uuid
from decimal import Decimal

from .. import contract
from ..files import decode, encode
from ..telemetry import ContractReport

_JSON = typing.Dict[str, typing.Any]

_KINDS: dict[str, type[typing.Any]] = {
    "order": contract.OrderReport,
    "fill": contract.Fill,
    "cost": contract.CostEntry,
    "line": contract.LogLine,
}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, is_open INTEGER NOT NULL, stored_at REAL NOT NULL,
    body TEXT NOT NULL, UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS report_open ON report (sequence) WHERE is_open;
CREATE TABLE IF NOT EXISTS pending (id TEXT PRIMARY KEY, heard_at REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS net (symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclasses.dataclass(frozen=True)
class HeardFill:
    """A fill as the bridge's event tells it."""

    fill_id: str
    #: When it was heard, in seconds since 1970.
    heard_at: float
    body: _JSON


class Ledger:
    """Orders, fills and log lines of one bot in an SQLite file, each numbered when it was added or changed.

    It survives `kill -9`. Every method may be called from any thread.
    """

    #: How long reports are kept, in seconds. Open orders are kept longer.
    RETENTION = 30 * 86_400.0
    #: The number of log lines that are kept.
    LINES = 500

    def __init__(self, path: str) -> None:
        """Opens or creates the file; `:memory:` keeps it in memory. Raises OSError."""
        if directory := os.path.dirname(path):
            os.makedirs(directory, mode=0o700, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A crash of the machine may lose the last messages, but does not damage the file.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
            self._generation = self.fact("generation") or uuid.uuid4().hex
            self.set_fact("generation", self._generation)
            self._pruned_at = -1e9
            self._prune()
        except sqlite3.Error as error:
            raise OSError(f"cannot use {path}: {error}") from None

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> typing.Iterator[None]:
        """All changes inside are stored together, or none of them."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def fact(self, name: str) -> str | None:
        """A remembered value."""
        row = self._one("SELECT value FROM fact WHERE name = ?", name)
        return str(row[0]) if row else None

    def set_fact(self, name: str, value: str) -> None:
        """Remembers a value."""
        self._run("INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value)

    # Reports

    def since(self, cursor: str) -> tuple[list[ContractReport], str]:
        """The reports that were added or changed after a cursor, oldest first, and the next cursor.

        A cursor of another file, or one that is damaged, counts as empty.
        """
        generation, _, text = cursor.partition(":")
        self._prune()
        sequence = int(text) if generation == self._generation and text.isdigit() else 0
        with self._lock:
            rows = self._connection.execute(
                "SELECT sequence, kind, body FROM report WHERE sequence > ? ORDER BY sequence", (sequence,)
            ).fetchall()
        reports = [_KINDS[kind].from_json(decode(body)) for _, kind, body in rows]
        return reports, f"{self._generation}:{rows[-1][0] if rows else sequence}"

    def order(self, order_id: str) -> contract.OrderReport | None:
        """The newest report of an order."""
        row = self._one("SELECT body FROM report WHERE kind = 'order' AND id = ?", order_id)
        return contract.OrderReport.from_json(decode(row[0])) if row else None

    def open_orders(self) -> list[contract.OrderReport]:
        """The orders whose end was not heard, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT body FROM report WHERE is_open ORDER BY sequence").fetchall()
        return [contract.OrderReport.from_json(decode(body)) for (body,) in rows]

    def keep_order(self, order: contract.OrderReport) -> None:
        """Adds or replaces an order."""
        self._keep("order", order.order_id, order, is_open=order.status == contract.OrderStatus.OPEN)

    def keep_line(self, line: contract.LogLine) -> None:
        """Adds a log line."""
        self._keep("line", line.line_id, line)

    # Fills

    def has_fill(self, fill_id: str) -> bool:
        """Whether a fill was kept or is pending."""
        return bool(
            self._one("SELECT 1 FROM report WHERE kind = 'fill' AND id = ? UNION SELECT 1 FROM pending WHERE id = ?", fill_id, fill_id)
        )

    def add_pending(self, fill: HeardFill) -> None:
        """Adds a fill that waits for the bot's own record of it."""
        self._run("INSERT OR IGNORE INTO pending VALUES (?, ?, ?)", fill.fill_id, fill.heard_at, encode(fill.body))

    def pending(self) -> list[HeardFill]:
        """The fills that wait, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT id, heard_at, body FROM pending ORDER BY rowid").fetchall()
        return [HeardFill(fill_id, heard_at, decode(body)) for fill_id, heard_at, body in rows]

    def keep_fill(self, fill: contract.Fill, costs: typing.Iterable[contract.CostEntry]) -> None:
        """Adds a fill permanently, with its fees in further currencies."""
        with self.transaction():
            self._run("DELETE FROM pending WHERE id = ?", fill.fill_id)
            if self._one("SELECT 1 FROM report WHERE kind = 'fill' AND id = ?", fill.fill_id):
                return
            self._keep("fill", fill.fill_id, fill)
            for cost in costs:
                self._keep("cost", cost.entry_id or "", cost)
            quantity = fill.quantity if fill.side == contract.Side.BUY else -fill.quantity
            total = self.net().get(fill.symbol, Decimal(0)) + quantity
            self._run(
                "INSERT INTO net VALUES (?, ?) ON CONFLICT DO UPDATE SET quantity = excluded.quantity", fill.symbol, format(total, "f")
            )

    def net(self) -> dict[str, Decimal]:
        """Bought minus sold of each symbol, over all fills that were ever kept."""
        with self._lock:
            rows = self._connection.execute("SELECT symbol, quantity FROM net ORDER BY symbol").fetchall()
        return {symbol: Decimal(quantity) for symbol, quantity in rows}

    # SQL

    def _keep(self, kind: str, report_id: str, report: ContractReport, is_open: bool = False) -> None:
        # A replaced row gets a new number, so that it is reported again.
        self._run(
            "INSERT OR REPLACE INTO report (kind, id, is_open, stored_at, body) VALUES (?, ?, ?, ?, ?)",
            kind, report_id, int(is_open), time.time(), encode(report.to_json()),
        )

    def _prune(self) -> None:
        """Once an hour, removes what is older than the retention."""
        if time.monotonic() - self._pruned_at < 3600:
            return
        self._pruned_at = time.monotonic()
        self._run("DELETE FROM report WHERE NOT is_open AND stored_at < ?", time.time() - self.RETENTION)
        self._run(
            "DELETE FROM report WHERE kind = 'line' AND sequence NOT IN"
            " (SELECT sequence FROM report WHERE kind = 'line' ORDER BY sequence DESC LIMIT ?)",
            self.LINES,
        )

    def _run(self, statement: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(statement, values)

    def _one(self, statement: str, *values: object) -> tuple[typing.Any, ...] | None:
        with self._lock:
            row: tuple[typing.Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return row
