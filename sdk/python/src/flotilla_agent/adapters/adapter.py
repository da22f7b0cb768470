"""The interface between a bot and the sidecar that connects it to a control plane.

An adapter asks and reports; it decides nothing. The sidecar polls it, sends its reports, applies the commands and observes their effect in
the adapter's snapshots. `docs/bots/adapters.md` describes how to write an adapter, and `testkit` checks one against a real bot.
"""

from __future__ import annotations

import abc
import collections.abc
import dataclasses
import threading

from ..telemetry import ContractReport
from .identity import Identity


class BotFailure(Exception):
    """The bot gave no usable answer: it is unreachable, it hangs, or its answer is nonsense. Its text goes to operators.

    The sidecar reports the bot as UNRESPONSIVE with this text, and tries again.
    """


class BotRefusal(Exception):
    """The bot answered and refused. Its text has the bot's own words."""


class Unsupported(Exception):
    """The bot has no such effect. Its text says what the operator can do instead."""


@dataclasses.dataclass(frozen=True)
class OpenTrade:
    """A position, or an entry that is not filled yet."""

    trade_id: str
    symbol: str
    #: The quantity that is held, as decimal text.
    quantity: str
    #: Whether an order that closes it waits to be filled.
    is_exiting: bool = False


@dataclasses.dataclass(frozen=True)
class OpenOrder:
    """An order that can still be filled."""

    order_id: str
    symbol: str
    trade_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The state of a bot at one moment. Commands are COMPLETED by snapshots alone, so every member must come from the bot."""

    #: Whether the bot works at all: it manages its trades.
    is_running: bool
    #: Whether the bot may open or increase positions.
    permits_entries: bool
    trades: tuple[OpenTrade, ...] = ()
    orders: tuple[OpenOrder, ...] = ()
    #: Differs between two iterations of the bot's loop. FLATTEN waits for the end of the iteration in which entries were paused,
    #: because that iteration may still place an entry. None if the bot checks before each order.
    iteration: str | None = None
    #: Differs between two starts of the bot. RESTART is complete when it has changed.
    started_at: str | None = None


@dataclasses.dataclass(frozen=True)
class Changes:
    """The reports of a bot since a cursor."""

    #: In the order in which they happened, as far as the bot says. Their `instance_id` may be empty: the sidecar sets it.
    reports: collections.abc.Sequence[ContractReport]
    #: Where the next call continues.
    cursor: str


class Adapter(abc.ABC):
    """Connects one bot.

    The sidecar calls `identity`, `snapshot` and the effects from several threads at the same time, and `changes` from one thread at a time.
    Each call must return or raise within a few seconds, even if the bot hangs. Every method raises BotFailure if the bot gives no usable
    answer and BotRefusal if it refuses.

    An effect asks the bot for something and returns. The sidecar then waits for the effect in snapshots. An effect may be called again
    before it is complete, and after it is complete.
    """

    @abc.abstractmethod
    def identity(self) -> Identity:
        """The bot's software, version, strategy, mode, exchange, symbols and accounts. The sidecar asks once a minute."""

    @abc.abstractmethod
    def snapshot(self) -> Snapshot:
        """The state of the bot now. The sidecar asks every few seconds, and several times per second while it waits for an effect."""

    @abc.abstractmethod
    def changes(self, cursor: str) -> Changes:
        """Orders, fills, trades, balances, metrics, positions and log lines since `cursor`, which is empty or the cursor of an earlier
        result, perhaps of an earlier process. With an empty cursor it returns everything that the bot still knows.

        The same element must have the same id in each result, because a cursor can be lost. It must not raise half of its reports: if it
        raises, the next call repeats the cursor.
        """

    def listen(self, changed: threading.Event) -> None:
        """Sets `changed` whenever the bot may have changes, until `close`, so that the sidecar need not wait for its next poll.

        The sidecar calls it in a separate thread, and again after it returns or raises. The default returns: the sidecar polls.
        """

    def close(self) -> None:
        """Ends `listen` and closes all connections. Calls in progress may fail."""

    # Effects

    #: Whether START waits until the agent's time limit, because a person may have to start the bot.
    is_started_by_hand = False

    def pause_entries(self) -> None:
        """Stops entries, for SAFE_MODE and FLATTEN. Observed as `not permits_entries`."""
        raise Unsupported("this bot cannot pause entries")

    def reduce_only(self) -> None:
        """Lets orders only reduce positions, for REDUCE_ONLY. Observed as `is_running and not permits_entries`."""
        raise Unsupported("this bot has no reduce-only mode")

    def resume(self) -> None:
        """Permits entries again, for START. Observed as `is_running and permits_entries`."""
        raise Unsupported("this bot cannot be started from outside")

    def stop(self) -> None:
        """Stops the bot, for STOP. Observed as `not is_running`. The sidecar does not call it while trades or orders are open."""
        raise Unsupported("this bot cannot be stopped from outside")

    def restart(self) -> None:
        """Starts the bot again with its configuration, for RESTART. Observed as a different `started_at`."""
        raise Unsupported("this bot cannot be restarted from outside")

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        """Cancels orders, for CANCEL_ALL and FLATTEN. Observed as their absence in `orders`."""
        raise Unsupported("this bot cannot cancel orders from outside")

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        """Closes positions and cancels entries, for FLATTEN. Observed as the absence of trades and orders.

        `trades` are those of the last snapshot. It tries every trade, even if one fails or is slow, and raises the failures together at the end.
        """
        raise Unsupported("this bot cannot close trades from outside")
