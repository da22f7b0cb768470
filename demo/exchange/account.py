"""Accounts of the fake exchange: balances, orders and fills, for bots that trade live on it."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import threading
import typing
from decimal import ROUND_DOWN, Decimal

from market import FEE_RATE, Market, Prices


class OrderRefused(Exception):
    """An order that the exchange refuses, with Binance's error code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclasses.dataclass
class Order:
    """An order and its fills."""

    order_id: int
    client_id: str
    market: Market
    side: str
    kind: str
    quantity: Decimal
    #: The limit price; 0 for a market order.
    price: Decimal
    time: int
    status: str = "NEW"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    updated: int = 0
    fills: list[dict[str, typing.Any]] = dataclasses.field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")

    def to_json(self) -> dict[str, typing.Any]:
        """The order as Binance returns it."""
        return {
            "symbol": self.market.symbol,
            "orderId": self.order_id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "price": str(self.price),
            "origQty": str(self.quantity),
            "executedQty": str(self.filled),
            "cummulativeQuoteQty": str(self.cost),
            "status": self.status,
            "timeInForce": "GTC",
            "type": self.kind,
            "side": self.side,
            "stopPrice": "0",
            "time": self.time,
            "transactTime": self.time,
            "updateTime": self.updated or self.time,
            "isWorking": True,
            "fills": [{name: fill[name] for name in ("price", "qty", "commission", "commissionAsset", "tradeId")} for fill in self.fills],
        }


class Account:
    """The account of one bot. Orders are matched when the bot asks for them."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._lock = threading.Lock()
        #: As at Binance, the orders and fills of each market are counted separately.
        self._numbers: collections.defaultdict[str, itertools.count[int]] = collections.defaultdict(lambda: itertools.count(1))
        self._orders: list[Order] = []
        self._balances = {"USDT": Decimal(10_000), "BNB": Decimal(100)}
        #: The largest part of an order that one match fills. Less than 1 makes partial fills.
        self.fill_part = Decimal(1)
        #: The currency of fees; None for the currency that the order buys.
        self.fee_currency: str | None = None
        #: Whether orders are accepted and not filled.
        self.holds = False

    def balances(self) -> list[dict[str, str]]:
        """The balances as Binance returns them."""
        with self._lock:
            self._match_all()
            locked: dict[str, Decimal] = {}
            for order in self._orders:
                if order.is_open:
                    rest = order.quantity - order.filled
                    name, amount = (order.market.quote, rest * order.price) if order.side == "BUY" else (order.market.base, rest)
                    locked[name] = locked.get(name, Decimal(0)) + amount
            return [
                {"asset": name, "free": str(total - locked.get(name, 0)), "locked": str(locked.get(name, Decimal(0)))}
                for name, total in self._balances.items()
            ]

    def place(self, market: Market, fields: dict[str, str], now: float) -> Order:
        """Places an order; raises OrderRefused."""
        quantity = Decimal(fields.get("quantity", "0"))
        price = Decimal(fields.get("price", "0"))
        with self._lock:
            number = next(self._numbers[market.symbol])
            side, kind = fields.get("side", ""), fields.get("type", "")
            client_id = fields.get("newClientOrderId", f"order-{number}")
            order = Order(number, client_id, market, side, kind, quantity, price, int(now * 1000))
            value = quantity * (price or Decimal(self._prices.ask(market, now)))
            name, needed = (market.quote, value) if side == "BUY" else (market.base, quantity)
            if quantity <= 0 or value < 5:
                raise OrderRefused(-1013, "Filter failure: NOTIONAL")
            if self._balances.get(name, Decimal(0)) < needed:
                raise OrderRefused(-2010, "Account has insufficient balance for requested action.")
            self._orders.append(order)
            self._match(order, now)
            return order

    def order(self, fields: dict[str, str], now: float) -> Order:
        """Finds an order and matches it; raises OrderRefused."""
        with self._lock:
            order = self._find(fields)
            self._match(order, now)
            return order

    def cancel(self, fields: dict[str, str], now: float) -> Order:
        """Cancels an order; raises OrderRefused."""
        with self._lock:
            order = self._find(fields)
            if not order.is_open:
                raise OrderRefused(-2011, "Unknown order sent.")
            order.status, order.updated = "CANCELED", int(now * 1000)
            return order

    def orders(self, symbol: str | None, only_open: bool, now: float) -> list[Order]:
        """The orders of a market, or of all markets."""
        with self._lock:
            self._match_all(now)
            orders = [order for order in self._orders if symbol in (None, order.market.symbol)]
            return [order for order in orders if order.is_open] if only_open else orders

    def trades(self, symbol: str | None, order_id: str | None) -> list[dict[str, typing.Any]]:
        """The fills of a market, or of one order, as Binance returns them."""
        with self._lock:
            orders = [order for order in self._orders if symbol in (None, order.market.symbol)]
            return [fill for order in orders if order_id in (None, str(order.order_id)) for fill in order.fills]

    def _find(self, fields: dict[str, str]) -> Order:
        number, client_id = fields.get("orderId", ""), fields.get("origClientOrderId")
        for order in self._orders:
            if order.market.symbol == fields.get("symbol") and (str(order.order_id) == number or order.client_id == client_id):
                return order
        raise OrderRefused(-2013, "Order does not exist.")

    def _match_all(self, now: float | None = None) -> None:
        for order in self._orders:
            self._match(order, now)

    def _match(self, order: Order, now: float | None) -> None:
        """Fills an open order, or a part of it, if the price permits it."""
        if now is None or self.holds or not order.is_open:
            return
        quote = self._prices.ask if order.side == "BUY" else self._prices.bid
        price = Decimal(quote(order.market, now))
        if order.kind == "LIMIT" and (order.price < price if order.side == "BUY" else order.price > price):
            return
        rest = order.quantity - order.filled
        digits = Decimal(1).scaleb(-order.market.quantity_digits)
        quantity = rest if order.kind == "MARKET" else min(rest, max((order.quantity * self.fill_part).quantize(digits, ROUND_DOWN), digits))
        self._fill(order, quantity, price, int(now * 1000))

    def _fill(self, order: Order, quantity: Decimal, price: Decimal, time: int) -> None:
        market, value = order.market, quantity * price
        bought, sold = (market.base, market.quote) if order.side == "BUY" else (market.quote, market.base)
        received, paid = (quantity, value) if order.side == "BUY" else (value, quantity)
        fee_currency = self.fee_currency or bought
        fee = received * FEE_RATE
        if fee_currency != bought:
            fee_market = self._prices.market(fee_currency + market.quote)
            rate = Decimal(self._prices.ask(fee_market, time / 1000)) if fee_market else Decimal(1)
            fee = value * FEE_RATE / rate
        fee = fee.quantize(Decimal("0.00000001"))
        for name, change in ((bought, received), (sold, -paid), (fee_currency, -fee)):
            self._balances[name] = self._balances.get(name, Decimal(0)) + change
        order.filled += quantity
        order.cost += value
        order.updated = time
        order.status = "FILLED" if order.filled == order.quantity else "PARTIALLY_FILLED"
        order.fills.append(
            {
                "symbol": market.symbol,
                "id": next(self._numbers[market.symbol]),
                "tradeId": order.order_id * 1000 + len(order.fills),
                "orderId": order.order_id,
                "price": str(price),
                "qty": str(quantity),
                "quoteQty": str(value),
                "commission": str(fee),
                "commissionAsset": fee_currency,
                "time": time,
                "isBuyer": order.side == "BUY",
                "isMaker": False,
                "isBestMatch": True,
            }
        )
