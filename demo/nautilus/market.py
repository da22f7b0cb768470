"""A market data client whose prices move deterministically from a seed."""

import asyncio
import math
import random

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import ClientId, Venue
from nautilus_trader.test_kit.providers import TestInstrumentProvider

VENUE = Venue("BINANCE")
#: The instruments and their prices at the start.
INSTRUMENTS = {TestInstrumentProvider.btcusdt_binance(): 60_000, TestInstrumentProvider.ethusdt_binance(): 3_000}


class MarketConfig:
    """Settings that the factory cannot get from the node."""

    seed = 1
    #: The pause between two prices, in seconds.
    pause = 0.05


class Market(LiveMarketDataClient):
    """Quotes of all instruments, from the connection until the end."""

    async def _connect(self):
        for instrument in INSTRUMENTS:
            self._handle_data(instrument)
        self.create_task(self._move(), log_msg="prices")

    async def _disconnect(self):
        pass

    async def _subscribe_quote_ticks(self, command):
        pass

    async def _unsubscribe_quote_ticks(self, command):
        pass

    async def _subscribe_order_book_deltas(self, command):
        pass

    async def _subscribe_instrument(self, command):
        pass

    async def _subscribe_instruments(self, command):
        pass

    async def _move(self):
        chance = random.Random(MarketConfig.seed)
        step = 0
        while True:
            step += 1
            for instrument, base in INSTRUMENTS.items():
                price = base * (1 + 0.01 * math.sin(step / 40) + 0.0005 * chance.uniform(-1, 1))
                now = self._clock.timestamp_ns()
                size = instrument.make_qty(5)
                bid, ask = instrument.make_price(price), instrument.make_price(price + float(instrument.price_increment))
                self._handle_data(QuoteTick(instrument.id, bid, ask, size, size, now, now))
            await asyncio.sleep(MarketConfig.pause)


class MarketFactory(LiveDataClientFactory):
    """Creates the client."""

    @staticmethod
    def create(loop, name, config, msgbus, cache, clock):
        provider = InstrumentProvider()
        for instrument in INSTRUMENTS:
            provider.add(instrument)
        return Market(
            loop=loop, client_id=ClientId(VENUE.value), venue=VENUE, msgbus=msgbus, cache=cache, clock=clock,
            instrument_provider=provider,
        )
