"""Applies commands to a bot, and completes them when their effect was observed."""

from __future__ import annotations

import collections.abc
import contextlib
import functools
import queue
import threading
import time
import typing

from ..command import AgentCommand
from ..processor import CommandFailure, Handler
from .adapter import Adapter, BotFailure, BotRefusal, Snapshot, Unsupported

#: Asks the bot for an effect. Returns the bot's words if it did not agree, or None.
_Request = typing.Callable[[Snapshot], typing.Optional[str]]


class Effects:
    """The handlers of an adapter's commands.

    Each asks the bot for an effect, then reads snapshots until they show it. It repeats the request from time to time, because the first may
    have been lost. If the effect does not show in time, the command fails with the bot's own words and the last snapshot as evidence.
    """

    #: The pause between two snapshots, in seconds.
    INTERVAL = 0.25
    #: The pause between two equal requests, in seconds.
    RETRY = 5.0
    #: How long a command may wait for an effect that needs no fill, in seconds. The sidecar keeps entries paused after a failure.
    QUICK = 20.0
    #: How much earlier than the agent's limit a command gives up, in seconds, so that its failure has evidence.
    MARGIN = 3.0
    #: The maximum number of trades and of orders in the evidence.
    LISTED = 50

    def __init__(self, adapter: Adapter, limit: float, synchronize: typing.Callable[[], dict[str, typing.Any]]) -> None:
        """`limit` is the agent's time limit of a command. `synchronize` reports all that the bot knows, and returns the evidence of that."""
        self._adapter = adapter
        #: How long a command may take, in seconds.
        self.limit = max(limit - self.MARGIN, limit / 2)
        self._synchronize = synchronize
        self._lock = threading.Lock()
        #: How many commands that pause entries are running.
        self._pausing = 0
        #: When the last START ended; until a moment later the agent's gate may still be closed.
        self._resumed_at = -1e9
        self._is_resuming = False

    @property
    def handlers(self) -> dict[str, Handler]:
        """The handlers by type of command."""
        return {
            "SAFE_MODE": self._safe_mode,
            "REDUCE_ONLY": self._reduce_only,
            "START": self._start,
            "STOP": self._stop,
            "RESTART": self._restart,
            "CANCEL_ALL": self._cancel_all,
            "FLATTEN": self._flatten,
            "SYNC_BALANCE": self._sync,
        }

    @property
    def is_changing(self) -> bool:
        """Whether a command changes just now whether the bot permits entries. After START the agent permits orders a moment later."""
        with self._lock:
            return self._pausing > 0 or self._is_resuming or time.monotonic() - self._resumed_at < 3

    # Commands

    def _safe_mode(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._pause():
            # Bots that are stopped permit no entries; a request to pause may start them.
            return self._evidence(self._apply("entries are paused", _are_entries_paused, self._pause_entries))

    def _reduce_only(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._pause():
            reduce = _asking(self._adapter.reduce_only)
            done = self._apply("only reducing orders are permitted", lambda s: s.is_running and _are_entries_paused(s), reduce)
            return self._evidence(done)

    def _start(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._lock:
            if self._pausing:
                raise CommandFailure("OVERTAKEN: a command that pauses entries is running")
            self._is_resuming = True

        def resume() -> None:
            # A command that pauses entries may have come in the meantime.
            if not self._pausing:
                self._adapter.resume()

        try:
            limit = self.limit if self._adapter.is_started_by_hand else None
            done = self._apply(
                "the bot runs and permits entries", lambda s: s.is_running and s.permits_entries, _asking(resume), limit=limit
            )
        finally:
            with self._lock:
                self._is_resuming = False
                self._resumed_at = time.monotonic()
        return self._evidence(done)

    def _stop(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._pause():
            paused = self._apply("entries are paused", _are_entries_paused, self._pause_entries)
            if paused.is_running and (paused.trades or paused.orders) and command.payload.get("leave_trades") is not True:
                reason = "OPEN_TRADES: a stopped bot does not manage its trades; send FLATTEN first, or STOP with {\"leave_trades\": true}"
                raise CommandFailure(reason, self._evidence(paused))
            return self._evidence(self._apply("the bot is stopped", lambda s: not s.is_running, _asking(self._adapter.stop)))

    def _restart(self, command: AgentCommand) -> dict[str, typing.Any]:
        before = self._snapshot(time.monotonic() + self.QUICK)
        restart = _asking(self._adapter.restart)
        done = self._apply(
            "the bot has restarted", lambda s: s.started_at != before.started_at, restart, limit=self.limit, first=before
        )
        return {**self._evidence(done), "started_before": before.started_at, "started": done.started_at}

    def _cancel_all(self, command: AgentCommand) -> dict[str, typing.Any]:
        before = self._snapshot(time.monotonic() + self.QUICK)
        wanted = {order.order_id for order in before.orders}

        def cancel(snapshot: Snapshot) -> str | None:
            orders = [order for order in snapshot.orders if order.order_id in wanted]
            return _asking(lambda: self._adapter.cancel_orders(orders))(snapshot)

        done = self._apply(
            "none of the orders is open", lambda s: not wanted & {order.order_id for order in s.orders}, cancel,
            limit=self.limit, first=before,
        )
        return {**self._evidence(done), "canceled": sorted(wanted)[: self.LISTED], "canceled_count": len(wanted)}

    def _flatten(self, command: AgentCommand) -> dict[str, typing.Any]:
        start = time.monotonic()
        end = start + self.limit
        with self._pause():
            before = self._snapshot(end)
            if not before.is_running and not before.trades and not before.orders:
                return self._evidence(before)
            # A bot that is stopped cannot close trades, so it must run without entries, unless its only pause is a stop.
            pause = _asking(self._adapter.reduce_only) if not before.is_running else self._pause_entries
            paused = self._apply(
                "entries are paused", lambda s: (s.is_running or before.is_running) and _are_entries_paused(s), pause,
                limit=end - start, first=before,
            )

            def is_flat(snapshot: Snapshot) -> bool:
                is_past = paused.iteration is None or snapshot.iteration != paused.iteration
                return not snapshot.trades and not snapshot.orders and is_past

            done = self._apply("no trade and no order is open", is_flat, self._close, limit=end - time.monotonic(), first=paused)
        closed = [trade.trade_id for trade in before.trades]
        seconds = round(time.monotonic() - start, 3)
        return {**self._evidence(done), "closed": closed[: self.LISTED], "closed_count": len(closed), "seconds": str(seconds)}

    def _sync(self, command: AgentCommand) -> dict[str, typing.Any]:
        try:
            return self._synchronize()
        except (BotFailure, BotRefusal) as error:
            raise CommandFailure(f"BOT_FAILED: {error}") from None

    # Requests

    def keep_paused(self) -> str | None:
        """Pauses entries of a bot that permits them although the agent does not. Returns the bot's words if it did not agree."""
        try:
            self._adapter.pause_entries()
        except (BotFailure, BotRefusal, Unsupported) as error:
            return str(error)
        return None

    def _pause_entries(self, snapshot: Snapshot) -> str | None:
        return _asking(self._adapter.pause_entries)(snapshot)

    def _close(self, snapshot: Snapshot) -> str | None:
        """Closes all trades, and cancels the orders that belong to none of them."""
        trades = {trade.trade_id for trade in snapshot.trades}
        stray = [order for order in snapshot.orders if order.trade_id not in trades]
        words = []
        if snapshot.trades:
            words.append(_asking(lambda: self._adapter.close_trades(snapshot.trades))(snapshot))
        if stray:
            words.append(_asking(lambda: self._adapter.cancel_orders(stray))(snapshot))
        return "; ".join(word for word in words if word) or None

    @contextlib.contextmanager
    def _pause(self) -> collections.abc.Iterator[None]:
        """Marks a command that pauses entries as running, so that no START resumes them in the meantime."""
        with self._lock:
            self._pausing += 1
        try:
            yield
        finally:
            with self._lock:
                self._pausing -= 1

    # Observation

    def _apply(
        self,
        effect: str,
        is_observed: typing.Callable[[Snapshot], bool],
        request: _Request,
        *,
        limit: float | None = None,
        first: Snapshot | None = None,
    ) -> Snapshot:
        """Requests an effect until a snapshot shows it, and returns that snapshot. `first` is a snapshot that was just taken."""
        end = time.monotonic() + (min(self.limit, self.QUICK) if limit is None else limit)
        last, words, asked_at = first, None, -1e9
        while True:
            try:
                last = first or _bounded(self._adapter.snapshot, end)
                first = None
                if is_observed(last):
                    return last
                if time.monotonic() - asked_at >= self.RETRY:
                    asked_at = time.monotonic()
                    words = _bounded(functools.partial(request, last), end)
            except BotRefusal as error:
                words = str(error)
            except BotFailure as error:
                # A refusal says more than silence after it.
                words = words or str(error)
            except Unsupported as error:
                raise CommandFailure(f"UNSUPPORTED: {error}", self._evidence(last) if last else None) from None
            if time.monotonic() >= end:
                said = f"; the bot: {words}" if words else ""
                raise CommandFailure(f"NOT_OBSERVED: {effect}{said}", self._evidence(last) if last else None)
            time.sleep(self.INTERVAL)

    def _snapshot(self, end: float) -> Snapshot:
        """Waits for a snapshot until `end`."""
        return self._apply("the bot answers", lambda _: True, lambda _: None, limit=end - time.monotonic())

    def _evidence(self, snapshot: Snapshot) -> dict[str, typing.Any]:
        trades = [{"trade_id": t.trade_id, "symbol": t.symbol, "quantity": t.quantity} for t in snapshot.trades[: self.LISTED]]
        orders = [{"order_id": o.order_id, "symbol": o.symbol} for o in snapshot.orders[: self.LISTED]]
        return {
            "is_running": snapshot.is_running,
            "permits_entries": snapshot.permits_entries,
            "open_trades": trades,
            "open_trade_count": len(snapshot.trades),
            "open_orders": orders,
            "open_order_count": len(snapshot.orders),
        }


_Result = typing.TypeVar("_Result")


def _bounded(call: typing.Callable[[], _Result], end: float) -> _Result:
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


def _are_entries_paused(snapshot: Snapshot) -> bool:
    return not snapshot.permits_entries


def _asking(effect: typing.Callable[[], None]) -> _Request:
    """A request that asks for an effect. Unsupported passes through."""

    def ask(snapshot: Snapshot) -> str | None:
        try:
            effect()
        except (BotFailure, BotRefusal) as error:
            return str(error)
        return None

    return ask
