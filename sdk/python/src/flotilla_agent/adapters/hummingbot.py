"""Connects hummingbots over their MQTT bridge."""

from __future__ import annotations

import collections.abc
import datetime
import logging
import threading
import time
import typing

from .. import contract
from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot, Unsupported
from .hummingbot_bridge import Bridge
from .hummingbot_events import SHAPE, fill_report, recorded
from .hummingbot_ledger import Ledger
from .hummingbot_listener import Listener
from .identity import Identity
from .mqtt import Broker, Calls
from .values import printable

_JSON = typing.Dict[str, typing.Any]


class HummingbotAdapter(Adapter):
    """Connects one hummingbot.

    Its bridge announces orders, fills and log lines once, so the adapter keeps them in a ledger. Fills that were not heard come from the
    answer to `history`. The bridge has no question whose answer says whether a strategy runs, in every version: the adapter concludes it
    from the log, the events and `history`, and assumes that it runs until one of them says otherwise.
    """

    is_started_by_hand = True

    #: The pause between two questions, in seconds. A change and a requested effect are asked for at once.
    INTERVAL = 10.0
    #: The pause between two questions while the bot trades, in seconds.
    BUSY_INTERVAL = 1.0
    #: How long the bridge may take to answer with its history, in seconds.
    HISTORY_PATIENCE = 8.0
    #: How long a fill waits for the bot's own record of it, in seconds.
    RECORD_PATIENCE = 15.0
    #: How far back fills are asked for that were not heard, in seconds.
    HISTORY = 7 * 86_400.0
    #: How much further back than the newest known fill, in seconds.
    OVERLAP = 120.0
    #: How long a snapshot waits for cancellations after the strategy stopped, in seconds. hummingbot gives each up after 20 seconds.
    CANCELLATION = 3.0

    def __init__(
        self,
        broker: Broker,
        bot_id: str,
        ledger: Ledger,
        *,
        namespace: str = "hbot",
        account_id: str = "default",
        mode: str | None = None,
        script: str | None = None,
        conf: str | None = None,
        version: str | None = None,
        strategy: str | None = None,
    ) -> None:
        """`bot_id` is the `instance_id` of hummingbot's configuration. `account_id` names the account at the exchange.

        `mode` is LIVE or PAPER; the default follows the name of the exchange. `script` and `conf` are sent with `start`. `version` is
        hummingbot's version, which it does not say. `strategy` is the strategy's name until the log says it.
        """
        self._broker = broker
        self._prefix = f"{namespace.rstrip('/.')}/{bot_id}"
        self._ledger = ledger
        self._account_id = account_id
        self._start_data = {name: value for name, value in (("script", script), ("conf", conf)) if value}
        self._version = version
        self._mode = mode
        self._strategy = strategy
        self._logger = logging.getLogger(f"flotilla.agent.hummingbot.{bot_id}")
        calls = Calls(broker, self._prefix)
        self._heard = Listener(self._prefix, ledger, calls, self._logger)
        self._bridge = Bridge(self._prefix, calls, self._heard)
        self._closing = threading.Event()
        self._asked_at = -1e9
        self._status_asked_at = -1e9
        self._urgent_until = -1e9
        self._last_cursor: str | None = None
        broker.attach(self._prefix, self._heard)

    # Questions

    def identity(self) -> Identity:
        self._broker.check(Bridge.PATIENCE)
        self._ask_history()
        symbols = tuple(sorted({order.symbol for order in self._ledger.open_orders()} | set(self._ledger.net()))[:500])
        venues = self._venues()
        mode = self._mode
        if mode is None and venues:
            mode = "PAPER" if any(word in venues[0].lower() for word in ("paper", "testnet")) else "LIVE"
        return Identity(
            exchange=printable(venues[0], 64) if venues else None,
            symbol=symbols[0][:64] if len(symbols) == 1 else "*" if symbols else None,
            runtime_mode=mode,
            version=self._version,
            software="hummingbot",
            strategy_name=printable(self._ledger.fact("strategy") or self._strategy, 64),
            symbols=symbols,
            accounts=tuple(
                contract.Account(venue[:64], self._account_id, contract.RuntimeMode(mode) if mode else None) for venue in venues
            ),
        )

    def _venues(self) -> list[str]:
        """The exchanges of the fills. Events do not name the exchange."""
        return (self._ledger.fact("venues") or "").split()

    def snapshot(self) -> Snapshot:
        self._ask()
        is_running = self._heard.is_running is not False
        if not is_running:
            self._await_cancellations()
        trades = tuple(OpenTrade(symbol, symbol, format(net, "f")) for symbol, net in self._ledger.net().items() if net)
        orders = tuple(OpenOrder(order.order_id, order.symbol) for order in self._ledger.open_orders())
        return Snapshot(is_running, is_running, trades, orders)

    def _ask(self) -> None:
        """Asks the bot whether it works and what it did, if it is time; raises BotFailure."""
        self._broker.check(Bridge.PATIENCE)
        now = time.monotonic()
        is_urgent = now < self._urgent_until or now - self._heard.heard_at > Bridge.SILENCE
        interval = 0 if is_urgent else self.BUSY_INTERVAL if self._heard.has_news else self.INTERVAL
        if now - self._asked_at < interval:
            return
        self._asked_at = now
        if self._heard.has_status and (is_urgent or now - self._status_asked_at >= self.INTERVAL):
            self._status_asked_at = now
            self._ask_status()
        self._ask_history()

    def _ask_status(self) -> None:
        """Asks for the status, which says whether a strategy runs in the versions in which the call works."""
        status, text = self._bridge.call("status", {"async_backend": False})
        if status == 200:
            self._heard.is_running = True
        elif "No strategy is currently running" in text:
            self._heard.is_running = False
        elif "no attribute" in text:
            # Version 20260922 answers so, whether a strategy runs or not.
            self._heard.has_status = False

    def _ask_history(self, window: float | None = None) -> None:
        """Asks for fills, and keeps those that were not known."""
        with self._heard.lock:
            marker, is_running = self._heard.marker, self._heard.is_running
            lead = max(self._heard.clock_leads, default=0.0)
        newest = self._ledger.fact("newest_fill")
        known = datetime.datetime.fromisoformat(newest) if newest else None
        # hummingbot counts back from its own clock, and its fills have the exchange's time.
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=lead)
        age = self.HISTORY if known is None else min(self.HISTORY, max(0.0, (now - known).total_seconds()) + self.OVERLAP)
        days = (window or age) / 86_400
        self._heard.has_news = False
        try:
            answer = self._bridge.question("history", {"days": days, "async_backend": False}, self.HISTORY_PATIENCE)
            records = [recorded(trade) for trade in answer.get("trades") or []]
        except SHAPE as error:
            self._heard.has_news = True
            raise BotFailure(f"NONSENSE: the answer to `history` was not understood: {error!r}") from None
        except BotFailure:
            self._heard.has_news = True
            raise
        pending = {fill.fill_id: fill for fill in self._ledger.pending()}
        with self._ledger.transaction():
            for record in records:
                if record.fill_id in pending or not self._ledger.has_fill(record.fill_id):
                    self._keep_fill(*fill_report(pending.pop(record.fill_id, None), record))
            venues = self._venues()
            venues += [venue for venue in dict.fromkeys(record.venue for record in records) if venue not in venues]
            self._ledger.set_fact("venues", " ".join(venues))
            for fill in pending.values():
                # Without a strategy hummingbot answers with an empty history.
                if time.time() - fill.heard_at > self.RECORD_PATIENCE or not records and is_running is False:
                    self._keep_fill(*fill_report(fill, None))
            if records:
                latest = max(record.time for record in records)
                self._ledger.set_fact("newest_fill", max(latest, known or latest).isoformat())
        self._heard.has_news = self._heard.has_news or bool(self._ledger.pending())
        with self._heard.lock:
            # A line of the log that arrived in the meantime knows better.
            if self._heard.is_running is is_running and self._heard.marker is marker:
                if records:
                    self._heard.marker = max(record.time for record in records)
                    self._heard.is_running = True
                elif marker is not None and days * 86_400 > (now - marker).total_seconds():
                    self._logger.info("the history is empty, so no strategy is loaded")
                    self._heard.is_running, self._heard.marker = False, None

    def _keep_fill(self, fill: contract.Fill, costs: list[contract.CostEntry]) -> None:
        fill.account_id = self._account_id
        venues = self._venues()
        # With one exchange it is the instance's, for orders too.
        fill.venue = fill.venue if len(venues) > 1 else None
        self._ledger.keep_fill(fill, costs)

    def _await_cancellations(self) -> None:
        """Gives hummingbot's cancellations a moment to arrive."""
        end = time.monotonic() + self.CANCELLATION
        while time.monotonic() < end and time.monotonic() < self._urgent_until and self._ledger.open_orders():
            if self._closing.wait(0.1):
                return

    def changes(self, cursor: str) -> Changes:
        self._ask()
        if not cursor and self._last_cursor is not None:
            # Everything, for SYNC_BALANCE: also the fills that the bot has, but the ledger has not.
            self._ask_history(self.HISTORY)
        reports, self._last_cursor = self._ledger.since(cursor)
        for report in reports:
            if isinstance(report, contract.OrderReport):
                report.account_id = self._account_id
        return Changes(reports, self._last_cursor)

    def listen(self, changed: threading.Event) -> None:
        while not self._closing.is_set():
            self._heard.changed.wait(5)
            if self._heard.changed.is_set():
                self._heard.changed.clear()
                changed.set()
                # Events come in groups: an order is created, filled and completed.
                self._closing.wait(0.2)

    def close(self) -> None:
        self._closing.set()
        self._heard.changed.set()
        self._broker.detach(self._prefix)

    # Calls


    def _command(self, name: str, data: _JSON) -> None:
        self._urgent_until = time.monotonic() + 60
        status, text = self._bridge.call(name, data)
        self._heard.wake()
        if status != 200:
            raise BotRefusal(f"`{name}` was refused with {status}: {text}")

    # Effects

    def pause_entries(self) -> None:
        # hummingbot has no state without entries. A stop also cancels the open orders, which no strategy would manage.
        self._command("stop", {"skip_order_cancellation": False, "async_backend": True})

    def reduce_only(self) -> None:
        raise Unsupported("hummingbot has no reduce-only mode and cannot close positions over MQTT; SAFE_MODE stops its strategy")

    def resume(self) -> None:
        try:
            self._command("start", {**self._start_data, "async_backend": True})
        except BotRefusal as refusal:
            # Version 20260922 refuses each start, for the same reason as `status`.
            raise BotRefusal(f"{refusal}; start the strategy at the bot while START waits") from None

    def stop(self) -> None:
        self.pause_entries()

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        # Only a stop cancels orders; a strategy that runs would place them again.
        if self._heard.is_running is not False:
            self.pause_entries()
            return
        unverified = [order.order_id for order in orders if order.order_id in self._heard.unverified]
        if unverified:
            raise BotRefusal(
                f"no strategy runs, so hummingbot cancels nothing. The end of {len(unverified)} orders may have been missed while the"
                f" connection was lost; check at the exchange, then restart with --forget-orders: {', '.join(unverified[:5])}"
            )
        raise BotRefusal("no strategy runs, so hummingbot cancels nothing, and these orders were not canceled by its stop")

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        held = ", ".join(f"{trade.quantity} {trade.symbol}" for trade in trades[:5])
        raise Unsupported(
            f"hummingbot cannot close positions over MQTT. Its strategy is stopped; sell or buy back at the exchange: {held}"
        )
