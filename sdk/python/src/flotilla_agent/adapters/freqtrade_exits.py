"""Closes the trades of a freqtrade bot and cancels their orders: several at the same time, so that a slow one delays no other."""

from __future__ import annotations

import collections.abc
import concurrent.futures
import functools
import threading
import time
import typing

from .adapter import BotFailure, BotRefusal, OpenOrder, OpenTrade
from .freqtrade_api import FreqtradeAPI, NotFound
from .freqtrade_log import warnings_since
from .freqtrade_trades import trade_number
from .values import brief

#: Requests an effect for one trade.
_Request = typing.Callable[[], object]


class TradeRequests:
    """Requests in flight, at most one per trade."""

    #: How many are in flight at the same time.
    CONCURRENCY = 4
    #: How long one call of `send` waits for answers, in seconds. A request whose answer comes later counts in the next call.
    PATIENCE = 3.0

    def __init__(self) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(self.CONCURRENCY, "flotilla-trade")
        self._lock = threading.Lock()
        self._in_flight: dict[str, concurrent.futures.Future[object]] = {}
        #: When a request was last sent for each trade, so that each has its turn.
        self._sent_at: dict[str, float] = {}

    def send(self, requests: dict[str, _Request]) -> dict[str, BotFailure | BotRefusal | None]:
        """Sends the requests of trades that have none in flight. Returns the answers so far by trade: a failure, or None for success.

        Raises BotFailure after `close`.
        """
        with self._lock:
            self._submit(requests)
            concurrent.futures.wait([self._in_flight[trade_id] for trade_id in requests], self.PATIENCE)
            answers = self._collect()
            self._sent_at = {trade_id: at for trade_id, at in list(self._sent_at.items()) if trade_id in requests}
        return {trade_id: answer for trade_id, answer in answers.items() if trade_id in requests}

    def _submit(self, requests: dict[str, _Request]) -> None:
        for trade_id in sorted(requests, key=lambda trade_id: self._sent_at.get(trade_id, 0.0)):
            if trade_id not in self._in_flight:
                try:
                    self._in_flight[trade_id] = self._pool.submit(self._run, trade_id, requests[trade_id])
                except RuntimeError:
                    raise BotFailure("the adapter is closed") from None

    def _collect(self) -> dict[str, BotFailure | BotRefusal | None]:
        answers: dict[str, BotFailure | BotRefusal | None] = {}
        for trade_id, future in list(self._in_flight.items()):
            # One that has not begun must not begin later, when the command may have failed.
            if future.cancel():
                del self._in_flight[trade_id]
            elif future.done():
                del self._in_flight[trade_id]
                answers[trade_id] = _answer(future)
        return answers

    def close(self) -> None:
        """Ends the requests."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, trade_id: str, request: _Request) -> None:
        self._sent_at[trade_id] = time.monotonic()
        request()


def _answer(future: concurrent.futures.Future[object]) -> BotFailure | BotRefusal | None:
    error = future.exception()
    # NotFound: the trade ended in the meantime.
    if error is None or isinstance(error, NotFound):
        return None
    return error if isinstance(error, (BotFailure, BotRefusal)) else BotFailure(repr(error))


class FreqtradeExits:
    """The effects on the trades of one bot. Both raise BotRefusal with the bot's words about all trades."""

    #: How far back the log is read for the reason of a refusal, in milliseconds.
    LOG_MILLISECONDS = 30_000

    def __init__(self, api: FreqtradeAPI) -> None:
        self._api = api
        self._exits = TradeRequests()
        self._cancellations = TradeRequests()
        #: The bot's time at the last call, for each trade whose exit was requested then.
        self._requested_at: dict[str, int] = {}

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        """Cancels the orders of trades; freqtrade cancels all of a trade together."""
        trade_ids = {order.trade_id for order in orders if order.trade_id is not None}
        answers = self._cancellations.send(
            {trade_id: functools.partial(self._api.delete, f"/trades/{trade_number(trade_id)}/open-order") for trade_id in trade_ids}
        )
        _raise(_words(answers))

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        """Exits trades one by one, because `all` ends at the first whose exit fails."""
        now, requested_at = self._api.answered_at, self._requested_at
        self._requested_at = {trade.trade_id: now for trade in trades}
        answers = self._exits.send({trade.trade_id: functools.partial(self._exit, trade) for trade in trades})
        # The answer to an exit that the exchange refuses is an internal error or even a success; the reason is in the log.
        refused = [trade_id for trade_id, answer in answers.items() if isinstance(answer, BotRefusal)]
        silent = [trade.trade_id for trade in trades if trade.trade_id in requested_at and not trade.is_exiting]
        words = _words(answers)
        if refused or silent:
            since = min(requested_at.get(trade_id, now) for trade_id in (*refused, *silent))
            lines = warnings_since(self._api, max(since, now - self.LOG_MILLISECONDS))
            words += [f"log: {brief(line.message)}" for line in lines][-3:]
        _raise(words)

    def close(self) -> None:
        """Ends the requests."""
        self._exits.close()
        self._cancellations.close()

    def _exit(self, trade: OpenTrade) -> None:
        """Exits with the bot's own type of order; if such an exit is not filled yet, at the market."""
        body = {"tradeid": str(trade_number(trade.trade_id))}
        if trade.is_exiting:
            try:
                self._api.post_any("/forceexit", "/forcesell", body={**body, "ordertype": "market"})
                return
            except BotRefusal:
                # Not every exchange has market orders.
                pass
        self._api.post_any("/forceexit", "/forcesell", body=body)


def _words(answers: dict[str, BotFailure | BotRefusal | None]) -> list[str]:
    return [f"trade {trade_number(trade_id)}: {answer}" for trade_id, answer in sorted(answers.items()) if answer is not None]


def _raise(words: list[str]) -> None:
    """Raises the words about several trades together."""
    if words:
        raise BotRefusal("; ".join(words)[:1500])
