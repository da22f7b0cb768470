"""Translates the messages and the trade history of hummingbot's MQTT bridge into the contract's reports."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import typing
from decimal import Decimal

from .. import contract
from .values import exact, moment, printable, product
from .hummingbot_ledger import HeardFill

_JSON = typing.Dict[str, typing.Any]

_MILLISECOND = datetime.timedelta(milliseconds=1)

#: The status of an order after each event that ends it.
ENDS = {
    "BuyOrderCompleted": contract.OrderStatus.FILLED,
    "SellOrderCompleted": contract.OrderStatus.FILLED,
    "OrderCancelled": contract.OrderStatus.CANCELED,
    "OrderExpired": contract.OrderStatus.EXPIRED,
    "OrderFailure": contract.OrderStatus.REJECTED,
}

#: The lines of hummingbot's log, and of its notifications, that say what the strategy does.
_STARTED = re.compile(r"[Ss]trategy '?(?P<name>[^' ]+)'? started successfully|'(?P<executed>[^']+)' strategy execution started")
_STOPPED = re.compile(r"^\s*Hummingbot stopped\.?\s*$")


class Malformed(Exception):
    """A message of another shape than hummingbot's."""


#: The errors of a message of an unexpected shape.
SHAPE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, Malformed)


def word(value: object) -> str:
    """The last part of an enumeration's member: `LIMIT` for `OrderType.LIMIT`."""
    return str(value).rpartition(".")[2]


def side(value: object) -> contract.Side:
    """The side of a `TradeType`."""
    return contract.Side(word(value).upper())


def seconds(value: object) -> datetime.datetime:
    """A time in seconds since 1970. Raises Malformed."""
    time = moment(exact(value) * 1000)
    if time is None:
        raise Malformed("found no time")
    return time


def created(event_type: str, data: _JSON) -> contract.OrderReport:
    """The order of a BuyOrderCreated or SellOrderCreated event."""
    time = seconds(data["creation_timestamp"])
    # Market orders have no price; hummingbot then says 0, or null.
    price = exact(data["price"]) if data.get("price") else None
    return contract.OrderReport(
        instance_id="",
        order_id=str(data["order_id"]),
        symbol=str(data["trading_pair"]),
        side=contract.Side.BUY if event_type.startswith("Buy") else contract.Side.SELL,
        order_type=word(data["type"]).lower(),
        status=contract.OrderStatus.OPEN,
        quantity=exact(data["amount"]),
        filled_quantity=Decimal(0),
        price=price,
        created_at=time,
        updated_at=time,
    )


def _later(order: contract.OrderReport, time: datetime.datetime) -> datetime.datetime:
    # Events have whole seconds, and the newest time of an order counts, so each change must be later than the one before.
    return max(time, order.updated_at + _MILLISECOND)


def filled(order: contract.OrderReport, quantity: Decimal, price: Decimal, time: datetime.datetime) -> contract.OrderReport:
    """An order after a fill."""
    total = order.filled_quantity + quantity
    paid = product(order.filled_quantity, order.average_price or Decimal(0)) + product(quantity, price)
    average = price if not order.filled_quantity else exact(paid / total)
    return dataclasses.replace(order, filled_quantity=total, average_price=average, updated_at=_later(order, time))


def ended(order: contract.OrderReport, status: contract.OrderStatus, time: datetime.datetime, reason: str | None) -> contract.OrderReport:
    """An order after its end."""
    # A completed order is filled; the event of a fill may have been lost.
    total = order.quantity if status == contract.OrderStatus.FILLED else order.filled_quantity
    tag = printable(reason, 255) or order.tag
    return dataclasses.replace(order, status=status, filled_quantity=total, tag=tag, updated_at=_later(order, time))


def _fill_id(symbol: str, trade_id: str, fill_side: contract.Side) -> str:
    # Exchanges number the trades of each symbol. A bot that trades with itself has both sides of one trade.
    fill_id = f"{symbol}:{trade_id}:{fill_side.value}"
    return fill_id if len(fill_id) <= 128 else hashlib.sha256(fill_id.encode()).hexdigest()


def heard(timestamp: object, data: _JSON, now: float) -> HeardFill:
    """The fill of an OrderFilled event."""
    body = {
        "symbol": str(data["trading_pair"]),
        "side": side(data["trade_type"]).value,
        "order_id": str(data["order_id"]),
        "order_type": word(data["order_type"]).upper(),
        "quantity": exact(data["amount"]),
        "price": exact(data["price"]),
        "fee": data["trade_fee"],
        "time": exact(timestamp),
    }
    return HeardFill(_fill_id(body["symbol"], str(data["exchange_trade_id"]), side(data["trade_type"])), now, body)


@dataclasses.dataclass(frozen=True)
class RecordedFill:
    """A fill in the answer to `history`, which comes from hummingbot's database."""

    fill_id: str
    venue: str
    symbol: str
    side: contract.Side
    quantity: Decimal
    price: Decimal
    fee: _JSON
    time: datetime.datetime


def recorded(trade: _JSON) -> RecordedFill:
    """A fill of the answer to `history`."""
    time = moment(trade["trade_timestamp"])
    if time is None:
        raise Malformed("found a fill without a time")
    symbol, fill_side = str(trade["symbol"]), side(trade["trade_type"])
    return RecordedFill(
        fill_id=_fill_id(symbol, str(trade["trade_id"]), fill_side),
        venue=str(trade["market"]),
        symbol=symbol,
        side=fill_side,
        # Text such as `50002.`
        quantity=exact(Decimal(str(trade["quantity"]))),
        price=exact(Decimal(str(trade["price"]))),
        fee=trade["raw_json"]["trade_fee"],
        time=time,
    )


def fill_report(heard_fill: HeardFill | None, record: RecordedFill | None) -> tuple[contract.Fill, list[contract.CostEntry]]:
    """The fill that an event told, the database recorded, or both, and its fees in further currencies.

    The event has more digits, because the database has six decimal places, and the order. The record has the time in milliseconds.
    """
    body = heard_fill.body if heard_fill else {}
    if record is not None:
        fill_id, symbol, fill_side, time = record.fill_id, record.symbol, record.side, record.time
        quantity, price, fee = body.get("quantity", record.quantity), body.get("price", record.price), body.get("fee", record.fee)
    elif heard_fill is not None:
        fill_id, symbol, fill_side = heard_fill.fill_id, body["symbol"], contract.Side(body["side"])
        time, quantity, price, fee = seconds(body["time"]), body["quantity"], body["price"], body["fee"]
    else:
        raise Malformed("found no fill")
    quantity, price = exact(quantity), exact(price)
    quote = printable(symbol.partition("-")[2], 16)
    amounts = fees(fee, quote, product(quantity, price))
    (currency, amount), *further = amounts.items() if amounts else [(quote, Decimal(0))]
    fill = contract.Fill(
        instance_id="",
        fill_id=fill_id,
        order_id=body.get("order_id"),
        venue=record.venue[:64] if record is not None else None,
        symbol=symbol,
        side=fill_side,
        quantity=quantity,
        price=price,
        quote_currency=quote,
        fee=amount,
        fee_currency=currency,
        liquidity=_LIQUIDITY.get(body.get("order_type", "")),
        timestamp=time,
    )
    costs = [
        contract.CostEntry(
            instance_id="", symbol=symbol, cost_type=contract.CostType.FEE, amount=value, timestamp=time,
            entry_id=f"{fill_id[:100]}:{token}", currency=token,
        )
        for token, value in further
    ]
    return fill, costs


#: hummingbot does not say whether a fill added liquidity, but two types of orders leave no choice.
_LIQUIDITY = {"LIMIT_MAKER": contract.Liquidity.MAKER, "MARKET": contract.Liquidity.TAKER}


def fees(fee: _JSON, quote: str | None, value: Decimal) -> dict[str | None, Decimal]:
    """The fees by currency. A percentage is of the fill's value in the quote currency, as in hummingbot's `trade_fee_in_quote`."""
    result: dict[str | None, Decimal] = {}
    percent = exact(Decimal(str(fee["percent"])))
    if percent:
        result[quote] = product(value, percent)
    for flat in fee["flat_fees"]:
        token, amount = printable(flat["token"], 16), exact(Decimal(str(flat["amount"])))
        if amount:
            result[token] = result.get(token, Decimal(0)) + amount
    return result


def log_line(body: _JSON) -> contract.LogLine | None:
    """The report of a message of the bridge's log; None below WARNING."""
    level = str(body["level_name"])
    if level not in ("WARNING", "ERROR", "CRITICAL"):
        return None
    text = str(body["msg"])
    digest = hashlib.sha256(f"{body['logger_name']}/{text}".encode()).hexdigest()[:16]
    return contract.LogLine(
        instance_id="",
        line_id=f"{body['timestamp']}-{digest}",
        level=contract.LogLevel(level),
        message=text.replace("\0", "")[:2000] or "(empty)",
        logger=printable(body["logger_name"], 128),
        timestamp=seconds(body["timestamp"]),
    )


def started_strategy(text: str) -> str | None:
    """The name of the strategy that a line says has started."""
    match = _STARTED.search(text)
    return match and (match["name"] or match["executed"])


def says_stopped(text: str) -> bool:
    """Whether a line says that hummingbot has stopped its strategy."""
    return bool(_STOPPED.match(text))
