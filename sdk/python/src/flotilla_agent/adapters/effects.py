"""Applies commands to a bot, and completes them when their effect was observed."""

from __future__ import annotations

import collections.abc
import contextlib
import threading
import time
import typing

from ..command import AgentCommand
from ..processor import CommandFailure, Handler
from .adapter import Adapter, BotFailure, BotRefusal, Snapshot, Unsupported
from .observation import LISTED, NotObserved, Observation, Request, asking, bounded, evidence


class Effects:
    """The handlers of an adapter's commands. Each asks the bot for an effect, and observes it in snapshots."""

    #: How long a command may wait for an effect that needs no fill, in seconds. The sidecar keeps entries paused after a failure.
    QUICK = 20.0
    #: How much earlier than the agent's limit a command gives up, in seconds, so that its failure has evidence.
    MARGIN = 3.0
    #: The part of a FLATTEN's time after which trades are closed although entries are not paused.
    PAUSE_PART = 0.3

    def __init__(self, adapter: Adapter, limit: float, synchronize: typing.Callable[[], dict[str, typing.Any]]) -> None:
        """`limit` is the agent's time limit of a command. `synchronize` reports all that the bot knows, and returns the evidence of that."""
        self._adapter = adapter
        #: How long a command may take, in seconds.
        self.limit = max(limit - self.MARGIN, limit / 2)
        self._synchronize = synchronize
        self._observation = Observation(adapter)
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
            return evidence(self._apply("entries are paused", _are_entries_paused, self._pause_entries))

    def _reduce_only(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._pause():
            reduce = asking(self._adapter.reduce_only)
            return evidence(self._apply("only reducing orders are permitted", lambda s: s.is_running and _are_entries_paused(s), reduce))

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
            done = self._apply("the bot runs and permits entries", lambda s: s.is_running and s.permits_entries, asking(resume), limit)
        finally:
            with self._lock:
                self._is_resuming = False
                self._resumed_at = time.monotonic()
        return evidence(done)

    def _stop(self, command: AgentCommand) -> dict[str, typing.Any]:
        with self._pause():
            paused = self._apply("entries are paused", _are_entries_paused, self._pause_entries)
            if paused.is_running and (paused.trades or paused.orders) and command.payload.get("leave_trades") is not True:
                reason = "OPEN_TRADES: a stopped bot does not manage its trades; send FLATTEN first, or STOP with {\"leave_trades\": true}"
                raise CommandFailure(reason, evidence(paused))
            return evidence(self._apply("the bot is stopped", lambda s: not s.is_running, asking(self._adapter.stop)))

    def _restart(self, command: AgentCommand) -> dict[str, typing.Any]:
        before = self._observation.snapshot(time.monotonic() + self.QUICK)
        restart = asking(self._adapter.restart)
        done = self._apply("the bot has restarted", lambda s: s.started_at != before.started_at, restart, self.limit, before)
        return {**evidence(done), "started_before": before.started_at, "started": done.started_at}

    def _cancel_all(self, command: AgentCommand) -> dict[str, typing.Any]:
        before = self._observation.snapshot(time.monotonic() + self.QUICK)
        wanted = {order.order_id for order in before.orders}

        def cancel(snapshot: Snapshot) -> str | None:
            orders = [order for order in snapshot.orders if order.order_id in wanted]
            return asking(lambda: self._adapter.cancel_orders(orders))(snapshot)

        def are_gone(snapshot: Snapshot) -> bool:
            return not wanted & {order.order_id for order in snapshot.orders}

        done = self._apply("none of the orders is open", are_gone, cancel, self.limit, before)
        return {**evidence(done), "canceled": sorted(wanted)[:LISTED], "canceled_count": len(wanted)}

    def _flatten(self, command: AgentCommand) -> dict[str, typing.Any]:
        start = time.monotonic()
        with self._pause():
            before = self._observation.snapshot(start + self.limit)
            if not before.is_running and not before.trades and not before.orders:
                return evidence(before)
            done = self._close_all(before, start)
        closed = [trade.trade_id for trade in before.trades]
        seconds = round(time.monotonic() - start, 3)
        return {**evidence(done), "closed": closed[:LISTED], "closed_count": len(closed), "seconds": str(seconds)}

    def _close_all(self, before: Snapshot, start: float) -> Snapshot:
        """Pauses entries and then closes all trades. Returns the snapshot that shows both."""
        # A bot that is stopped cannot close trades, so it must run without entries, unless its only pause is a stop.
        pause = asking(self._adapter.reduce_only) if not before.is_running else self._pause_entries
        paused: Snapshot | None = None

        def is_paused(snapshot: Snapshot) -> bool:
            nonlocal paused
            if not (snapshot.is_running or before.is_running) or snapshot.permits_entries:
                return False
            paused = paused or snapshot
            return True

        def is_flat(snapshot: Snapshot) -> bool:
            if not is_paused(snapshot) or snapshot.trades or snapshot.orders:
                return False
            # The iteration in which entries were paused may still place one.
            return paused is None or paused.iteration is None or snapshot.iteration != paused.iteration

        def close(snapshot: Snapshot) -> str | None:
            if is_paused(snapshot):
                return self._close(snapshot)
            words = []
            # A bot that cannot close its trades may still pause.
            with contextlib.suppress(Unsupported):
                words.append(self._close(snapshot))
            # A request to pause that has no answer must not delay the next exits.
            try:
                words.append(bounded(lambda: pause(snapshot), time.monotonic() + self._observation.RETRY))
            except BotFailure as error:
                words.append(str(error))
            return "; ".join(word for word in words if word) or None

        first = before
        # A trade that stays open is worse than one that is opened again, so a bot that does not pause closes its trades too.
        with contextlib.suppress(NotObserved):
            first = self._apply("entries are paused", is_paused, pause, self.limit * self.PAUSE_PART, before)
        effect = "no trade and no order is open" if paused else "entries are paused, and no trade and no order is open"
        return self._observation.apply(effect, is_flat, close, start + self.limit, first, is_persistent=True)

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

    def _apply(
        self,
        effect: str,
        is_observed: typing.Callable[[Snapshot], bool],
        request: Request,
        limit: float | None = None,
        first: Snapshot | None = None,
    ) -> Snapshot:
        """Observes an effect within `limit` seconds; the default is the limit of effects that need no fill."""
        end = time.monotonic() + (min(self.limit, self.QUICK) if limit is None else limit)
        return self._observation.apply(effect, is_observed, request, end, first)

    def _pause_entries(self, snapshot: Snapshot) -> str | None:
        return asking(self._adapter.pause_entries)(snapshot)

    def _close(self, snapshot: Snapshot) -> str | None:
        """Closes all trades, and cancels the orders that belong to none of them."""
        trades = {trade.trade_id for trade in snapshot.trades}
        stray = [order for order in snapshot.orders if order.trade_id not in trades]
        words = []
        if snapshot.trades:
            words.append(asking(lambda: self._adapter.close_trades(snapshot.trades))(snapshot))
        if stray:
            words.append(asking(lambda: self._adapter.cancel_orders(stray))(snapshot))
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


def _are_entries_paused(snapshot: Snapshot) -> bool:
    return not snapshot.permits_entries
