"""The records of a bot, as they are compared with the control plane's books."""

from __future__ import annotations

import collections.abc
import datetime

from .. import contract
from ..telemetry import ContractReport

#: The maximum number of records of a kind in a comparison.
_LIMIT = 2_000


def book_report(
    instance_id: str, reports: collections.abc.Iterable[ContractReport], at: datetime.datetime
) -> contract.BookReport:
    """The open orders, open trades, newest fills and balances among `reports`, which are all that the bot knows at the time `at`.

    A kind with more records than a comparison can have is not compared, except fills: the newest ones are.
    """
    orders: dict[str, contract.OrderReport] = {}
    trades: dict[str, contract.TradeReport] = {}
    fills: dict[str, contract.Fill] = {}
    balances: dict[tuple[str | None, str | None], contract.BalanceReport] = {}
    for report in reports:
        if isinstance(report, contract.OrderReport):
            orders[report.order_id] = report
        elif isinstance(report, contract.TradeReport):
            trades[report.trade_id] = report
        elif isinstance(report, contract.Fill):
            fills[report.fill_id] = report
        elif isinstance(report, contract.BalanceReport):
            balances[report.venue, report.account_id] = report
    open_orders = [
        contract.BookReportOrdersItem(
            order_id=order.order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            filled_quantity=order.filled_quantity,
        )
        for order in orders.values()
        if order.status is contract.OrderStatus.OPEN
    ]
    open_trades = [
        contract.BookReportTradesItem(trade_id=trade.trade_id, symbol=trade.symbol, side=trade.side, quantity=trade.quantity)
        for trade in trades.values()
        if trade.status is contract.TradeStatus.OPEN
    ]
    totals = [
        contract.BookReportBalancesItem(
            venue=report.venue, account_id=report.account_id, currency=balance.currency, total=balance.total
        )
        for report in balances.values()
        for balance in report.balances
    ]
    return contract.BookReport(
        instance_id=instance_id,
        timestamp=at,
        orders=open_orders if len(open_orders) <= _LIMIT else None,
        trades=open_trades if len(open_trades) <= _LIMIT else None,
        fills=_fills(list(fills.values())),
        balances=totals if totals and len(totals) <= _LIMIT else None,
    )


def _fills(fills: list[contract.Fill]) -> contract.BookReportFills | None:
    """The newest fills, from a time from which all are included."""
    fills.sort(key=lambda fill: fill.timestamp, reverse=True)
    if len(fills) > _LIMIT:
        # Fills of the same time as the first one that is left out are left out, too.
        fills = [fill for fill in fills[:_LIMIT] if fill.timestamp > fills[_LIMIT].timestamp]
    if not fills:
        return None
    return contract.BookReportFills(
        from_=fills[-1].timestamp,
        to=fills[0].timestamp + datetime.timedelta(microseconds=1),
        items=[
            contract.BookReportFillsItemsItem(
                fill_id=fill.fill_id,
                symbol=fill.symbol,
                side=fill.side,
                quantity=fill.quantity,
                price=fill.price,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
            )
            for fill in fills
        ],
    )
