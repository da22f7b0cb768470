"""Reports metrics, positions, costs, executions, orders, fills, trades, balances and log lines."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import logging
import threading
import typing
import unicodedata
import uuid

from . import contract
from .clock import Clock
from .control_plane import CallFailure, ControlPlane
from .spool import KINDS, Report, Spool

#: An exact amount: Decimal, int or a str with a decimal number. Floats are rejected, because they are not exact.
Amount = typing.Union[decimal.Decimal, int, str]


def _exact(amount: Amount) -> decimal.Decimal:
    if isinstance(amount, bool) or not isinstance(amount, (decimal.Decimal, int, str)):
        raise TypeError(f"amount: found {amount!r}, expected a Decimal, an int or a str")
    value = decimal.Decimal(amount)
    if not value.is_finite():
        raise ValueError(f"amount: found {amount!r}, expected a finite number")
    return value


#: A report in the form of the contract.
ContractReport = typing.Union[
    contract.MetricSample,
    contract.PositionReport,
    contract.CostEntry,
    contract.ExecutionSample,
    contract.OrderReport,
    contract.Fill,
    contract.TradeReport,
    contract.BalanceReport,
    contract.LogLine,
]

#: The kind of each type of report.
_KINDS: dict[type[typing.Any], str] = {
    contract.MetricSample: "metrics",
    contract.PositionReport: "positions",
    contract.CostEntry: "costs",
    contract.ExecutionSample: "execution-quality",
    contract.OrderReport: "orders",
    contract.Fill: "fills",
    contract.TradeReport: "trades",
    contract.BalanceReport: "balances",
    contract.LogLine: "log",
}


def check_exact(value: object) -> None:
    """Raises TypeError for a float and ValueError for NaN or infinity in a report, because amounts must be exact."""
    if isinstance(value, float):
        raise TypeError(f"amount: found {value!r}, expected a Decimal, an int or a str")
    if isinstance(value, decimal.Decimal):
        _exact(value)
    elif isinstance(value, list):
        for item in value:
            check_exact(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            check_exact(getattr(value, field.name))


def _optional(amount: Amount | None) -> decimal.Decimal | None:
    return None if amount is None else _exact(amount)


def printable(text: str | None, limit: int) -> str | None:
    """A text with U+FFFD instead of characters that the contract rejects (control and format characters), cut after `limit` characters; None
    if it is empty."""
    if text is None:
        return None
    kept = "".join("\ufffd" if unicodedata.category(character) in _UNPRINTABLE else character for character in text)
    return kept[:limit] or None


#: Categories of Unicode: control, format, surrogate, line and paragraph separator.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Telemetry:
    """Reports what the bot does to the control plane.

    Each call writes the report to the spool on disk and returns without a request. The agent sends it as soon as the control plane is
    available, with its original timestamp. `symbol` is the symbol of the report; the default is the agent's symbol. `at` is its time, with a
    time zone; the default is now.

    Each call raises TypeError for a float, decimal.InvalidOperation or ValueError for an invalid amount, and SpoolFull or OSError if the
    report could not be stored.
    """

    def __init__(self, instance_id: str, symbol: str, clock: Clock, spool: Spool) -> None:
        self._instance_id = instance_id
        self._symbol = symbol
        self._clock = clock
        self._spool = spool
        #: Set when there is a report to send.
        self.changed = threading.Event()

    def metric(
        self,
        metric_type: str,
        value: Amount,
        *,
        symbol: str | None = None,
        currency: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports the value of a metric, such as `equity`, `realized_pnl` or `unrealized_pnl`.

        `currency` is the currency of the value; the default is the books' currency (`BOOKS_CURRENCY` of the control plane).
        """
        sample = contract.MetricSample(
            instance_id=self._instance_id,
            symbol=symbol or self._symbol,
            metric_type=metric_type,
            value=_exact(value),
            timestamp=at or self._clock.wall(),
            currency=currency,
        )
        self._keep("metrics", sample.to_json())

    def position(
        self,
        net: Amount,
        gross: Amount,
        *,
        symbol: str | None = None,
        currency: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports the current position in a symbol: `net` is long minus short, `gross` is long plus short. `currency` is the currency of both;
        the default is the books' currency (`BOOKS_CURRENCY` of the control plane)."""
        report = contract.PositionReport(
            instance_id=self._instance_id,
            symbol=symbol or self._symbol,
            net_exposure=_exact(net),
            gross_exposure=_exact(gross),
            currency=currency,
            updated_at=at or self._clock.wall(),
        )
        self._keep("positions", report.to_json())

    def cost(
        self,
        cost_type: str,
        amount: Amount,
        *,
        entry_id: str | None = None,
        symbol: str | None = None,
        currency: str | None = None,
        fx_rate: Amount | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports a fee or a funding payment. An entry ID is booked once, even if it is reported several times.

        `cost_type` is FEE or FUNDING; another value raises ValueError. `amount` is in `currency`. A FEE is positive if it was paid and
        negative if it was a rebate. FUNDING is positive if it was received. `entry_id` is the exchange's ID of the payment, so that a bot
        that reports the same fill after a restart books it once; the default is a random ID. `currency` is the currency of the amount; the
        default is the books' currency (`BOOKS_CURRENCY` of the control plane). `fx_rate` is the value of one unit of `currency` in the
        books' currency; the default is the rate that operators reported.
        """
        entry = contract.CostEntry(
            instance_id=self._instance_id,
            symbol=symbol or self._symbol,
            cost_type=contract.CostType(cost_type),
            amount=_exact(amount),
            timestamp=at or self._clock.wall(),
            entry_id=entry_id or str(uuid.uuid4()),
            currency=currency,
            fx_rate=None if fx_rate is None else _exact(fx_rate),
        )
        self._keep("costs", entry.to_json())

    def execution(
        self,
        slippage_bps: Amount,
        latency_ms: Amount,
        fill_ratio: Amount,
        *,
        sample_id: str | None = None,
        symbol: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports the execution quality of an order.

        `slippage_bps` is the slippage in basis points, positive if the price was worse than expected. `latency_ms` is the time from the
        order to its fill, in milliseconds. `fill_ratio` is the filled part of the order, from 0 to 1. `sample_id` is the ID of the order:
        a sample with the same ID and time is stored once. The default is a random ID.
        """
        sample = contract.ExecutionSample(
            instance_id=self._instance_id,
            symbol=symbol or self._symbol,
            slippage_bps=_exact(slippage_bps),
            latency_ms=_exact(latency_ms),
            fill_ratio=_exact(fill_ratio),
            timestamp=at or self._clock.wall(),
            sample_id=sample_id or str(uuid.uuid4()),
        )
        self._keep("execution-quality", sample.to_json())

    def order(
        self,
        order_id: str,
        side: str,
        order_type: str,
        status: str,
        quantity: Amount,
        filled_quantity: Amount,
        *,
        created_at: datetime.datetime,
        updated_at: datetime.datetime | None = None,
        price: Amount | None = None,
        average_price: Amount | None = None,
        trade_id: str | None = None,
        is_reduce_only: bool | None = None,
        tag: str | None = None,
        symbol: str | None = None,
        venue: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Reports an order as it is now. A report with the same `order_id` replaces an older one.

        `side` is BUY or SELL. `status` is OPEN (also when partially filled), FILLED, CANCELED, REJECTED or EXPIRED; other values raise
        ValueError. `price` is the limit price, and `average_price` that of its fills. `updated_at` is when the order last changed; the default
        is now. `trade_id` is the trade that the order belongs to. `venue` and `account_id` default to the instance's exchange and `default`.
        """
        report = contract.OrderReport(
            instance_id=self._instance_id,
            order_id=order_id,
            trade_id=trade_id,
            venue=venue,
            account_id=account_id,
            symbol=symbol or self._symbol,
            side=contract.Side(side),
            order_type=order_type,
            status=contract.OrderStatus(status),
            quantity=_exact(quantity),
            filled_quantity=_exact(filled_quantity),
            price=_optional(price),
            average_price=_optional(average_price),
            is_reduce_only=is_reduce_only,
            tag=printable(tag, 255),
            created_at=created_at,
            updated_at=updated_at or self._clock.wall(),
        )
        self._keep("orders", report.to_json())

    def fill(
        self,
        fill_id: str,
        side: str,
        quantity: Amount,
        price: Amount,
        *,
        fee: Amount | None = None,
        fee_currency: str | None = None,
        fx_rate: Amount | None = None,
        liquidity: str | None = None,
        quote_currency: str | None = None,
        order_id: str | None = None,
        trade_id: str | None = None,
        symbol: str | None = None,
        venue: str | None = None,
        account_id: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports one execution of an order. A fill with the same `fill_id` is stored once, so a repeated report must have the same `at`.

        The control plane books `fee` as a cost, so do not report it with `cost`, or use the `fill_id` as the `entry_id` there. A fee is
        positive if it was paid and negative if it was a rebate. `fx_rate` is the value of one unit of `fee_currency` in the books' currency.
        `side` is BUY or SELL and `liquidity` MAKER or TAKER; other values raise ValueError. `quote_currency` is the currency of `price`.
        """
        report = contract.Fill(
            instance_id=self._instance_id,
            fill_id=fill_id,
            order_id=order_id,
            trade_id=trade_id,
            venue=venue,
            account_id=account_id,
            symbol=symbol or self._symbol,
            side=contract.Side(side),
            quantity=_exact(quantity),
            price=_exact(price),
            quote_currency=quote_currency,
            fee=_optional(fee),
            fee_currency=fee_currency,
            fx_rate=_optional(fx_rate),
            liquidity=None if liquidity is None else contract.Liquidity(liquidity),
            timestamp=at or self._clock.wall(),
        )
        self._keep("fills", report.to_json())

    def trade(
        self,
        trade_id: str,
        side: str,
        *,
        quantity: Amount,
        entry_quantity: Amount,
        entry_price: Amount,
        currency: str,
        opened_at: datetime.datetime,
        closed_at: datetime.datetime | None = None,
        updated_at: datetime.datetime | None = None,
        exit_price: Amount | None = None,
        leverage: Amount | None = None,
        profit: Amount | None = None,
        fees: Amount | None = None,
        strategy_name: str | None = None,
        strategy_version: str | None = None,
        entry_tag: str | None = None,
        exit_reason: str | None = None,
        symbol: str | None = None,
        venue: str | None = None,
        account_id: str | None = None,
    ) -> None:
        """Reports a trade, from its first fill until nothing of it is held. A report with the same `trade_id` replaces an older one.

        `side` is LONG or SHORT. The trade is closed if it has a `closed_at`; its `quantity`, the part that is still held, must then be 0.
        `entry_quantity` and `entry_price` are the quantity and the average price of all entries. `profit` is the realized profit after
        fees, and `fees` are those of the trade, both in `currency`. `updated_at` is when the trade last changed; the default is now.
        """
        report = contract.TradeReport(
            instance_id=self._instance_id,
            trade_id=trade_id,
            venue=venue,
            account_id=account_id,
            symbol=symbol or self._symbol,
            side=contract.TradeSide(side),
            status=contract.TradeStatus.OPEN if closed_at is None else contract.TradeStatus.CLOSED,
            quantity=_exact(quantity),
            entry_quantity=_exact(entry_quantity),
            entry_price=_exact(entry_price),
            exit_price=_optional(exit_price),
            leverage=_optional(leverage),
            profit=_optional(profit),
            fees=_optional(fees),
            currency=currency,
            strategy_name=strategy_name,
            strategy_version=strategy_version,
            entry_tag=printable(entry_tag, 255),
            exit_reason=printable(exit_reason, 255),
            opened_at=opened_at,
            closed_at=closed_at,
            updated_at=updated_at or self._clock.wall(),
        )
        self._keep("trades", report.to_json())

    def balances(
        self,
        totals: typing.Mapping[str, Amount],
        *,
        free: typing.Mapping[str, Amount] | None = None,
        venue: str | None = None,
        account_id: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports all balances of an account by currency; the newest report replaces the one before. `free` has the parts of them that no
        order reserves."""
        available = free or {}
        report = contract.BalanceReport(
            instance_id=self._instance_id,
            venue=venue,
            account_id=account_id,
            balances=[
                contract.Balance(currency=currency, total=_exact(total), free=_optional(available.get(currency)))
                for currency, total in totals.items()
            ],
            timestamp=at or self._clock.wall(),
        )
        self._keep("balances", report.to_json())

    def log(
        self,
        level: str,
        message: str,
        *,
        logger: str | None = None,
        line_id: str | None = None,
        at: datetime.datetime | None = None,
    ) -> None:
        """Reports a line of the bot's log. `level` is WARNING, ERROR or CRITICAL. The control plane keeps the newest 500 lines.

        `message` is cut after 2,000 characters. A line with the same `line_id` is stored once; the default is a random ID.
        """
        line = contract.LogLine(
            instance_id=self._instance_id,
            line_id=line_id or str(uuid.uuid4()),
            level=contract.LogLevel(level),
            logger=printable(logger, 128),
            message=message.encode(errors="replace").decode()[:2000].replace("\0", "\ufffd") or " ",
            timestamp=at or self._clock.wall(),
        )
        self._keep("log", line.to_json())

    def report(self, report: ContractReport) -> None:
        """Reports one of the above in the contract's form, for adapters that translate a bot's own data.

        Its `instance_id` is replaced by the agent's; all other members are sent as they are.
        """
        check_exact(report)
        self._keep(_KINDS[type(report)], dataclasses.replace(report, instance_id=self._instance_id).to_json())

    @property
    def waiting(self) -> int:
        """The number of reports that were not sent yet."""
        return self._spool.count

    def _keep(self, kind: str, body: dict[str, object]) -> None:
        self._spool.add(Report(kind, body))
        self.changed.set()


#: How far a report may be ahead of the control plane's clock and still be sent again.
MAXIMUM_LEAD = datetime.timedelta(hours=1)


class Reporter:
    """Sends the reports in the spool, oldest first."""

    def __init__(
        self, spool: Spool, control_plane: ControlPlane, logger: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._spool = spool
        self._control_plane = control_plane
        self._logger = logger

    def flush(self) -> None:
        """Sends all pending reports; raises CallFailure.

        Reports that the control plane rejects permanently are logged and dropped. If a request fails, its reports stay in the spool.
        """
        has_sent = False
        while (oldest := self._spool.oldest()) is not None:
            number, reports = oldest
            rest = reports
            must_retry = False
            for kind in KINDS:
                group = [report for report in reports if report.kind == kind]
                if not group:
                    continue
                try:
                    refused = self._control_plane.report(kind, [report.body for report in group])
                    has_sent = True
                except CallFailure as error:
                    error.follows_success = has_sent
                    if error.code == contract.ProblemCode.NOT_FOUND:
                        # The control plane is older than this agent. Its other kinds of reports must not wait for an upgrade.
                        self._logger.error("the control plane does not know /ingest/%s: dropped %d reports", kind, len(group))
                        rest = [report for report in rest if report.kind != kind]
                        continue
                    if len(rest) < len(reports):
                        self._spool.remove(number, rest)
                    raise
                again = self._retryable(group, refused)
                rest = [report for report in rest if report.kind != kind] + again
                must_retry = must_retry or bool(again)
            self._spool.remove(number, rest)
            if must_retry:
                raise CallFailure("the control plane does not know the instance yet, or the clock of this machine is ahead")
        dropped = self._spool.take_dropped()
        if dropped:
            self._logger.error("the spool was full: dropped %d reports", dropped)

    def _retryable(self, reports: list[Report], refused: list[dict[str, typing.Any]]) -> list[Report]:
        """The rejected reports to send again: those of an instance that is registered by its next heartbeat, and those slightly ahead of the
        control plane's clock. All others are logged and dropped."""
        again = []
        for item in refused:
            report = reports[item["index"]]
            if item.get("code") == contract.ProblemCode.INSTANCE_NOT_FOUND or _is_early(report, item):
                again.append(report)
            else:
                self._logger.error("the control plane rejected a report: %s: %s: %s", item.get("code"), item.get("detail"), report.body)
        return again


def _is_early(report: Report, refusal: dict[str, typing.Any]) -> bool:
    """Whether a report was rejected because it is ahead of the control plane's clock, by at most MAXIMUM_LEAD."""
    if refusal.get("code") != contract.ProblemCode.TIMESTAMP_AHEAD:
        return False
    times = report.body.get("timestamp") or report.body.get("updated_at"), refusal.get("server_time")
    try:
        time, now = (datetime.datetime.fromisoformat(str(text)) for text in times)
        return time - now <= MAXIMUM_LEAD
    except (TypeError, ValueError):
        return False
