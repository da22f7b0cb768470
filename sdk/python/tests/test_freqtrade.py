"""Tests of the adapter for freqtrade, with the real freqtrade in dry-run against the fake exchange and the real control plane, offline.

Installing freqtrade takes some minutes, so it stays in `.build/freqtrade`.
"""

import contextlib
import dataclasses
import itertools
import subprocess
import time
from decimal import Decimal

import pytest

from flotilla_agent.adapters.freqtrade import FreqtradeAdapter
from flotilla_agent.adapters.testkit import check_effects, check_reading
from control_plane import rejections
from freqtrade_comparison import compare
from freqtrade_fleet import ROOT, Bot, Exchange, Sidecar, install, until


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


@dataclasses.dataclass
class Connection:
    """A bot as the sidecar of one test connects it. Its instance has a name that no other test uses."""

    bot: Bot
    name: str
    USER = Bot.USER

    @property
    def url(self):
        return self.bot.url


_fleets = itertools.count(1)


class Fleet:
    """Bots, their sidecar, and the control plane."""

    def __init__(self, bots, control_plane, folder, **variables):
        self.bots, self.control_plane = bots, control_plane
        number = next(_fleets)
        self.connections = [Connection(bot, f"{bot.name}-{number}") for bot in bots]
        self.sidecar = Sidecar(self.connections, control_plane.url, folder, **{"COMMAND_TIMEOUT_SECONDS": "25", **variables}).start()
        for bot in bots:
            until(lambda: self.state(bot))

    def name(self, bot):
        """The instance of a bot."""
        return next(connection.name for connection in self.connections if connection.bot is bot)

    def send(self, bot, command_type, payload=None):
        return self.control_plane.send(self.name(bot), command_type, payload)

    def command(self, bot, command_type, payload=None):
        return self.control_plane.outcome(self.send(bot, command_type, payload))

    def complete(self, bot, command_type, payload=None):
        outcome = self.command(bot, command_type, payload)
        assert outcome["status"] == "COMPLETED", outcome
        return outcome["evidence"]

    def state(self, bot):
        return self.control_plane.state(self.name(bot))

    def elements(self, kind, bot):
        return self.control_plane.elements(kind, self.name(bot))

    def alerts(self, bot):
        return self.control_plane.alerts(self.name(bot))

    @property
    def rejections(self):
        return rejections(self.sidecar.folder / "sidecar.log")


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


def compare_soon(fleet, bot):
    """Compares when the last reports have arrived."""
    end = time.monotonic() + 30
    while (comparison := compare(fleet.control_plane, fleet.name(bot), bot)).differences and time.monotonic() < end:
        time.sleep(0.5)
    assert comparison.differences == []
    return comparison.counts


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
        wait_for_trades(bot)
        fleet.complete(bot, "STOP", {"leave_trades": True})
        assert open_trades(bot) and compare_soon(fleet, bot)["position"] >= 1
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


# A live bot


def test_a_live_bot_has_partial_fills_fees_in_another_currency_and_refused_exits(program, exchange, control_plane, tmp_path):
    exchange.set_account("live", fill_part="0.4", fee_currency="BNB")
    bot = Bot(program, "live", tmp_path, exchange, dry_run=False, pulse_seconds=5)
    bot.configuration["exchange"] |= {"key": "live", "secret": "secret"}
    bot.start()
    try:
        until(lambda: bot.state == "running", 180)
        fleet = Fleet([bot], control_plane, tmp_path)
        try:
            assert control_plane.instance(fleet.name(bot))["runtime_mode"] == "LIVE"
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
            flatten = fleet.send(bot, "FLATTEN")
            assert control_plane.outcome(flatten)["status"] == "COMPLETED"
            # A second person approved it.
            assert [event["event"] for event in control_plane.command(flatten)["timeline"]][1] == "APPROVED"
            compare_soon(fleet, bot)
            fills = fleet.elements("fills", bot)
            assert {fill["fee_currency"] for fill in fills} == {"USDT", "BNB"}
            # The exchange filled limit orders in parts, each at its own price.
            assert any(fill["price"] != round(fill["price"], 2) for fill in fills)
            assert fleet.rejections == []
        finally:
            fleet.sidecar.end()
    finally:
        bot.end()


# In the bot's process


def test_the_strategy_mixin_gates_entries_inside_of_the_bot(program, exchange, doomed_control_plane, tmp_path):
    """The control plane is killed at the end, so the test has its own."""
    control_plane = doomed_control_plane
    environment = {
        "PYTHONPATH": str(ROOT / "sdk" / "python" / "src"),
        "CONTROL_PLANE_URL": control_plane.url,
        "INSTANCE_ID": "inside",
        "BOT_ID": "inside",
        "AGENT_DATA_DIR": str(tmp_path / "agent"),
        "HEARTBEAT_INTERVAL_SECONDS": "1",
        "DEADMAN_TIMEOUT_SECONDS": "6",
    }
    bot = Bot(program, "inside", tmp_path, exchange, "Gated", environment, pulse_seconds=3).start()
    try:
        instance = until(lambda: control_plane.instance("inside"), 180)
        assert (instance["symbols"], instance["software"]) == (["BTC/USDT", "ETH/USDT", "SOL/USDT"], "freqtrade")
        until(lambda: bot.rows("SELECT id FROM trades"), 60)

        def entries():
            return len(bot.rows("SELECT id FROM orders WHERE ft_order_side = 'buy'"))

        assert control_plane.outcome(control_plane.send("inside", "SAFE_MODE"))["status"] == "COMPLETED"
        time.sleep(2)
        before = entries()
        time.sleep(8)
        assert entries() == before
        until(lambda: control_plane.state("inside") == "SAFE_MODE")
        assert control_plane.outcome(control_plane.send("inside", "START"))["status"] == "COMPLETED"
        until(lambda: entries() > before, 60)
        # The control plane is gone, and the bot's API could hang: the gate is in the strategy.
        control_plane.kill()
        time.sleep(7)
        before = entries()
        time.sleep(8)
        assert entries() == before
        until(lambda: bot.rows("SELECT id FROM trades WHERE is_open") == [], 60)
    finally:
        bot.end()
