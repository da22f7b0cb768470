"""Makes reports of single events of NautilusTrader."""

from __future__ import annotations

import dataclasses
import datetime
import typing
from decimal import Decimal

from .. import contract
from ..telemetry import ContractReport
from .nautilus_events import Event, amount, instrument, moment, money, nanoseconds
from .values import printable

#: The smallest step between two times of a report.
_STEP = datetime.timedelta(microseconds=1)


def later(at: datetime.datetime, previous: datetime.datetime | None) -> datetime.datetime:
    """`at`, or a moment after `previous`: the control plane keeps the newest report, and venues' clocks differ from the node's."""
    return at if previous is None or at > previous else previous + _STEP


def newest(reports: typing.Iterable[ContractReport]) -> list[ContractReport]:
    """The reports without those that a later one replaces."""
    kept: dict[object, ContractReport] = {}
    for number, report in enumerate(reports):
        key: object = number
        if isinstance(report, contract.OrderReport):
            key = "order", report.order_id
        elif isinstance(report, contract.TradeReport):
            key = "trade", report.trade_id
        elif isinstance(report, contract.BalanceReport):
            key = "balance", report.account_id
        kept.pop(key, None)
        kept[key] = report
    return list(kept.values())


def initial_order(event: Event) -> contract.OrderReport:
    """The report of a new order."""
    symbol, venue = instrument(event["instrument_id"])
    options = event.get("options") or {}
    price = options.get("price") if isinstance(options, dict) else None
    tags = event.get("tags")
    at = moment(nanoseconds(event["ts_init"]))
    return contract.OrderReport(
        instance_id="",
        order_id=str(event["client_order_id"])[:128],
        venue=venue,
        symbol=symbol,
        side=contract.Side(event["order_side"]),
        order_type=str(event["order_type"])[:64],
        status=contract.OrderStatus.OPEN,
        quantity=amount(event["quantity"]),
        filled_quantity=Decimal(0),
        price=amount(price) if price else None,
        is_reduce_only=bool(event.get("reduce_only")),
        tag=printable(",".join(map(str, tags)) if isinstance(tags, (list, tuple)) else tags, 255),
        created_at=at,
        updated_at=at,
    )


def order_of_fill(event: Event) -> contract.OrderReport:
    """An order whose first event is a fill. Its quantity is unknown, so it counts as filled."""
    event = {**event, "quantity": event["last_qty"], "ts_init": event["ts_event"]}
    return initial_order(event)


def opened_trade(event: Event) -> contract.TradeReport:
    """The report of a position without its fills."""
    symbol, venue = instrument(event["instrument_id"])
    opened = nanoseconds(event.get("ts_opened") or event["ts_event"])
    _, currency = money(event["realized_pnl"])
    return contract.TradeReport(
        instance_id="",
        trade_id=f"{event['position_id']}/{opened}"[-128:],
        venue=venue,
        account_id=str(event["account_id"])[:64] if event.get("account_id") else None,
        symbol=symbol,
        side=contract.TradeSide.LONG if event["entry"] == "BUY" else contract.TradeSide.SHORT,
        status=contract.TradeStatus.OPEN,
        quantity=Decimal(0),
        entry_quantity=Decimal(0),
        entry_price=Decimal(0),
        currency=currency,
        strategy_name=printable(event.get("strategy_id"), 64),
        opened_at=moment(opened),
        updated_at=moment(opened),
    )


def ended_trade(report: contract.TradeReport, at: datetime.datetime) -> contract.TradeReport:
    """A trade that the node has forgotten."""
    at = later(at, report.updated_at)
    return dataclasses.replace(
        report, status=contract.TradeStatus.CLOSED, quantity=Decimal(0), exit_reason="forgotten by the node",
        current_price=None, unrealized_profit=None, closed_at=at, updated_at=at,
    )


def log_line(level: contract.LogLevel, logger: str, text: str, event: Event) -> contract.LogLine:
    """An event that operators read."""
    return contract.LogLine(
        instance_id="",
        line_id=str(event["event_id"])[:128],
        level=level,
        message=text.replace("\0", "")[:2000],
        timestamp=moment(nanoseconds(event["ts_init"])),
        logger=printable(logger, 128),
    )
