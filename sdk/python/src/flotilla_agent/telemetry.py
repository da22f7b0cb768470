"""What a bot reports."""

from __future__ import annotations

import datetime
import decimal
import logging
import threading
import typing
import uuid

from . import contract
from .clock import Clock
from .control_plane import CallFailure, ControlPlane
from .spool import KINDS, Report, Spool

#: An amount. Floats are refused: what is counted must be exact.
Amount = typing.Union[decimal.Decimal, int, str]


def _exact(amount: Amount) -> decimal.Decimal:
    if isinstance(amount, bool) or not isinstance(amount, (decimal.Decimal, int, str)):
        raise TypeError(f"{amount!r} is no exact amount; a Decimal, an int or a str was expected")
    value = decimal.Decimal(amount)
    if not value.is_finite():
        raise ValueError(f"{amount!r} is no number")
    return value


class Telemetry:
    """What a bot reports. Each call writes to the spool and returns; the control plane gets it as soon as it answers, with the time that
    it is about.

    A call raises TypeError or ValueError for amounts that are none, SpoolFull or OSError when the report could not be kept.
    """

    def __init__(self, instance_id: str, symbol: str, clock: Clock, spool: Spool) -> None:
        self._instance_id = instance_id
        self._symbol = symbol
        self._clock = clock
        self._spool = spool
        #: Told when there is something to send.
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
        """A value of a metric, such as `equity`, `realized_pnl` or `unrealized_pnl`."""
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
        self, net: Amount, gross: Amount, *, symbol: str | None = None, at: datetime.datetime | None = None
    ) -> None:
        """What the bot holds of a symbol: long less short, and both together."""
        report = contract.PositionReport(
            instance_id=self._instance_id,
            symbol=symbol or self._symbol,
            net_exposure=_exact(net),
            gross_exposure=_exact(gross),
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
        """A fee or a funding payment. It is booked once, however often it is sent.

        A FEE is positive when it was paid and negative when it was a rebate; FUNDING is positive when it was received. `entry_id` is
        what the exchange knows it by, so that a bot that reports the same fill after a restart books it once; a random one when left
        out. `fx_rate` is how much of the books' own currency one unit of `currency` is worth.
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
        """How well an order was executed: how much worse the price was than expected, in basis points; from the order to its fill, in
        milliseconds; how much was filled, from 0 to 1. `sample_id` is the order's id; a random one when left out."""
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

    @property
    def waiting(self) -> int:
        """How many reports wait for the control plane."""
        return self._spool.count

    def _keep(self, kind: str, body: dict[str, object]) -> None:
        self._spool.add(Report(kind, body))
        self.changed.set()


#: How long a report may be ahead of the control plane's clock and wait until its time has come.
PATIENCE = datetime.timedelta(hours=1)


class Reporter:
    """Sends what is in the spool, oldest first."""

    def __init__(
        self, spool: Spool, control_plane: ControlPlane, logger: logging.LoggerAdapter[logging.Logger]
    ) -> None:
        self._spool = spool
        self._control_plane = control_plane
        self._logger = logger

    def flush(self) -> None:
        """Sends all reports that wait. What the control plane refuses for good is logged and dropped; a failed call leaves everything
        that it was about where it is."""
        has_sent = False
        while (oldest := self._spool.oldest()) is not None:
            number, reports = oldest
            rest = reports
            is_stuck = False
            for kind in KINDS:
                group = [report for report in reports if report.kind == kind]
                if not group:
                    continue
                try:
                    refused = self._control_plane.report(kind, [report.body for report in group])
                    has_sent = True
                except CallFailure as error:
                    error.follows_success = has_sent
                    if len(rest) < len(reports):
                        self._spool.remove(number, rest)
                    raise
                again = self._unsettled(group, refused)
                rest = [report for report in rest if report.kind != kind] + again
                is_stuck = is_stuck or bool(again)
            self._spool.remove(number, rest)
            if is_stuck:
                raise CallFailure("the control plane does not know the instance yet, or this machine's clock is ahead")
        dropped = self._spool.take_dropped()
        if dropped:
            self._logger.error("the spool was full: %d reports were dropped", dropped)

    def _unsettled(self, reports: list[Report], refused: list[dict[str, typing.Any]]) -> list[Report]:
        """The reports that have to be sent again: only a heartbeat makes an instance known, and what is dated ahead is taken once its time
        has come."""
        again = []
        for item in refused:
            report = reports[item["index"]]
            if item.get("code") == "INSTANCE_NOT_FOUND" or _is_early(report, item):
                again.append(report)
            else:
                self._logger.error("a report was refused: %s: %s: %s", item.get("code"), item.get("detail"), report.body)
        return again


def _is_early(report: Report, refusal: dict[str, typing.Any]) -> bool:
    """Whether a report is dated ahead of the control plane's clock by so little that it can wait."""
    if refusal.get("code") != "TIMESTAMP_AHEAD":
        return False
    times = report.body.get("timestamp") or report.body.get("updated_at"), refusal.get("server_time")
    try:
        time, now = (datetime.datetime.fromisoformat(str(text)) for text in times)
        return time - now <= PATIENCE
    except (TypeError, ValueError):
        return False
