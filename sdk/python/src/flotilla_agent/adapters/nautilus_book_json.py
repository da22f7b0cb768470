"""Writes the state of a book as JSON, and reads it."""

from __future__ import annotations

import typing
from decimal import Decimal

from .. import contract
from .nautilus_book import Book
from .nautilus_states import Filling, OrderState, TradeState


def book_to_json(book: Book) -> dict[str, typing.Any]:
    """The state of a book as JSON."""
    return {
        "orders": {key: order.to_json() for key, order in book.orders.items()},
        "ended": {key: order.to_json() for key, order in book.ended.items()},
        "trades": {key: {"report": trade.report.to_json(), "fees": trade.fees} for key, trade in book.trades.items()},
        "balances": {key: report.to_json() for key, report in book.balances.items()},
        "realized": realized_to_json(book.realized),
        "prices": book.prices,
        "trading_state": book.trading_state,
        "components": book.components,
        "trader_id": book.trader_id,
        "strategies": sorted(book.strategies),
        "symbols": sorted(book.symbols),
        "fillings": [[*key, item.report.to_json(), item.quantity, item.fee] for key, item in book.fillings.items()],
    }


def book_from_json(body: dict[str, typing.Any]) -> Book:
    """Decodes the result of `book_to_json`; raises KeyError, TypeError, ValueError or AttributeError."""
    book = Book()
    for name, orders in (("orders", book.orders), ("ended", book.ended)):
        for key, order in body[name].items():
            orders[key] = OrderState(contract.OrderReport.from_json(order["report"]), Decimal(order["value"]))
    for key, trade in body["trades"].items():
        fees = {currency: Decimal(fee) for currency, fee in trade["fees"].items()}
        book.trades[key] = TradeState(contract.TradeReport.from_json(trade["report"]), fees)
    for key, report in body["balances"].items():
        book.balances[key] = contract.BalanceReport.from_json(report)
    book.realized = realized_from_json(body["realized"])
    book.prices = {symbol: Decimal(price) for symbol, price in body["prices"].items()}
    book.trading_state, book.components, book.trader_id = body["trading_state"], body["components"], body["trader_id"]
    book.strategies, book.symbols = set(body["strategies"]), set(body["symbols"])
    for strategy, traded, report, quantity, fee in body["fillings"]:
        filling = Filling(contract.Fill.from_json(report), Decimal(quantity), None if fee is None else Decimal(fee))
        book.fillings[strategy, traded] = filling
    return book


def realized_to_json(realized: dict[tuple[str, str], Decimal]) -> list[list[typing.Any]]:
    """Sums by symbol and currency as JSON."""
    return [[*key, value] for key, value in realized.items()]


def realized_from_json(body: typing.Any) -> dict[tuple[str, str], Decimal]:
    """Decodes the result of `realized_to_json`; raises TypeError or ValueError."""
    return {(str(symbol), str(currency)): Decimal(value) for symbol, currency, value in body}
