"""Reports what has changed at a freqtrade bot."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import threading
import time
from decimal import Decimal

from .. import contract
from ..telemetry import ContractReport
from .adapter import Changes
from .freqtrade_api import FreqtradeAPI, Reading
from .freqtrade_known import Known
from .freqtrade_log import read_log
from .freqtrade_trades import FreqtradeTrade, Mark, content, trade_number
from .values import exact, moment, optional, printable


@dataclasses.dataclass(frozen=True)
class Market:
    """The symbol, the currency and the mode of a bot, as its configuration says."""

    #: The pair, or `*/STAKE` for several.
    symbol: str = "unknown"
    stake: str = ""
    is_dry_run: bool = False


class FreqtradeReporter:
    """The reports about one bot since a cursor."""

    #: The pause between two looks at balances, metrics and log lines without an event, in seconds.
    SLOW_INTERVAL = 15.0
    #: The number of closed trades per request.
    PAGE = 50
    #: How many fees are remembered.
    MAXIMUM_FEES = 1000
    #: The number of log lines per request.
    LOG_PAGE = 100

    def __init__(self, api: FreqtradeAPI, account_id: str) -> None:
        self._api = api
        self._account_id = account_id
        #: The answer to the last `identity`.
        self.market = Market()
        #: Set when the bot announced a change.
        self.has_event = threading.Event()
        self._known = Known()
        self._cursor: str | None = None
        self._reported: dict[str, str] = {}
        self._marks: dict[str, Mark] = {}
        #: When the open trades were last read, and those trades.
        self._latest: tuple[float, list[FreqtradeTrade]] = (-1e9, [])
        self._slow_at: datetime.datetime | None = None

    def open_trades(self) -> list[FreqtradeTrade]:
        """The open trades now."""
        trades = self._open_trades()
        self._latest = (time.monotonic(), trades)
        return trades

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

    def changes(self, cursor: str) -> Changes:
        """Everything that has changed since the cursor."""
        known = self._resume_at(cursor)
        now = datetime.datetime.now(datetime.timezone.utc)
        is_event = self.has_event.is_set()
        self.has_event.clear()
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
            self.has_event.set()
            raise
        self._known, self._cursor = known, known.encode()
        return Changes(reports, self._cursor)

    def _resume_at(self, cursor: str) -> Known:
        """The reports up to a cursor. A cursor that is damaged counts as empty."""
        if cursor and cursor == self._cursor:
            return self._known
        self._reported.clear()
        self._slow_at = None
        try:
            return Known.decode(cursor) if cursor else Known(fees=self._known.fees)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Known(fees=self._known.fees)

    def _newly_closed(self, known: Known) -> list[FreqtradeTrade]:
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
        self, trades: list[FreqtradeTrade], known: Known, now: datetime.datetime, reports: list[ContractReport], is_marking: bool
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
                is_settled = self.market.is_dry_run or trade.is_settled(now)
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
                        self.has_event.set()
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

    def _forget_fees(self, trade: FreqtradeTrade, known: Known) -> None:
        """Forgets the fees that a later question would find again."""
        trade.reported_fees = {}
        for filled in trade.filled:
            if known.fees.get(filled.order_id) == str(filled.fee):
                del known.fees[filled.order_id]
        for order_id in list(known.fees)[: -self.MAXIMUM_FEES]:
            del known.fees[order_id]

    def _report_forgotten(
        self, seen_trades: set[str], seen_orders: set[str], known: Known, now: datetime.datetime, reports: list[ContractReport]
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
            if not trade.is_open and not self.has_event.is_set():
                for key in (f"TradeReport/{trade.trade_id}", *(f"{kind}/{trade.order_id(order)}" for order in trade.orders
                                                               for kind in ("OrderReport", "Fill"))):
                    self._reported.pop(key, None)

    def _report_money(
        self, trades: list[FreqtradeTrade], known: Known, now: datetime.datetime, reports: list[ContractReport]
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
            currency = self.market.stake[:16] or None
            for name, value in metrics.items():
                reports.append(
                    contract.MetricSample(
                        instance_id="", symbol=self.market.symbol, metric_type=name, value=value, timestamp=now, currency=currency
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

    def _report_log(self, known: Known, reports: list[ContractReport]) -> None:
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
