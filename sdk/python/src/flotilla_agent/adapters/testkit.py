"""Checks that an adapter keeps the rules of its interface, with a real bot.

    from flotilla_agent.adapters.testkit import check_effects, check_reading

    def test_my_adapter(bot):
        assert check_reading(lambda: MyAdapter(bot.url), hang=bot.suspended) == []
        assert check_effects(MyAdapter(bot.url)) == []

An adapter inside of the bot's process cannot be made twice. Check it there, in a separate thread, before a sidecar uses it:

    findings = check_in_process(adapter, hang=blocked_loop, unsupported=["RESTART"])

Each function returns its findings as text, so that one run shows all of them. Give the bot a strategy that trades, and wait for its first
trades before the checks.
"""

from __future__ import annotations

import collections.abc
import contextlib
import datetime
import decimal
import re
import threading
import time
import typing
import uuid

from .. import contract
from ..command import AgentCommand
from ..files import encode
from ..processor import CommandFailure
from ..telemetry import ContractReport, check_exact
from .adapter import Adapter, BotFailure, Changes, Snapshot
from .effects import Effects

#: How long a question may take, in seconds.
LIMIT = 10.0

#: How to suspend the bot for a moment, so that its connections stay open and it does not answer.
Hang = typing.Callable[[], contextlib.AbstractContextManager[object]]


def check_reading(make: typing.Callable[[], Adapter], hang: Hang | None = None) -> list[str]:
    """Checks the questions of an adapter. `make` creates an adapter of the same bot; each is closed."""
    findings: list[str] = []
    with contextlib.closing(make()) as adapter:
        everything = _check_answers(adapter, findings)
    with contextlib.closing(make()) as other:
        _check_repetition(other, everything, "a second adapter", findings)
    if hang is not None:
        with contextlib.closing(make()) as adapter:
            _check_hang(adapter, hang, findings)
    _check_close(make(), findings)
    return findings


def check_effects(adapter: Adapter, unsupported: collections.abc.Collection[str] = (), seconds: float = 60) -> list[str]:
    """Checks the effects of an adapter, each twice, with the sidecar's own observation. At the end the bot runs and has no trades.

    `unsupported` are the commands that the bot does not have: they must fail as UNSUPPORTED. Closes the adapter.
    """
    findings: list[str] = []
    with contextlib.closing(adapter):
        _check_commands(adapter, unsupported, seconds, findings)
    return findings


def check_in_process(
    adapter: Adapter, hang: Hang | None = None, unsupported: collections.abc.Collection[str] = (), seconds: float = 60
) -> list[str]:
    """Checks the questions and the effects of an adapter that its process has once. Closes the adapter."""
    findings: list[str] = []
    everything = _check_answers(adapter, findings)
    _check_repetition(adapter, everything, "the same adapter", findings)
    if hang is not None:
        _check_hang(adapter, hang, findings)
    _check_commands(adapter, unsupported, seconds, findings)
    _check_close(adapter, findings)
    return findings


def _check_answers(adapter: Adapter, findings: list[str]) -> Changes:
    """Checks the answers of an adapter, and returns everything that it reports."""
    _check_identity(adapter, findings)
    _check_snapshot(_timed("snapshot", adapter.snapshot, findings), findings)
    everything = _timed("changes", lambda: adapter.changes(""), findings)
    _check_reports(everything, findings)
    _check_cursor(adapter, everything, findings)
    return everything


def _check_repetition(adapter: Adapter, everything: Changes, who: str, findings: list[str]) -> None:
    """Checks that lost and damaged cursors repeat the same fills."""
    try:
        adapter.identity()
        _check_same(everything, adapter.changes("this is not a cursor"), f"{who} with a damaged cursor", findings)
        _check_same(everything, adapter.changes(""), who, findings)
    except Exception as error:
        findings.append(f"{who} with a damaged cursor raised {error!r}")


def _check_commands(adapter: Adapter, unsupported: collections.abc.Collection[str], seconds: float, findings: list[str]) -> None:
    handlers = Effects(adapter, seconds, lambda: {"reports": len(adapter.changes("").reports)}).handlers
    order = ["SAFE_MODE", "START", "REDUCE_ONLY", "START", "CANCEL_ALL", "FLATTEN", "STOP", "START", "RESTART", "FLATTEN", "SYNC_BALANCE", "START"]
    for command_type in order:
        for attempt in ("first", "second"):
            command = AgentCommand(uuid.uuid4(), "kit", command_type, datetime.datetime.now(datetime.timezone.utc))
            try:
                encode(handlers[command_type](command))
                if command_type in unsupported:
                    findings.append(f"{command_type}: it must fail as UNSUPPORTED")
            except CommandFailure as failure:
                if command_type not in unsupported or not failure.reason.startswith("UNSUPPORTED: "):
                    findings.append(f"{command_type} ({attempt} time): {failure.reason}")
            except Exception as error:
                findings.append(f"{command_type} ({attempt} time) raised {error!r}: only BotFailure, BotRefusal and Unsupported are expected")


_Result = typing.TypeVar("_Result")


def _timed(name: str, question: typing.Callable[[], _Result], findings: list[str]) -> _Result:
    start = time.monotonic()
    result = question()
    if time.monotonic() - start > LIMIT:
        findings.append(f"{name}: took {time.monotonic() - start:.1f} seconds, expected at most {LIMIT:g}")
    return result


def _check_identity(adapter: Adapter, findings: list[str]) -> None:
    identity = _timed("identity", adapter.identity, findings)
    for name in ("software", "version", "exchange", "symbol", "strategy_name", "strategy_version"):
        value = getattr(identity, name)
        if name in ("software", "version", "exchange", "symbol") and not value:
            findings.append(f"identity.{name}: found nothing, expected 1 to 64 characters")
        elif value is not None and not (isinstance(value, str) and len(value) <= 64 and value.isprintable()):
            findings.append(f"identity.{name}: found {value!r}, expected 1 to 64 printable characters")
    if identity.runtime_mode not in {mode.value for mode in contract.RuntimeMode}:
        findings.append(f"identity.runtime_mode: found {identity.runtime_mode!r}, expected a RuntimeMode")
    if identity.strategy_hash and not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}", identity.strategy_hash):
        findings.append(f"identity.strategy_hash: found {identity.strategy_hash!r}, expected SHA-1, SHA-256 or SHA-512 in hexadecimal")
    if len(identity.symbols) > 500 or len(set(identity.symbols)) < len(identity.symbols):
        findings.append(f"identity.symbols: found {len(identity.symbols)}, expected at most 500 different ones")
    if type(identity).from_json(identity.to_json()) != identity:
        findings.append("identity: its JSON is not the same identity")
    if adapter.identity() != identity:
        findings.append("identity: two questions got different answers")


def _check_snapshot(snapshot: Snapshot, findings: list[str]) -> None:
    if snapshot.permits_entries and not snapshot.is_running:
        findings.append("snapshot: a bot that does not run cannot permit entries")
    for name, ids in (("trades", [t.trade_id for t in snapshot.trades]), ("orders", [o.order_id for o in snapshot.orders])):
        if len(set(ids)) < len(ids) or not all(isinstance(identifier, str) and identifier for identifier in ids):
            findings.append(f"snapshot.{name}: the ids must be different and not empty")
    for trade in snapshot.trades:
        try:
            decimal.Decimal(trade.quantity)
        except (decimal.InvalidOperation, TypeError):
            findings.append(f"snapshot.trades: found the quantity {trade.quantity!r}, expected decimal text")


def _key(report: ContractReport) -> tuple[str, str] | None:
    """The type and the id of a report, which must be unique. None for metrics and positions."""
    for name in ("fill_id", "order_id", "trade_id", "line_id", "entry_id"):
        if hasattr(report, name):
            return type(report).__name__, str(getattr(report, name))
    return None


def _check_reports(changes: Changes, findings: list[str]) -> None:
    keys = [key for key in map(_key, changes.reports) if key is not None]
    findings += [f"changes: {key[0]} {key[1]} is reported twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
    if not any(isinstance(report, (contract.Fill, contract.TradeReport)) for report in changes.reports):
        findings.append("changes: found neither a fill nor a trade, so nothing is checked; let the bot trade first")
    for report in changes.reports:
        try:
            check_exact(report)
            encode(report.to_json())
        except (TypeError, ValueError, AttributeError) as error:
            findings.append(f"changes: {type(report).__name__}: {error}")
        for name in ("timestamp", "created_at", "updated_at", "opened_at", "closed_at"):
            value = getattr(report, name, None)
            if value is not None and value.tzinfo is None:
                findings.append(f"changes: {type(report).__name__}.{name} has no time zone")
        if isinstance(report, contract.Fill) and report.quantity <= 0:
            findings.append(f"changes: Fill {report.fill_id}: found the quantity {report.quantity}, expected more than 0")
        if isinstance(report, contract.TradeReport) and (report.status == contract.TradeStatus.CLOSED) != (report.closed_at is not None):
            findings.append(f"changes: TradeReport {report.trade_id}: closed_at must be set if the trade is closed, and only then")


def _check_cursor(adapter: Adapter, everything: Changes, findings: list[str]) -> None:
    later = adapter.changes(everything.cursor)
    old = {report.fill_id for report in everything.reports if isinstance(report, contract.Fill)}
    repeated = [report.fill_id for report in later.reports if isinstance(report, contract.Fill) and report.fill_id in old]
    if repeated:
        findings.append(f"changes: {len(repeated)} fills are repeated after their cursor")
    if not isinstance(later.cursor, str) or not later.cursor:
        findings.append(f"changes: found the cursor {later.cursor!r}, expected text")


def _check_same(first: Changes, second: Changes, who: str, findings: list[str]) -> None:
    """Checks that fills are the same for every adapter, because the control plane stores the first report only."""
    again = {report.fill_id: report for report in second.reports if isinstance(report, contract.Fill)}
    for report in first.reports:
        if isinstance(report, contract.Fill) and again.get(report.fill_id) != report:
            findings.append(f"changes: fill {report.fill_id} is different for {who}: {report} and {again.get(report.fill_id)}")


def _check_hang(adapter: Adapter, hang: Hang, findings: list[str]) -> None:
    cursor = adapter.changes("").cursor
    questions: list[tuple[str, typing.Callable[[], object]]] = [
        ("identity", adapter.identity),
        ("snapshot", adapter.snapshot),
        ("changes", lambda: adapter.changes(cursor)),
    ]
    with hang():
        for name, question in questions:
            try:
                _timed(f"{name} of a bot that hangs", question, findings)
                findings.append(f"{name}: it must raise BotFailure while the bot hangs")
            except BotFailure as failure:
                if not str(failure):
                    findings.append(f"{name}: BotFailure needs a text for operators")
            except Exception as error:
                findings.append(f"{name}: raised {error!r} while the bot hangs, expected BotFailure")
    end = time.monotonic() + 30
    while True:
        try:
            adapter.snapshot()
            adapter.changes(cursor)
            break
        except BotFailure as failure:
            if time.monotonic() > end:
                findings.append(f"the adapter does not recover after a hang: {failure}")
                break
            time.sleep(0.5)


def _check_close(adapter: Adapter, findings: list[str]) -> None:
    """Checks that `close` ends `listen`."""

    def listen() -> None:
        with contextlib.suppress(Exception):
            adapter.listen(threading.Event())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    time.sleep(1)
    adapter.close()
    thread.join(5)
    if thread.is_alive():
        findings.append("close: `listen` must end within 5 seconds")
