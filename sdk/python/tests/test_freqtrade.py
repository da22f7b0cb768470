"""Tests of the adapter for freqtrade, with the real freqtrade in dry-run against the fake exchange and the real control plane, offline."""

import contextlib
import time
from decimal import Decimal

import pytest

from flotilla_agent.adapters.freqtrade import FreqtradeAdapter
from flotilla_agent.adapters.testkit import check_effects, check_reading
from freqtrade_fleet import Bot, Fleet, compare_soon, open_trades, until, wait_for_trades


@pytest.fixture(scope="module")
def bots(freqtrade_program, exchange, tmp_path_factory):
    """Three bots that trade: two for all tests, and one that only the test kit uses."""
    folder = tmp_path_factory.mktemp("bots")
    # One bot places limit orders for entries, which are canceled and placed again if they are not filled.
    limit = {"entry": "limit", "exit": "limit", "stoploss": "market", "stoploss_on_exchange": False}
    settings = [{}, {"order_types": limit}, {}]
    bots = [Bot(freqtrade_program, f"ft-{number}", folder, exchange, pulse_seconds=12, **more).start() for number, more in enumerate(settings)]
    try:
        for bot in bots:
            until(lambda: bot.state == "running", 180)
        yield bots
    finally:
        for bot in bots:
            bot.end()


@pytest.fixture
def fleet(bots, control_plane, tmp_path):
    fleet = Fleet(bots[:2], control_plane, tmp_path)
    try:
        for bot in fleet.bots:
            fleet.complete(bot, "START")
        yield fleet
        assert fleet.rejections == []
    finally:
        fleet.sidecar.end()


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

def stop_with_open_trades(fleet, bot):
    """Stops a bot while it has a trade. The last trade may close before the bot stops; then it trades on."""
    for _ in range(5):
        wait_for_trades(bot)
        fleet.complete(bot, "STOP", {"leave_trades": True})
        if open_trades(bot):
            return
        fleet.complete(bot, "START")
    raise AssertionError("each of five times the bot closed its trades before it stopped")


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
        # A stopped bot keeps its trades open and changes nothing.
        stop_with_open_trades(fleet, bot)
        assert compare_soon(fleet, bot)["position"] >= 1
        fleet.complete(bot, "FLATTEN")
        counts = compare_soon(fleet, bot)
        assert min(counts[kind] for kind in ("order", "fill", "trade", "cost")) >= 3
        # Everything again changes nothing, and the comparison of the books has no finding.
        evidence = fleet.complete(bot, "SYNC_BALANCE")
        assert (evidence["finding_count"], evidence["is_complete"]) == (0, True)
        time.sleep(2)
        assert compare_soon(fleet, bot) == counts
        assert fleet.elements("findings", bot) == []


def test_a_command_that_was_running_at_a_kill_is_not_executed_again(fleet, exchange):
    bot = fleet.bots[0]
    wait_for_trades(bot)
    with exchange.fault(rf"/{bot.name}/api/v3/depth", "empty"):
        command = fleet.send(bot, "FLATTEN")
        until(lambda: fleet.control_plane.is_accepted(command))
        until(lambda: bot.state == "paused")
        time.sleep(1)
        fleet.sidecar.kill()
        fleet.sidecar.start()
        outcome = fleet.control_plane.outcome(command)
        assert (outcome["status"], outcome["reason"][:16]) == ("FAILED", "UNKNOWN_OUTCOME:")
        until(lambda: fleet.state(bot) == "SAFE_MODE")
        assert bot.state == "paused"


# Commands


def test_safe_mode_closes_the_bots_gate_within_two_seconds(fleet):
    seconds = []
    for _ in range(5):
        for bot in fleet.bots:
            start = time.monotonic()
            command = fleet.send(bot, "SAFE_MODE")
            until(lambda: bot.state == "paused", 10)
            seconds.append(time.monotonic() - start)
            assert fleet.control_plane.outcome(command)["status"] == "COMPLETED"
            fleet.complete(bot, "START")
    # The median, because the machine may be busy with other tests.
    assert sorted(seconds)[len(seconds) // 2] < 2, seconds


def test_flatten_completes_when_every_bot_is_flat(fleet):
    for bot in fleet.bots:
        wait_for_trades(bot)
    commands = [fleet.send(bot, "FLATTEN") for bot in fleet.bots]
    for bot, command in zip(fleet.bots, commands):
        outcome = fleet.control_plane.outcome(command)
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
        until(lambda: fleet.control_plane.alerts(outcome["command_id"]) == [("command_failed", "OPEN")])
        assert until(lambda: [line for line in fleet.elements("log", bot) if "Market is closed." in line["message"]])
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
        assert "no answer within 5 seconds" in fleet.control_plane.instance(fleet.name(first))["metadata"]["bot_failure"]
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
    assert fleet.control_plane.instance(fleet.name(first))["metadata"] == {}


def test_the_dead_man_switch_pauses_entries_when_the_control_plane_is_gone(bots, doomed_control_plane, tmp_path):
    bot = bots[0]
    fleet = Fleet([bot], doomed_control_plane, tmp_path, DEADMAN_TIMEOUT_SECONDS="5", HEARTBEAT_INTERVAL_SECONDS="1")
    try:
        fleet.complete(bot, "START")
        start = time.monotonic()
        doomed_control_plane.kill()
        until(lambda: bot.state == "paused", 20)
        assert time.monotonic() - start < 8
    finally:
        fleet.sidecar.end()


def test_the_control_plane_has_the_bots_profit_and_raises_an_alert_while_a_bot_hangs(bots, doomed_control_plane, tmp_path):
    """It has its own control plane, because the net PnL is that of all instances."""
    bot, server = bots[2], doomed_control_plane
    fleet = Fleet([bot], server, tmp_path)
    try:
        fleet.complete(bot, "START")
        wait_for_trades(bot)
        fleet.complete(bot, "FLATTEN")
        compare_soon(fleet, bot)
        closed = bot.rows("SELECT * FROM trades WHERE is_open = 0")
        # The profit before fees and the fees that were booked make the profit of the bot. It rounds each trade to 8 digits, and does not count
        # the entry fee of a rest that was too small to sell.
        books = server.call("GET", "/analytics/net-pnl")
        assert books["fees"] == sum(item["fee"] for item in fleet.elements("fills", bot))
        assert abs(books["net_pnl"] - sum(row["close_profit_abs"] for row in closed)) < Decimal("0.01")
        exposure = server.call("GET", "/portfolio/exposure")
        assert (exposure["total_net_exposure"], exposure["total_gross_exposure"]) == (0, 0)
        assert fleet.alerts(bot) == []
        bot.suspend()
        until(lambda: fleet.alerts(bot) == [("bot_monitor", "OPEN")], 30)
        bot.resume()
        until(lambda: fleet.alerts(bot) == [("bot_monitor", "RESOLVED")], 30)
    finally:
        bot.resume()
        fleet.sidecar.end()
