"""Translates NautilusTrader's events into the contract's reports."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import typing
from decimal import Decimal

from .. import contract
from ..telemetry import ContractReport
from .nautilus_events import Event, amount, instrument, moment, money, nanoseconds
from .values import exact, printable

#: The status of an order after each type of event. Events that are not listed do not change it.
_STATUS = {
    "OrderInitialized": contract.OrderStatus.OPEN,
    "OrderDenied": contract.OrderStatus.REJECTED,
    "OrderRejected": contract.OrderStatus.REJECTED,
    "OrderCanceled": contract.OrderStatus.CANCELED,
    "OrderExpired": contract.OrderStatus.EXPIRED,
}

#: The events that operators read as log lines.
_WARNINGS = {"OrderDenied", "OrderRejected", "OrderModifyRejected", "OrderCancelRejected"}

#: Digits for all products of a quantity and a price.
_EXACT = decimal.Context(prec=60)
#: The smallest step between two times of a report.
_STEP = datetime.timedelta(microseconds=1)


def _later(at: datetime.datetime, previous: datetime.datetime | None) -> datetime.datetime:
    """`at`, or a moment after `previous`: the control plane keeps the newest report, and venues' clocks differ from the node's."""
    return at if previous is None or at > previous else previous + _STEP


@dataclasses.dataclass
class _Order:
    """An order and the sum of its fills."""

    report: contract.OrderReport
    value: Decimal = Decimal(0)

    def to_json(self) -> dict[str, typing.Any]:
        return {"report": self.report.to_json(), "value": self.value}


@dataclasses.dataclass
class _Trade:
    """An open position, and the sums that its events do not have."""

    report: contract.TradeReport
    fees: dict[str, Decimal]

    @property
    def realized(self) -> Decimal:
        """The realized profit before fees. NautilusTrader subtracts only the fees in the currency of the profit."""
        return (self.report.profit or Decimal(0)) + self.fees.get(self.report.currency, Decimal(0))

    @property
    def exposed(self) -> Decimal:
        """The quantity, negative if it is short."""
        return self.report.quantity if self.report.side == contract.TradeSide.LONG else -self.report.quantity


@dataclasses.dataclass
class _Filling:
    """A fill that is not reported yet, because the position event that follows says to which trade it belongs."""

    report: contract.Fill
    #: The part that no position event has mentioned, and its fee.
    quantity: Decimal
    fee: Decimal | None


class Book:
    """Orders and positions as the events tell them.

    Each event in the order of its publication gives reports. The same events give the same reports, in any process.
    """

    #: The number of canceled and expired orders that are kept.
    ENDED = 200
    #: How long a fill waits for its position event, in the time of the events.
    PATIENCE = datetime.timedelta(seconds=10)

    def __init__(self) -> None:
        #: The orders that can still change, by id.
        self.orders: dict[str, _Order] = {}
        #: The last orders that were canceled or expired: a fill may still arrive for them.
        self.ended: dict[str, _Order] = {}
        #: The open positions by NautilusTrader's position id, which is used again after a position was closed.
        self.trades: dict[str, _Trade] = {}
        #: The newest balances of each account.
        self.balances: dict[str, contract.BalanceReport] = {}
        #: The realized profit of closed trades before fees, by symbol and currency.
        self.realized: dict[tuple[str, str], Decimal] = {}
        #: The price of the last fill of each symbol.
        self.prices: dict[str, Decimal] = {}
        #: ACTIVE, REDUCING or HALTED.
        self.trading_state = "ACTIVE"
        #: The state of each component, such as the trader and the strategies.
        self.components: dict[str, str] = {}
        #: The id of the trader, which is the name of the node.
        self.trader_id = ""
        #: The strategies and the symbols that orders named.
        self.strategies: set[str] = set()
        self.symbols: set[str] = set()
        #: The fills that wait for their position event, by strategy and instrument.
        self._fillings: dict[tuple[str, str], _Filling] = {}

    def apply(self, event: Event) -> list[ContractReport]:
        """The reports of an event, oldest first. Raises KeyError, TypeError, ValueError or ArithmeticError for events of another shape."""
        name = str(event.get("type", ""))
        self.trader_id = str(event.get("trader_id") or self.trader_id)
        reports: list[ContractReport] = []
        if name.startswith("Position"):
            self._apply_position(name, event, reports)
            return reports
        if name.startswith("Order"):
            reports += self._settle_old(name, event)
            self._apply_order(name, event, reports)
        elif name == "AccountState":
            balance = self._balance(event)
            # The sandbox's first balances have the time 0.
            if balance.timestamp.year > 1970:
                reports.append(balance)
        elif name == "TradingStateChanged":
            self.trading_state = str(event["state"])
        elif name == "ComponentStateChanged":
            self.components[str(event["component_id"])] = str(event["state"])
            if event["state"] in ("DEGRADED", "FAULTED"):
                text = f"{event['component_id']} ({event['component_type']}) is {event['state']}"
                reports.append(_line(contract.LogLevel.ERROR, str(event["component_id"]), text, event))
        return reports

    def settle(self) -> list[ContractReport]:
        """The fills that wait for a position event. Spreads have no such event."""
        fillings, self._fillings = self._fillings, {}
        return [filling.report for filling in fillings.values()]

    def _settle_old(self, name: str, event: Event) -> list[ContractReport]:
        """The fills whose position event can no longer come. Other events come between, because timers of strategies have other threads."""
        now = moment(nanoseconds(event["ts_init"]))
        next_key = _key(event) if name == "OrderFilled" else None
        old = [key for key, filling in self._fillings.items() if key == next_key or now - filling.report.timestamp > self.PATIENCE]
        return [self._fillings.pop(key).report for key in old]

    # Orders

    def _apply_order(self, name: str, event: Event, reports: list[ContractReport]) -> None:
        order_id = str(event["client_order_id"])
        self.strategies.add(str(event["strategy_id"])[:64])
        self.symbols.add(instrument(event["instrument_id"])[0])
        if name == "OrderInitialized":
            report = _initial_order(event)
            # An order that is denied never gets an account, but the venue has one.
            account_id = next((balance.account_id for balance in self.balances.values() if balance.venue == report.venue), None)
            self.orders[order_id] = _Order(dataclasses.replace(report, account_id=account_id))
        order = self.orders.get(order_id) or self.ended.pop(order_id, None)
        if name == "OrderFilled":
            # The beginning of the order may be missing if the stream was trimmed.
            order = order or self.orders.setdefault(order_id, _Order(_order_of_fill(event)))
            self._apply_fill(event, order)
        if order is not None:
            self._change_order(name, event, order)
            reports.append(order.report)
            self._sort(order_id, order)
        if name in _WARNINGS:
            text = f"{name} {order_id} {event['instrument_id']}: {event.get('reason')}"
            reports.append(_line(contract.LogLevel.WARNING, str(event["strategy_id"]), text, event))

    def _sort(self, order_id: str, order: _Order) -> None:
        """Keeps an order where it belongs."""
        self.orders.pop(order_id, None)
        if order.report.status == contract.OrderStatus.OPEN:
            self.orders[order_id] = order
        elif order.report.status in (contract.OrderStatus.CANCELED, contract.OrderStatus.EXPIRED):
            self.ended[order_id] = order
            if len(self.ended) > self.ENDED:
                del self.ended[next(iter(self.ended))]

    def _change_order(self, name: str, event: Event, order: _Order) -> None:
        report = order.report
        changes: dict[str, typing.Any] = {"updated_at": _later(moment(nanoseconds(event["ts_init"])), report.updated_at)}
        if name == "OrderUpdated":
            changes["quantity"] = amount(event["quantity"])
            changes["price"] = amount(event["price"]) if event.get("price") else report.price
        if event.get("account_id"):
            changes["account_id"] = str(event["account_id"])[:64]
        if name == "OrderInitialized":
            changes["updated_at"] = report.updated_at
        if name in _STATUS:
            changes["status"] = _STATUS[name]
        elif name == "OrderFilled" and report.filled_quantity >= report.quantity:
            changes["status"] = contract.OrderStatus.FILLED
        order.report = dataclasses.replace(report, **changes)

    def _apply_fill(self, event: Event, order: _Order) -> None:
        quantity, price = amount(event["last_qty"]), amount(event["last_px"])
        order.value = _EXACT.add(order.value, _EXACT.multiply(quantity, price))
        filled = order.report.filled_quantity + quantity
        average = exact(_EXACT.divide(order.value, filled))
        order.report = dataclasses.replace(order.report, filled_quantity=filled, average_price=average)
        fee, fee_currency = money(event["commission"]) if event.get("commission") else (None, None)
        symbol, venue = instrument(event["instrument_id"])
        self.prices[symbol] = price
        liquidity = {"MAKER": contract.Liquidity.MAKER, "TAKER": contract.Liquidity.TAKER}.get(str(event.get("liquidity_side")))
        report = contract.Fill(
            instance_id="",
            # Venues number the executions of each symbol separately.
            fill_id=f"{event['client_order_id']}/{event['trade_id']}"[-128:],
            order_id=str(event["client_order_id"]),
            venue=venue,
            account_id=str(event["account_id"])[:64] if event.get("account_id") else None,
            symbol=symbol,
            side=contract.Side(event["order_side"]),
            quantity=quantity,
            price=price,
            quote_currency=str(event["currency"])[:16],
            fee=fee,
            fee_currency=fee_currency,
            liquidity=liquidity,
            timestamp=moment(nanoseconds(event["ts_event"])),
        )
        self._fillings[_key(event)] = _Filling(report, quantity, fee)

    # Positions

    def _apply_position(self, name: str, event: Event, reports: list[ContractReport]) -> None:
        position_id = str(event["position_id"])
        trade = self.trades.get(position_id)
        if trade is None or name == "PositionOpened":
            if trade is not None:
                # The node was started again and no longer knows the earlier position.
                reports.append(_ended(trade.report, moment(nanoseconds(event["ts_init"]))))
            trade = self.trades[position_id] = _Trade(_opened(event), {})
        fee, side = self._take(event, trade.report.trade_id, name, reports)
        if fee is not None:
            trade.fees[fee[1]] = trade.fees.get(fee[1], Decimal(0)) + fee[0]
        trade.report = self._changed(event, trade, side)
        symbol = trade.report.symbol
        self.prices[symbol] = amount(event["last_px"])
        if name == "PositionClosed":
            del self.trades[position_id]
            key = symbol, trade.report.currency
            self.realized[key] = self.realized.get(key, Decimal(0)) + trade.realized
        reports.append(trade.report)

    def _take(
        self, event: Event, trade_id: str, name: str, reports: list[ContractReport]
    ) -> tuple[tuple[Decimal, str] | None, contract.Side | None]:
        """The fee of a position event and the side of its fill. A fill that turns a position has two events, which share its fee."""
        filling = self._fillings.get(_key(event))
        if filling is None:
            return None, None
        quantity = amount(event["last_qty"])
        report = filling.report
        if report.trade_id is None:
            filling.report = report = dataclasses.replace(report, trade_id=trade_id)
        fee = filling.fee
        if fee is not None and quantity < filling.quantity and name == "PositionClosed":
            # As the node splits it, rounded to the precision of the currency.
            fee = (fee * (quantity / report.quantity)).quantize(fee, decimal.ROUND_HALF_EVEN)
            filling.fee = typing.cast(Decimal, filling.fee) - fee
        filling.quantity -= quantity
        if filling.quantity <= 0:
            reports.append(self._fillings.pop(_key(event)).report)
        return (None if fee is None or report.fee_currency is None else (fee, report.fee_currency)), report.side

    def _changed(self, event: Event, trade: _Trade, side: contract.Side | None) -> contract.TradeReport:
        report = trade.report
        profit, currency = money(event["realized_pnl"])
        is_entry = side == contract.Side(event["entry"])
        at = moment(nanoseconds(event.get("ts_init") or event["ts_event"]))
        average = event.get("avg_px_close")
        is_closed = event["type"] == "PositionClosed"
        opened_at = report.opened_at
        closed_at = max(moment(nanoseconds(event["ts_closed"])), opened_at) if is_closed else None
        return dataclasses.replace(
            report,
            status=contract.TradeStatus.CLOSED if is_closed else contract.TradeStatus.OPEN,
            quantity=amount(event["quantity"]),
            entry_quantity=report.entry_quantity + amount(event["last_qty"]) if is_entry else report.entry_quantity,
            entry_price=amount(event["avg_px_open"]),
            exit_price=amount(average) if average else None,
            # Those before the change.
            current_price=None,
            profit=profit,
            unrealized_profit=None,
            fees=trade.fees.get(currency, Decimal(0)) if trade.fees.keys() <= {currency} else None,
            currency=currency,
            closed_at=closed_at,
            updated_at=_later(at, report.updated_at),
        )

    # Accounts

    def _balance(self, event: Event) -> contract.BalanceReport:
        account_id = str(event["account_id"])
        balances = [
            contract.Balance(str(item["currency"])[:16], amount(item["total"]), amount(item["free"])) for item in event["balances"]
        ]
        report = contract.BalanceReport(
            instance_id="",
            # NautilusTrader names accounts VENUE-NUMBER.
            venue=account_id.rpartition("-")[0][:64] or account_id[:64],
            account_id=account_id[:64],
            balances=balances,
            timestamp=moment(nanoseconds(event["ts_init"])),
        )
        self.balances[account_id] = report
        return report

    def mark(self, position_id: str, price: Decimal, profit: Decimal, at: datetime.datetime) -> contract.TradeReport | None:
        """The report of what an open trade would yield now; None if that has not changed, or without such a trade."""
        trade = self.trades.get(position_id)
        if trade is None or (trade.report.current_price, trade.report.unrealized_profit) == (price, profit):
            return None
        trade.report = dataclasses.replace(
            trade.report, current_price=price, unrealized_profit=profit, updated_at=_later(at, trade.report.updated_at)
        )
        return trade.report

    # State

    def realized_by_symbol(self) -> dict[tuple[str, str], Decimal]:
        """The realized profit before fees of all trades, by symbol and currency."""
        sums = dict(self.realized)
        for trade in self.trades.values():
            key = trade.report.symbol, trade.report.currency
            sums[key] = sums.get(key, Decimal(0)) + trade.realized
        return sums

    def to_json(self) -> dict[str, typing.Any]:
        """The state as JSON."""
        return {
            "orders": {key: order.to_json() for key, order in self.orders.items()},
            "ended": {key: order.to_json() for key, order in self.ended.items()},
            "trades": {key: {"report": trade.report.to_json(), "fees": trade.fees} for key, trade in self.trades.items()},
            "balances": {key: report.to_json() for key, report in self.balances.items()},
            "realized": realized_to_json(self.realized),
            "prices": self.prices,
            "trading_state": self.trading_state,
            "components": self.components,
            "trader_id": self.trader_id,
            "strategies": sorted(self.strategies),
            "symbols": sorted(self.symbols),
            "fillings": [[*key, item.report.to_json(), item.quantity, item.fee] for key, item in self._fillings.items()],
        }

    @staticmethod
    def from_json(body: dict[str, typing.Any]) -> Book:
        """Decodes the result of `to_json`; raises KeyError, TypeError, ValueError or AttributeError."""
        book = Book()
        for name, orders in (("orders", book.orders), ("ended", book.ended)):
            for key, order in body[name].items():
                orders[key] = _Order(contract.OrderReport.from_json(order["report"]), Decimal(order["value"]))
        for key, trade in body["trades"].items():
            fees = {currency: Decimal(fee) for currency, fee in trade["fees"].items()}
            book.trades[key] = _Trade(contract.TradeReport.from_json(trade["report"]), fees)
        for key, report in body["balances"].items():
            book.balances[key] = contract.BalanceReport.from_json(report)
        book.realized = realized_from_json(body["realized"])
        book.prices = {symbol: Decimal(price) for symbol, price in body["prices"].items()}
        book.trading_state, book.components, book.trader_id = body["trading_state"], body["components"], body["trader_id"]
        book.strategies, book.symbols = set(body["strategies"]), set(body["symbols"])
        for strategy, traded, report, quantity, fee in body["fillings"]:
            filling = _Filling(contract.Fill.from_json(report), Decimal(quantity), None if fee is None else Decimal(fee))
            book._fillings[strategy, traded] = filling
        return book


def realized_to_json(realized: dict[tuple[str, str], Decimal]) -> list[list[typing.Any]]:
    """Sums by symbol and currency as JSON."""
    return [[*key, value] for key, value in realized.items()]


def realized_from_json(body: typing.Any) -> dict[tuple[str, str], Decimal]:
    """Decodes the result of `realized_to_json`; raises TypeError or ValueError."""
    return {(str(symbol), str(currency)): Decimal(value) for symbol, currency, value in body}


def newest(reports: typing.Iterable[ContractReport]) -> list[ContractReport]:
    """The reports without those that a later one replaces."""
    kept: dict[object, ContractReport] = {}
    for number, report in enumerate(reports):
        key: object = number
        if isinstance(report, contract.OrderReport):
            key = "order", report.order_id
        elif isinstance(report, contract.TradeReport):
            key = "trade", report.trade_id
        elif isinstance(report, contract.BalanceReport):
            key = "balance", report.account_id
        kept.pop(key, None)
        kept[key] = report
    return list(kept.values())


def _key(event: Event) -> tuple[str, str]:
    return str(event["strategy_id"]), str(event["instrument_id"])


def _initial_order(event: Event) -> contract.OrderReport:
    symbol, venue = instrument(event["instrument_id"])
    options = event.get("options") or {}
    price = options.get("price") if isinstance(options, dict) else None
    tags = event.get("tags")
    at = moment(nanoseconds(event["ts_init"]))
    return contract.OrderReport(
        instance_id="",
        order_id=str(event["client_order_id"])[:128],
        venue=venue,
        symbol=symbol,
        side=contract.Side(event["order_side"]),
        order_type=str(event["order_type"])[:64],
        status=contract.OrderStatus.OPEN,
        quantity=amount(event["quantity"]),
        filled_quantity=Decimal(0),
        price=amount(price) if price else None,
        is_reduce_only=bool(event.get("reduce_only")),
        tag=printable(",".join(map(str, tags)) if isinstance(tags, (list, tuple)) else tags, 255),
        created_at=at,
        updated_at=at,
    )


def _order_of_fill(event: Event) -> contract.OrderReport:
    """An order whose first event is a fill. Its quantity is unknown, so it counts as filled."""
    event = {**event, "quantity": event["last_qty"], "ts_init": event["ts_event"]}
    return _initial_order(event)


def _opened(event: Event) -> contract.TradeReport:
    symbol, venue = instrument(event["instrument_id"])
    opened = nanoseconds(event.get("ts_opened") or event["ts_event"])
    _, currency = money(event["realized_pnl"])
    return contract.TradeReport(
        instance_id="",
        trade_id=f"{event['position_id']}/{opened}"[-128:],
        venue=venue,
        account_id=str(event["account_id"])[:64] if event.get("account_id") else None,
        symbol=symbol,
        side=contract.TradeSide.LONG if event["entry"] == "BUY" else contract.TradeSide.SHORT,
        status=contract.TradeStatus.OPEN,
        quantity=Decimal(0),
        entry_quantity=Decimal(0),
        entry_price=Decimal(0),
        currency=currency,
        strategy_name=printable(event.get("strategy_id"), 64),
        opened_at=moment(opened),
        updated_at=moment(opened),
    )


def _ended(report: contract.TradeReport, at: datetime.datetime) -> contract.TradeReport:
    """A trade that the node has forgotten."""
    at = _later(at, report.updated_at)
    return dataclasses.replace(
        report, status=contract.TradeStatus.CLOSED, quantity=Decimal(0), exit_reason="forgotten by the node",
        current_price=None, unrealized_profit=None, closed_at=at, updated_at=at,
    )


def _line(level: contract.LogLevel, logger: str, text: str, event: Event) -> contract.LogLine:
    return contract.LogLine(
        instance_id="",
        line_id=str(event["event_id"])[:128],
        level=level,
        message=text.replace("\0", "")[:2000],
        timestamp=moment(nanoseconds(event["ts_init"])),
        logger=printable(logger, 128),
    )
