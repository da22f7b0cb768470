"""Tests of the adapters for NautilusTrader, with real nodes in the sandbox and the real control plane, offline.

Installing NautilusTrader takes a minute, so it stays in `.build/nautilus`.
"""

import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import time
from decimal import Decimal

import pytest

from flotilla_agent.adapters.nautilus_stream import StreamAdapter
from flotilla_agent.adapters.testkit import check_reading
from control_plane import ROOT, rejections
from nautilus_comparison import at, compare, number
from nautilus_fleet import Node, RedisServer, StreamSidecar, install, until


@pytest.fixture(scope="module")
def python():
    try:
        return install()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NautilusTrader is not installed, and PyPI is unreachable: {error}")


class Fleet:
    """Nodes with an actor, and the control plane. Each test has its own trader id."""

    def __init__(self, python, control_plane, trader, folder):
        self.python, self.control_plane, self.trader, self.folder = python, control_plane, trader, folder
        self.nodes = []

    def start(self, *arguments, folder="node", **variables):
        """Starts a node and waits for its first heartbeat."""
        variables = {"trader": self.trader, **variables}
        node = Node(self.python, self.folder / folder, "--control-plane", self.control_plane.url, *arguments, **variables)
        self.nodes.append(node)
        boot = (self.control_plane.instance(node.trader) or {}).get("boot_id")

        def beats():
            assert node.process.poll() is None, node.log.read_text()[-2000:]
            instance = self.control_plane.instance(node.trader)
            return instance is not None and instance["boot_id"] != boot

        until(beats, 90)
        return node

    def elements(self, kind, node):
        return self.control_plane.elements(kind, node.trader)

    def trade(self, node, count=8):
        before = self.control_plane.count("fills", node.trader)
        until(lambda: self.control_plane.count("fills", node.trader) >= before + count, 60)

    def command(self, node, command_type, payload=None):
        return self.control_plane.outcome(self.control_plane.send(node.trader, command_type, payload))

    def complete(self, node, command_type, payload=None):
        outcome = self.command(node, command_type, payload)
        assert outcome["status"] == "COMPLETED", str(outcome)
        return outcome["evidence"]

    def state(self, node):
        return self.control_plane.state(node.trader)

    def compare(self, node, cache):
        """Compares what the node reported until its end. Returns how much was compared."""
        comparison = compare(self.control_plane, node.trader, cache)
        assert comparison.differences == [], "\n".join(comparison.differences)
        assert rejections(node.log) == []
        return comparison.counts


@pytest.fixture
def trader(unique_number):
    """A trader id that no other test has."""
    return f"TEST-{unique_number:03}"


def ending_fleet(*arguments):
    """A fleet whose nodes end with the test."""
    fleet = Fleet(*arguments)
    yield fleet
    for node in fleet.nodes:
        node.kill()


@pytest.fixture
def fleet(python, control_plane, trader, tmp_path):
    yield from ending_fleet(python, control_plane, trader, tmp_path)


@pytest.fixture
def doomed_fleet(python, doomed_control_plane, trader, tmp_path):
    """A fleet whose control plane the test kills."""
    yield from ending_fleet(python, doomed_control_plane, trader, tmp_path)


@pytest.fixture
def redis(tmp_path):
    if not RedisServer.is_installed():
        pytest.skip("redis-server is not installed")
    redis = RedisServer(tmp_path)
    yield redis
    redis.end()


# The test kit


def test_the_adapter_in_the_node_keeps_the_rules_of_its_interface(python, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in ("sdk/python/src", "demo/nautilus"))}
    program = pathlib.Path(__file__).parent / "nautilus_kit.py"
    run = subprocess.run([python, program, tmp_path], env=environment, capture_output=True, text=True, timeout=300)
    assert json.loads((tmp_path / "findings.json").read_text()) == [], run.stdout[-2000:] + run.stderr[-2000:]


# Equality


def test_every_order_fill_fee_and_position_equals_the_nodes_cache(fleet):
    node = fleet.start()
    fleet.trade(node, 24)
    fleet.complete(node, "FLATTEN")
    evidence = fleet.complete(node, "SYNC_BALANCE")
    assert evidence["reports"] >= 24 and evidence["finding_count"] == 0
    fleet.complete(node, "START")
    fleet.trade(node, 8)
    fleet.complete(node, "SAFE_MODE")
    time.sleep(2)
    cache = node.end()
    counts = fleet.compare(node, cache)
    assert counts["fill"] >= 32 and counts["cost"] >= 32 and counts["order"] > 8 and counts["trade"] >= 2
    assert fleet.state(node) == "STOPPED"
    assert fleet.elements("findings", node) == []
    instance = fleet.control_plane.instance(node.trader)
    assert (instance["software"], instance["version"], instance["runtime_mode"]) == ("nautilus_trader", "1.221.0", "PAPER")
    assert (instance["exchange"], instance["symbols"]) == ("BINANCE", ["BTCUSDT", "ETHUSDT"])
    assert instance["accounts"] == [{"venue": "BINANCE", "account_id": "BINANCE-001", "mode": "PAPER"}]
    # All of the account is in USDT, so without positions its equity is its balance.
    equity = fleet.control_plane.series(node.trader, "equity", "*")
    is_flat = all(position["ts_closed"] for position in cache["positions"])
    assert equity and (not is_flat or equity[-1] == number(cache["accounts"][0]["total"]["USDT"]))


def test_reports_up_to_the_end_of_the_node_arrive(fleet):
    node = fleet.start()
    fleet.trade(node, 12)
    fleet.compare(node, node.end())


# Restarts


def test_a_node_that_loads_its_cache_from_a_database_continues_its_trades(fleet, redis):
    arguments = "--cache", f"127.0.0.1:{redis.port}"
    node = fleet.start(*arguments)

    def is_open():
        orders, trades = fleet.elements("orders", node), fleet.elements("trades", node)
        return any(order["status"] == "OPEN" for order in orders) and len([t for t in trades if t["status"] == "OPEN"]) == 2

    for kind, data in (("killed", "node"), ("ended", "node"), ("ended without the agent's data", "other")):
        fleet.trade(node, 12)
        until(is_open, 30)
        fleet.complete(node, "STOP", {"leave_trades": True})
        # NautilusTrader writes to Redis a moment later.
        redis.wait_until_unchanged()
        before = {trade["trade_id"] for trade in fleet.elements("trades", node) if trade["status"] == "OPEN"}
        node.kill() if kind == "killed" else node.end()
        node = fleet.start(*arguments, folder=data)
        evidence = fleet.complete(node, "SYNC_BALANCE")
        assert (evidence["finding_count"], evidence["is_complete"]) == (0, True), [kind, *map(str, fleet.elements("findings", node))]
        assert {trade["trade_id"] for trade in fleet.elements("trades", node) if trade["status"] == "OPEN"} == before, kind
        fleet.complete(node, "START")
    fleet.trade(node, 4)
    counts = fleet.compare(node, node.end())
    assert counts["fill"] >= 40 and counts["trade"] >= 2


# Commands


def fills_since(cache, since):
    return [fill for fill in cache["fills"] if at(fill["ts_event"]) > since]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def test_safe_mode_denies_every_order_within_a_second(fleet):
    node = fleet.start()
    fleet.trade(node)
    start = time.monotonic()
    command = fleet.control_plane.send(node.trader, "SAFE_MODE")
    outcome = fleet.control_plane.outcome(command)
    assert outcome["status"] == "COMPLETED" and time.monotonic() - start < 1
    since = now()
    until(lambda: fleet.state(node) == "SAFE_MODE", 5)
    time.sleep(4)
    cache = node.end()
    assert fills_since(cache, since) == []
    later = [order for order in cache["orders"] if at(order["ts_init"]) > since]
    assert len(later) > 2 and {order["status"] for order in later} == {"DENIED"}
    lines = fleet.elements("log", node)
    assert any("TradingState.HALTED" in line["message"] and line["level"] == "WARNING" for line in lines)
    fleet.compare(node, cache)


def test_reduce_only_lets_positions_shrink_and_never_grow_or_turn(fleet):
    node = fleet.start()
    fleet.trade(node, 20)
    fleet.complete(node, "REDUCE_ONLY")
    since = now()
    until(lambda: fleet.state(node) == "REDUCE_ONLY", 5)
    time.sleep(5)
    cache = node.end()
    net = {}
    for fill in sorted(cache["fills"], key=lambda fill: int(fill["ts_event"])):
        before = net.get(fill["instrument_id"], Decimal(0))
        after = before + number(fill["last_qty"]) * (1 if fill["order_side"] == "BUY" else -1)
        if at(fill["ts_event"]) > since:
            assert abs(after) < abs(before) and before * after >= 0, (before, after)
        net[fill["instrument_id"]] = after
    reasons = {line["message"].rpartition(": ")[2] for line in fleet.elements("log", node)}
    # NautilusTrader's own REDUCING permits entries of flat positions and orders that turn a position; the gate does not.
    assert "FLOTILLA REDUCING" in reasons
    fleet.compare(node, cache)


def test_flatten_cancels_all_orders_and_closes_all_positions(fleet):
    node = fleet.start()
    for _ in range(3):
        fleet.trade(node, 5)
        until(lambda: [order for order in fleet.elements("orders", node) if order["status"] == "OPEN"], 20)
        evidence = fleet.complete(node, "FLATTEN")
        since = now()
        assert (evidence["open_trades"], evidence["open_orders"], evidence["permits_entries"]) == ([], [], False)
        assert Decimal(evidence["seconds"]) < 5
        time.sleep(1.5)
        assert not [trade for trade in fleet.elements("trades", node) if trade["status"] == "OPEN"]
        fleet.complete(node, "START")
    fleet.complete(node, "FLATTEN")
    since = now()
    time.sleep(2)
    cache = node.end()
    assert fills_since(cache, since) == []
    assert all(position["ts_closed"] for position in cache["positions"])
    assert [order for order in cache["orders"] if order["tags"] == ["FLOTILLA"] and order["status"] == "FILLED"]
    fleet.compare(node, cache)


def test_flatten_fails_with_the_venues_words_when_the_venue_refuses_exits(fleet, tmp_path):
    switch = tmp_path / "refuse"
    node = fleet.start("--refuse", switch, COMMAND_TIMEOUT_SECONDS="12")
    fleet.trade(node)

    def is_open():
        return {"BTCUSDT", "ETHUSDT"} <= {t["symbol"] for t in fleet.elements("trades", node) if t["status"] == "OPEN"}

    until(is_open, 20)
    switch.write_text("Market is closed.")
    try:
        until(is_open, 5)
        outcome = fleet.command(node, "FLATTEN")
    finally:
        switch.unlink()
    assert outcome["status"] == "FAILED"
    assert outcome["reason"].startswith("NOT_OBSERVED: no trade and no order is open; the bot: position ")
    assert "Market is closed." in outcome["reason"]
    assert outcome["evidence"]["open_trade_count"] > 0 and outcome["evidence"]["permits_entries"] is False
    until(lambda: fleet.control_plane.alerts(outcome["command_id"]) == [("command_failed", "OPEN")])
    assert fleet.complete(node, "FLATTEN")["open_trade_count"] == 0


def test_cancel_all_stop_start_and_what_the_node_does_not_have(fleet):
    # Resting orders are open for three steps, so that the command finds them open.
    node = fleet.start(seconds=1)
    fleet.trade(node, 4)
    until(lambda: [order for order in fleet.elements("orders", node) if order["status"] == "OPEN"], 20)
    evidence = fleet.complete(node, "CANCEL_ALL")

    def statuses():
        orders = {order["order_id"]: order for order in fleet.elements("orders", node)}
        return {orders[order_id]["status"] for order_id in evidence["canceled"]}

    assert evidence["canceled_count"] > 0
    until(lambda: statuses() == {"CANCELED"}, 10)
    outcome = fleet.command(node, "RESTART")
    assert (outcome["status"], outcome["reason"][:13]) == ("FAILED", "UNSUPPORTED: ")
    assert fleet.command(node, "SET_MODE")["reason"].startswith("NO_HANDLER")
    fleet.complete(node, "FLATTEN")
    fleet.complete(node, "STOP")
    until(lambda: fleet.state(node) == "STOPPED", 5)
    # The last reports are under way for a moment.
    time.sleep(2)
    before = len(fleet.elements("orders", node))
    time.sleep(2)
    assert len(fleet.elements("orders", node)) == before
    fleet.complete(node, "START")
    fleet.trade(node, 4)
    until(lambda: fleet.state(node) == "NORMAL", 5)


def test_a_node_that_was_in_safe_mode_starts_halted(fleet):
    node = fleet.start()
    fleet.trade(node)
    fleet.complete(node, "SAFE_MODE")
    node.end()
    again = fleet.start()
    assert fleet.state(again) == "SAFE_MODE"
    time.sleep(3)
    cache = again.end()
    assert cache["orders"] and cache["fills"] == []


# The dead-man switch


@pytest.mark.parametrize("action, failure", [("SAFE_MODE", "killed"), ("FLATTEN", "killed"), ("FLATTEN", "hangs")])
def test_the_dead_man_switch_acts_in_process_when_the_control_plane_is_gone(doomed_fleet, action, failure):
    fleet, timeout = doomed_fleet, 5
    node = fleet.start(seconds=0.1, DEADMAN_TIMEOUT_SECONDS=str(timeout), DEADMAN_ACTION=action)
    fleet.trade(node)
    gone = now()
    with contextlib.ExitStack() as stack:
        if failure == "hangs":
            stack.enter_context(fleet.control_plane.suspended())
        else:
            fleet.control_plane.kill()
        time.sleep(timeout + 4)
        cache = node.end()
    limit = gone + datetime.timedelta(seconds=timeout + 1)
    assert fills_since(cache, gone + datetime.timedelta(seconds=1)), "the node must trade until the timeout"
    assert fills_since(cache, limit) == []
    later = [order for order in cache["orders"] if at(order["ts_init"]) > limit]
    assert len(later) > 2 and {order["status"] for order in later} == {"DENIED"}
    if action == "FLATTEN":
        assert all(position["ts_closed"] and at(position["ts_closed"]) <= limit for position in cache["positions"])
        assert not [order for order in cache["orders"] if order["status"] == "ACCEPTED"]


def test_a_node_whose_event_loop_hangs_is_unresponsive(fleet):
    node = fleet.start("--hang-after", "12", "--hang-seconds", "9")
    until(lambda: fleet.state(node) == "UNRESPONSIVE", 40)
    assert "event loop did not answer" in fleet.control_plane.instance(node.trader)["metadata"]["bot_failure"]
    outcome = fleet.command(node, "SAFE_MODE")
    assert outcome["status"] == "COMPLETED", outcome
    until(lambda: fleet.state(node) == "SAFE_MODE", 20)


# The Redis stream


@pytest.mark.parametrize("form", ["nanoseconds", "iso"])
def test_the_stream_equals_the_nodes_cache_after_five_kills_of_the_sidecar(python, control_plane, redis, trader, tmp_path, form):
    options = ["--iso"] if form == "iso" else []
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}", *options, trader=trader)
    sidecar = StreamSidecar(redis, [trader], control_plane.url, tmp_path).start()
    try:
        until(lambda: control_plane.count("fills", trader), 60)
        for _ in range(5):
            time.sleep(1.5)
            sidecar.kill()
            time.sleep(0.3)
            sidecar.start()
        until(lambda: control_plane.count("fills", trader) > 30, 60)
        cache = node.end()
        until(lambda: control_plane.state(trader) == "STOPPED", 20)
        comparison = compare(control_plane, trader, cache)
        assert comparison.differences == [], "\n".join(comparison.differences)
        outcome = control_plane.outcome(control_plane.send(trader, "SYNC_BALANCE"))
        assert (outcome["status"], outcome["evidence"]["finding_count"]) == ("COMPLETED", 0), outcome
        time.sleep(2)
        again = compare(control_plane, trader, cache)
        assert (again.differences, again.counts) == ([], comparison.counts)
        assert control_plane.instance(trader)["software"] == "nautilus_trader"
        assert rejections(tmp_path / "sidecar.log") == []
    finally:
        sidecar.end()
        node.kill()


def test_the_stream_is_read_only(python, control_plane, redis, trader, tmp_path):
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}", trader=trader)
    sidecar = StreamSidecar(redis, [trader], control_plane.url, tmp_path).start()
    try:
        until(lambda: control_plane.count("fills", trader), 60)
        for command_type in ("SAFE_MODE", "REDUCE_ONLY", "FLATTEN", "STOP", "RESTART"):
            outcome = control_plane.outcome(control_plane.send(trader, command_type))
            assert outcome["status"] == "FAILED", outcome
            assert outcome["reason"].startswith("UNSUPPORTED: the node is connected through its Redis stream, which is read-only")
        before = control_plane.count("fills", trader)
        until(lambda: control_plane.count("fills", trader) > before, 20)
    finally:
        sidecar.end()
        node.kill()


def test_the_stream_adapter_keeps_the_rules_of_its_interface(python, redis, tmp_path):
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}", seconds=0.3)

    def make():
        return StreamAdapter(redis.url, None, f"trader-{node.trader}:stream", runtime_mode="PAPER")

    @contextlib.contextmanager
    def hang():
        redis.suspend()
        try:
            yield
        finally:
            redis.resume()

    try:
        until(lambda: redis.client.call("XLEN", f"trader-{node.trader}:stream") > 60, 60)
        assert check_reading(make, hang) == []
    finally:
        node.kill()


def test_a_node_that_no_longer_sends_heartbeats_is_unresponsive(python, control_plane, redis, trader, tmp_path):
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}", trader=trader)
    sidecar = StreamSidecar(redis, [trader], control_plane.url, tmp_path)
    sidecar.arguments += ["--stall", "4"]
    sidecar.start()
    try:
        until(lambda: control_plane.count("fills", trader), 60)
        node.suspend()
        until(lambda: control_plane.state(trader) == "UNRESPONSIVE", 20)
        assert "no heartbeat of the node" in control_plane.instance(trader)["metadata"]["bot_failure"]
        # The sidecar started before the node, so an earlier alert may be resolved.
        until(lambda: control_plane.alerts(trader)[-1] == ("bot_monitor", "OPEN"), 20)
        node.resume()
        until(lambda: control_plane.state(trader) == "NORMAL", 20)
        until(lambda: control_plane.alerts(trader)[-1] == ("bot_monitor", "RESOLVED"), 20)
    finally:
        sidecar.end()
        node.kill()
