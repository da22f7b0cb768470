"""Tests of the adapter for freqtrade, with the real freqtrade in dry-run against the fake exchange, offline.

Installing freqtrade takes some minutes, so it stays in `.build/freqtrade`.
"""

import collections
import contextlib
import datetime
import subprocess
import time
import uuid
from decimal import Decimal

import pytest

from flotilla_agent.adapters.freqtrade import FreqtradeAdapter
from flotilla_agent.adapters.testkit import check_effects, check_reading
from freqtrade_fleet import ROOT, Bot, Exchange, Sidecar, install, until
from recorder import Recorder
from test_agent import server  # noqa: F401

STATUS = {"open": "OPEN", "closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED", "rejected": "REJECTED"}


@pytest.fixture(scope="module")
def program():
    try:
        return install()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"freqtrade is not installed, and PyPI is unreachable: {error}")


@pytest.fixture(scope="module")
def exchange():
    exchange = Exchange(seed=1)
    yield exchange
    exchange.end()


@pytest.fixture(scope="module")
def bots(program, exchange, tmp_path_factory):
    """Three bots that trade: two for all tests, and one that only the test kit uses."""
    folder = tmp_path_factory.mktemp("bots")
    # One bot places limit orders for entries, which are canceled and placed again if they are not filled.
    limit = {"entry": "limit", "exit": "limit", "stoploss": "market", "stoploss_on_exchange": False}
    settings = [{}, {"order_types": limit}, {}]
    bots = [Bot(program, f"ft-{number}", folder, exchange, pulse_seconds=12, **more).start() for number, more in enumerate(settings)]
    try:
        for bot in bots:
            until(lambda: bot.state == "running", 180)
        yield bots
    finally:
        for bot in bots:
            bot.end()


class Fleet:
    """Two bots, their sidecar, and the control plane that records it."""

    def __init__(self, bots, folder):
        self.bots = bots
        self.recorder = Recorder()
        self.sidecar = Sidecar(bots, self.recorder.url, folder, COMMAND_TIMEOUT_SECONDS="25").start()
        until(lambda: {bot.name for bot in bots} <= self.recorder.heartbeats.keys())

    def command(self, bot, command_type, payload=None):
        return self.recorder.outcome(self.recorder.send(bot.name, command_type, payload))

    def complete(self, bot, command_type, payload=None):
        outcome = self.command(bot, command_type, payload)
        assert outcome["status"] == "COMPLETED", outcome
        return outcome["evidence"]

    def state(self, bot):
        return self.recorder.heartbeats[bot.name]["state"]


@pytest.fixture
def fleet(bots, tmp_path):
    fleet = Fleet(bots[:2], tmp_path)
    for bot in fleet.bots:
        fleet.complete(bot, "START")
    yield fleet
    fleet.sidecar.end()
    fleet.recorder.stop()


def open_trades(bot):
    return bot.call("/status")


def wait_for_trades(bot):
    until(lambda: [trade for trade in open_trades(bot) if trade["amount"]], 90)


# The test kit


def test_the_adapter_keeps_the_rules_of_its_interface(bots):
    bot = bots[2]

    def make():
        return FreqtradeAdapter(bot.url, bot.USER, bot.PASSWORD)

    @contextlib.contextmanager
    def hang():
        bot.suspend()
        try:
            yield
        finally:
            bot.resume()

    until(lambda: bot.call("/trades")["total_trades"] > 0, 120)
    assert check_reading(make, hang) == []
    assert check_effects(make()) == []


# Equality


def rows(bot):
    """The trades of the bot's database by id, each with its orders."""
    trades = {trade["id"]: {**trade, "orders": []} for trade in bot.rows("SELECT * FROM trades ORDER BY id")}
    for order in bot.rows("SELECT * FROM orders ORDER BY order_filled_date, order_id"):
        trades[order["ft_trade_id"]]["orders"].append(order)
    return trades


def at(text):
    """A time of the database, in milliseconds as the bot's API has it."""
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def moment(text):
    return datetime.datetime.fromisoformat(text)


def number(value):
    return None if value is None else Decimal(str(value))


def compare(recorder, bot):
    """Compares all that was reported of a bot with the bot's own database, to the last digit. Returns how much was compared."""
    assert recorder.conflicts == []
    fills = {fill["fill_id"]: fill for fill in recorder.elements("fills", bot.name)}
    orders = {order["order_id"]: order for order in recorder.elements("orders", bot.name)}
    trades = {trade["trade_id"]: trade for trade in recorder.elements("trades", bot.name)}
    counts = collections.Counter()
    for trade in rows(bot).values():
        filled = [order for order in trade["orders"] if not order["ft_is_open"] and order["filled"]]
        for order in trade["orders"]:
            if order["status"] == "canceled" and order["order_id"] not in orders:
                # It was placed and canceled between two polls, and freqtrade does not list it.
                continue
            reported = orders.pop(order["order_id"])
            assert reported["status"] == ("OPEN" if order["ft_is_open"] else STATUS[order["status"]])
            assert (reported["side"], reported["symbol"]) == (order["ft_order_side"].upper(), trade["pair"])
            assert number(reported["quantity"]) == (order["amount"] or order["ft_amount"])
            assert number(reported["filled_quantity"]) == (order["filled"] or 0)
            counts["orders"] += 1
        entries, exits = ([order for order in filled if order["ft_order_side"] == side] for side in ("buy", "sell"))
        fees = {}
        for order in filled:
            fill = fills.pop(order["order_id"])
            assert number(fill["quantity"]) == order["filled"]
            assert number(fill["price"]) == (order["average"] or order["price"])
            assert (fill["side"], fill["symbol"], fill["trade_id"]) == (order["ft_order_side"].upper(), trade["pair"], str(trade["id"]))
            assert fill["quote_currency"] == "USDT"
            assert moment(fill["timestamp"]) == at(order["order_filled_date"])
            is_first_exit = exits and order is exits[0]
            assert fill["fee_currency"] == (trade["fee_close_currency"] or "USDT" if is_first_exit else "USDT")
            fees[order["order_id"]] = number(fill["fee"])
            counts["fills"] += 1
        # freqtrade stores the fees of all entries as one sum, and of several exits the fee of the first.
        if len(entries) == 1:
            assert fees[entries[0]["order_id"]] == trade["fee_open_cost"]
        elif entries:
            # On an exchange each entry has its own rate, and freqtrade applies the last one to all.
            tolerance = Decimal("1e-12") if bot.configuration["dry_run"] else trade["fee_open_cost"] / 1000
            assert abs(sum(fees[order["order_id"]] for order in entries) - trade["fee_open_cost"]) < tolerance
        if exits:
            assert fees[exits[0]["order_id"]] == trade["fee_close_cost"]
        if not entries:
            continue
        reported = trades.pop(str(trade["id"]))
        assert reported["status"] == ("OPEN" if trade["is_open"] else "CLOSED")
        assert number(reported["quantity"]) == (trade["amount"] if trade["is_open"] else 0)
        assert number(reported["entry_quantity"]) == sum(order["filled"] for order in entries)
        assert number(reported["entry_price"]) == trade["open_rate"]
        is_third = exits and trade["fee_close_currency"] not in (None, "USDT")
        assert number(reported.get("fees")) == (None if is_third else sum(fees.values()))
        assert moment(reported["opened_at"]) == at(entries[0]["order_filled_date"])
        assert (reported["entry_tag"], reported.get("exit_reason")) == (trade["enter_tag"], trade["exit_reason"])
        if not trade["is_open"]:
            assert number(reported["profit"]) == trade["close_profit_abs"]
            assert number(reported["exit_price"]) == trade["close_rate"]
            assert moment(reported["closed_at"]) == at(trade["close_date"])
        counts["trades"] += 1
    # freqtrade deletes a trade whose entry was canceled, and with it the order.
    assert fills == {} and trades == {} and all(order["status"] == "CANCELED" for order in orders.values())
    return counts


def gross_profit(trade):
    """The profit of a trade in the bot's database before fees, of the part that was sold."""
    filled = [order for order in trade["orders"] if not order["ft_is_open"] and order["filled"]]
    sums = {}
    for side in ("buy", "sell"):
        orders = [(order["filled"], order["average"] or order["price"]) for order in filled if order["ft_order_side"] == side]
        sums[side] = sum(quantity for quantity, _ in orders), sum(quantity * price for quantity, price in orders)
    (bought, cost), (sold, value) = sums["buy"], sums["sell"]
    return value - cost * sold / bought if sold else Decimal(0)


def compare_soon(recorder, bot):
    """Compares when the last reports have arrived."""
    end = time.monotonic() + 30
    while True:
        try:
            return compare(recorder, bot)
        except (AssertionError, KeyError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def test_everything_equals_the_bots_database_also_after_kills(fleet):
    for bot in fleet.bots:
        wait_for_trades(bot)
    for _ in range(5):
        time.sleep(6)
        fleet.sidecar.kill()
        time.sleep(1)
        fleet.sidecar.start()
    time.sleep(4)
    for bot in fleet.bots:
        fleet.complete(bot, "FLATTEN")
        counts = compare_soon(fleet.recorder, bot)
        assert min(counts["orders"], counts["fills"], counts["trades"]) >= 3
        # Everything again changes nothing.
        fleet.complete(bot, "SYNC_BALANCE")
        time.sleep(2)
        assert compare(fleet.recorder, bot) == counts
        realized = [sample for sample in fleet.recorder.elements("metrics", bot.name) if sample["metric_type"] == "realized_pnl"]
        newest = max(realized, key=lambda sample: moment(sample["timestamp"]))
        assert abs(number(newest["value"]) - sum(map(gross_profit, rows(bot).values()))) < Decimal("1e-12")
        positions = fleet.recorder.elements("positions", bot.name)
        assert all(number(position["gross_exposure"]) == 0 for position in positions)
        (balances,) = fleet.recorder.elements("balances", bot.name)
        currencies = {item["currency"]: item["balance"] for item in bot.call("/balance")["currencies"]}
        assert {item["currency"]: number(item["total"]) for item in balances["balances"]} == currencies


def test_a_command_that_was_running_at_a_kill_is_not_executed_again(fleet, exchange):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    with exchange.fault(rf"/{bot.name}/api/v3/depth", "empty"):
        command = fleet.recorder.send(bot.name, "FLATTEN")
        until(lambda: fleet.recorder.acknowledgements.get(command))
        until(lambda: bot.state == "paused")
        time.sleep(1)
        fleet.sidecar.kill()
        fleet.sidecar.start()
        outcome = fleet.recorder.outcome(command)
        assert (outcome["status"], outcome["reason"][:16]) == ("FAILED", "UNKNOWN_OUTCOME:")
        until(lambda: fleet.state(bot) == "SAFE_MODE")
        assert bot.state == "paused"


# Commands


def test_safe_mode_closes_the_bots_gate_within_two_seconds(fleet):
    seconds = []
    for _ in range(5):
        for bot in fleet.bots:
            start = time.monotonic()
            command = fleet.recorder.send(bot.name, "SAFE_MODE")
            until(lambda: bot.state == "paused", 10)
            seconds.append(time.monotonic() - start)
            assert fleet.recorder.outcome(command)["status"] == "COMPLETED"
            fleet.complete(bot, "START")
    # The median, because the machine may be busy with other tests.
    assert sorted(seconds)[len(seconds) // 2] < 2, seconds


def test_flatten_completes_when_every_bot_is_flat(fleet):
    for bot in fleet.bots:
        wait_for_trades(bot)
    commands = [fleet.recorder.send(bot.name, "FLATTEN") for bot in fleet.bots]
    for bot, command in zip(fleet.bots, commands):
        outcome = fleet.recorder.outcome(command)
        assert outcome["status"] == "COMPLETED", outcome
        assert (open_trades(bot), bot.state) == ([], "paused")
        assert (outcome["evidence"]["open_trades"], outcome["evidence"]["open_orders"]) == ([], [])
    # The strategy enters always, so only the gate keeps it flat.
    time.sleep(5)
    assert [open_trades(bot) for bot in fleet.bots] == [[], []]


def test_flatten_fails_with_evidence_when_the_exchange_refuses_exits(fleet, exchange):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    with exchange.fault(rf"/{bot.name}/api/v3/depth", "refuse", "Market is closed."):
        outcome = fleet.command(bot, "FLATTEN")
        assert outcome["status"] == "FAILED"
        assert outcome["reason"].startswith("NOT_OBSERVED: no trade and no order is open; the bot: ")
        assert "forceexit" in outcome["reason"] and "Market is closed." in outcome["reason"]
        assert outcome["evidence"]["open_trade_count"] == len(open_trades(bot)) > 0
        assert until(lambda: [line for line in fleet.recorder.elements("log", bot.name) if "Market is closed." in line["message"]])
        assert bot.state == "paused"
        assert fleet.state(bot) == "SAFE_MODE"
    assert fleet.complete(bot, "FLATTEN")["open_trade_count"] == 0


def test_flatten_exits_at_the_market_if_the_bots_own_exits_are_not_filled(fleet, exchange):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    # Without an order book a dry run fills market orders only.
    with exchange.fault(rf"/{bot.name}/api/v3/depth", "empty"):
        assert Decimal(fleet.complete(bot, "FLATTEN")["seconds"]) > 4
    types = [order["order_type"] for order in bot.rows("SELECT * FROM orders WHERE ft_order_side = 'sell' ORDER BY order_date")]
    assert types[-1] == "market"


def test_stop_protects_open_trades_and_flatten_works_on_a_stopped_bot(fleet):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    outcome = fleet.command(bot, "STOP")
    assert (outcome["status"], outcome["reason"][:12]) == ("FAILED", "OPEN_TRADES:")
    assert bot.state == "paused"
    fleet.complete(bot, "STOP", {"leave_trades": True})
    assert bot.state == "stopped" and open_trades(bot)
    until(lambda: fleet.state(bot) == "STOPPED")
    # SAFE_MODE must not wake it.
    fleet.complete(bot, "SAFE_MODE")
    assert bot.state == "stopped"
    fleet.complete(bot, "FLATTEN")
    assert open_trades(bot) == []
    fleet.complete(bot, "STOP")
    fleet.complete(bot, "START")
    assert bot.state == "running"


def test_restart_cancel_all_and_reduce_only_are_observed(fleet, exchange):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    evidence = fleet.complete(bot, "RESTART")
    assert evidence["started"] != evidence["started_before"]
    with exchange.fault(rf"/{bot.name}/api/v3/depth", "empty"):
        # Exits are placed and not filled.
        until(lambda: any(trade["has_open_orders"] for trade in open_trades(bot)), 60)
        fleet.complete(bot, "REDUCE_ONLY")
        evidence = fleet.complete(bot, "CANCEL_ALL")
        assert evidence["canceled_count"] > 0
    assert bot.state == "paused"
    until(lambda: fleet.state(bot) == "REDUCE_ONLY")


def test_a_bot_that_is_resumed_by_other_means_is_paused_again(fleet):
    bot = fleet.bots[0]
    fleet.complete(bot, "SAFE_MODE")
    bot.call("/start", "POST")
    until(lambda: bot.state == "paused", 10)


def test_a_bot_paused_by_other_means_is_reported_as_reduce_only(fleet):
    bot = fleet.bots[0]
    bot.call("/stopentry", "POST")
    until(lambda: fleet.state(bot) == "REDUCE_ONLY", 15)
    bot.call("/start", "POST")
    until(lambda: fleet.state(bot) == "NORMAL", 15)


# Failures


def test_a_bot_that_hangs_is_unresponsive_and_does_not_affect_the_others(fleet):
    first, second = fleet.bots
    until(lambda: fleet.state(first) == fleet.state(second) == "NORMAL")
    first.suspend()
    try:
        until(lambda: fleet.state(first) == "UNRESPONSIVE", 30)
        assert "no answer within 5 seconds" in fleet.recorder.heartbeats[first.name]["metadata"]["bot_failure"]
        assert fleet.state(second) == "NORMAL"
        start = time.monotonic()
        fleet.complete(second, "SAFE_MODE")
        assert time.monotonic() - start < 10
        outcome = fleet.command(first, "SAFE_MODE")
        assert outcome["status"] == "FAILED" and "no answer" in outcome["reason"]
    finally:
        first.resume()
    # The failed command stays in force.
    until(lambda: first.state == "paused", 30)
    fleet.complete(first, "START")
    until(lambda: fleet.state(first) == "NORMAL", 15)
    assert fleet.recorder.heartbeats[first.name]["metadata"] == {}


def test_the_dead_man_switch_pauses_entries_when_the_control_plane_is_gone(bots, tmp_path):
    recorder = Recorder()
    sidecar = Sidecar(bots[:1], recorder.url, tmp_path, DEADMAN_TIMEOUT_SECONDS="5", HEARTBEAT_INTERVAL_SECONDS="1").start()
    try:
        until(lambda: recorder.heartbeats)
        outcome = recorder.outcome(recorder.send(bots[0].name, "START"))
        assert outcome["status"] == "COMPLETED", outcome
        start = time.monotonic()
        recorder.stop()
        until(lambda: bots[0].state == "paused", 20)
        assert time.monotonic() - start < 8
    finally:
        sidecar.end()


# The control plane


def test_the_control_plane_books_the_bots_database_and_raises_an_alert_for_a_bot_that_hangs(bots, server, tmp_path):
    bot = bots[2]
    sidecar = Sidecar([bot], server.url, tmp_path).start()

    def command(command_type):
        body = {"command_id": str(uuid.uuid4()), "instance_id": bot.name, "command_type": command_type, "ttl_seconds": 60}
        server.call("POST", "/commands", body)
        until(lambda: server.call("GET", f"/commands/{body['command_id']}")["status"] in ("COMPLETED", "FAILED"), 90)
        return server.call("GET", f"/commands/{body['command_id']}")["status"]

    def alerts():
        items = server.call("GET", "/alerts")["items"]
        return [(item["source"], item["status"]) for item in items if item["target_id"] == bot.name]

    try:
        until(lambda: server.call("GET", f"/instances?bot_id={bot.name}")["items"])
        assert command("START") == "COMPLETED"
        wait_for_trades(bot)
        assert command("FLATTEN") == "COMPLETED"
        closed = bot.rows("SELECT * FROM trades WHERE is_open = 0")
        until(lambda: server.call("GET", f"/trades?instance_id={bot.name}")["total"] == len(closed))
        time.sleep(3)
        trades = {item["trade_id"]: item for item in server.call("GET", f"/trades?instance_id={bot.name}&page_size=200")["items"]}
        assert {key: item["profit"] for key, item in trades.items()} == {str(row["id"]): row["close_profit_abs"] for row in closed}
        fills = {item["fill_id"]: item for item in server.call("GET", f"/fills?instance_id={bot.name}&page_size=200")["items"]}
        orders = bot.rows("SELECT * FROM orders WHERE filled > 0 AND ft_is_open = 0")
        expected = {row["order_id"]: (row["filled"], row["average"]) for row in orders}
        assert {key: (item["quantity"], item["price"]) for key, item in fills.items()} == expected
        assert command("SYNC_BALANCE") == "COMPLETED"
        assert server.call("GET", f"/reconcile/findings?instance_id={bot.name}&open=true")["items"] == []
        # The profit before fees and the fees that were booked make the profit of the bot. It rounds each trade to 8 digits, and does not count
        # the entry fee of a rest that was too small to sell.
        books = server.call("GET", "/analytics/net-pnl")
        assert books["fees"] == sum(item["fee"] for item in fills.values())
        assert abs(books["net_pnl"] - sum(row["close_profit_abs"] for row in closed)) < Decimal("0.01")
        assert alerts() == []
        bot.suspend()
        until(lambda: alerts() == [("bot_monitor", "OPEN")], 30)
        bot.resume()
        until(lambda: alerts() == [("bot_monitor", "RESOLVED")], 30)
    finally:
        bot.resume()
        sidecar.end()


# A live bot


def test_a_live_bot_has_partial_fills_fees_in_another_currency_and_refused_exits(program, exchange, tmp_path):
    exchange.set_account("live", fill_part="0.4", fee_currency="BNB")
    bot = Bot(program, "live", tmp_path, exchange, dry_run=False, pulse_seconds=5)
    bot.configuration["exchange"] |= {"key": "live", "secret": "secret"}
    bot.start()
    try:
        until(lambda: bot.state == "running", 180)
        fleet = Fleet([bot], tmp_path)
        try:
            assert fleet.recorder.heartbeats["live"]["runtime_mode"] == "LIVE"
            until(lambda: bot.call("/trades")["total_trades"] >= 2, 120)
            # Exits that wait at the exchange may still be filled; then there is nothing to refuse.
            outcome = None
            while outcome is None:
                wait_for_trades(bot)
                with exchange.fault("POST /live/api/v3/order", "refuse", "Account has insufficient balance for requested action."):
                    until(lambda: not any(trade["has_open_orders"] for trade in open_trades(bot)))
                    if open_trades(bot):
                        outcome = fleet.command(bot, "FLATTEN")
                        assert outcome["evidence"]["open_trade_count"] == len(open_trades(bot)) > 0
            assert outcome["status"] == "FAILED"
            assert "; the bot: log: " in outcome["reason"]
            fleet.complete(bot, "FLATTEN")
            compare_soon(fleet.recorder, bot)
            fills = fleet.recorder.elements("fills", "live")
            assert {fill["fee_currency"] for fill in fills} == {"USDT", "BNB"}
            # The exchange filled limit orders in parts, each at its own price.
            assert any(len(fill["price"].partition(".")[2]) > 2 for fill in fills)
        finally:
            fleet.sidecar.end()
            fleet.recorder.stop()
    finally:
        bot.end()


# In the bot's process


def test_the_strategy_mixin_gates_entries_inside_of_the_bot(program, exchange, tmp_path):
    recorder = Recorder()
    environment = {
        "PYTHONPATH": str(ROOT / "sdk" / "python" / "src"),
        "CONTROL_PLANE_URL": recorder.url,
        "INSTANCE_ID": "inside",
        "BOT_ID": "inside",
        "AGENT_DATA_DIR": str(tmp_path / "agent"),
        "HEARTBEAT_INTERVAL_SECONDS": "1",
        "DEADMAN_TIMEOUT_SECONDS": "6",
    }
    bot = Bot(program, "inside", tmp_path, exchange, "Gated", environment, pulse_seconds=3).start()
    try:
        until(lambda: recorder.heartbeats, 180)
        assert recorder.heartbeats["inside"]["symbols"] == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
        assert recorder.heartbeats["inside"]["software"] == "freqtrade"
        until(lambda: bot.rows("SELECT id FROM trades"), 60)

        def entries():
            return len(bot.rows("SELECT id FROM orders WHERE ft_order_side = 'buy'"))

        recorder.outcome(recorder.send("inside", "SAFE_MODE"))
        time.sleep(2)
        before = entries()
        time.sleep(8)
        assert entries() == before
        recorder.outcome(recorder.send("inside", "START"))
        until(lambda: entries() > before, 60)
        # The control plane is gone, and the bot's API could hang: the gate is in the strategy.
        recorder.stop()
        time.sleep(7)
        before = entries()
        time.sleep(8)
        assert entries() == before
        until(lambda: bot.rows("SELECT id FROM trades WHERE is_open") == [], 60)
    finally:
        bot.end()
