"""Connects hummingbots over their MQTT bridge."""

from __future__ import annotations

import collections
import collections.abc
import datetime
import logging
import threading
import time
import typing

from .. import contract
from ..files import decode, encode
from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot, Unsupported
from .values import exact, printable
from .hummingbot_events import (
    ENDS, Malformed, created, ended, fill_report, filled, heard, log_line, recorded, says_stopped, seconds, started_strategy,
)
from .hummingbot_ledger import Ledger
from .identity import Identity
from .mqtt import Broker, Calls

_JSON = typing.Dict[str, typing.Any]

#: The errors of a message of an unexpected shape.
_SHAPE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, Malformed)


class HummingbotAdapter(Adapter):
    """Connects one hummingbot.

    Its bridge announces orders, fills and log lines once, so the adapter keeps them in a ledger. Fills that were not heard come from the
    answer to `history`. The bridge has no question whose answer says whether a strategy runs, in every version: the adapter concludes it
    from the log, the events and `history`, and assumes that it runs until one of them says otherwise.
    """

    is_started_by_hand = True

    #: The longest silence of a bot that works, in seconds. Its heartbeats come every 10 seconds.
    SILENCE = 25.0
    #: The pause between two questions, in seconds. A change and a requested effect are asked for at once.
    INTERVAL = 10.0
    #: The pause between two questions while the bot trades, in seconds.
    BUSY_INTERVAL = 1.0
    #: How long the bridge may take to answer, in seconds.
    PATIENCE = 4.0
    #: How long it may take to answer with its history, in seconds.
    HISTORY_PATIENCE = 8.0
    #: How long a bot that is silent may take to answer, in seconds.
    SILENT_PATIENCE = 2.0
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
        self._calls = Calls(broker, self._prefix)
        self._logger = logging.getLogger(f"flotilla.agent.hummingbot.{bot_id}")
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._changed = threading.Event()
        self._heard_at = -1e9
        self._asked_at = -1e9
        self._status_asked_at = -1e9
        self._urgent_until = -1e9
        #: Whether a strategy runs, as its messages since the last gap in the connection show; None if unknown.
        self._is_running: bool | None = None
        #: The newest fill that `history` told since then: if it is missing from a later answer, no strategy is loaded.
        self._marker: datetime.datetime | None = None
        #: Whether `status` works in the bot's version.
        self._has_status = True
        #: How far the bot's clock is ahead by its last heartbeats, in seconds. A heartbeat that waited in the broker says less.
        self._clock_leads: collections.deque[float] = collections.deque(maxlen=6)
        self._has_news = True
        self._last_cursor: str | None = None
        #: Orders whose end may have been missed in a gap.
        self._unverified = {order.order_id for order in ledger.open_orders()}
        self._receivers: dict[str, typing.Callable[[_JSON], None]] = {
            "hb": self._receive_heartbeat,
            "log": self._receive_log,
            "notify": self._receive_notification,
            "events": self._receive_event,
            "status_updates": self._receive_status,
        }
        broker.attach(self._prefix, self)

    # Messages

    def receive(self, topic: str, payload: bytes) -> None:
        """A message of the bot, on the connection's thread."""
        if self._calls.receive(topic, payload):
            self._heard_at = time.monotonic()
            return
        receive = self._receivers.get(topic)
        if receive is None:
            return
        self._heard_at = time.monotonic()
        try:
            receive(decode(payload))
        except _SHAPE as error:
            self._logger.warning("a message on %s/%s was not understood: %r: %.300r", self._prefix, topic, error, payload)

    def interrupt(self) -> None:
        """Messages may be missing: nothing that they said is certain any more."""
        open_orders = {order.order_id for order in self._ledger.open_orders()}
        with self._lock:
            self._is_running = self._marker = None
            self._has_status = self._has_news = True
            self._unverified = open_orders

    def _receive_heartbeat(self, body: _JSON) -> None:
        # hummingbot adds half a second.
        lead = float(exact(body["ts"])) / 1e6 - 0.5 - time.time()
        with self._lock:
            self._clock_leads.append(lead)

    def _receive_log(self, body: _JSON) -> None:
        line = log_line(body)
        if line is not None:
            self._ledger.keep_line(line)
            self._wake()
        self._read_line(str(body["msg"]))

    def _receive_notification(self, body: _JSON) -> None:
        self._read_line(str(body.get("msg") or ""))

    def _read_line(self, text: str) -> None:
        strategy = started_strategy(text)
        if strategy is not None:
            self._ledger.set_fact("strategy", strategy)
            self._set_running(True)
        elif says_stopped(text):
            self._set_running(False)

    def _receive_status(self, body: _JSON) -> None:
        # Sent after each connection of the bot, so messages from before may be missing.
        if body.get("type") == "availability":
            self.interrupt()
            self._wake()

    def _receive_event(self, body: _JSON) -> None:
        event, data = str(body["type"]), body["data"]
        with self._ledger.transaction():
            if event in ("BuyOrderCreated", "SellOrderCreated"):
                report = created(event, data)
                if self._ledger.order(report.order_id) is None:
                    self._ledger.keep_order(report)
                if self._is_running is not True:
                    self._set_running(True)
            elif event == "OrderFilled":
                self._receive_fill(body["timestamp"], data)
            elif event in ENDS:
                order_id = str(data["order_id"])
                self._unverified.discard(order_id)
                order = self._ledger.order(order_id)
                if order is not None and order.status == contract.OrderStatus.OPEN:
                    reason = data.get("error_message") if event == "OrderFailure" else None
                    self._ledger.keep_order(ended(order, ENDS[event], seconds(body["timestamp"]), reason))
            else:
                return
        self._wake()

    def _receive_fill(self, timestamp: object, data: _JSON) -> None:
        fill = heard(timestamp, data, time.time())
        if self._ledger.has_fill(fill.fill_id):
            return
        self._ledger.add_pending(fill)
        order = self._ledger.order(fill.body["order_id"])
        if order is not None:
            self._ledger.keep_order(filled(order, fill.body["quantity"], fill.body["price"], seconds(timestamp)))

    def _set_running(self, is_running: bool) -> None:
        with self._lock:
            self._is_running = is_running
            # Another strategy has another history.
            self._marker = None
        self._wake()

    def _wake(self) -> None:
        self._has_news = True
        self._changed.set()

    # Questions

    def identity(self) -> Identity:
        self._broker.check(self.PATIENCE)
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
        is_running = self._is_running is not False
        if not is_running:
            self._await_cancellations()
        trades = tuple(OpenTrade(symbol, symbol, format(net, "f")) for symbol, net in self._ledger.net().items() if net)
        orders = tuple(OpenOrder(order.order_id, order.symbol) for order in self._ledger.open_orders())
        return Snapshot(is_running, is_running, trades, orders)

    def _ask(self) -> None:
        """Asks the bot whether it works and what it did, if it is time; raises BotFailure."""
        self._broker.check(self.PATIENCE)
        now = time.monotonic()
        is_urgent = now < self._urgent_until or now - self._heard_at > self.SILENCE
        interval = 0 if is_urgent else self.BUSY_INTERVAL if self._has_news else self.INTERVAL
        if now - self._asked_at < interval:
            return
        self._asked_at = now
        if self._has_status and (is_urgent or now - self._status_asked_at >= self.INTERVAL):
            self._status_asked_at = now
            self._ask_status()
        self._ask_history()

    def _ask_status(self) -> None:
        """Asks for the status, which says whether a strategy runs in the versions in which the call works."""
        status, text = self._call("status", {"async_backend": False})
        if status == 200:
            self._is_running = True
        elif "No strategy is currently running" in text:
            self._is_running = False
        elif "no attribute" in text:
            # Version 20260922 answers so, whether a strategy runs or not.
            self._has_status = False

    def _ask_history(self, window: float | None = None) -> None:
        """Asks for fills, and keeps those that were not known."""
        with self._lock:
            marker, is_running = self._marker, self._is_running
            lead = max(self._clock_leads, default=0.0)
        newest = self._ledger.fact("newest_fill")
        known = datetime.datetime.fromisoformat(newest) if newest else None
        # hummingbot counts back from its own clock, and its fills have the exchange's time.
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=lead)
        age = self.HISTORY if known is None else min(self.HISTORY, max(0.0, (now - known).total_seconds()) + self.OVERLAP)
        days = (window or age) / 86_400
        self._has_news = False
        try:
            answer = self._question("history", {"days": days, "async_backend": False}, self.HISTORY_PATIENCE)
            records = [recorded(trade) for trade in answer.get("trades") or []]
        except _SHAPE as error:
            self._has_news = True
            raise BotFailure(f"NONSENSE: the answer to `history` was not understood: {error!r}") from None
        except BotFailure:
            self._has_news = True
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
        self._has_news = self._has_news or bool(self._ledger.pending())
        with self._lock:
            # A line of the log that arrived in the meantime knows better.
            if self._is_running is is_running and self._marker is marker:
                if records:
                    self._marker = max(record.time for record in records)
                    self._is_running = True
                elif marker is not None and days * 86_400 > (now - marker).total_seconds():
                    self._logger.info("the history is empty, so no strategy is loaded")
                    self._is_running, self._marker = False, None

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
            self._changed.wait(5)
            if self._changed.is_set():
                self._changed.clear()
                changed.set()
                # Events come in groups: an order is created, filled and completed.
                self._closing.wait(0.2)

    def close(self) -> None:
        self._closing.set()
        self._changed.set()
        self._broker.detach(self._prefix)

    # Calls

    def _question(self, name: str, data: _JSON, patience: float | None = None) -> _JSON:
        """The `data` of the bridge's answer; raises BotFailure."""
        is_silent = time.monotonic() - self._heard_at > self.SILENCE
        patience = self.SILENT_PATIENCE if is_silent else patience or self.PATIENCE
        payload = self._calls.call(name, lambda reply: encode({"header": {"reply_to": reply}, "data": data}), patience)
        if payload is None:
            silence = time.monotonic() - self._heard_at
            if silence > 1e8:
                raise BotFailure(f"SILENT: nothing was heard on {self._prefix} yet, and `{name}` has no answer")
            if silence > self.SILENCE:
                raise BotFailure(f"SILENT: nothing was heard on {self._prefix} for {silence:.0f} seconds, and `{name}` has no answer")
            raise BotFailure(
                f"NO_ANSWER: `{name}` has no answer after {patience:g} seconds; the last message came {silence:.0f} seconds ago"
            )
        try:
            answer = decode(payload)["data"]
            if not isinstance(answer, dict):
                raise TypeError(f"found {answer!r:.100}, expected an object")
            return answer
        except _SHAPE as error:
            raise BotFailure(f"NONSENSE: the answer to `{name}` was not understood: {error!r}: {payload!r:.200}") from None

    def _call(self, name: str, data: _JSON) -> tuple[int, str]:
        """The status and the text of the bridge's answer; raises BotFailure."""
        answer = self._question(name, data)
        try:
            return int(exact(answer["status"])), str(answer.get("msg") or "")
        except _SHAPE as error:
            raise BotFailure(f"NONSENSE: the answer to `{name}` was not understood: {error!r}") from None

    def _command(self, name: str, data: _JSON) -> None:
        self._urgent_until = time.monotonic() + 60
        status, text = self._call(name, data)
        self._wake()
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
        if self._is_running is not False:
            self.pause_entries()
            return
        unverified = [order.order_id for order in orders if order.order_id in self._unverified]
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
