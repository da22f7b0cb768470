"""The adapter for a NautilusTrader node in the same process."""

from __future__ import annotations

import collections
import collections.abc
import concurrent.futures
import contextlib
import hashlib
import importlib
import inspect
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
from .nautilus_book import Book, newest, realized_from_json, realized_to_json
from .nautilus_events import instrument
from .nautilus_gate import OrderGate
from .nautilus_money import Money
from .values import printable

if typing.TYPE_CHECKING:
    CancelOrder: typing.Any
    SubmitOrder: typing.Any
    UUID4: typing.Any
    OrderFactory: typing.Any
    ClientOrderId: typing.Any
    PositionId: typing.Any
else:
    from nautilus_trader.common.factories import OrderFactory
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.execution.messages import CancelOrder, SubmitOrder
    from nautilus_trader.model.identifiers import ClientOrderId, PositionId

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
        self._gate: OrderGate | None = None
        self._book = Book()
        self._money = Money(kernel, self._book)
        self._boot = str(uuid.uuid4())
        #: Guards the book and the reports.
        self._lock = threading.Lock()
        self._pending: list[ContractReport] = []
        self._history: collections.deque[ContractReport] = collections.deque(maxlen=self.HISTORY)
        #: The id of the newest event of each account that the book has.
        self._noted_accounts: dict[str, str] = {}
        self._changed: threading.Event | None = None
        self._closed = threading.Event()
        self._calls: set[concurrent.futures.Future[typing.Any]] = set()
        for topic in _TOPICS:
            kernel.msgbus.subscribe(topic, self._receive)

    def attach(self, gate: OrderGate) -> None:
        """Sets the gate that the effects use. Call it in the thread of the event loop before the first question."""
        self._gate = gate

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

    def _receive(self, event: typing.Any) -> None:
        """Notes an event. It runs in the thread of the event loop or of a timer, and must not raise: an error would end the node."""
        try:
            name = type(event).__name__
            if not name.startswith(("Order", "Position", "Account", "Trading", "Component")):
                return
            with self._lock:
                if name.startswith("Account"):
                    self._noted_accounts[str(event.account_id)] = str(event.id)
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
        if reports and self._changed is not None:
            self._changed.set()

    # Questions

    @property
    def _strategies(self) -> list[typing.Any]:
        return list(self._kernel.trader.strategies())

    def identity(self) -> Identity:
        return self._on_loop(self._identity)

    def _identity(self) -> Identity:
        strategies = self._strategies
        accounts = self._kernel.cache.accounts()
        clients = getattr(getattr(self._kernel, "_config", None), "exec_clients", None) or {}
        is_sandbox = bool(clients) and all("Sandbox" in type(client).__name__ for client in clients.values())
        mode = self._runtime_mode or ("PAPER" if is_sandbox else "LIVE")
        traded = [*_configured_instruments(strategies), *(order.instrument_id for order in self._kernel.cache.orders_open())]
        traded += [position.instrument_id for position in self._kernel.cache.positions()]
        symbols = sorted({instrument(instrument_id)[0] for instrument_id in traded})
        venues = sorted({str(account.id.get_issuer()) for account in accounts})
        names = ",".join(str(strategy.id) for strategy in strategies)
        versions = {str(getattr(strategy, "__version__", "")) for strategy in strategies} - {""}
        return Identity(
            exchange=printable(venues[0] if venues else None, 64),
            symbol=symbols[0] if len(symbols) == 1 else printable(f"{len(symbols)} symbols", 64) if symbols else None,
            runtime_mode=mode,
            version=str(importlib.import_module("nautilus_trader").__version__)[:64],
            software="nautilus_trader",
            strategy_name=printable(names, 64),
            strategy_version=printable(",".join(sorted(versions)), 64),
            strategy_hash=_source_hash(strategies),
            symbols=tuple(symbols[:500]),
            accounts=tuple(
                contract.Account(str(account.id.get_issuer())[:64], str(account.id)[:64], contract.RuntimeMode(mode))
                for account in accounts[:32]
            ),
        )

    def snapshot(self) -> Snapshot:
        return self._on_loop(self._snapshot)

    def _snapshot(self) -> Snapshot:
        assert self._gate is not None  # attach is called first
        strategies = self._strategies
        is_running = self._kernel.is_running() and (not strategies or any(strategy.is_running for strategy in strategies))
        closing = {order.client_order_id: position_id for position_id, order in self._gate.closing.items()}
        return Snapshot(
            is_running=is_running,
            permits_entries=is_running and self._gate.trading_state == "ACTIVE",
            trades=tuple(
                OpenTrade(str(position.id), instrument(position.instrument_id)[0], str(position.quantity))
                for position in self._kernel.cache.positions_open()
            ),
            orders=tuple(
                OpenOrder(str(order.client_order_id), instrument(order.instrument_id)[0], closing.get(order.client_order_id))
                for order in self._open_orders()
            ),
        )

    def _open_orders(self) -> list[typing.Any]:
        """The orders that can still be filled, also those in a queue of the node, in the emulator or in an algorithm."""
        assert self._gate is not None  # attach is called first
        cache = self._kernel.cache
        orders = [*cache.orders_open(), *cache.orders_inflight(), *cache.orders_emulated(), *self._gate.passed]
        for algorithm_id in self._kernel.trader.exec_algorithm_ids():
            orders += [order for order in cache.orders_for_exec_algorithm(algorithm_id) if not order.is_closed]
        return list({order.client_order_id: order for order in orders}.values())

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
        body = {"boot": self._boot, "realized": realized_to_json(self._book.realized), "symbols": self._money.symbols}
        return Changes(reports, encode(body))

    def _note_accounts(self) -> None:
        """Notes the newest state of each account. Not every state is published."""
        for account in self._kernel.cache.accounts():
            event = account.last_event
            if self._noted_accounts.get(str(account.id)) != str(event.id):
                self._noted_accounts[str(account.id)] = str(event.id)
                self._keep(self._book.apply(type(event).to_dict(event)))

    def _continue(self, previous: dict[str, typing.Any]) -> None:
        """Adds the sums of an earlier process, whose trades this node does not know."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            if previous["boot"] != self._boot:
                for key, value in realized_from_json(previous["realized"]).items():
                    self._book.realized[key] = self._book.realized.get(key, Decimal(0)) + value
                self._money.symbols |= {str(symbol): str(currency) for symbol, currency in previous["symbols"].items()}

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
        if self._changed is not None:
            self._changed.set()

    def close(self) -> None:
        self._closed.set()
        for call in list(self._calls):
            call.cancel()

    # Effects

    def pause_entries(self) -> None:
        self._on_loop(lambda: self._set_state("HALTED"))

    def reduce_only(self) -> None:
        self._on_loop(lambda: self._set_state("REDUCING"))

    def _set_state(self, state: str) -> None:
        assert self._gate is not None  # attach is called first
        self._gate.set_trading_state(state)

    def resume(self) -> None:
        self._on_loop(self._resume)

    def _resume(self) -> None:
        self._set_state("ACTIVE")
        for strategy in self._strategies:
            if strategy.is_stopped:
                strategy.resume()

    def stop(self) -> None:
        self._on_loop(self._stop)

    def _stop(self) -> None:
        self._set_state("HALTED")
        for strategy in self._strategies:
            if strategy.is_running:
                self._kernel.trader.stop_strategy(strategy.id)

    def restart(self) -> None:
        raise Unsupported("a node cannot restart itself; restart its process with the supervisor that runs it")

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        wanted = [order.order_id for order in orders]
        self._on_loop(lambda: self._cancel(wanted))

    def _cancel(self, order_ids: list[str]) -> None:
        strategies = {strategy.id: strategy for strategy in self._strategies}
        for order_id in order_ids:
            order = self._kernel.cache.order(ClientOrderId(order_id))
            if order is None or order.is_closed or order.is_pending_cancel:
                continue
            if (strategy := strategies.get(order.strategy_id)) is not None:
                strategy.cancel_order(order)
                continue
            command = CancelOrder(
                order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, order.venue_order_id, UUID4(),
                self._kernel.clock.timestamp_ns(), self._kernel.cache.client_id(order.client_order_id),
            )
            self._kernel.msgbus.send("ExecEngine.execute", command)

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        wanted = [trade.trade_id for trade in trades]
        refusals = self._on_loop(lambda: self._close(wanted))
        if refusals:
            raise BotRefusal("; ".join(refusals)[:1500])

    def _close(self, position_ids: list[str]) -> list[str]:
        """Cancels all orders except those that close positions, and closes positions. Returns why earlier closing orders ended."""
        assert self._gate is not None  # attach is called first
        closing = {order.client_order_id for order in self._gate.closing.values()}
        self._cancel([str(order.client_order_id) for order in self._open_orders() if order.client_order_id not in closing])
        refusals = []
        for position_id in position_ids:
            position = self._kernel.cache.position(PositionId(position_id))
            earlier = self._gate.closing.pop(position_id, None)
            if earlier is not None and not earlier.is_closed:
                self._gate.closing[position_id] = earlier
                continue
            if position is None or position.is_closed:
                continue
            if earlier is not None and hasattr(earlier.last_event, "reason"):
                refusals.append(f"position {position_id}: {earlier.last_event.reason}")
            self._close_position(position)
        return refusals

    def _close_position(self, position: typing.Any) -> None:
        assert self._gate is not None  # attach is called first
        kernel = self._kernel
        factories = {strategy.id: strategy.order_factory for strategy in self._strategies}
        # Positions from the venue may belong to no strategy of this node.
        factory = factories.get(position.strategy_id) or OrderFactory(
            kernel.trader_id, position.strategy_id, kernel.clock, cache=kernel.cache, use_uuid_client_order_ids=True
        )
        order = factory.market(
            position.instrument_id, position.closing_order_side(), position.quantity,
            reduce_only=self._is_close_reduce_only, tags=["FLOTILLA"],
        )
        self._gate.closing[str(position.id)] = order
        kernel.msgbus.publish(f"events.order.{position.strategy_id}", order.init_event)
        kernel.cache.add_order(order, position.id)
        now = kernel.clock.timestamp_ns()
        command = SubmitOrder(kernel.trader_id, position.strategy_id, order, UUID4(), now, position.id)
        # Past the risk engine, which denies every order while it is HALTED.
        kernel.msgbus.send("ExecEngine.execute", command)


def _configured_instruments(strategies: list[typing.Any]) -> list[typing.Any]:
    """The instruments that strategies name in their configuration."""
    found: list[typing.Any] = []
    for strategy in strategies:
        one, many = (getattr(strategy.config, name, None) for name in ("instrument_id", "instrument_ids"))
        found += [one] if one is not None else []
        found += list(many) if isinstance(many, (list, tuple, set, frozenset)) else []
    return found


def _source_hash(strategies: list[typing.Any]) -> str | None:
    """The SHA-256 of the source of the strategies' classes; None if it cannot be read."""
    try:
        sources = sorted({inspect.getsource(type(strategy)) for strategy in strategies})
    except (OSError, TypeError):
        return None
    return hashlib.sha256("\n".join(sources).encode()).hexdigest() if sources else None
