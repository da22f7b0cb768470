"""A strategy that opens, enlarges, reduces, turns and closes a position, over and over."""

import datetime

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, TriggerType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy


class PulseConfig(StrategyConfig, kw_only=True, frozen=True):
    """The configuration of the strategy."""

    instrument_id: InstrumentId
    #: The quantity of one step.
    quantity: float
    #: The pause between two steps, in seconds.
    seconds: float = 1.0
    #: Whether a position never turns into one of the same size. NautilusTrader 1.221.0 cannot load such a position from a cache database.
    is_loadable: bool = False



class Pulse(Strategy):
    """Its steps do not depend on its position, so it also tries what a gate must deny."""

    __version__ = "1.0"

    def on_start(self):
        self.count = 0
        self.limit = None
        self.subscribe_quote_ticks(self.config.instrument_id)
        self._set_timer()

    def on_stop(self):
        self.clock.cancel_timers()

    def on_resume(self):
        self._set_timer()

    def _set_timer(self):
        self.clock.set_timer("pulse", datetime.timedelta(seconds=self.config.seconds), callback=self._step)

    def _step(self, _):
        quote = self.cache.quote_tick(self.config.instrument_id)
        if quote is None:
            return
        steps = [
            lambda: self._market(OrderSide.BUY, 2),
            lambda: self._market(OrderSide.BUY, 1),
            lambda: self._rest(quote),
            lambda: self._market(OrderSide.SELL, 1),
            lambda: self._emulate(quote),
            self._cancel,
            self._turn if self.config.is_loadable else lambda: self._market(OrderSide.SELL, 4),
            lambda: self._market(OrderSide.BUY, 2),
        ]
        steps[self.count % len(steps)]()
        self.count += 1

    def _quantity(self, units):
        return self._instrument.make_qty(self.config.quantity * units)

    @property
    def _instrument(self):
        return self.cache.instrument(self.config.instrument_id)

    def _market(self, side, units):
        quantity, is_reduce_only = self._quantity(units), False
        if self.config.is_loadable:
            net = self.portfolio.net_position(self.config.instrument_id)
            is_reduce_only = side == OrderSide.SELL or net < 0
            quantity = self._instrument.make_qty(-net) if net < 0 else quantity
        self._submit(side, quantity, is_reduce_only)

    def _turn(self):
        """Turns a long position into a short one of half its size."""
        net = self.portfolio.net_position(self.config.instrument_id)
        if net > 0:
            self._submit(OrderSide.SELL, self._instrument.make_qty(net * 3 / 2))

    def _submit(self, side, quantity, is_reduce_only=False):
        order = self.order_factory.market(self.config.instrument_id, side, quantity, reduce_only=is_reduce_only, tags=["pulse"])
        self.submit_order(order)

    def _rest(self, quote):
        """Places a limit order that rests, far from the market."""
        price = self._instrument.make_price(quote.ask_price.as_double() * 1.2)
        self.limit = self.order_factory.limit(self.config.instrument_id, OrderSide.SELL, self._quantity(1), price)
        self.submit_order(self.limit)

    def _emulate(self, quote):
        """Places a stop order that the node holds, far from the market."""
        price = self._instrument.make_price(quote.bid_price.as_double() * 0.8)
        order = self.order_factory.stop_market(
            self.config.instrument_id, OrderSide.SELL, self._quantity(1), price, emulation_trigger=TriggerType.BID_ASK
        )
        self.submit_order(order)

    def _cancel(self):
        self.cancel_all_orders(self.config.instrument_id)
