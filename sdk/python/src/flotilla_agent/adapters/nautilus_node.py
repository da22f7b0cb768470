"""The adapter for a NautilusTrader node in the same process."""

from __future__ import annotations

import collections
import collections.abc
import concurrent.futures
import contextlib
import logging
import threading
import typing
import uuid
from decimal import Decimal

from .. import contract
from ..files import decode, encode
from ..telemetry import ContractReport
from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot, Unsupported
from .identity import Identity
from .nautilus_book import Book
from .nautilus_book_json import realized_from_json, realized_to_json
from .nautilus_effects import NodeEffects
from .nautilus_events import Event, instrument
from .nautilus_gate import OrderGate
from .nautilus_identity import node_identity
from .nautilus_loaded import loaded_events
from .nautilus_money import Money
from .nautilus_reports import newest

_Result = typing.TypeVar("_Result")

#: The topics of the message bus that the adapter reads.
_TOPICS = ["events.order.*", "events.position.*", "events.account.*", "events.risk", "events.system.*"]


class NodeAdapter(Adapter):
    """Connects the node of this process.

    The node's objects belong to the thread of its event loop. Every question and effect therefore runs there, and waits for its result.
    """

    #: How long the event loop may take to answer, in seconds.
    LIMIT = 5.0
    #: The number of final reports that SYNC_BALANCE can repeat.
    HISTORY = 10_000
    #: The pause between two looks at profit and exposure without an event, in seconds.
    MONEY_INTERVAL = 15.0

    def __init__(self, kernel: typing.Any, runtime_mode: str | None = None, is_close_reduce_only: bool = True) -> None:
        """`runtime_mode` is reported instead of PAPER for sandboxes and LIVE. `is_close_reduce_only` is whether the orders that close positions
        are marked as reduce-only, which some venues do not know."""
        self._kernel = kernel
        self._loop = kernel.loop
        self._runtime_mode = runtime_mode
        self._is_close_reduce_only = is_close_reduce_only
        self._logger = logging.getLogger("flotilla.agent.nautilus")
        self._attached: NodeEffects | None = None
        self._book = Book()
        self._money = Money(kernel, self._book)
        self._boot = str(uuid.uuid4())
        #: Guards the book and the reports.
        self._lock = threading.Lock()
        self._pending: list[ContractReport] = []
        self._history: collections.deque[ContractReport] = collections.deque(maxlen=self.HISTORY)
        self._changed: threading.Event | None = None
        self._closed = threading.Event()
        self._calls: set[concurrent.futures.Future[typing.Any]] = set()
        #: The realized profit of each closed position that the node has loaded, with its symbol and currency, and when it was closed.
        self._loaded_profits: list[tuple[int, tuple[str, str], Decimal]] = []
        self._load()
        for topic in _TOPICS:
            kernel.msgbus.subscribe(topic, self._receive)

    def attach(self, gate: OrderGate) -> None:
        """Sets the gate that the effects use. Call it in the thread of the event loop before the first question."""
        self._attached = NodeEffects(self._kernel, gate, self._is_close_reduce_only)

    @property
    def _effects(self) -> NodeEffects:
        assert self._attached is not None  # attach is called first
        return self._attached

    # The event loop

    def _on_loop(self, function: typing.Callable[[], _Result]) -> _Result:
        """Runs a function in the thread of the event loop, and returns its result; raises BotFailure if the loop does not answer."""
        call: concurrent.futures.Future[_Result] = concurrent.futures.Future()

        def run() -> None:
            if call.set_running_or_notify_cancel():
                try:
                    call.set_result(function())
                except Exception as error:
                    call.set_exception(error)

        self._calls.add(call)
        try:
            if self._closed.is_set():
                raise BotFailure("the node has ended")
            self._loop.call_soon_threadsafe(run)
            return call.result(self.LIMIT)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            call.cancel()
            raise BotFailure(f"the node's event loop did not answer within {self.LIMIT:g} seconds") from None
        except RuntimeError as error:
            raise BotFailure(f"the node's event loop has ended: {error}") from None
        finally:
            self._calls.discard(call)

    def _load(self) -> None:
        """Notes what the node has loaded from its cache database. An earlier process may have reported it: the ids are the same."""
        try:
            events = loaded_events(self._kernel.cache)
        except Exception as error:
            # The node must start all the same.
            self._logger.error("cannot read what the node has loaded: %r", error)
            return
        for event in events:
            try:
                self._note_loaded(event)
            except Exception as error:
                self._logger.error("cannot read an event that the node has loaded: %r: %r", error, event)

    def _note_loaded(self, event: Event) -> None:
        book = self._book
        before = dict(book.realized)
        self._keep(book.apply(event))
        changed = [key for key, value in book.realized.items() if value != before.get(key)]
        self._loaded_profits += [(book.closed_until[key], key, book.realized[key] - before.get(key, Decimal(0))) for key in changed]

    def _receive(self, event: typing.Any) -> None:
        """Notes an event. It runs in the thread of the event loop or of a timer, and must not raise: an error would end the node."""
        try:
            name = type(event).__name__
            if not name.startswith(("Order", "Position", "Account", "Trading", "Component")):
                return
            if name.startswith("Account"):
                self._wake()
            else:
                with self._lock:
                    self._keep(self._book.apply(type(event).to_dict(event)))
            if name.startswith(("Position", "Account")):
                self._money.is_stale = True
        except Exception as error:
            self._logger.error("cannot read an event of the node: %r: %r", error, event)

    def _keep(self, reports: list[ContractReport]) -> None:
        self._pending += reports
        for report in reports:
            if isinstance(report, (contract.Fill, contract.LogLine)) or getattr(report, "status", None) not in (
                None, contract.OrderStatus.OPEN, contract.TradeStatus.OPEN,
            ):
                self._history.append(report)
        if reports:
            self._wake()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # Questions

    def identity(self) -> Identity:
        return self._on_loop(lambda: node_identity(self._kernel, self._runtime_mode))

    def snapshot(self) -> Snapshot:
        return self._on_loop(self._snapshot)

    def _snapshot(self) -> Snapshot:
        strategies = self._effects.strategies
        is_running = self._kernel.is_running() and (not strategies or any(strategy.is_running for strategy in strategies))
        closing = {order.client_order_id: position_id for position_id, order in self._effects.gate.closing.items()}
        return Snapshot(
            is_running=is_running,
            permits_entries=is_running and self._effects.gate.trading_state == "ACTIVE",
            trades=tuple(
                OpenTrade(str(position.id), instrument(position.instrument_id)[0], str(position.quantity))
                for position in self._kernel.cache.positions_open()
            ),
            orders=tuple(
                OpenOrder(str(order.client_order_id), instrument(order.instrument_id)[0], closing.get(order.client_order_id))
                for order in self._effects.open_orders()
            ),
        )

    def changes(self, cursor: str) -> Changes:
        return self._on_loop(lambda: self._changes(cursor))

    def _changes(self, cursor: str) -> Changes:
        with self._lock:
            return self._collect(cursor)

    def _collect(self, cursor: str) -> Changes:
        previous: dict[str, typing.Any] = {}
        with contextlib.suppress(ValueError, TypeError):
            previous = decode(cursor) or {}
        is_same = isinstance(previous, dict) and previous.get("boot") == self._boot
        if not is_same:
            self._continue(previous)
        self._note_accounts()
        pending, self._pending = self._pending, []
        # All position events of a fill were published with it.
        pending += self._book.settle()
        reports = pending if is_same else self._everything(pending)
        # A node that ends does not wait for the next look at its money.
        is_last = self._money.is_stale and not self._kernel.trader.is_running
        reports = newest([*reports, *self._money.reports(self.MONEY_INTERVAL, is_forced=is_last or not is_same)])
        closed_until = [[*key, at] for key, at in self._book.closed_until.items()]
        realized = realized_to_json(self._book.realized)
        body = {"boot": self._boot, "realized": realized, "closed_until": closed_until, "symbols": self._money.symbols}
        return Changes(reports, encode(body))

    def _note_accounts(self) -> None:
        """Notes the balances that have changed. The node changes them without an event, too, such as when it loads open positions."""
        for account in self._kernel.cache.accounts():
            event = {
                "account_id": str(account.id),
                "balances": [
                    {"currency": balance.currency.code, "total": balance.total.as_decimal(), "free": balance.free.as_decimal()}
                    for balance in account.balances().values()
                ],
                "ts_init": self._kernel.clock.timestamp_ns(),
            }
            self._keep(self._book.note_balances(event))

    def _continue(self, previous: dict[str, typing.Any]) -> None:
        """Adds the sums of an earlier process, whose trades this node may not know. Loaded positions that it counted count once."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            if previous["boot"] != self._boot:
                sums = list(realized_from_json(previous["realized"]).items())
                closed_until = {(str(symbol), str(currency)): int(at) for symbol, currency, at in previous["closed_until"]}
                symbols = {str(symbol): str(currency) for symbol, currency in previous["symbols"].items()}
                sums += [(key, -profit) for at, key, profit in self._loaded_profits if at <= closed_until.get(key, 0)]
                for key, value in sums:
                    self._book.realized[key] = self._book.realized.get(key, Decimal(0)) + value
                for key, at in closed_until.items():
                    self._book.closed_until[key] = max(self._book.closed_until.get(key, 0), at)
                self._money.symbols |= symbols

    def _everything(self, pending: list[ContractReport]) -> list[ContractReport]:
        rest = [report for report in pending if isinstance(report, contract.Fill)]
        seen = {report.fill_id for report in self._history if isinstance(report, contract.Fill)}
        return [
            *self._history,
            *(report for report in rest if report.fill_id not in seen),
            *(order.report for order in self._book.orders.values()),
            *(trade.report for trade in self._book.trades.values()),
            *self._book.balances.values(),
        ]

    def listen(self, changed: threading.Event) -> None:
        self._changed = changed
        self._closed.wait()

    def hurry(self) -> None:
        """Lets the next poll happen now, because the node ends."""
        self._wake()

    def close(self) -> None:
        self._closed.set()
        for call in list(self._calls):
            call.cancel()

    # Effects

    def pause_entries(self) -> None:
        self._on_loop(lambda: self._effects.set_trading_state("HALTED"))

    def reduce_only(self) -> None:
        self._on_loop(lambda: self._effects.set_trading_state("REDUCING"))

    def resume(self) -> None:
        self._on_loop(lambda: self._effects.resume())

    def stop(self) -> None:
        self._on_loop(lambda: self._effects.stop())

    def restart(self) -> None:
        raise Unsupported("a node cannot restart itself; restart its process with the supervisor that runs it")

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        wanted = [order.order_id for order in orders]
        self._on_loop(lambda: self._effects.cancel(wanted))

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        wanted = [trade.trade_id for trade in trades]
        refusals = self._on_loop(lambda: self._effects.close(wanted))
        if refusals:
            raise BotRefusal("; ".join(refusals)[:1500])
