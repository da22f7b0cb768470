"""Translates freqtrade's trades and orders into the contract's reports."""

from __future__ import annotations

import dataclasses
import datetime
import typing
from decimal import Decimal

from .. import contract
from ..telemetry import ContractReport
from .values import exact, fitting, moment, optional, printable, product

_JSON = typing.Dict[str, typing.Any]

#: How long the fills of a live bot wait for their fees, in seconds.
FEE_PATIENCE = 120.0

_STATUS = {
    "open": contract.OrderStatus.OPEN,
    "closed": contract.OrderStatus.FILLED,
    "canceled": contract.OrderStatus.CANCELED,
    "cancelled": contract.OrderStatus.CANCELED,
    "expired": contract.OrderStatus.EXPIRED,
    "rejected": contract.OrderStatus.REJECTED,
}


@dataclasses.dataclass(frozen=True)
class Mark:
    """The price and the profit at which the rest of an open trade could be closed."""

    amount: Decimal
    price: Decimal
    #: As freqtrade computes it, with the fees of the entries and of an exit at this price.
    profit: Decimal | None


@dataclasses.dataclass(frozen=True)
class Filled:
    """A filled order of a trade, as freqtrade computes with it."""

    order_id: str
    is_entry: bool
    quantity: Decimal
    price: Decimal
    time: datetime.datetime
    fee: Decimal | None
    fee_currency: str

    @property
    def value(self) -> Decimal:
        return product(self.quantity, self.price)


class FreqtradeTrade:
    """A trade in freqtrade's JSON. The constructor and all methods raise KeyError, TypeError or ValueError for JSON of another shape."""

    def __init__(self, json: _JSON) -> None:
        self.json = json
        #: The bot's own number of the trade. Each database of the bot counts from 1.
        self.number = int(json["trade_id"])
        #: The number and the opening, so that no trade of an earlier database has the same id.
        self.trade_id = f"{self.number}-{int(json['open_timestamp'])}"
        self.symbol = str(json["pair"])[:64]
        self.quote = str(json.get("quote_currency") or json["pair"].split("/")[-1].split(":")[0])
        self.is_open = bool(json["is_open"])
        self.is_short = bool(json.get("is_short"))
        self.amount = exact(json["amount"])
        self.orders: list[_JSON] = list(json.get("orders") or [])
        #: The fees of entries that were reported, by order. freqtrade replaces its rate at each further entry, but a fill never changes.
        self.reported_fees: typing.Mapping[str, str] = {}

    def order_id(self, order: _JSON) -> str:
        """The id of an order. Exchanges may count the orders of each symbol separately, so the id contains the symbol, as in a dry run."""
        text = str(order["order_id"])
        return (text if self.symbol in text else f"{self.symbol}:{text}")[:128]

    @property
    def open_orders(self) -> list[_JSON]:
        """The orders that can still be filled."""
        return [order for order in self.orders if order.get("is_open")]

    @property
    def has_open_exit(self) -> bool:
        """Whether an exit waits to be filled."""
        return any(self._side(order) == self._exit_side for order in self.open_orders)

    def is_settled(self, now: datetime.datetime) -> bool:
        """Whether the fees are final. freqtrade assumes a rate at first, and asks the exchange in each iteration; some never answer."""
        filled = self.filled
        entries, exits = (any(order.is_entry == is_entry for order in filled) for is_entry in (True, False))
        is_missing = (entries and not self.json.get("fee_open_currency")) or (exits and not self.json.get("fee_close_currency"))
        return not is_missing or all((now - order.time).total_seconds() > FEE_PATIENCE for order in filled)

    @property
    def filled(self) -> list[Filled]:
        """The orders that were filled and can no longer change, oldest first. freqtrade keeps one average price per order."""
        found = [order for order in self.orders if not order.get("is_open") and optional(order.get("filled"))]
        found.sort(key=lambda order: (exact(order.get("order_filled_timestamp") or 0), str(order["order_id"])))
        result: list[Filled] = []
        for order in found:
            is_entry = self._side(order) == self._entry_side
            quantity, price = exact(order["filled"]), exact(order["safe_price"])
            time = moment(order.get("order_filled_timestamp")) or moment(order.get("order_timestamp"))
            if time is None:
                raise ValueError(f"order {order['order_id']} has no time")
            is_first_exit = not is_entry and not any(not earlier.is_entry for earlier in result)
            fee, currency = self._fee(order, quantity, price, is_entry, is_first_exit)
            result.append(Filled(self.order_id(order), is_entry, quantity, price, time, fee, currency))
        return result

    @property
    def realized(self) -> Decimal:
        """The realized profit before fees, at the average price of the entries."""
        filled = self.filled
        entries, exits = ([order for order in filled if order.is_entry is is_entry] for is_entry in (True, False))
        bought = sum((order.quantity for order in entries), Decimal(0))
        sold = sum((order.quantity for order in exits), Decimal(0))
        if not bought or not sold:
            return Decimal(0)
        cost = sum((order.value for order in entries), Decimal(0))
        # freqtrade counts no loss for a rest that was too small to sell.
        part = cost if sold == bought else fitting(cost * sold / bought)
        profit = sum((order.value for order in exits), Decimal(0)) - part
        return fitting(-profit if self.is_short else profit)

    @property
    def unrealized(self) -> Decimal:
        """The unrealized profit before fees, at the bot's current rate."""
        rate = optional(self.json.get("current_rate"))
        if rate is None or not self.is_open:
            return Decimal(0)
        profit = product(self.amount, rate - exact(self.json["open_rate"]))
        return -profit if self.is_short else profit

    @property
    def mark(self) -> Mark | None:
        """The bot's current rate and profit; None if the trade is closed or the rate is unknown."""
        rate = optional(self.json.get("current_rate"))
        return Mark(self.amount, rate, optional(self.json.get("profit_abs"))) if self.is_open and rate is not None else None

    @property
    def exposure(self) -> Decimal:
        """The value of the position at the bot's current rate, negative if it is short."""
        rate = optional(self.json.get("current_rate")) or exact(self.json["open_rate"])
        value = product(self.amount, rate) if self.is_open else Decimal(0)
        return -value if self.is_short else value

    # Reports

    def order_report(self, order: _JSON, now: datetime.datetime) -> contract.OrderReport:
        """The report of an order. freqtrade's list of open trades has no limit price of filled orders; its list of closed ones has."""
        filled = optional(order.get("filled")) or Decimal(0)
        is_open = bool(order.get("is_open"))
        status = contract.OrderStatus.OPEN if is_open else _STATUS.get(str(order["status"]), contract.OrderStatus.FILLED)
        price = optional(order.get("price")) or (None if filled else optional(order.get("safe_price")))
        side = self._side(order)
        return contract.OrderReport(
            instance_id="",
            order_id=self.order_id(order),
            trade_id=self.trade_id,
            symbol=self.symbol,
            side=side,
            order_type=printable(order.get("order_type"), 64) or "unknown",
            status=status,
            quantity=exact(order["amount"]),
            filled_quantity=filled,
            price=price if order.get("order_type") != "market" else None,
            average_price=exact(order["safe_price"]) if filled else None,
            tag=printable(order.get("ft_order_tag"), 255),
            created_at=moment(order.get("order_timestamp")) or now,
            updated_at=now,
        )

    def fill_report(self, filled: Filled) -> contract.Fill:
        """The report of a filled order."""
        side = self._entry_side if filled.is_entry else self._exit_side
        return contract.Fill(
            instance_id="",
            fill_id=filled.order_id,
            order_id=filled.order_id,
            trade_id=self.trade_id,
            symbol=self.symbol,
            side=side,
            quantity=filled.quantity,
            price=filled.price,
            quote_currency=self.quote[:16],
            fee=filled.fee,
            fee_currency=filled.fee_currency[:16] if filled.fee is not None else None,
            timestamp=filled.time,
        )

    def trade_report(self, now: datetime.datetime, mark: Mark | None = None) -> contract.TradeReport | None:
        """The report of the trade; None until its first entry is filled. A `mark` is that of an open trade."""
        filled = self.filled
        entries = [order for order in filled if order.is_entry]
        if not entries:
            return None
        has_exits = len(entries) < len(filled)
        fees = None
        if all(order.fee is not None and order.fee_currency == self.quote for order in filled):
            fees = fitting(sum((order.fee for order in filled if order.fee is not None), Decimal(0)))
        profit = optional(self.json.get("realized_profit" if self.is_open else "close_profit_abs"))
        leverage = optional(self.json.get("leverage"))
        return contract.TradeReport(
            instance_id="",
            trade_id=self.trade_id,
            symbol=self.symbol,
            side=contract.TradeSide.SHORT if self.is_short else contract.TradeSide.LONG,
            status=contract.TradeStatus.OPEN if self.is_open else contract.TradeStatus.CLOSED,
            quantity=self.amount if self.is_open else Decimal(0),
            entry_quantity=sum((order.quantity for order in entries), Decimal(0)),
            entry_price=exact(self.json["open_rate"]),
            exit_price=optional(self.json.get("close_rate")) if has_exits else None,
            current_price=mark.price if mark is not None else None,
            leverage=leverage if leverage and leverage != 1 else None,
            profit=profit if has_exits or not self.is_open else None,
            unrealized_profit=mark.profit if mark is not None else None,
            fees=fees,
            currency=self.quote[:16],
            strategy_name=printable(self.json.get("strategy"), 64),
            entry_tag=printable(self.json.get("enter_tag"), 255),
            exit_reason=printable(self.json.get("exit_reason"), 255),
            opened_at=entries[0].time,
            closed_at=None if self.is_open else moment(self.json.get("close_timestamp")) or filled[-1].time,
            updated_at=now,
        )

    def _side(self, order: _JSON) -> contract.Side:
        side = order["ft_order_side"]
        # A stop loss on the exchange is an exit.
        return self._exit_side if side == "stoploss" else contract.Side(str(side).upper())

    @property
    def _entry_side(self) -> contract.Side:
        return contract.Side.SELL if self.is_short else contract.Side.BUY

    @property
    def _exit_side(self) -> contract.Side:
        return contract.Side.BUY if self.is_short else contract.Side.SELL

    def _fee(
        self, order: _JSON, quantity: Decimal, price: Decimal, is_entry: bool, is_first_exit: bool
    ) -> tuple[Decimal | None, str]:
        """The fee of a filled order and its currency.

        freqtrade stores the fee of the first exit as the exchange said it. For all other orders it computes with a rate: its `fee_open_cost`
        is the rate times the value of the entries, in floats, so only floats give the same digits.
        """
        if is_first_exit and self.json.get("fee_close_cost") is not None:
            return exact(self.json["fee_close_cost"]), str(self.json.get("fee_close_currency") or self.quote)
        if is_entry and (reported := self.reported_fees.get(self.order_id(order))) is not None:
            return Decimal(reported), self.quote
        rate = optional(self.json.get("fee_open" if is_entry else "fee_close"))
        if rate is None:
            return None, self.quote
        received = quantity - (optional(order.get("ft_fee_base")) or Decimal(0))
        value = float(received * price) if is_entry else float(optional(order.get("cost")) or quantity * price)
        return fitting(Decimal(repr(float(rate) * value))), self.quote


def trade_number(trade_id: str) -> int:
    """The bot's own number of a trade with this id."""
    return int(trade_id.partition("-")[0])


def content(report: ContractReport, ignoring: tuple[str, ...] = ()) -> str:
    """The content of a report without the time of its observation, to find out whether it has changed."""
    body = report.to_json()
    return repr(sorted(item for item in body.items() if item[0] != "updated_at" and item[0] not in ignoring))
