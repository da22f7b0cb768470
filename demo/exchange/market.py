"""Markets whose prices are a function of a seed and of the time, so that two runs and all bots see the same prices."""

from __future__ import annotations

import dataclasses
import decimal
import math
import random
import typing

#: The length of each candle interval, in seconds.
INTERVALS = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "4h": 14400, "1d": 86400}

#: The fee of a fill, as a part of its value.
FEE_RATE = decimal.Decimal("0.001")

#: The half of the spread, and the distance between two levels of the order book, as a part of the price.
_STEP = 0.0001


@dataclasses.dataclass(frozen=True)
class Market:
    """A spot market."""

    base: str
    quote: str
    #: The price that the market moves around.
    anchor: float
    #: The number of digits of a price and of a quantity.
    price_digits: int
    quantity_digits: int

    @property
    def symbol(self) -> str:
        """The symbol as Binance writes it."""
        return self.base + self.quote


MARKETS = [
    Market("BTC", "USDT", 60_000, 2, 5),
    Market("ETH", "USDT", 3_000, 2, 4),
    Market("SOL", "USDT", 150, 2, 3),
    Market("BNB", "USDT", 600, 2, 3),
    Market("ADA", "USDT", 0.45, 4, 1),
    Market("XRP", "USDT", 0.6, 4, 1),
]


class Prices:
    """The prices of all markets. Each price is a sum of waves with periods from 40 seconds to 2 hours and phases from the seed."""

    #: The period of each wave in seconds, and its height as a part of the price.
    WAVES = [(7_200, 0.02), (1_500, 0.01), (420, 0.006), (130, 0.002), (40, 0.0004)]

    def __init__(self, seed: int) -> None:
        self._markets = {market.symbol: market for market in MARKETS}
        self._phases = {
            market.symbol: [random.Random(f"{seed}/{market.symbol}/{period}").random() for period, _ in self.WAVES]
            for market in MARKETS
        }

    def market(self, symbol: str) -> Market | None:
        """The market with that symbol; None if there is no such market."""
        return self._markets.get(symbol)

    def price(self, market: Market, time: float) -> float:
        """The price at a time in seconds."""
        phases = self._phases[market.symbol]
        waves = zip(self.WAVES, phases)
        return market.anchor * (1 + sum(height * math.sin(2 * math.pi * (time / period + phase)) for (period, height), phase in waves))

    def text(self, market: Market, price: float) -> str:
        """A price as decimal text."""
        return f"{price:.{market.price_digits}f}"

    def bid(self, market: Market, time: float, level: int = 1) -> str:
        """The price of a level of the order book's buying side; level 1 is the best."""
        return self.text(market, self.price(market, time) * (1 - _STEP * level))

    def ask(self, market: Market, time: float, level: int = 1) -> str:
        """The price of a level of the order book's selling side; level 1 is the best."""
        return self.text(market, self.price(market, time) * (1 + _STEP * level))

    def candles(self, market: Market, interval: int, start: int, limit: int, now: float) -> list[list[typing.Any]]:
        """Up to `limit` candles from `start` in seconds. The last one may be incomplete."""
        first = start - start % interval
        opens = range(first, min(first + limit * interval, int(now) + 1), interval)
        return [self._candle(market, time, interval, now) for time in opens]

    def _candle(self, market: Market, time: int, interval: int, now: float) -> list[typing.Any]:
        end = min(time + interval, now)
        prices = [self.price(market, time + (end - time) * part / 8) for part in range(9)]
        texts = [self.text(market, price) for price in (prices[0], max(prices), min(prices), prices[-1])]
        volume = 50_000 * interval / market.anchor
        quote_volume = f"{volume * prices[-1]:.2f}"
        return [time * 1000, *texts, f"{volume:.2f}", (time + interval) * 1000 - 1, quote_volume, 100, f"{volume / 2:.2f}", quote_volume, "0"]
