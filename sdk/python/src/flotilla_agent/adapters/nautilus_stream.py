"""Connects a NautilusTrader node over the Redis stream of its message bus, read-only."""

from __future__ import annotations

import collections.abc
import datetime
import threading
import time
import typing
from decimal import Decimal

from .. import contract
from ..files import decode, encode
from ..telemetry import ContractReport
from .adapter import Adapter, BotFailure, Changes, OpenOrder, OpenTrade, Snapshot, Unsupported
from .identity import Identity
from .nautilus_book import Book
from .nautilus_book_json import book_from_json, book_to_json
from .nautilus_events import Event
from .nautilus_reports import newest
from .redis import Redis, RedisFailure
from .values import exact

#: The beginnings of the topics that are read.
_TOPICS = ("events.order.", "events.position.", "events.account.", "events.risk", "events.system.")
_HEARTBEAT = "health:heartbeat"
_READ_ONLY = "the node is connected through its Redis stream, which is read-only; add FlotillaActor to the node to send it commands"


class StreamAdapter(Adapter):
    """Reads the stream that `MessageBusConfig(database=…, encoding="json", stream_per_topic=False)` makes. It has no effects."""

    #: The number of entries per request.
    PAGE = 1000
    #: How long a call reads before it lets the next call continue, in seconds.
    BUDGET = 3.0

    def __init__(
        self, url: str, password: str | None, stream: str, *, runtime_mode: str = "LIVE", stall: float = 30
    ) -> None:
        """`stream` is the key of the stream. `stall` is how old the newest entry may be if the node sends heartbeats, in seconds. Raises
        ValueError for an invalid URL."""
        self._stream = stream
        self._runtime_mode = runtime_mode
        self._stall = stall
        self._redis = Redis(url, password)
        self._listener = Redis(url, password)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._is_behind = threading.Event()
        self._forget()

    def _forget(self) -> None:
        self._book = Book()
        self._last = "0-0"
        #: When the node sent its last heartbeat, in milliseconds of Redis; None before the first.
        self._beat: int | None = None
        self._pending: list[ContractReport] = []
        self._cursor = ""
        self._has_traded = False

    # Reading

    def _call(self, *words: str | int) -> typing.Any:
        try:
            return self._redis.call(*words)
        except RedisFailure as error:
            raise BotFailure(str(error)) from None

    def _read(self) -> None:
        """Applies the new entries of the stream."""
        end = time.monotonic() + self.BUDGET
        self._is_behind.clear()
        while True:
            reply = self._call("XREAD", "COUNT", self.PAGE, "STREAMS", self._stream, self._last)
            entries = reply[0][1] if reply else []
            for number, members in entries:
                # An entry without members was deleted while it was read.
                if members:
                    self._apply(number.decode(), members)
                self._last = number.decode()
            if len(entries) < self.PAGE:
                return
            if time.monotonic() > end:
                self._is_behind.set()
                return

    def _apply(self, number: str, members: list[bytes]) -> None:
        values = dict(zip(members[::2], members[1::2]))
        topic = values.get(b"topic", b"").decode(errors="replace")
        if topic == _HEARTBEAT:
            self._beat = int(number.partition("-")[0])
        if not topic.startswith(_TOPICS):
            return
        try:
            event: Event = decode(values[b"payload"])
            if topic.startswith("events.system.") and event.get("component_type") == "Trader" and event["state"] == "READY":
                # A new process of the node.
                self._book.trading_state, self._book.components = "ACTIVE", {}
            reports = self._book.apply(event)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            reports = [self._nonsense(number, topic, error)]
        self._has_traded = self._has_traded or topic.startswith("events.position.")
        self._pending += reports

    def _nonsense(self, number: str, topic: str, error: Exception) -> ContractReport:
        """An entry that cannot be read is shown, and does not stop the others."""
        at = datetime.datetime.fromtimestamp(int(number.partition("-")[0]) / 1000, datetime.timezone.utc)
        text = f"Flotilla cannot read entry {number} of {self._stream} ({topic[:100]}): {error!r}; encoding must be json"[:2000]
        return contract.LogLine("", f"stream-{number}", contract.LogLevel.ERROR, text.replace("\0", ""), at, "flotilla")

    # Questions

    def identity(self) -> Identity:
        with self._lock:
            self._read()
            book = self._book
            venues = sorted({report.venue for report in book.balances.values() if report.venue})
            symbols = sorted(book.symbols)
            mode = self._runtime_mode
            return Identity(
                exchange=venues[0] if venues else "unknown",
                symbol=symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols" if symbols else "unknown",
                runtime_mode=mode,
                version="unknown",
                software="nautilus_trader",
                strategy_name=",".join(sorted(book.strategies))[:64] or None,
                symbols=tuple(symbols[:500]),
                accounts=tuple(
                    contract.Account(report.venue or "unknown", report.account_id or "unknown", contract.RuntimeMode(mode))
                    for report in list(book.balances.values())[:32]
                ),
            )

    def snapshot(self) -> Snapshot:
        with self._lock:
            self._read()
            book = self._book
            state = book.components.get(book.trader_id)
            is_running = state == "RUNNING"
            if self._last == "0-0":
                raise BotFailure(f"the stream {self._stream} is empty or does not exist")
            if is_running and self._beat is not None:
                seconds, _ = self._call("TIME")
                age = int(seconds) - self._beat / 1000
                if age > self._stall:
                    raise BotFailure(f"no heartbeat of the node for {age:.0f} seconds")
            return Snapshot(
                is_running=is_running,
                permits_entries=is_running and book.trading_state == "ACTIVE",
                trades=tuple(OpenTrade(key, trade.report.symbol, str(trade.report.quantity)) for key, trade in book.trades.items()),
                orders=tuple(OpenOrder(key, order.report.symbol) for key, order in book.orders.items()),
            )

    def changes(self, cursor: str) -> Changes:
        with self._lock:
            if not cursor or cursor != self._cursor:
                self._restore(cursor)
            self._read()
            reports = newest(self._pending)
            if self._has_traded:
                reports += self._money()
            body = {"last": self._last, "beat": self._beat, "book": book_to_json(self._book)}
            self._pending, self._has_traded, self._cursor = [], False, encode(body)
            return Changes(reports, self._cursor)

    def _restore(self, cursor: str) -> None:
        """Continues at the cursor of an earlier process; reads the whole stream if it is empty or damaged."""
        self._forget()
        try:
            body = decode(cursor)
            book, last, beat = book_from_json(body["book"]), str(body["last"]), body["beat"]
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            return
        self._book, self._last, self._beat = book, last, beat

    def _money(self) -> list[ContractReport]:
        """Realized profit and positions. The stream has no market prices, so positions have the price of the last fill."""
        now = datetime.datetime.now(datetime.timezone.utc)
        book = self._book
        realized = book.realized_by_symbol()
        currencies = {symbol: currency for symbol, currency in realized}
        reports: list[ContractReport] = [
            contract.MetricSample("", symbol, "realized_pnl", exact(value), now, currency)
            for (symbol, currency), value in realized.items()
        ]
        net = {symbol: Decimal(0) for symbol in book.prices}
        gross = dict(net)
        for trade in book.trades.values():
            symbol = trade.report.symbol
            net[symbol] += trade.exposed * book.prices[symbol]
            gross[symbol] += trade.report.quantity * book.prices[symbol]
        return reports + [
            contract.PositionReport("", symbol, exact(net[symbol]), exact(gross[symbol]), now, currencies.get(symbol)) for symbol in sorted(net)
        ]

    def listen(self, changed: threading.Event) -> None:
        """Waits for entries in a separate connection."""
        last = "$"
        while not self._closed.is_set():
            reply = self._listener.call("XREAD", "COUNT", 100, "BLOCK", 5000, "STREAMS", self._stream, last, wait=5)
            if reply:
                entries = reply[0][1]
                last = entries[-1][0].decode()
                if any(dict(zip(members[::2], members[1::2])).get(b"topic", b"").startswith(b"events.") for _, members in entries):
                    changed.set()
            if self._is_behind.is_set():
                changed.set()

    def close(self) -> None:
        self._closed.set()
        self._redis.close()
        self._listener.close()

    # Effects: each says what the operator can do instead

    def pause_entries(self) -> None:
        raise Unsupported(_READ_ONLY)

    def reduce_only(self) -> None:
        raise Unsupported(_READ_ONLY)

    def resume(self) -> None:
        raise Unsupported(_READ_ONLY)

    def stop(self) -> None:
        raise Unsupported(_READ_ONLY)

    def restart(self) -> None:
        raise Unsupported(_READ_ONLY)

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        raise Unsupported(_READ_ONLY)

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        raise Unsupported(_READ_ONLY)
