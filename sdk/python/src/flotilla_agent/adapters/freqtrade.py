"""Connects freqtrade bots over their REST API and WebSocket."""

from __future__ import annotations

import collections.abc
import hashlib
import threading
import urllib.parse

from .. import contract
from ..files import encode
from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot
from .freqtrade_api import FreqtradeAPI, Reading
from .freqtrade_exits import FreqtradeExits
from .freqtrade_reporter import FreqtradeReporter, Market
from .identity import Identity
from .values import printable
from .websocket import WebSocket

#: The messages that announce a change.
_MESSAGES = ["status", "warning", "entry", "entry_fill", "entry_cancel", "exit", "exit_fill", "exit_cancel"]


class FreqtradeAdapter(Adapter):
    """Connects one freqtrade bot.

    Every number is the bot's own. freqtrade keeps one average price per order, so a fill is a filled order, reported when the order can no
    longer change.
    """

    def __init__(self, url: str, username: str, password: str, *, account_id: str = "default", ui_url: str | None = None) -> None:
        """`url` is the address of the bot's API server. `account_id` names the account at the exchange; bots that share it share one name.
        `ui_url` is the address of the bot's user interface for people; the default is `url`."""
        self._api = FreqtradeAPI(url, username, password)
        self._exits = FreqtradeExits(self._api)
        self._account_id = account_id
        self._ui_url = ui_url or url.rstrip("/").removesuffix("/api/v1")
        self._reporter = FreqtradeReporter(self._api, account_id)
        self._is_closing = threading.Event()
        self._socket: WebSocket | None = None

    # Questions

    def identity(self) -> Identity:
        config = self._api.get("/show_config")
        pairs = self._api.get("/whitelist")
        with Reading("GET /show_config"):
            strategy = printable(config.get("strategy"), 64)
            exchange = printable(config["exchange"], 64) or "unknown"
            stake, is_dry_run = str(config["stake_currency"]), bool(config["dry_run"])
            mode = "PAPER" if is_dry_run else "LIVE"
            symbols = sorted({str(pair)[:64] for pair in pairs["whitelist"]})[:500]
            symbol = symbols[0] if len(symbols) == 1 else f"*/{stake}"[:64]
            self._reporter.market = Market(symbol, stake, is_dry_run)
            return Identity(
                exchange=exchange,
                symbol=symbol,
                runtime_mode=mode,
                version=printable(config["version"], 64),
                software="freqtrade",
                strategy_name=strategy,
                strategy_version=printable(config.get("strategy_version"), 64),
                strategy_hash=self._strategy_hash(strategy),
                ui_url=self._ui_url,
                symbols=tuple(symbols),
                accounts=(contract.Account(exchange, self._account_id, contract.RuntimeMode(mode)),),
            )

    def _strategy_hash(self, strategy: str | None) -> str | None:
        """SHA-256 of the strategy's source, as the bot shows it; None in versions that do not."""
        try:
            code = self._api.get(f"/strategy/{urllib.parse.quote(strategy or '')}")["code"]
        except (BotRefusal, KeyError, TypeError):
            return None
        return hashlib.sha256(str(code).encode()).hexdigest()

    def snapshot(self) -> Snapshot:
        config, health, trades = self._api.get("/show_config"), self._api.get("/health"), self._reporter.open_trades()
        with Reading("GET /show_config"):
            state = str(config["state"]).lower()
            if state not in ("running", "paused", "stopped"):
                raise BotFailure(f"the bot is in the state {state!r:.50}")
            # Before 2025, /stopentry set max_open_trades to 0 and left the state unchanged.
            permits_entries = state == "running" and config["max_open_trades"] != 0
            open_trades = tuple(OpenTrade(trade.trade_id, trade.symbol, str(trade.amount), trade.has_open_exit) for trade in trades)
            open_orders = tuple(
                OpenOrder(trade.order_id(order), trade.symbol, trade.trade_id) for trade in trades for order in trade.open_orders
            )
            iteration, started_at = health.get("last_process"), health.get("bot_startup")
        return Snapshot(state != "stopped", permits_entries, open_trades, open_orders, iteration, started_at)

    def changes(self, cursor: str) -> Changes:
        return self._reporter.changes(cursor)

    # Events

    def listen(self, changed: threading.Event) -> None:
        """Wakes the sidecar at each message of the bot. Reports come from questions alone, so a lost message loses nothing."""
        socket = WebSocket(self._api.message_url())
        self._socket = socket
        try:
            socket.send(encode({"type": "subscribe", "data": _MESSAGES}))
            if self._is_closing.is_set():
                return
            for _ in socket.messages():
                self._reporter.has_event.set()
                changed.set()
        finally:
            self._socket = None
            socket.close()

    def close(self) -> None:
        self._is_closing.set()
        if (socket := self._socket) is not None:
            socket.close()
        self._exits.close()
        self._api.close()

    # Effects

    def pause_entries(self) -> None:
        self._api.post_any("/stopentry", "/stopbuy")

    def reduce_only(self) -> None:
        # freqtrade's pause keeps exits, so it is reduce-only. It also wakes a stopped bot.
        self.pause_entries()

    def resume(self) -> None:
        config = self._api.get("/show_config")
        with Reading("GET /show_config"):
            is_old_pause = config["state"] == "running" and config["max_open_trades"] == 0
        # Before 2025, only a reload undid /stopentry.
        self._api.post("/reload_config" if is_old_pause else "/start")

    def stop(self) -> None:
        self._api.post("/stop")

    def restart(self) -> None:
        self._api.post("/reload_config")

    def cancel_orders(self, orders: collections.abc.Sequence[OpenOrder]) -> None:
        self._exits.cancel_orders(orders)

    def close_trades(self, trades: collections.abc.Sequence[OpenTrade]) -> None:
        self._exits.close_trades(trades)
