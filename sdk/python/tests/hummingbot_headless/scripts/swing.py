"""A hummingbot script for tests: it trades on hummingbot's own mock exchange, whose prices it moves on a fixed path."""

from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, OrderType
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase


class SwingConfig(StrategyV2ConfigBase):
    script_file_name: str = "swing.py"
    connector: str = "mock_paper_exchange_paper_trade"
    trading_pair: str = "BTC-USDT"
    #: How many orders it places. 0 means without end.
    orders: int = 0
    #: Whether it places market orders too.
    uses_market_orders: bool = False
    #: Whether the net of all its fills is 0 after each second order.
    returns: bool = True

    def update_markets(self, markets: MarketDict) -> MarketDict:
        return markets.add_or_update(self.connector, self.trading_pair)


class Swing(StrategyV2Base):
    """Each tick moves the price. Orders near the price are filled on a later tick, and each fourth order is far from the price and canceled."""

    PATH = (0, 3, 7, 4, -2, -6, -3, 1)

    def __init__(self, connectors, config):
        super().__init__(connectors, config)
        self.tick_number = 0
        self.placed = 0
        self.resting = []

    def on_tick(self):
        exchange = self.connectors[self.config.connector]
        pair = self.config.trading_pair
        middle = Decimal(50_000) + self.PATH[self.tick_number % len(self.PATH)] * Decimal("2.5")
        exchange.set_balanced_order_book(pair, float(middle), float(middle) - 50, float(middle) + 50, 0.5, 2)
        self.tick_number += 1
        for order_id in self.resting:
            exchange.cancel(pair, order_id)
        self.resting = []
        if self.config.orders and self.placed >= self.config.orders:
            return
        number = self.placed
        self.placed += 1
        amount = Decimal("0.0125") + Decimal("0.000001") * (number // 2 % 7)
        buys = number % 2 == 0
        place = self.buy if buys else self.sell
        if number % 4 == 3 and not self.config.returns:
            self.resting.append(place(self.config.connector, pair, amount, OrderType.LIMIT, middle + (-1000 if buys else 1000)))
        elif self.config.uses_market_orders and number % 8 == 5:
            place(self.config.connector, pair, amount, OrderType.MARKET)
        else:
            place(self.config.connector, pair, amount, OrderType.LIMIT, middle + (2 if buys else -2))
        if number % 5 == 4:
            self.logger().warning("order %d was placed near %s", number, middle)
        if number == 7:
            # Rests until the strategy is stopped.
            self.buy(self.config.connector, pair, Decimal("0.001"), OrderType.LIMIT, Decimal("40000.25"))
