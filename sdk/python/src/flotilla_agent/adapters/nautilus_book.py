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
from .nautilus_reports import ended_trade, initial_order, later, log_line, opened_trade, order_of_fill
from .nautilus_states import Filling, OrderState, TradeState
from .values import exact

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
        self.orders: dict[str, OrderState] = {}
        #: The last orders that were canceled or expired: a fill may still arrive for them.
        self.ended: dict[str, OrderState] = {}
        #: The open positions by NautilusTrader's position id, which is used again after a position was closed.
        self.trades: dict[str, TradeState] = {}
        #: The newest balances of each account.
        self.balances: dict[str, contract.BalanceReport] = {}
        #: The realized profit of closed trades before fees, by symbol and currency.
        self.realized: dict[tuple[str, str], Decimal] = {}
        #: When the last of them was closed, in nanoseconds, by symbol and currency.
        self.closed_until: dict[tuple[str, str], int] = {}
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
        self.fillings: dict[tuple[str, str], Filling] = {}

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
                reports.append(log_line(contract.LogLevel.ERROR, str(event["component_id"]), text, event))
        return reports

    def settle(self) -> list[ContractReport]:
        """The fills that wait for a position event. Spreads have no such event."""
        fillings, self.fillings = self.fillings, {}
        return [filling.report for filling in fillings.values()]

    def _settle_old(self, name: str, event: Event) -> list[ContractReport]:
        """The fills whose position event can no longer come. Other events come between, because timers of strategies have other threads."""
        now = moment(nanoseconds(event["ts_init"]))
        next_key = _key(event) if name == "OrderFilled" else None
        old = [key for key, filling in self.fillings.items() if key == next_key or now - filling.report.timestamp > self.PATIENCE]
        return [self.fillings.pop(key).report for key in old]

    # Orders

    def _apply_order(self, name: str, event: Event, reports: list[ContractReport]) -> None:
        order_id = str(event["client_order_id"])
        self.strategies.add(str(event["strategy_id"])[:64])
        self.symbols.add(instrument(event["instrument_id"])[0])
        if name == "OrderInitialized":
            report = initial_order(event)
            # An order that is denied never gets an account, but the venue has one.
            account_id = next((balance.account_id for balance in self.balances.values() if balance.venue == report.venue), None)
            self.orders[order_id] = OrderState(dataclasses.replace(report, account_id=account_id))
        order = self.orders.get(order_id) or self.ended.pop(order_id, None)
        if name == "OrderFilled":
            # The beginning of the order may be missing if the stream was trimmed.
            order = order or self.orders.setdefault(order_id, OrderState(order_of_fill(event)))
            self._apply_fill(event, order)
        if order is not None:
            self._change_order(name, event, order)
            reports.append(order.report)
            self._sort(order_id, order)
        if name in _WARNINGS:
            text = f"{name} {order_id} {event['instrument_id']}: {event.get('reason')}"
            reports.append(log_line(contract.LogLevel.WARNING, str(event["strategy_id"]), text, event))

    def _sort(self, order_id: str, order: OrderState) -> None:
        """Keeps an order where it belongs."""
        self.orders.pop(order_id, None)
        if order.report.status == contract.OrderStatus.OPEN:
            self.orders[order_id] = order
        elif order.report.status in (contract.OrderStatus.CANCELED, contract.OrderStatus.EXPIRED):
            self.ended[order_id] = order
            if len(self.ended) > self.ENDED:
                del self.ended[next(iter(self.ended))]

    def _change_order(self, name: str, event: Event, order: OrderState) -> None:
        report = order.report
        changes: dict[str, typing.Any] = {"updated_at": later(moment(nanoseconds(event["ts_init"])), report.updated_at)}
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

    def _apply_fill(self, event: Event, order: OrderState) -> None:
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
        self.fillings[_key(event)] = Filling(report, quantity, fee)

    # Positions

    def _apply_position(self, name: str, event: Event, reports: list[ContractReport]) -> None:
        position_id = str(event["position_id"])
        trade = self.trades.get(position_id)
        if trade is None or name == "PositionOpened":
            if trade is not None:
                # The node was started again and no longer knows the earlier position.
                reports.append(ended_trade(trade.report, moment(nanoseconds(event["ts_init"]))))
            trade = self.trades[position_id] = TradeState(opened_trade(event), {})
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
            self.closed_until[key] = max(self.closed_until.get(key, 0), nanoseconds(event["ts_closed"]))
        reports.append(trade.report)

    def _take(
        self, event: Event, trade_id: str, name: str, reports: list[ContractReport]
    ) -> tuple[tuple[Decimal, str] | None, contract.Side | None]:
        """The fee of a position event and the side of its fill. A fill that turns a position has two events, which share its fee."""
        filling = self.fillings.get(_key(event))
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
            reports.append(self.fillings.pop(_key(event)).report)
        return (None if fee is None or report.fee_currency is None else (fee, report.fee_currency)), report.side

    def _changed(self, event: Event, trade: TradeState, side: contract.Side | None) -> contract.TradeReport:
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
            updated_at=later(at, report.updated_at),
        )

    # Accounts

    def note_balances(self, event: Event) -> list[ContractReport]:
        """The report of an account's balances, if they are not those of the last one."""
        last = self.balances.get(str(event["account_id"]))
        report = self._balance(event)
        if last is not None and last.balances == report.balances:
            self.balances[str(event["account_id"])] = last
            return []
        return [report]

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
            trade.report, current_price=price, unrealized_profit=profit, updated_at=later(at, trade.report.updated_at)
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


def _key(event: Event) -> tuple[str, str]:
    return str(event["strategy_id"]), str(event["instrument_id"])
