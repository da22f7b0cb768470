"""Requests effects of a bot, and waits until its snapshots show them."""

from __future__ import annotations

import functools
import queue
import threading
import time
import typing

from ..processor import CommandFailure
from .adapter import Adapter, BotFailure, BotRefusal, Snapshot, Unsupported

#: Asks the bot for an effect. Returns the bot's words if it did not agree, or None.
Request = typing.Callable[[Snapshot], typing.Optional[str]]

#: The maximum number of trades and of orders in the evidence.
LISTED = 50


class NotObserved(CommandFailure):
    """The effect of a command did not show in time."""


class Observation:
    """Waits for effects at a bot.

    A request is repeated from time to time, because the first may have been lost. If its effect does not show in time, the command fails with
    the bot's own words and the last snapshot as evidence.
    """

    #: The pause between two snapshots, in seconds.
    INTERVAL = 0.25
    #: The pause between two equal requests, in seconds.
    RETRY = 5.0

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def apply(
        self,
        effect: str,
        is_observed: typing.Callable[[Snapshot], bool],
        request: Request,
        end: float,
        first: Snapshot | None = None,
        is_persistent: bool = False,
    ) -> Snapshot:
        """Requests an effect until a snapshot shows it, and returns that snapshot. Raises NotObserved at `end`, a time of the monotonic clock.

        `first` is a snapshot that was just taken. A request that `is_persistent` is repeated with the last snapshot while the bot is too slow
        for another one; others need a new one.
        """
        last, words, asked_at = first, None, -1e9
        while True:
            is_current = False
            try:
                last = first or bounded(self._adapter.snapshot, end)
                first, is_current = None, True
                if is_observed(last):
                    return last
            except BotRefusal as error:
                words = str(error)
            except BotFailure as error:
                # A refusal says more than silence after it.
                words = words or str(error)
            if last is not None and (is_current or is_persistent) and time.monotonic() - asked_at >= self.RETRY:
                asked_at = time.monotonic()
                words = _answer(functools.partial(request, last), last, words, end)
            if time.monotonic() >= end:
                said = f"; the bot: {words}" if words else ""
                raise NotObserved(f"NOT_OBSERVED: {effect}{said}", evidence(last) if last else None)
            time.sleep(self.INTERVAL)

    def snapshot(self, end: float) -> Snapshot:
        """Waits for a snapshot until `end`."""
        return self.apply("the bot answers", lambda _: True, lambda _: None, end)


def _answer(request: typing.Callable[[], str | None], last: Snapshot, words: str | None, end: float) -> str | None:
    """The bot's words about a request, or the earlier ones if it has no answer."""
    try:
        return bounded(request, end)
    except BotRefusal as error:
        return str(error)
    except BotFailure as error:
        return words or str(error)
    except Unsupported as error:
        raise CommandFailure(f"UNSUPPORTED: {error}", evidence(last)) from None


def evidence(snapshot: Snapshot) -> dict[str, typing.Any]:
    """A snapshot as evidence of a command."""
    trades = [{"trade_id": t.trade_id, "symbol": t.symbol, "quantity": t.quantity} for t in snapshot.trades[:LISTED]]
    orders = [{"order_id": o.order_id, "symbol": o.symbol} for o in snapshot.orders[:LISTED]]
    return {
        "is_running": snapshot.is_running,
        "permits_entries": snapshot.permits_entries,
        "open_trades": trades,
        "open_trade_count": len(snapshot.trades),
        "open_orders": orders,
        "open_order_count": len(snapshot.orders),
    }


_Result = typing.TypeVar("_Result")


def bounded(call: typing.Callable[[], _Result], end: float) -> _Result:
    """Returns the result of a call, or raises BotFailure at `end`, so that a slow bot does not cost the command its evidence. The call keeps
    running in its thread."""
    results: queue.SimpleQueue[tuple[_Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put((call(), None))
        except BaseException as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True, name="flotilla-effect").start()
    try:
        result, error = results.get(timeout=max(end - time.monotonic(), 0.01))
    except queue.Empty:
        raise BotFailure("the bot has not answered a request in time") from None
    if error is not None:
        raise error
    return typing.cast(_Result, result)


def asking(effect: typing.Callable[[], None]) -> Request:
    """A request that asks for an effect. Unsupported passes through."""

    def ask(snapshot: Snapshot) -> str | None:
        try:
            effect()
        except (BotFailure, BotRefusal) as error:
            return str(error)
        return None

    return ask
