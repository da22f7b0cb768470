"""Tests of the adapters for NautilusTrader, with real nodes in the sandbox, offline.

Installing NautilusTrader takes a minute, so it stays in `.build/nautilus`.
"""

import contextlib
import datetime
import subprocess
import time
from decimal import Decimal

import pytest

from flotilla_agent.adapters.nautilus_stream import StreamAdapter
from flotilla_agent.adapters.testkit import check_reading
from nautilus_fleet import Node, RedisServer, StreamSidecar, install, until
from recorder import Recorder

STATUS = {"FILLED": "FILLED", "CANCELED": "CANCELED", "EXPIRED": "EXPIRED", "DENIED": "REJECTED", "REJECTED": "REJECTED"}


@pytest.fixture(scope="module")
def python():
    try:
        return install()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NautilusTrader is not installed, and PyPI is unreachable: {error}")


@pytest.fixture
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.stop()


class Fleet:
    """Nodes with an actor, and the control plane that records them."""

    def __init__(self, python, recorder, folder):
        self.python, self.recorder, self.folder = python, recorder, folder
        self.nodes = []

    def start(self, *arguments, folder="node", **variables):
        """Starts a node and waits for its first fills."""
        node = Node(self.python, self.folder / folder, "--control-plane", self.recorder.url, *arguments, **variables)
        self.nodes.append(node)

        def beats():
            assert node.process.poll() is None, node.log.read_text()[-2000:]
            return node.trader in self.recorder.heartbeats

        until(beats, 90)
        return node

    def trade(self, node, count=8):
        before = len(self.recorder.elements("fills", node.trader))
        until(lambda: len(self.recorder.elements("fills", node.trader)) >= before + count, 60)

    def command(self, node, command_type, payload=None):
        return self.recorder.outcome(self.recorder.send(node.trader, command_type, payload))

    def complete(self, node, command_type, payload=None):
        outcome = self.command(node, command_type, payload)
        assert outcome["status"] == "COMPLETED", outcome
        return outcome["evidence"]

    def state(self, node):
        return self.recorder.heartbeats[node.trader]["state"]


@pytest.fixture
def fleet(python, recorder, tmp_path):
    fleet = Fleet(python, recorder, tmp_path)
    yield fleet
    for node in fleet.nodes:
        node.kill()


# Equality


def number(value):
    return None if value is None else Decimal(str(value))


def money(text):
    amount, currency = text.split(" ")
    return Decimal(amount), currency


def at(nanoseconds):
    """A time of the node in microseconds, the resolution of the control plane."""
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(microsecond=rest // 1000)


def moment(text):
    return datetime.datetime.fromisoformat(text)


def compare(recorder, instance, cache):
    """Compares all that was reported of a node with its cache, to the last digit. Returns how much was compared."""
    assert recorder.conflicts == []
    orders = {order["order_id"]: order for order in recorder.elements("orders", instance)}
    assert orders.keys() == {order["client_order_id"] for order in cache["orders"]}
    for order in cache["orders"]:
        reported = orders[order["client_order_id"]]
        symbol, venue = order["instrument_id"].split(".")
        assert (reported["symbol"], reported["venue"], reported["side"]) == (symbol, venue, order["side"])
        # A stop order becomes a market order when the emulator releases it.
        assert reported["order_type"] == order["type"] or order["emulation_trigger"] != "NO_TRIGGER"
        assert reported["status"] == STATUS.get(order["status"], "OPEN"), (reported, order)
        assert number(reported["quantity"]) == number(order["quantity"])
        assert number(reported["filled_quantity"]) == number(order["filled_qty"])
        assert number(reported.get("price")) == number(order.get("price"))
        if order["avg_px"] is not None:
            # The node computes average prices as floats, the agent computes those of orders exactly.
            assert round(number(reported["average_price"]), 9) == round(number(order["avg_px"]), 9)
        assert reported["is_reduce_only"] == order["is_reduce_only"]
        assert moment(reported["created_at"]) == at(order["ts_init"])
    compare_fills(recorder, instance, cache)
    compare_positions(recorder, instance, cache)
    (account,) = cache["accounts"]
    (balances,) = recorder.elements("balances", instance)
    assert balances["account_id"] == account["id"]
    assert {item["currency"]: number(item["total"]) for item in balances["balances"]} == {c: number(v) for c, v in account["total"].items()}
    assert {item["currency"]: number(item["free"]) for item in balances["balances"]} == {c: number(v) for c, v in account["free"].items()}
    return {"orders": len(cache["orders"]), "fills": len(cache["fills"]), "positions": len(cache["positions"])}


def compare_fills(recorder, instance, cache):
    fills = {fill["fill_id"]: fill for fill in recorder.elements("fills", instance)}
    trades = {trade["trade_id"] for trade in recorder.elements("trades", instance)}
    assert len(fills) == len(cache["fills"])
    for fill in cache["fills"]:
        reported = fills[f"{fill['client_order_id']}/{fill['trade_id']}"]
        assert (reported["order_id"], reported["side"]) == (fill["client_order_id"], fill["order_side"])
        assert (number(reported["quantity"]), number(reported["price"])) == (number(fill["last_qty"]), number(fill["last_px"]))
        assert (number(reported["fee"]), reported["fee_currency"]) == money(fill["commission"])
        assert (reported["liquidity"], reported["quote_currency"]) == (fill["liquidity_side"], fill["currency"])
        assert moment(reported["timestamp"]) == at(fill["ts_event"])
        assert reported.get("trade_id") in trades, (fill, reported)


def compare_positions(recorder, instance, cache):
    trades = {trade["trade_id"]: trade for trade in recorder.elements("trades", instance)}
    fees, profits = Decimal(0), Decimal(0)
    for position in cache["positions"]:
        reported = trades.pop(f"{position['position_id']}/{position['ts_opened']}")
        assert reported["side"] == ("LONG" if position["entry"] == "BUY" else "SHORT")
        assert reported["status"] == ("OPEN" if position["ts_closed"] is None else "CLOSED")
        assert number(reported["quantity"]) == number(position["quantity"])
        entries = [number(fill["last_qty"]) for fill in position["fills"] if fill["order_side"] == position["entry"]]
        assert number(reported["entry_quantity"]) == sum(entries)
        assert round(number(reported["entry_price"]), 9) == round(number(position["avg_px_open"]), 9)
        assert (number(reported["profit"]), reported["currency"]) == money(position["realized_pnl"])
        (commission,) = position["commissions"]
        assert (number(reported["fees"]), reported["currency"]) == money(commission)
        if position["ts_closed"] is not None:
            assert moment(reported["closed_at"]) == at(position["ts_closed"])
            assert round(number(reported["exit_price"]), 9) == round(number(position["avg_px_close"]), 9)
        assert reported["strategy_name"] == position["strategy_id"]
    # The cache forgets a position that a fill has turned. Its fills are in the cache, so the sums of all trades are known.
    assert all(trade["status"] == "CLOSED" for trade in trades.values())
    reported = recorder.elements("trades", instance)
    assert sum(number(trade["fees"]) for trade in reported) == sum(money(fill["commission"])[0] for fill in cache["fills"])
    samples = [sample for sample in recorder.elements("metrics", instance) if sample["metric_type"] == "realized_pnl"]
    newest = {sample["symbol"]: sample for sample in sorted(samples, key=lambda sample: sample["timestamp"])}
    for symbol, sample in newest.items():
        own = [trade for trade in reported if trade["symbol"] == symbol]
        # Before fees, which are booked separately.
        assert number(sample["value"]) == sum(number(trade["profit"]) + number(trade["fees"]) for trade in own)


def test_every_order_fill_fee_and_position_equals_the_nodes_cache(fleet):
    node = fleet.start()
    fleet.trade(node, 24)
    fleet.complete(node, "FLATTEN")
    evidence = fleet.complete(node, "SYNC_BALANCE")
    assert evidence["reports"] > 50
    fleet.complete(node, "START")
    fleet.trade(node, 8)
    fleet.complete(node, "SAFE_MODE")
    time.sleep(2)
    cache = node.end()
    counts = compare(fleet.recorder, node.trader, cache)
    assert counts["orders"] > 50 and counts["fills"] > 30 and counts["positions"] > 8
    assert fleet.state(node) == "STOPPED"
    heartbeat = fleet.recorder.heartbeats[node.trader]
    assert (heartbeat["software"], heartbeat["version"], heartbeat["runtime_mode"]) == ("nautilus_trader", "1.221.0", "PAPER")
    assert (heartbeat["exchange"], heartbeat["symbols"]) == ("BINANCE", ["BTCUSDT", "ETHUSDT"])
    assert heartbeat["accounts"] == [{"venue": "BINANCE", "account_id": "BINANCE-001", "mode": "PAPER"}]
    equity = [sample for sample in fleet.recorder.elements("metrics", node.trader) if sample["metric_type"] == "equity"]
    assert equity and all(sample["currency"] == "USDT" for sample in equity)


def test_reports_up_to_the_end_of_the_node_arrive(fleet):
    node = fleet.start()
    fleet.trade(node, 12)
    compare(fleet.recorder, node.trader, node.end())


# Commands


def fills_since(cache, since):
    return [fill for fill in cache["fills"] if at(fill["ts_event"]) > since]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def test_safe_mode_denies_every_order_within_a_second(fleet):
    node = fleet.start()
    fleet.trade(node)
    start = time.monotonic()
    command = fleet.recorder.send(node.trader, "SAFE_MODE")
    outcome = fleet.recorder.outcome(command)
    assert outcome["status"] == "COMPLETED" and time.monotonic() - start < 1
    since = now()
    until(lambda: fleet.state(node) == "SAFE_MODE", 5)
    time.sleep(4)
    cache = node.end()
    assert fills_since(cache, since) == []
    later = [order for order in cache["orders"] if at(order["ts_init"]) > since]
    assert len(later) > 10 and {order["status"] for order in later} == {"DENIED"}
    lines = fleet.recorder.elements("log", node.trader)
    assert any("TradingState.HALTED" in line["message"] and line["level"] == "WARNING" for line in lines)
    compare(fleet.recorder, node.trader, cache)


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
    reasons = {line["message"].rpartition(": ")[2] for line in fleet.recorder.elements("log", node.trader)}
    # NautilusTrader's own REDUCING permits entries of flat positions and orders that turn a position; the gate does not.
    assert "FLOTILLA REDUCING" in reasons
    compare(fleet.recorder, node.trader, cache)


def test_flatten_cancels_all_orders_and_closes_all_positions(fleet):
    node = fleet.start()
    for _ in range(3):
        fleet.trade(node, 5)
        until(lambda: [order for order in fleet.recorder.elements("orders", node.trader) if order["status"] == "OPEN"], 20)
        evidence = fleet.complete(node, "FLATTEN")
        since = now()
        assert (evidence["open_trades"], evidence["open_orders"], evidence["permits_entries"]) == ([], [], False)
        assert Decimal(evidence["seconds"]) < 5
        time.sleep(1.5)
        assert not [trade for trade in fleet.recorder.elements("trades", node.trader) if trade["status"] == "OPEN"]
        fleet.complete(node, "START")
    fleet.complete(node, "FLATTEN")
    since = now()
    time.sleep(2)
    cache = node.end()
    assert fills_since(cache, since) == []
    assert all(position["ts_closed"] for position in cache["positions"])
    assert [order for order in cache["orders"] if order["tags"] == ["FLOTILLA"] and order["status"] == "FILLED"]
    compare(fleet.recorder, node.trader, cache)


def test_flatten_fails_with_the_venues_words_when_the_venue_refuses_exits(fleet, tmp_path):
    switch = tmp_path / "refuse"
    node = fleet.start("--refuse", switch, COMMAND_TIMEOUT_SECONDS="12")
    fleet.trade(node)

    def is_open():
        return {"BTCUSDT", "ETHUSDT"} <= {t["symbol"] for t in fleet.recorder.elements("trades", node.trader) if t["status"] == "OPEN"}

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
    assert fleet.complete(node, "FLATTEN")["open_trade_count"] == 0


def test_cancel_all_stop_start_and_what_the_node_does_not_have(fleet):
    node = fleet.start(seconds=0.4)
    fleet.trade(node, 4)
    until(lambda: [order for order in fleet.recorder.elements("orders", node.trader) if order["status"] == "OPEN"], 20)
    evidence = fleet.complete(node, "CANCEL_ALL")

    def statuses():
        orders = {order["order_id"]: order for order in fleet.recorder.elements("orders", node.trader)}
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
    before = len(fleet.recorder.elements("orders", node.trader))
    time.sleep(2)
    assert len(fleet.recorder.elements("orders", node.trader)) == before
    fleet.complete(node, "START")
    fleet.trade(node, 4)
    until(lambda: fleet.state(node) == "NORMAL", 5)


def test_a_node_that_was_in_safe_mode_starts_halted(fleet):
    node = fleet.start()
    fleet.trade(node)
    fleet.complete(node, "SAFE_MODE")
    node.end()
    fleet.recorder.heartbeats.clear()
    again = fleet.start()
    assert fleet.state(again) == "SAFE_MODE"
    time.sleep(3)
    cache = again.end()
    assert cache["orders"] and cache["fills"] == []


# The dead-man switch


@pytest.mark.parametrize("action", ["SAFE_MODE", "FLATTEN"])
def test_the_dead_man_switch_acts_in_process_when_the_control_plane_is_gone(fleet, action):
    timeout = 5
    node = fleet.start(seconds=0.1, DEADMAN_TIMEOUT_SECONDS=str(timeout), DEADMAN_ACTION=action)
    fleet.trade(node)
    gone = now()
    fleet.recorder.stop()
    time.sleep(timeout + 4)
    cache = node.end()
    limit = gone + datetime.timedelta(seconds=timeout + 1)
    assert fills_since(cache, gone + datetime.timedelta(seconds=1)), "the node must trade until the timeout"
    assert fills_since(cache, limit) == []
    later = [order for order in cache["orders"] if at(order["ts_init"]) > limit]
    assert len(later) > 10 and {order["status"] for order in later} == {"DENIED"}
    if action == "FLATTEN":
        assert all(position["ts_closed"] and at(position["ts_closed"]) <= limit for position in cache["positions"])
        assert not [order for order in cache["orders"] if order["status"] == "ACCEPTED"]


def test_a_node_whose_event_loop_hangs_is_unresponsive(fleet):
    node = fleet.start("--hang-after", "12", "--hang-seconds", "9")
    until(lambda: fleet.state(node) == "UNRESPONSIVE", 40)
    assert "event loop did not answer" in fleet.recorder.heartbeats[node.trader]["metadata"]["bot_failure"]
    outcome = fleet.command(node, "SAFE_MODE")
    assert outcome["status"] == "COMPLETED", outcome
    until(lambda: fleet.state(node) == "SAFE_MODE", 20)


# The Redis stream


@pytest.fixture
def redis(tmp_path):
    if not RedisServer.is_installed():
        pytest.skip("redis-server is not installed")
    redis = RedisServer(tmp_path)
    yield redis
    redis.end()


@pytest.mark.parametrize("form", ["nanoseconds", "iso"])
def test_the_stream_equals_the_nodes_cache_after_five_kills_of_the_sidecar(python, recorder, redis, tmp_path, form):
    options = ["--iso"] if form == "iso" else []
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}", *options)
    sidecar = StreamSidecar(redis, [node.trader], recorder.url, tmp_path).start()
    try:
        until(lambda: recorder.elements("fills", node.trader), 60)
        for _ in range(5):
            time.sleep(1.5)
            sidecar.kill()
            time.sleep(0.3)
            sidecar.start()
        until(lambda: len(recorder.elements("fills", node.trader)) > 30, 60)
        cache = node.end()
        until(lambda: recorder.heartbeats[node.trader]["state"] == "STOPPED", 20)
        counts = compare(recorder, node.trader, cache)
        assert recorder.outcome(recorder.send(node.trader, "SYNC_BALANCE"))["status"] == "COMPLETED"
        time.sleep(2)
        assert compare(recorder, node.trader, cache) == counts
        assert recorder.heartbeats[node.trader]["software"] == "nautilus_trader"
    finally:
        sidecar.end()
        node.kill()


def test_the_stream_is_read_only(python, recorder, redis, tmp_path):
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}")
    sidecar = StreamSidecar(redis, [node.trader], recorder.url, tmp_path).start()
    try:
        until(lambda: recorder.elements("fills", node.trader), 60)
        for command_type in ("SAFE_MODE", "REDUCE_ONLY", "FLATTEN", "STOP", "RESTART"):
            outcome = recorder.outcome(recorder.send(node.trader, command_type))
            assert outcome["status"] == "FAILED", outcome
            assert outcome["reason"].startswith("UNSUPPORTED: the node is connected through its Redis stream, which is read-only")
        before = len(recorder.elements("fills", node.trader))
        until(lambda: len(recorder.elements("fills", node.trader)) > before, 20)
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


def test_a_node_that_no_longer_sends_heartbeats_is_unresponsive(python, recorder, redis, tmp_path):
    node = Node(python, tmp_path / "node", "--redis", f"127.0.0.1:{redis.port}")
    sidecar = StreamSidecar(redis, [node.trader], recorder.url, tmp_path)
    sidecar.arguments += ["--stall", "4"]
    sidecar.start()
    try:
        until(lambda: recorder.elements("fills", node.trader), 60)
        node.suspend()
        until(lambda: recorder.heartbeats[node.trader]["state"] == "UNRESPONSIVE", 20)
        assert "no heartbeat of the node" in recorder.heartbeats[node.trader]["metadata"]["bot_failure"]
        node.resume()
        until(lambda: recorder.heartbeats[node.trader]["state"] == "NORMAL", 20)
    finally:
        sidecar.end()
        node.kill()
