"""Runs a NautilusTrader node in the sandbox, with a market and a strategy that trades. Needs no network.

    python demo/nautilus --control-plane http://127.0.0.1:8000

With a control plane the node has a FlotillaActor. With --redis it streams its events, for `flotilla-agent nautilus`.
"""

import argparse
import json
import pathlib
import time
from decimal import Decimal

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.config import (
    CacheConfig,
    DatabaseConfig,
    LiveDataClientConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    MessageBusConfig,
    RoutingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import TraderId

from market import INSTRUMENTS, VENUE, MarketConfig, MarketFactory
from pulse import Pulse, PulseConfig
from venue import RefusingVenue, SandboxLiveExecClientFactory

#: The quantity of one step of the strategy, by symbol.
QUANTITIES = {"BTCUSDT": 0.01, "ETHUSDT": 0.2}


def database(address):
    """A Redis at HOST:PORT."""
    host, _, port = address.rpartition(":")
    return DatabaseConfig(type="redis", host=host, port=int(port))


def node(options):
    """A node with one strategy per instrument."""
    bus = cache = None
    if options.redis:
        bus = MessageBusConfig(
            database=database(options.redis), encoding="json", stream_per_topic=False, use_instance_id=False, types_filter=[QuoteTick],
            heartbeat_interval_secs=1, timestamps_as_iso8601=options.iso,
        )
    if options.cache:
        cache = CacheConfig(database=database(options.cache), encoding="json")
    configuration = TradingNodeConfig(
        trader_id=TraderId(options.trader),
        logging=LoggingConfig(log_level=options.log_level),
        message_bus=bus,
        cache=cache,
        exec_engine=LiveExecEngineConfig(reconciliation=False),
        data_clients={VENUE.value: LiveDataClientConfig(routing=RoutingConfig(default=True))},
        exec_clients={
            VENUE.value: SandboxExecutionClientConfig(
                venue=VENUE.value, account_type="MARGIN", starting_balances=["100000 USDT"], default_leverage=Decimal(5),
                # The sandbox numbers its orders from 1 in each process, and the cache knows earlier ones.
                use_random_ids=bool(options.cache),
            )
        },
        timeout_connection=10,
        timeout_disconnection=2,
        timeout_post_stop=1,
    )
    trading = TradingNode(config=configuration)
    trading.add_data_client_factory(VENUE.value, MarketFactory)
    trading.add_exec_client_factory(VENUE.value, SandboxLiveExecClientFactory)
    for instrument in INSTRUMENTS:
        trading.cache.add_instrument(instrument)
    trading.build()
    for instrument in INSTRUMENTS:
        trading.cache.add_instrument(instrument)
        symbol = instrument.id.symbol.value
        settings = PulseConfig(
            strategy_id=f"Pulse{symbol}", instrument_id=instrument.id, quantity=QUANTITIES[symbol], seconds=options.seconds,
            is_loadable=bool(options.cache),
        )
        trading.trader.add_strategy(Pulse(settings))
    return trading


def contents(cache):
    """Orders, fills and positions of the node's cache, as JSON."""
    positions = [(position.id, position) for position in cache.positions()]
    for position in cache.positions():
        # A snapshot of a closed position has a longer id.
        positions += [(position.id, closed) for closed in cache.position_snapshots(position.id)]
    return {
        "orders": [order.to_dict() for order in cache.orders()],
        "fills": [OrderFilled.to_dict(event) for order in cache.orders() for event in order.events if isinstance(event, OrderFilled)],
        "positions": [
            {
                **position.to_dict(),
                "position_id": str(position_id),
                "fills": [OrderFilled.to_dict(event) for event in position.events],
            }
            for position_id, position in positions
        ],
        "accounts": [
            {
                "id": str(account.id),
                "total": {currency.code: str(money.as_decimal()) for currency, money in account.balances_total().items()},
                "free": {currency.code: str(money.as_decimal()) for currency, money in account.balances_free().items()},
            }
            for account in cache.accounts()
        ],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trader", default="DEMO-001", help="the node's trader id (default: DEMO-001)")
    parser.add_argument("--control-plane", help="the URL of the control plane (default: CONTROL_PLANE_URL; without it no actor)")
    parser.add_argument("--redis", metavar="HOST:PORT", help="stream the node's events to this Redis")
    parser.add_argument("--cache", metavar="HOST:PORT", help="keep orders and positions in this Redis, so that the next node loads them")
    parser.add_argument("--iso", action="store_true", help="stream times as ISO 8601 text instead of nanoseconds")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the prices")
    parser.add_argument("--seconds", type=float, default=1.0, help="the pause between two steps of the strategy")
    parser.add_argument("--refuse", type=pathlib.Path, metavar="FILE", help="refuse orders while this file exists; it has the reason")
    parser.add_argument("--hang-after", type=float, metavar="SECONDS", help="block the node's event loop once, after this time")
    parser.add_argument("--hang-seconds", type=float, default=10, help="how long it is blocked")
    parser.add_argument("--log-level", default="WARNING")
    parser.add_argument("--dump", metavar="FILE", help="write the node's cache to this file at the end")
    options = parser.parse_args()
    MarketConfig.seed = options.seed
    RefusingVenue.switch = options.refuse
    trading = node(options)
    if options.control_plane:
        from flotilla_agent.adapters.nautilus import FlotillaActor, FlotillaActorConfig

        FlotillaActor.join(trading, FlotillaActorConfig(control_plane_url=options.control_plane))
    if options.hang_after is not None:
        trading.kernel.loop.call_later(options.hang_after, time.sleep, options.hang_seconds)
    try:
        trading.run()
    finally:
        if options.dump:
            with open(options.dump, "w", encoding="utf-8") as file:
                json.dump(contents(trading.cache), file, default=str)
        trading.dispose()


if __name__ == "__main__":
    main()
