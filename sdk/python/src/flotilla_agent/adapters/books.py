"""The comparison of a bot's records with the control plane's books."""

from __future__ import annotations

import collections.abc
import datetime
import typing

from .. import contract
from ..telemetry import ContractReport

#: How far back fills are compared, and how many records of each kind at most, which is the limit of the contract.
PERIOD = datetime.timedelta(days=7)
MAXIMUM = 1000

#: How many findings the evidence of a command lists.
_LISTED = 20


def book_report(reports: collections.abc.Iterable[ContractReport], instance_id: str, now: datetime.datetime) -> contract.BookReport:
    """All that a bot has, from the reports of everything that it knew at `now` or later. A kind with too many records is not
    compared; of fills the newest are."""
    orders, trades, balances, fills = [], [], [], []
    for report in reports:
        if isinstance(report, contract.OrderReport) and report.status == contract.OrderStatus.OPEN:
            orders.append(
                contract.BookReportOrdersItem(report.order_id, report.symbol, report.side, report.quantity, report.filled_quantity)
            )
        elif isinstance(report, contract.TradeReport) and report.status == contract.TradeStatus.OPEN:
            trades.append(contract.BookReportTradesItem(report.trade_id, report.symbol, report.side, report.quantity))
        elif isinstance(report, contract.BalanceReport):
            balances += [
                contract.BookReportBalancesItem(balance.currency, balance.total, report.venue, report.account_id)
                for balance in report.balances
            ]
        elif isinstance(report, contract.Fill) and now - PERIOD <= report.timestamp < now:
            fills.append(report)
    start, fills = _newest(fills, now)
    items = [
        contract.BookReportFillsItemsItem(fill.fill_id, fill.symbol, fill.side, fill.quantity, fill.price, fill.fee, fill.fee_currency)
        for fill in fills
    ]
    return contract.BookReport(
        instance_id=instance_id,
        timestamp=now,
        orders=orders if len(orders) <= MAXIMUM else None,
        trades=trades if len(trades) <= MAXIMUM else None,
        fills=contract.BookReportFills(start, now, items),
        balances=balances if 0 < len(balances) <= MAXIMUM else None,
    )


def _newest(fills: list[contract.Fill], now: datetime.datetime) -> tuple[datetime.datetime, list[contract.Fill]]:
    """The start of a range of time with at most MAXIMUM fills, and those fills."""
    if len(fills) <= MAXIMUM:
        return now - PERIOD, fills
    fills = sorted(fills, key=lambda fill: fill.timestamp)
    start = fills[-MAXIMUM - 1].timestamp + datetime.timedelta(microseconds=1)
    return start, [fill for fill in fills if fill.timestamp >= start]


def evidence(comparison: contract.BookComparison) -> dict[str, typing.Any]:
    """The result of a comparison as evidence of a command."""
    findings = [
        {"object": finding.object.value, "id": finding.id, "difference": finding.difference.value} for finding in comparison.findings[:_LISTED]
    ]
    return {"findings": findings, "finding_count": len(comparison.findings), "is_complete": comparison.is_complete}
