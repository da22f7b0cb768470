"""Listens to the messages of a hummingbot."""

from __future__ import annotations

import collections
import datetime
import logging
import threading
import time
import typing

from .. import contract
from ..files import decode
from .hummingbot_events import ENDS, SHAPE, created, ended, filled, heard, log_line, says_stopped, seconds, started_strategy
from .hummingbot_ledger import Ledger
from .mqtt import Calls
from .values import exact

_JSON = typing.Dict[str, typing.Any]


class Listener:
    """Keeps what the messages say in the ledger, and concludes from them whether a strategy runs."""

    def __init__(self, prefix: str, ledger: Ledger, calls: Calls, logger: logging.Logger) -> None:
        self._prefix = prefix
        self._ledger = ledger
        self._calls = calls
        self._logger = logger
        #: Guards the conclusions.
        self.lock = threading.Lock()
        #: Set when there may be changes.
        self.changed = threading.Event()
        #: Whether `history` may have something new.
        self.has_news = True
        #: When the last message came.
        self.heard_at = -1e9
        #: Whether a strategy runs, as its messages since the last gap in the connection show; None if unknown.
        self.is_running: bool | None = None
        #: The newest fill that `history` told since then: if it is missing from a later answer, no strategy is loaded.
        self.marker: datetime.datetime | None = None
        #: Whether `status` works in the bot's version.
        self.has_status = True
        #: How far the bot's clock is ahead by its last heartbeats, in seconds. A heartbeat that waited in the broker says less.
        self.clock_leads: collections.deque[float] = collections.deque(maxlen=6)
        #: Orders whose end may have been missed in a gap.
        self.unverified = {order.order_id for order in ledger.open_orders()}
        self._receivers: dict[str, typing.Callable[[_JSON], None]] = {
            "hb": self._receive_heartbeat,
            "log": self._receive_log,
            "notify": self._receive_notification,
            "events": self._receive_event,
            "status_updates": self._receive_status,
        }

    def receive(self, topic: str, payload: bytes) -> None:
        """A message of the bot, on the connection's thread."""
        if self._calls.receive(topic, payload):
            self.heard_at = time.monotonic()
            return
        receive = self._receivers.get(topic)
        if receive is None:
            return
        self.heard_at = time.monotonic()
        try:
            receive(decode(payload))
        except SHAPE as error:
            self._logger.warning("a message on %s/%s was not understood: %r: %.300r", self._prefix, topic, error, payload)

    def interrupt(self) -> None:
        """Messages may be missing: nothing that they said is certain any more."""
        open_orders = {order.order_id for order in self._ledger.open_orders()}
        with self.lock:
            self.is_running = self.marker = None
            self.has_status = self.has_news = True
            self.unverified = open_orders

    def _receive_heartbeat(self, body: _JSON) -> None:
        # hummingbot adds half a second.
        lead = float(exact(body["ts"])) / 1e6 - 0.5 - time.time()
        with self.lock:
            self.clock_leads.append(lead)

    def _receive_log(self, body: _JSON) -> None:
        line = log_line(body)
        if line is not None:
            self._ledger.keep_line(line)
            self.wake()
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
            self.wake()

    def _receive_event(self, body: _JSON) -> None:
        event, data = str(body["type"]), body["data"]
        with self._ledger.transaction():
            if event in ("BuyOrderCreated", "SellOrderCreated"):
                report = created(event, data)
                if self._ledger.order(report.order_id) is None:
                    self._ledger.keep_order(report)
                if self.is_running is not True:
                    self._set_running(True)
            elif event == "OrderFilled":
                self._receive_fill(body["timestamp"], data)
            elif event in ENDS:
                order_id = str(data["order_id"])
                self.unverified.discard(order_id)
                order = self._ledger.order(order_id)
                if order is not None and order.status == contract.OrderStatus.OPEN:
                    reason = data.get("error_message") if event == "OrderFailure" else None
                    self._ledger.keep_order(ended(order, ENDS[event], seconds(body["timestamp"]), reason))
            else:
                return
        self.wake()

    def _receive_fill(self, timestamp: object, data: _JSON) -> None:
        fill = heard(timestamp, data, time.time())
        if self._ledger.has_fill(fill.fill_id):
            return
        self._ledger.add_pending(fill)
        order = self._ledger.order(fill.body["order_id"])
        if order is not None:
            self._ledger.keep_order(filled(order, fill.body["quantity"], fill.body["price"], seconds(timestamp)))

    def _set_running(self, is_running: bool) -> None:
        with self.lock:
            self.is_running = is_running
            # Another strategy has another history.
            self.marker = None
        self.wake()

    def wake(self) -> None:
        """There may be changes."""
        self.has_news = True
        self.changed.set()
