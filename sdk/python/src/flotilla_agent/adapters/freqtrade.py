"""Connects freqtrade bots over their REST API and WebSocket."""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import hashlib
import threading
import time
import typing
import urllib.parse
from decimal import Decimal

from .. import contract
from ..files import decode, encode
from ..telemetry import ContractReport
from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot
from .freqtrade_api import FreqtradeAPI, Reading
from .freqtrade_exits import FreqtradeExits
from .freqtrade_log import read_log
from .freqtrade_trades import FreqtradeTrade, Mark, content, trade_number
from .values import exact, moment, optional, printable
from .identity import Identity
from .websocket import WebSocket

_JSON = typing.Dict[str, typing.Any]

#: The messages that announce a change.
_MESSAGES = ["status", "warning", "entry", "entry_fill", "entry_cancel", "exit", "exit_fill", "exit_cancel"]


@dataclasses.dataclass
class _Known:
    """The reports so far, so that only changes are reported. It is the cursor."""

    #: When the bot's database was made, in seconds, which tells it from an earlier one; None if the bot has never said it.
    database: int | None = None
    #: The numbers of the closed trades in that database whose reports are final.
    closed: set[int] = dataclasses.field(default_factory=set)
    #: The realized profit of those and of the trades in earlier databases, before fees.
    realized: Decimal = Decimal(0)
    #: The last report of each open trade and of each open order, in JSON, because freqtrade forgets canceled ones.
    trades: dict[str, _JSON] = dataclasses.field(default_factory=dict)
    orders: dict[str, _JSON] = dataclasses.field(default_factory=dict)
    #: The fees of the entries of open trades, and of closed ones where freqtrade has another rate now.
    fees: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The symbols with a position other than 0.
    symbols: set[str] = dataclasses.field(default_factory=set)
    #: The time of the newest log line, in milliseconds.
    logged: Decimal = Decimal(0)

    def encode(self) -> str:
        return encode(
            {
                "database": self.database,
                "closed": _ranges(self.closed),
                "realized": self.realized,
                "trades": self.trades,
                "orders": self.orders,
                "fees": self.fees,
                "symbols": sorted(self.symbols),
                "logged": self.logged,
            }
        )

    @staticmethod
    def decode(cursor: str) -> _Known:
        """Raises KeyError, TypeError, ValueError or AttributeError."""
        body = decode(cursor)
        closed = {number for first, last in body["closed"] for number in range(first, last + 1)}
        return _Known(
            body["database"],
            closed,
            Decimal(body["realized"]),
            body["trades"],
            body["orders"],
            body["fees"],
            set(body["symbols"]),
            Decimal(body["logged"]),
        )


def _ranges(numbers: set[int]) -> list[list[int]]:
    """Numbers as ranges, each with its first and last number."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


class FreqtradeAdapter(Adapter):
    """Connects one freqtrade bot.

    Every number is the bot's own. freqtrade keeps one average price per order, so a fill is a filled order, reported when the order can no
    longer change.
    """

    #: The pause between two looks at balances, metrics and log lines without an event, in seconds.
    SLOW_INTERVAL = 15.0
    #: The number of closed trades per request.
    PAGE = 50
    #: How many fees are remembered.
    MAXIMUM_FEES = 1000
    #: The number of log lines per request.
    LOG_PAGE = 100

    def __init__(self, url: str, username: str, password: str, *, account_id: str = "default", ui_url: str | None = None) -> None:
        """`url` is the address of the bot's API server. `account_id` names the account at the exchange; bots that share it share one name.
        `ui_url` is the address of the bot's user interface for people; the default is `url`."""
        self._api = FreqtradeAPI(url, username, password)
        self._exits = FreqtradeExits(self._api)
        self._account_id = account_id
        self._ui_url = ui_url or url.rstrip("/").removesuffix("/api/v1")
        self._known = _Known()
        self._cursor: str | None = None
        self._symbol = "unknown"
        self._stake = ""
        self._is_dry_run = False
        self._reported: dict[str, str] = {}
        self._marks: dict[str, Mark] = {}
        #: When the last snapshot was taken, and its trades.
        self._latest: tuple[float, list[FreqtradeTrade]] = (-1e9, [])
        self._slow_at: datetime.datetime | None = None
        self._is_closing = threading.Event()
        self._has_event = threading.Event()
        self._socket: WebSocket | None = None

    # Questions

    def identity(self) -> Identity:
        config = self._api.get("/show_config")
        pairs = self._api.get("/whitelist")
        with Reading("GET /show_config"):
            strategy = printable(config.get("strategy"), 64)
            exchange = printable(config["exchange"], 64) or "unknown"
            self._stake = str(config["stake_currency"])
            self._is_dry_run = bool(config["dry_run"])
            mode = "PAPER" if self._is_dry_run else "LIVE"
            symbols = sorted({str(pair)[:64] for pair in pairs["whitelist"]})[:500]
            self._symbol = symbols[0] if len(symbols) == 1 else f"*/{self._stake}"[:64]
            return Identity(
                exchange=exchange,
                symbol=self._symbol,
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
        config, health, trades = self._api.get("/show_config"), self._api.get("/health"), self._open_trades()
        self._latest = (time.monotonic(), trades)
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

    def _open_trades(self) -> list[FreqtradeTrade]:
        status = self._api.get("/status")
        with Reading("GET /status"):
            if not isinstance(status, list):
                raise TypeError(f"found {status!r:.100}, expected a list")
            return [FreqtradeTrade(trade) for trade in status]

    def _latest_trades(self) -> list[FreqtradeTrade]:
        """The open trades. A poll asks for a snapshot and for changes, and one answer is enough for both."""
        (at, trades), self._latest = self._latest, (-1e9, [])
        return list(trades) if time.monotonic() - at < 1 else self._open_trades()

    # Changes

    def changes(self, cursor: str) -> Changes:
        known = self._resume_at(cursor)
        now = datetime.datetime.now(datetime.timezone.utc)
        is_event = self._has_event.is_set()
        self._has_event.clear()
        is_slow = self._slow_at is None or (now - self._slow_at).total_seconds() >= self.SLOW_INTERVAL
        reports: list[ContractReport] = []
        try:
            trades = self._latest_trades()
            open_ids = {trade.trade_id for trade in trades}
            is_closed = any(trade_id not in open_ids for trade_id in (*known.trades, *(o["trade_id"] for o in known.orders.values())))
            if is_slow or is_event or is_closed:
                closed = self._newly_closed(known)
                # A trade that closed between the two answers is in both.
                closed_ids = {trade.trade_id for trade in closed}
                trades = [trade for trade in trades if trade.trade_id not in closed_ids] + closed
            self._report_trades(trades, known, now, reports, is_slow)
            has_fills = any(isinstance(report, contract.Fill) for report in reports)
            if is_slow or has_fills:
                self._report_money(trades, known, now, reports)
            if is_slow:
                self._report_log(known, reports)
                self._slow_at = now
        except BaseException:
            # The next call begins again at its cursor.
            self._cursor = None
            self._has_event.set()
            raise
        self._known, self._cursor = known, known.encode()
        return Changes(reports, self._cursor)

    def _resume_at(self, cursor: str) -> _Known:
        """The reports up to a cursor. A cursor that is damaged counts as empty."""
        if cursor and cursor == self._cursor:
            return self._known
        self._reported.clear()
        self._slow_at = None
        try:
            return _Known.decode(cursor) if cursor else _Known(fees=self._known.fees)
        except (KeyError, TypeError, ValueError, AttributeError):
            return _Known(fees=self._known.fees)

    def _newly_closed(self, known: _Known) -> list[FreqtradeTrade]:
        """The closed trades that are not reported finally, from the newest page; from all pages if that does not explain the bot's total."""
        health = self._api.get("/health")
        with Reading("GET /health"):
            # Older versions do not say when their database was made.
            database = int(health["bot_start_ts"]) if health.get("bot_start_ts") else None
        if None not in (database, known.database) and database != known.database:
            known.closed = set()
        known.database = database or known.database
        page, total = self._closed_page(f"limit={self.PAGE}&order_by_id=false")
        found = {trade.number: trade for trade in page}
        if len(known.closed | found.keys()) != total:
            # Older bots ignore order_by_id; trades can be deleted; a cursor can be lost.
            found = {}
            for offset in range(0, total, self.PAGE):
                page, total = self._closed_page(f"limit={self.PAGE}&offset={offset}&order_by_id=true")
                found |= {trade.number: trade for trade in page}
            known.closed &= found.keys()
        return [trade for trade in found.values() if trade.number not in known.closed]

    def _closed_page(self, query: str) -> tuple[list[FreqtradeTrade], int]:
        answer = self._api.get(f"/trades?{query}")
        with Reading("GET /trades"):
            return [FreqtradeTrade(trade) for trade in answer["trades"]], int(answer["total_trades"])

    def _report_trades(
        self, trades: list[FreqtradeTrade], known: _Known, now: datetime.datetime, reports: list[ContractReport], is_marking: bool
    ) -> None:
        """Reports the changes of trades, of their orders and fills, and the end of those that the bot has forgotten.

        Current prices change all the time. They are reported if `is_marking`, and after each fill.
        """
        with Reading("GET /status"):
            seen_orders: set[str] = set()
            for trade in trades:
                trade.reported_fees = known.fees
                for order in trade.orders:
                    report = trade.order_report(order, now)
                    seen_orders.add(report.order_id)
                    self._add(report, report.order_id, reports)
                    # freqtrade can leave an order open in a closed trade. Later polls do not ask for that trade, so they cannot tell that the order
                    # has ended.
                    if report.status == contract.OrderStatus.OPEN and trade.is_open:
                        known.orders[report.order_id] = report.to_json()
                    else:
                        known.orders.pop(report.order_id, None)
                is_settled = self._is_dry_run or trade.is_settled(now)
                if is_settled:
                    for filled in trade.filled:
                        self._add(trade.fill_report(filled), filled.order_id, reports)
                        if filled.is_entry and filled.fee is not None:
                            known.fees[filled.order_id] = str(filled.fee)
                if (trade_report := trade.trade_report(now, self._mark(trade, is_marking))) is not None:
                    self._add(trade_report, trade.trade_id, reports)
                    known.trades[trade.trade_id] = trade_report.to_json()
                if not trade.is_open:
                    known.trades.pop(trade.trade_id, None)
                    if is_settled:
                        known.closed.add(trade.number)
                        known.realized += trade.realized
                        self._forget_fees(trade, known)
                    else:
                        self._has_event.set()
            self._report_forgotten({trade.trade_id for trade in trades}, seen_orders, known, now, reports)
        self._forget_closed(trades)

    def _mark(self, trade: FreqtradeTrade, is_due: bool) -> Mark | None:
        """The current price and profit of an open trade, which stay the same until they are due or the trade changes."""
        mark = self._marks.pop(trade.trade_id, None)
        if is_due or mark is None or mark.amount != trade.amount:
            mark = trade.mark
        if mark is not None and trade.is_open:
            self._marks[trade.trade_id] = mark
            return mark
        return None

    def _forget_fees(self, trade: FreqtradeTrade, known: _Known) -> None:
        """Forgets the fees that a later question would find again."""
        trade.reported_fees = {}
        for filled in trade.filled:
            if known.fees.get(filled.order_id) == str(filled.fee):
                del known.fees[filled.order_id]
        for order_id in list(known.fees)[: -self.MAXIMUM_FEES]:
            del known.fees[order_id]

    def _report_forgotten(
        self, seen_trades: set[str], seen_orders: set[str], known: _Known, now: datetime.datetime, reports: list[ContractReport]
    ) -> None:
        """Reports orders that were canceled before a fill, and trades that were deleted: freqtrade no longer lists either of them."""
        for order_id in [order_id for order_id in known.orders if order_id not in seen_orders]:
            order = contract.OrderReport.from_json(known.orders.pop(order_id))
            self._add(dataclasses.replace(order, status=contract.OrderStatus.CANCELED, updated_at=now), order_id, reports)
        for trade_id in [trade_id for trade_id in known.trades if trade_id not in seen_trades]:
            trade = contract.TradeReport.from_json(known.trades.pop(trade_id))
            self._marks.pop(trade_id, None)
            if trade_number(trade_id) not in known.closed:
                ended = dataclasses.replace(
                    trade, status=contract.TradeStatus.CLOSED, quantity=Decimal(0), exit_reason="deleted at the bot",
                    current_price=None, unrealized_profit=None, closed_at=now, updated_at=now,
                )
                self._add(ended, trade_id, reports)

    def _forget_closed(self, trades: list[FreqtradeTrade]) -> None:
        """Frees the memory of reports that can no longer change."""
        for trade in trades:
            if not trade.is_open and not self._has_event.is_set():
                for key in (f"TradeReport/{trade.trade_id}", *(f"{kind}/{trade.order_id(order)}" for order in trade.orders
                                                               for kind in ("OrderReport", "Fill"))):
                    self._reported.pop(key, None)

    def _report_money(
        self, trades: list[FreqtradeTrade], known: _Known, now: datetime.datetime, reports: list[ContractReport]
    ) -> None:
        """Reports balances, profit, equity and positions."""
        answer = self._api.get("/balance")
        with Reading("GET /balance"):
            balances = [
                contract.Balance(str(item["currency"])[:16], exact(item["balance"]), optional(item.get("free")))
                for item in answer["currencies"]
                if not item.get("is_position")
            ]
            balance_report = contract.BalanceReport(instance_id="", balances=balances, timestamp=now, account_id=self._account_id)
            self._add(balance_report, "", reports, ignoring=("timestamp",))
            unsettled = [trade for trade in trades if trade.number not in known.closed]
            metrics = {
                "equity": exact(answer["total"]),
                "realized_pnl": known.realized + sum((trade.realized for trade in unsettled), Decimal(0)),
                "unrealized_pnl": sum((trade.unrealized for trade in trades), Decimal(0)),
            }
            currency = self._stake[:16] or None
            for name, value in metrics.items():
                reports.append(
                    contract.MetricSample(
                        instance_id="", symbol=self._symbol, metric_type=name, value=value, timestamp=now, currency=currency
                    )
                )
            net: dict[str, Decimal] = {symbol: Decimal(0) for symbol in known.symbols}
            gross = dict(net)
            for trade in trades:
                if trade.is_open and trade.amount:
                    net[trade.symbol] = net.get(trade.symbol, Decimal(0)) + trade.exposure
                    gross[trade.symbol] = gross.get(trade.symbol, Decimal(0)) + abs(trade.exposure)
            for symbol in sorted(net):
                position = contract.PositionReport(
                    instance_id="", symbol=symbol, net_exposure=net[symbol], gross_exposure=gross[symbol], currency=currency, updated_at=now
                )
                self._add(position, symbol, reports)
            known.symbols = {symbol for symbol, value in gross.items() if value}

    def _report_log(self, known: _Known, reports: list[ContractReport]) -> None:
        """Reports warnings and errors that are newer than the last one."""
        lines = read_log(self._api, self.LOG_PAGE)
        if len(lines) == self.LOG_PAGE and lines[0].time > known.logged:
            lines = read_log(self._api)
        for line in lines:
            at = moment(line.time)
            if line.time <= known.logged or not line.is_warning or at is None:
                continue
            digest = hashlib.sha256(f"{line.logger}/{line.message}".encode()).hexdigest()[:16]
            reports.append(
                contract.LogLine(
                    instance_id="",
                    line_id=f"{line.time}-{digest}",
                    level=contract.LogLevel(line.level),
                    message=line.message.replace("\0", "")[:2000] or "(empty)",
                    timestamp=at,
                    logger=printable(line.logger, 128),
                )
            )
        known.logged = max([known.logged, *(line.time for line in lines)])

    def _add(
        self, report: ContractReport, key: str, reports: list[ContractReport], ignoring: tuple[str, ...] = ()
    ) -> None:
        """Adds a report unless its content was reported before."""
        key = f"{type(report).__name__}/{key}"
        text = content(report, ignoring)
        if self._reported.get(key) != text:
            self._reported[key] = text
            if isinstance(report, (contract.OrderReport, contract.Fill, contract.TradeReport)):
                report = dataclasses.replace(report, account_id=self._account_id)
            reports.append(report)

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
                self._has_event.set()
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
