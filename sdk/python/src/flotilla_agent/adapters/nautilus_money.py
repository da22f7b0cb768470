"""Profit, equity and exposure of a NautilusTrader node."""

from __future__ import annotations

import datetime
import time
import typing
from decimal import Decimal

from .. import contract
from ..telemetry import ContractReport
from .nautilus_book import Book
from .nautilus_events import instrument
from .values import exact

if typing.TYPE_CHECKING:
    PriceType: typing.Any
else:
    from nautilus_trader.model.enums import PriceType


class Money:
    """Reads the node's portfolio. Its methods belong to the thread of the event loop."""

    #: The shortest pause between two reports, in seconds.
    PAUSE = 1.0

    def __init__(self, kernel: typing.Any, book: Book) -> None:
        self._kernel = kernel
        self._book = book
        #: The symbols with a position at the last report, whose end must be reported, and the currency of each.
        self.symbols: dict[str, str] = {}
        #: Whether a position or an account has changed since the last report.
        self.is_stale = True
        self._at = -1e9

    def reports(self, interval: float, is_forced: bool) -> list[ContractReport]:
        """Metrics, positions and open trades, if something has changed or `interval` seconds have passed."""
        age = time.monotonic() - self._at
        if not is_forced and age < (self.PAUSE if self.is_stale else interval):
            return []
        self._at, self.is_stale = time.monotonic(), False
        now = datetime.datetime.now(datetime.timezone.utc)
        reports: list[ContractReport] = []
        unrealized, net, gross, currencies = self._positions(now, reports)
        values: dict[tuple[str, str, str], Decimal] = {}
        for (symbol, currency), value in self._book.realized_by_symbol().items():
            values[symbol, "realized_pnl", currency] = value
            values[symbol, "unrealized_pnl", currency] = Decimal(0)
        values |= {(symbol, "unrealized_pnl", currency): value for (symbol, currency), value in unrealized.items()}
        values |= self._equity(unrealized)
        reports += [
            contract.MetricSample("", symbol, name, exact(value), now, currency) for (symbol, name, currency), value in values.items()
        ]
        zero = Decimal(0)
        for symbol, currency in sorted((self.symbols | currencies).items()):
            reports.append(contract.PositionReport("", symbol, net.get(symbol, zero), gross.get(symbol, zero), now, currency))
        self.symbols = currencies
        return reports

    def _positions(
        self, now: datetime.datetime, reports: list[ContractReport]
    ) -> tuple[dict[tuple[str, str], Decimal], dict[str, Decimal], dict[str, Decimal], dict[str, str]]:
        """The unrealized profit by symbol and currency, and net value, gross value and their currency by symbol, of open positions. Reports
        their trades."""
        unrealized: dict[tuple[str, str], Decimal] = {}
        net: dict[str, Decimal] = {}
        gross: dict[str, Decimal] = {}
        currencies: dict[str, str] = {}
        for position in self._kernel.cache.positions_open():
            symbol = instrument(position.instrument_id)[0]
            price = self._price(position.instrument_id)
            if price is None:
                # Without a market price, the exposure is that at the entry, and the unrealized profit is unknown.
                trade = self._book.trades.get(str(position.id))
                entry = trade.report.entry_price if trade is not None else Decimal(0)
                value = position.quantity.as_decimal() * entry * position.multiplier.as_decimal()
                currencies[symbol] = position.quote_currency.code
            else:
                profit = position.unrealized_pnl(price)
                key = symbol, profit.currency.code
                unrealized[key] = unrealized.get(key, Decimal(0)) + profit.as_decimal()
                marked = self._book.mark(str(position.id), exact(price.as_decimal()), exact(profit.as_decimal()), now)
                if marked is not None:
                    reports.append(marked)
                notional = position.notional_value(price)
                value, currencies[symbol] = notional.as_decimal(), notional.currency.code
            gross[symbol] = exact(gross.get(symbol, Decimal(0)) + value)
            net[symbol] = exact(net.get(symbol, Decimal(0)) + (value if position.is_long else -value))
        return unrealized, net, gross, currencies

    def _price(self, instrument_id: typing.Any) -> typing.Any:
        for price_type in (PriceType.MID, PriceType.LAST):
            if (price := self._kernel.cache.price(instrument_id, price_type)) is not None:
                return price
        return None

    def _equity(self, unrealized: dict[tuple[str, str], Decimal]) -> dict[tuple[str, str, str], Decimal]:
        """The equity of accounts in one currency. Cash accounts hold several, so their equity needs rates that the node does not have."""
        sums: dict[str, Decimal] = {}
        for account in self._kernel.cache.accounts():
            totals = account.balances_total()
            if account.is_margin_account and len(totals) == 1:
                currency, total = next(iter(totals.items()))
                sums[currency.code] = sums.get(currency.code, Decimal(0)) + total.as_decimal()
        profits: dict[str, Decimal] = {}
        for (_, currency), profit in unrealized.items():
            profits[currency] = profits.get(currency, Decimal(0)) + profit
        return {("*", "equity", currency): total + profits.get(currency, Decimal(0)) for currency, total in sums.items()}
