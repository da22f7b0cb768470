"""Tests of the sidecar and of its parts with bots that are simulated, so that they do what no real bot should."""

import base64
import contextlib
import datetime
import functools
import hashlib
import http.server
import socket
import struct
import subprocess
import threading
import time
import urllib.parse
import uuid
from decimal import Decimal

import pytest

from flotilla_agent import AgentCommand, AgentConfiguration, CommandFailure, contract
from flotilla_agent.adapters import Adapter, BotFailure, BotRefusal, Changes, Identity, OpenOrder, OpenTrade, Snapshot, Unsupported
from flotilla_agent.adapters.effects import Effects
from flotilla_agent.adapters.freqtrade import FreqtradeAdapter
from flotilla_agent.adapters.freqtrade_exits import FreqtradeExits, TradeRequests
from flotilla_agent.adapters.freqtrade_reporter import FreqtradeReporter, Market
from flotilla_agent.adapters.sidecar import Attachment
from flotilla_agent.adapters.testkit import check_effects, check_in_process, check_reading
from flotilla_agent.adapters.values import exact
from flotilla_agent.adapters.websocket import WebSocket
from flotilla_agent.control_plane import ControlPlane
from freqtrade_fleet import until
from recorder import Recorder
from test_agent import PROGRAM, server  # noqa: F401 (a fixture)

NOW = datetime.datetime(2026, 3, 1, 9, 30, tzinfo=datetime.timezone.utc)


def fill(number, price="3010.5"):
    return contract.Fill("", str(number), "ETH/USDT", contract.Side.BUY, Decimal("0.5"), Decimal(price), NOW)


class SimulatedBot(Adapter):
    """A bot with one trade and one order. Its members change what it does."""

    def __init__(self):
        self.is_running = self.permits = True
        self.trades, self.orders = ("1",), ("7",)
        self.fills = [fill(1)]
        self.iterations = self.starts = 0
        #: Functions that replace a call, by the name of the method.
        self.instead = {}
        self.calls = []

    def call(self, name):
        self.calls.append(name)
        if name in self.instead:
            self.instead[name]()
            return False
        return True

    def identity(self):
        self.call("identity")
        return Identity(exchange="binance", symbol="ETH/USDT", runtime_mode="PAPER", version="1", software="simulated")

    def snapshot(self):
        self.call("snapshot")
        self.iterations += 1
        trades = tuple(OpenTrade(trade, "ETH/USDT", "0.5") for trade in self.trades)
        orders = tuple(OpenOrder(order, "ETH/USDT", "1") for order in self.orders)
        return Snapshot(self.is_running, self.is_running and self.permits, trades, orders, str(self.iterations), str(self.starts))

    def changes(self, cursor):
        self.call("changes")
        reported = int(cursor) if cursor.isdigit() else 0
        return Changes(self.fills[reported:], str(len(self.fills)))

    def pause_entries(self):
        if self.call("pause_entries"):
            self.permits, self.is_running = False, True

    reduce_only = pause_entries

    def resume(self):
        if self.call("resume"):
            self.permits = self.is_running = True

    def stop(self):
        if self.call("stop"):
            self.is_running = False

    def restart(self):
        if self.call("restart"):
            self.starts += 1
            self.permits = self.is_running = True

    def cancel_orders(self, orders):
        if self.call("cancel_orders"):
            self.orders = ()

    def close_trades(self, trades):
        if self.call("close_trades"):
            self.trades = self.orders = ()


def refuse(words):
    def raise_refusal():
        raise BotRefusal(words)

    return raise_refusal


def fail(error):
    def raise_error():
        raise error

    return raise_error


def run(bot, command_type, payload=None, limit=2):
    effects = Effects(bot, limit, dict)
    effects.limit = limit - 0.1
    effects._observation.INTERVAL, effects._observation.RETRY = 0.01, 0.2
    return effects.handlers[command_type](AgentCommand(uuid.uuid4(), "i", command_type, NOW, payload=payload or {}))


# Effects


def test_a_command_is_completed_by_what_the_bot_shows_and_not_by_its_answer():
    bot = SimulatedBot()
    bot.instead["pause_entries"] = lambda: None
    with pytest.raises(CommandFailure, match="^NOT_OBSERVED: entries are paused$") as caught:
        run(bot, "SAFE_MODE", limit=1)
    assert caught.value.evidence["permits_entries"] is True
    # The request may have been lost, so it is repeated.
    assert bot.calls.count("pause_entries") > 2


def test_a_failure_has_the_bots_own_words_and_what_is_open():
    bot = SimulatedBot()
    bot.instead["close_trades"] = refuse("POST /forceexit: 502: market is closed")
    with pytest.raises(CommandFailure, match="^NOT_OBSERVED: no trade and no order is open; the bot: .* market is closed$") as caught:
        run(bot, "FLATTEN", limit=1)
    evidence = caught.value.evidence
    assert (evidence["open_trade_count"], evidence["open_order_count"], evidence["permits_entries"]) == (1, 1, False)
    assert evidence["open_trades"] == [{"trade_id": "1", "symbol": "ETH/USDT", "quantity": "0.5"}]


def test_flatten_closes_trades_of_a_bot_that_does_not_pause_and_fails():
    bot = SimulatedBot()
    bot.instead["pause_entries"] = lambda: time.sleep(1)
    with pytest.raises(CommandFailure, match="^NOT_OBSERVED: entries are paused, and no trade and no order is open") as caught:
        run(bot, "FLATTEN", limit=3)
    assert (bot.trades, caught.value.evidence["permits_entries"]) == ((), True)


def test_flatten_waits_for_a_slow_pause_of_a_bot_that_cannot_close_trades():
    bot = SimulatedBot()

    def pause():
        if bot.calls.count("pause_entries") == 8:
            bot.permits = False

    bot.instead |= {"pause_entries": pause, "close_trades": fail(Unsupported("sell at the exchange"))}
    with pytest.raises(CommandFailure, match="^UNSUPPORTED: sell at the exchange$") as caught:
        run(bot, "FLATTEN", limit=4)
    assert caught.value.evidence["permits_entries"] is False


def test_flatten_requests_exits_again_while_a_bot_is_too_slow_for_a_snapshot():
    bot = SimulatedBot()

    def close():
        bot.instead["snapshot"] = fail(BotFailure("GET /status: no answer within 5 seconds"))
        if bot.calls.count("close_trades") == 3:
            bot.trades = bot.orders = ()
            del bot.instead["snapshot"]

    bot.instead["close_trades"] = close
    run(bot, "FLATTEN")
    assert bot.calls.count("close_trades") == 3


def test_flatten_waits_for_the_end_of_the_iteration_in_which_entries_were_paused():
    bot = SimulatedBot()
    bot.trades = bot.orders = ()
    snapshot = bot.snapshot
    bot.snapshot = lambda: Snapshot(**{**vars(snapshot()), "iteration": "the same"})
    with pytest.raises(CommandFailure, match="no trade and no order is open"):
        run(bot, "FLATTEN", limit=1)
    bot.snapshot = snapshot
    assert run(bot, "FLATTEN")["closed_count"] == 0


def test_a_stopped_bot_is_flattened_and_safe_mode_does_not_wake_it():
    bot = SimulatedBot()
    bot.is_running = False
    run(bot, "SAFE_MODE")
    assert not bot.is_running
    assert run(bot, "FLATTEN")["closed"] == ["1"]
    assert (bot.is_running, bot.permits) == (True, False)
    bot.is_running = False
    run(bot, "FLATTEN")
    assert not bot.is_running


def test_start_does_not_overtake_a_command_that_pauses_entries():
    bot = SimulatedBot()
    bot.instead["close_trades"] = lambda: None
    effects = Effects(bot, 4, dict)
    command = AgentCommand(uuid.uuid4(), "i", "FLATTEN", NOW)
    failures = []

    def flatten():
        try:
            effects.handlers["FLATTEN"](command)
        except CommandFailure as failure:
            failures.append(failure.reason)

    thread = threading.Thread(target=flatten)
    thread.start()
    until(lambda: "close_trades" in bot.calls)
    with pytest.raises(CommandFailure, match="^OVERTAKEN: "):
        effects.handlers["START"](command)
    assert "resume" not in bot.calls
    thread.join()
    assert len(failures) == 1


def test_an_effect_that_the_bot_does_not_have_fails_and_says_so():
    bot = SimulatedBot()
    bot.instead["restart"] = fail(Unsupported("restart its container instead"))
    with pytest.raises(CommandFailure, match="^UNSUPPORTED: restart its container instead$"):
        run(bot, "RESTART")


# The sidecar


@contextlib.contextmanager
def attached(bot, folder, control_plane, **members):
    configuration = AgentConfiguration("sim", "sim", "unknown", "unknown", control_plane.url, data_directory=str(folder), **members)
    configuration.heartbeat_interval = 0.5
    attachment = Attachment(configuration, bot)
    attachment.INTERVAL = 0.1
    attachment.start()
    try:
        # Only the recorder shows its heartbeats.
        until(lambda: "sim" in getattr(control_plane, "heartbeats", ["sim"]))
        yield attachment
    finally:
        attachment.stop()


@pytest.fixture
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.stop()


def state(recorder):
    return recorder.heartbeats["sim"]["state"]


@pytest.mark.parametrize("error", [BotFailure("no answer within 5 seconds"), BotRefusal("503: later"), ZeroDivisionError("surprise")])
def test_an_error_of_a_bot_or_an_adapter_makes_the_bot_unresponsive_and_recovers(recorder, tmp_path, error):
    bot = SimulatedBot()
    with attached(bot, tmp_path, recorder):
        until(lambda: state(recorder) == "NORMAL")
        assert recorder.heartbeats["sim"]["exchange"] == "binance"
        bot.instead["changes"] = fail(error)
        until(lambda: state(recorder) == "UNRESPONSIVE")
        assert str(error) in recorder.heartbeats["sim"]["metadata"]["bot_failure"] or repr(error) in str(recorder.heartbeats)
        bot.instead.clear()
        until(lambda: state(recorder) == "NORMAL")
        assert recorder.heartbeats["sim"]["metadata"] == {}


def test_a_bot_that_never_answered_has_heartbeats_and_its_identity_survives_a_restart(recorder, tmp_path):
    bot = SimulatedBot()
    bot.instead["identity"] = fail(BotFailure("no answer"))
    with attached(bot, tmp_path, recorder):
        assert (state(recorder), recorder.heartbeats["sim"]["exchange"]) == ("UNRESPONSIVE", "unknown")
        bot.instead.clear()
        until(lambda: recorder.heartbeats["sim"]["exchange"] == "binance")
    bot.instead["identity"] = fail(BotFailure("no answer"))
    recorder.heartbeats.clear()
    with attached(bot, tmp_path, recorder):
        assert (state(recorder), recorder.heartbeats["sim"]["exchange"]) == ("UNRESPONSIVE", "binance")


def test_reports_continue_at_the_cursor_and_nothing_is_lost_without_it(recorder, tmp_path):
    bot = SimulatedBot()
    with attached(bot, tmp_path, recorder):
        until(lambda: len(recorder.elements("fills", "sim")) == 1)
    bot.fills.append(fill(2))
    with attached(bot, tmp_path, recorder):
        until(lambda: len(recorder.elements("fills", "sim")) == 2)
    (tmp_path / "sim" / "bot.json").write_text("not JSON")
    bot.fills.append(fill(3))
    with attached(bot, tmp_path, recorder) as attachment:
        until(lambda: len(recorder.elements("fills", "sim")) == 3)
        outcome = recorder.outcome(recorder.send("sim", "SYNC_BALANCE"))
        assert outcome["evidence"] == {"reports": 3, "findings": [], "finding_count": 0, "is_complete": True}
        (books,) = recorder.books
        assert (len(books["fills"]["items"]), books["orders"], books["trades"]) == (0, [], [])
        assert attachment.agent.telemetry.waiting >= 0
    assert recorder.conflicts == []


def test_a_comparison_finds_what_the_bot_and_the_books_do_not_share(server, tmp_path):
    bot = SimulatedBot()
    # An order that ended at the exchange without the bot reporting it.
    lost = contract.OrderReport(
        "sim", "lost", "ETH/USDT", contract.Side.BUY, "limit", contract.OrderStatus.OPEN, Decimal(1), Decimal(0), NOW, NOW
    )
    with attached(bot, tmp_path, server):
        until(lambda: server.call("GET", "/fills?instance_id=sim")["total"] == 1)
        assert sync(server)["finding_count"] == 0
        server.call("POST", "/ingest/orders", lost.to_json())
        finding = {"object": "ORDER", "id": "lost", "difference": "MISSING_AT_BOT"}
        assert sync(server) == {"reports": 1, "findings": [finding], "finding_count": 1, "is_complete": True}
        assert server.call("GET", "/reconcile/findings?open=true&instance_id=sim")["items"][0]["booked"]["quantity"] == 1


def sync(server, status="COMPLETED"):
    """The evidence of a SYNC_BALANCE that is completed, or the acknowledgement with another status."""
    command = str(uuid.uuid4())
    server.call("POST", "/commands", {"command_id": command, "instance_id": "sim", "command_type": "SYNC_BALANCE", "ttl_seconds": 60})
    until(lambda: server.call("GET", f"/commands/{command}")["status"] == status)
    acknowledgement = server.call("GET", f"/commands/{command}")["acknowledgements"][-1]
    return acknowledgement["evidence"] if status == "COMPLETED" else acknowledgement


def test_the_outcome_of_a_command_is_one_if_its_acknowledgement_is_repeated(control_plane, tmp_path):
    """An agent repeats an acknowledgement whose response was lost."""
    with attached(SimulatedBot(), tmp_path, control_plane):
        until(lambda: control_plane.instance("sim"))
        command = control_plane.send("sim", "SYNC_BALANCE")
        outcome = control_plane.outcome(command)
        copied = {name: outcome[name] for name in ("status", "timestamp", "evidence")}
        control_plane.call("POST", f"/commands/{command}/ack", {"command_id": command, "instance_id": "sim", **copied})
        assert [item["status"] for item in control_plane.command(command)["acknowledgements"]] == ["ACCEPTED", "COMPLETED", "COMPLETED"]
        assert control_plane.outcome(command) == outcome


class SlowComparisons:
    """A proxy of a control plane. It keeps the first requests for a comparison without an answer."""

    def __init__(self, server, count):
        self.seen, self._count = 0, count
        self._target = urllib.parse.urlsplit(server.url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                target = socket.create_connection((self._target.hostname, self._target.port))
                threading.Thread(target=self._pass, args=(client, target, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(target, client, False), daemon=True).start()

    def _pass(self, source, sink, is_request):
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                if is_request and data.startswith(b"POST /reconcile/books"):
                    self.seen += 1
                    if self.seen <= self._count:
                        while source.recv(65536):
                            pass
                        return
                sink.sendall(data)

    def close(self):
        self._listener.close()


def test_a_comparison_that_gets_no_answer_is_repeated_within_the_commands_time(server, tmp_path, monkeypatch):
    monkeypatch.setattr(ControlPlane, "LIMIT", 1.0)
    proxy = SlowComparisons(server, 2)
    with contextlib.closing(proxy), attached(SimulatedBot(), tmp_path, proxy, command_timeout=20):
        until(lambda: server.call("GET", "/fills?instance_id=sim")["total"] >= 1)
        assert "finding_count" in sync(server)
        assert proxy.seen == 3


def test_a_comparison_that_never_gets_an_answer_fails_with_the_reason_before_the_commands_limit(server, tmp_path, monkeypatch):
    monkeypatch.setattr(ControlPlane, "LIMIT", 1.0)
    proxy = SlowComparisons(server, 1000)
    with contextlib.closing(proxy), attached(SimulatedBot(), tmp_path, proxy, command_timeout=8):
        acknowledgement = sync(server, "FAILED")
        assert acknowledgement["reason"].startswith("NOT_COMPARED: everything is reported, but not compared with the books: no response")
        assert acknowledgement["evidence"] == {"reports": 1}
        assert proxy.seen >= 2


def test_a_comparison_ends_before_the_bot_is_asked(recorder, tmp_path):
    """A fill that happens while the bot answers would otherwise be missing at the bot."""
    bot = SimulatedBot()
    asked, compared = [], []
    changes = bot.changes

    def note_time(cursor):
        if not cursor:
            asked.append(datetime.datetime.now(datetime.timezone.utc))
            time.sleep(0.1)
        return changes(cursor)

    with attached(bot, tmp_path, recorder) as attachment:
        bot.changes = note_time
        attachment.agent.compare_books = lambda report, limit: compared.append(report) or contract.BookComparison("sim", NOW, [], True)
        attachment._synchronize()
    assert compared[0].fills.to == compared[0].timestamp <= asked[0]


def test_entries_stay_paused_while_the_agent_permits_none(recorder, tmp_path):
    bot = SimulatedBot()
    with attached(bot, tmp_path, recorder):
        assert recorder.outcome(recorder.send("sim", "SAFE_MODE"))["status"] == "COMPLETED"
        bot.permits = True
        until(lambda: not bot.permits)
        assert recorder.outcome(recorder.send("sim", "START"))["status"] == "COMPLETED"
        time.sleep(1)
        assert bot.permits
        bot.permits = False
        until(lambda: state(recorder) == "REDUCE_ONLY")
        bot.is_running = False
        until(lambda: state(recorder) == "STOPPED")


# The test kit


def test_the_test_kit_accepts_a_correct_adapter():
    assert check_reading(SimulatedBot) == []
    assert check_effects(SimulatedBot(), seconds=5) == []
    assert check_in_process(SimulatedBot(), seconds=5) == []


def test_the_test_kit_finds_what_is_wrong():
    class Wrong(SimulatedBot):
        number = 0

        def __init__(self):
            super().__init__()
            Wrong.number += 1
            self.fills = [fill(1, f"{Wrong.number}"), fill(1, f"{Wrong.number}")]

        def identity(self):
            return Identity(exchange="b" * 65, runtime_mode="REAL", symbol="s")

        def snapshot(self):
            trade = OpenTrade("1", "s", "many")
            return Snapshot(False, True, (trade, trade))

        def changes(self, cursor):
            report = contract.MetricSample("", "s", "equity", 0.5, NOW.replace(tzinfo=None))
            return Changes([*self.fills, report], "1")

    findings = "\n".join(check_reading(Wrong))
    for part in [
        "identity.software: found nothing",
        "identity.exchange: found 'bbb",
        "identity.runtime_mode: found 'REAL'",
        "a bot that does not run cannot permit entries",
        "snapshot.trades: the ids must be different",
        "the quantity 'many'",
        "Fill 1 is reported twice",
        "found 0.5, expected a Decimal",
        "timestamp has no time zone",
        "2 fills are repeated after their cursor",
        "fill 1 is different for a second adapter",
    ]:
        assert part in findings
    stubborn = SimulatedBot()
    stubborn.instead["resume"] = lambda: None
    assert any(finding.startswith("START (first time): NOT_OBSERVED") for finding in check_effects(stubborn, seconds=1))


def test_the_test_kit_finds_what_is_wrong_with_an_adapter_that_its_process_has_once():
    class Changing(SimulatedBot):
        def changes(self, cursor):
            self.fills = [fill(1, str(len(self.calls)))]
            return super().changes(cursor)

    bot = Changing()
    bot.instead["resume"] = lambda: None
    # It answers while its bot hangs, and its `listen` does not end.
    bot.listen = lambda changed: time.sleep(30)
    findings = "\n".join(check_in_process(bot, hang=contextlib.nullcontext, seconds=1))
    for part in [
        "fill 1 is different for the same adapter",
        "snapshot: it must raise BotFailure while the bot hangs",
        "START (first time): NOT_OBSERVED",
        "`listen` must end within 5 seconds",
    ]:
        assert part in findings


# Bots that answer nonsense


class Nonsense(http.server.BaseHTTPRequestHandler):
    answer = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    do_POST = do_DELETE = do_GET

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("answer", [b"<html>502</html>", b"[]", b"{}", b"null", b'{"state": 5}', b'[{"trade_id": 1}]', b"\xff\xfe", b"[[1,2],[3]]"])
def test_nonsense_of_a_freqtrade_bot_is_a_bot_failure(answer):
    handler = type("Handler", (Nonsense,), {"answer": answer})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    adapter = FreqtradeAdapter(f"http://127.0.0.1:{server.server_address[1]}", "u", "p")
    try:
        for question in (adapter.identity, adapter.snapshot):
            with pytest.raises(BotFailure, match="JSON|does not make sense|in the state"):
                question()
        with pytest.raises((BotFailure, OSError)):
            adapter.listen(threading.Event())
        # An empty list is a valid answer to one of its questions, and to no other.
        with pytest.raises(BotFailure):
            adapter.changes("")
    finally:
        adapter.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("value", [True, "1", None, Decimal("NaN"), Decimal("-Infinity"), Decimal("1E20"), Decimal("1E400"), -(10**20)])
def test_what_is_no_amount_of_the_contract_is_nonsense(value):
    with pytest.raises((TypeError, ValueError)):
        exact(value)


# freqtrade


class FreqtradeAnswers:
    """The API of a freqtrade bot with answers by path. Effects are refused."""

    def __init__(self, **answers):
        health = {"bot_start_ts": 1_795_000_000}
        self.answers = {"balance": {"currencies": [], "total": 10000}, "logs": {"logs": []}, "health": health, **answers}

    def get(self, path):
        return self.answers[path.strip("/").partition("?")[0]]

    def post_any(self, *paths, body=None):
        raise BotRefusal(f"POST {paths[0]}: 500: Internal Server Error")

    def close(self):
        pass


def freqtrade(**answers):
    reporter = FreqtradeReporter(FreqtradeAnswers(**answers), "default")
    reporter.market = Market(is_dry_run=True)
    return reporter


def freqtrade_order(order_id, side, is_open, filled):
    return {
        "order_id": order_id, "status": "open" if is_open else "closed", "amount": 1, "filled": filled, "safe_price": 100, "price": 100,
        "cost": 100 * filled, "ft_order_side": side, "order_type": "limit", "is_open": is_open, "order_timestamp": 1_795_000_000_000,
        "order_filled_timestamp": None if is_open else 1_795_000_000_000,
    }


def freqtrade_trade(trade_id, is_open, *orders):
    return {
        "trade_id": trade_id, "pair": "BTC/USDT", "quote_currency": "USDT", "is_open": is_open, "amount": 1, "fee_open": Decimal("0.001"),
        "fee_close": Decimal("0.001"), "fee_open_cost": Decimal("0.1"), "open_rate": 100, "close_rate": 100, "close_profit_abs": 0,
        "open_timestamp": 1_795_000_000_000, "close_timestamp": 1_795_000_000_000, "orders": list(orders),
    }


def test_an_order_that_freqtrade_leaves_open_in_a_closed_trade_stays_open():
    """An exit that freqtrade places while another one closes the trade is open in its database, and no one has canceled it."""
    orders = [freqtrade_order(*order) for order in [("b", "buy", False, 1), ("s", "sell", False, 1), ("ghost", "sell", True, 0)]]
    closed = freqtrade_trade(1, False, *orders)
    reporter = freqtrade(status=[], trades={"trades": [closed], "total_trades": 1})
    cursor, statuses = "", []
    for _ in range(3):
        reporter.SLOW_INTERVAL = 0
        changes = reporter.changes(cursor)
        cursor = changes.cursor
        statuses += [report.status for report in changes.reports if isinstance(report, contract.OrderReport) and report.order_id == "BTC/USDT:ghost"]
    assert statuses == [contract.OrderStatus.OPEN]


@pytest.mark.parametrize("made, expected", [((1, 1), "1"), ((1, 2), "2"), ((None, 1), "1"), ((1, None, 1), "1")])
def test_the_trades_of_a_new_freqtrade_database_are_added_to_the_earlier_ones(made, expected):
    """They have the numbers of earlier ones. A bot that does not say when its database was made has the same one."""
    profits = []
    reporter = freqtrade(status=[])
    reporter.SLOW_INTERVAL = 0
    cursor = ""
    for start in made:
        is_new = start == 2
        orders = [freqtrade_order(f"b{is_new}", "buy", False, 1), freqtrade_order(f"s{is_new}", "sell", False, 1) | {"safe_price": 101}]
        closed = freqtrade_trade(1, False, *orders) | {"open_timestamp": 1_795_000_000_000 + is_new}
        reporter._api.answers |= {"health": {"bot_start_ts": start}, "trades": {"trades": [closed], "total_trades": 1}}
        changes = reporter.changes(cursor)
        cursor = changes.cursor
        profits += [str(report.value) for report in changes.reports if getattr(report, "metric_type", None) == "realized_pnl"]
    assert profits[-1] == expected


def test_the_current_profit_of_an_open_trade_is_reported_when_it_is_due_or_the_trade_changes():
    open_trade = freqtrade_trade(1, True, freqtrade_order("b", "buy", False, 1))
    open_trade |= {"current_rate": Decimal("101.25"), "profit_abs": Decimal("1.04875")}
    reporter = freqtrade(status=[open_trade], trades={"trades": [], "total_trades": 0})

    def reported(cursor, **changes):
        open_trade.update(changes)
        reporter._latest = (-1e9, [])
        answer = reporter.changes(cursor)
        trades = [report for report in answer.reports if isinstance(report, contract.TradeReport)]
        return answer.cursor, [(str(trade.current_price), str(trade.unrealized_profit)) for trade in trades]

    cursor, first = reported("")
    assert first == [("101.25", "1.04875")]
    cursor, early = reported(cursor, current_rate=Decimal("102.5"), profit_abs=Decimal("2.2975"))
    assert early == []
    cursor, changed = reported(cursor, amount=Decimal("0.5"), current_rate=Decimal(103), profit_abs=Decimal("1.3985"))
    assert changed == [("103", "1.3985")]
    reporter.SLOW_INTERVAL = 0
    cursor, due = reported(cursor, current_rate=None, profit_abs=None)
    assert due == [("None", "None")]
    cursor, again = reported(cursor, current_rate=Decimal(104), profit_abs=Decimal("1.9"))
    assert again == [("104", "1.9")]
    # A trade that the bot has deleted ends without a current price; the control plane rejects one.
    reporter._api.answers["status"] = []
    _, ended = reported(cursor)
    assert ended == [("None", "None")]


def test_the_reason_of_a_refused_exit_is_the_end_of_each_traceback():
    traceback = "Exception in ASGI application\nTraceback (most recent call last):\n" + '  File "x.py", line 1, in f\n' * 100
    message = traceback + "freqtrade.exceptions.TemporaryError: binance Market is closed.\n"
    lines = [["", 7_999, "x", "ERROR", "before"], *[["", 8_400, "x", "ERROR", message]] * 3, ["", 8_500, "x", "INFO", "after"]]
    answers = FreqtradeAnswers(logs={"logs": lines})
    answers.answered_at = 8_000
    exits = FreqtradeExits(answers)
    with pytest.raises(BotRefusal) as refusal:
        exits.close_trades([OpenTrade(f"{number}-1795000000000", "BTC/USDT", "1") for number in (1, 2, 3)])
    line = "log: Exception in ASGI application: freqtrade.exceptions.TemporaryError: binance Market is closed."
    refused = [f"trade {number}: POST /forceexit: 500: Internal Server Error" for number in (1, 2, 3)]
    assert str(refusal.value) == "; ".join(refused + [line] * 3)


def test_an_exit_that_was_answered_with_success_and_does_not_show_is_explained_by_the_log():
    answers = FreqtradeAnswers(logs={"logs": [["", 8_400, "x", "ERROR", "Market is closed."]]})
    answers.answered_at = 8_000
    answers.post_any = lambda *paths, body: {"result": "Created exit order for trade 1."}
    exits = FreqtradeExits(answers)
    trade = OpenTrade("1-1795000000000", "BTC/USDT", "1")
    exits.close_trades([trade])
    answers.answered_at = 13_000
    with pytest.raises(BotRefusal, match="^log: Market is closed.$"):
        exits.close_trades([trade])
    exits.close_trades([OpenTrade(trade.trade_id, trade.symbol, "1", is_exiting=True)])


def test_a_request_in_flight_is_not_sent_again_and_one_that_waits_is_not_sent_later():
    released = threading.Event()
    sent = []

    def request(number):
        sent.append(number)
        released.wait(30)

    requests = TradeRequests()
    requests.PATIENCE = 0.2
    wanted = {str(number): functools.partial(request, number) for number in range(6)}
    assert requests.send(wanted) == requests.send(wanted) == {}
    assert sorted(sent) == [0, 1, 2, 3]
    released.set()
    until(lambda: len(requests.send(wanted)) >= 4)
    until(lambda: {4, 5} <= set(sent))
    requests.close()


# WebSocket


def serve_once(listener, frames):
    connection, _ = listener.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    key = next(line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    # The frames may arrive with the handshake, and in any pieces.
    data = answer + b"".join(frames)
    for start in range(0, len(data), 7):
        connection.sendall(data[start : start + 7])
    return connection


def frame(kind, payload, is_final=True):
    size = len(payload)
    head = bytes([(0x80 if is_final else 0) | kind])
    if size < 126:
        return head + bytes([size]) + payload
    return head + (struct.pack(">BH", 126, size) if size < 65536 else struct.pack(">BQ", 127, size)) + payload


def test_the_websocket_client_reads_messages_in_all_sizes_and_answers_pings():
    long, longer = "x" * 300, "y" * 70_000
    frames = [
        frame(1, b"short"),
        frame(9, b"are you there"),
        frame(1, long[:100].encode(), is_final=False),
        frame(9, b"in between"),
        frame(0, long[100:].encode()),
        frame(1, longer.encode()),
        frame(8, b""),
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = []
        thread = threading.Thread(target=lambda: connections.append(serve_once(listener, frames)))
        thread.start()
        client = WebSocket(f"ws://127.0.0.1:{listener.getsockname()[1]}/api/v1/message/ws?token=t")
        client.send("z" * 200)
        messages = []
        with pytest.raises(OSError, match="the server closed the connection"):
            for message in client.messages():
                messages.append(message)
        thread.join()
        assert messages == ["short", long, longer]
        sent = b""
        connections[0].settimeout(2)
        while len(sent) < 8 + 200 + 2 * 6 + 13 + 10:
            sent += connections[0].recv(4096)
        size, mask, body = struct.unpack(">H", sent[2:4])[0], sent[4:8], sent[8:208]
        assert (sent[0], sent[1], size) == (0x81, 0xFE, 200)
        assert bytes(byte ^ mask[index % 4] for index, byte in enumerate(body)) == b"z" * 200
        assert [sent[208], sent[208 + 6 + 13]] == [0x8A, 0x8A]
        client.close()
        connections[0].close()


def test_the_websocket_client_refuses_a_wrong_handshake():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(OSError, match="the server refused the handshake: HTTP/1.1 403 Forbidden"):
            WebSocket(f"ws://127.0.0.1:{listener.getsockname()[1]}/")


# The program


def test_the_program_reports_all_errors_in_its_configuration(tmp_path):
    path = tmp_path / "bots.toml"

    def errors(text):
        path.write_text(text)
        environment = {"CONTROL_PLANE_URL": "http://127.0.0.1:1", "AGENT_DATA_DIR": str(tmp_path)}
        run = subprocess.run([PROGRAM, "freqtrade", "--config", path], env=environment, capture_output=True, text=True)
        assert run.returncode == 2
        return run.stderr.replace(str(path), "bots.toml").splitlines()

    assert errors("[[bot") == ["bots.toml: found invalid TOML: Expected ']]' at the end of an array declaration (at end of document)"]
    assert errors("") == ["bots.toml: found no bot, expected one [[bot]] table per bot"]
    bot = '[[bot]]\nurl = "http://127.0.0.1:8080"\nusername = "u"\ninstance_id = "ft-1"\n'
    password = f'password_file = "{tmp_path}/password"\n'
    (tmp_path / "password").write_text("p\n")
    assert errors(bot + '[[bot]]\nurl = "ftp://x"\n[[bot]]\nusr = 5\n') == [
        "bot 1 (ft-1): password: found nothing, expected password_file, password_variable or the variable FREQTRADE_PASSWORD",
        "bot 2 (ftp://x): url: found 'ftp://x', expected the http or https URL of the bot's API server",
        "bot 2 (ftp://x): username: found nothing, expected the user of the bot's API server",
        "bot 3 (no name): usr: unknown, expected one of account_id, agent_token_file, agent_token_variable, bot_id, instance_id,"
        " password_file, password_variable, ui_url, url, username",
        "bot 3 (no name): usr: found 5, expected text",
    ]
    assert errors(bot + password + bot + password) == [
        "bot 2 (ft-1): instance_id: found 'ft-1' twice, expected a different id for each bot"
    ]
    (line,) = errors(bot + 'password_file = "/nothing/here"\n')
    assert line.startswith("bot 1 (ft-1): password_file: cannot read it: ")
