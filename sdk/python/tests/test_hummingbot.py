"""Tests of the adapter for hummingbot, with the real hummingbot on its own mock exchange, the real mosquitto and the real control plane, offline."""

import collections
import datetime
import json
import time
from decimal import Decimal

import pytest

pytest.importorskip("paho.mqtt", reason="paho-mqtt is not installed: pip install 'flotilla-agent[hummingbot]'")

from flotilla_agent import contract
from flotilla_agent.adapters import BotFailure, BotRefusal, Unsupported
from flotilla_agent.adapters.hummingbot import HummingbotAdapter
from flotilla_agent.adapters.hummingbot_bridge import Bridge
from flotilla_agent.adapters.hummingbot_ledger import Ledger
from flotilla_agent.adapters.hummingbot_program import forget_orders
from flotilla_agent.adapters.mqtt import Broker
from flotilla_agent.adapters.testkit import check_effects, check_reading
from comparison import Comparison, by, moment
from control_plane import rejections
from freqtrade_fleet import until
from hummingbot_fleet import VERSION, Hummingbot, Mosquitto, Sidecar, install, mosquitto

STATUS = {
    "BuyOrderCreated": "OPEN",
    "SellOrderCreated": "OPEN",
    "BuyOrderCompleted": "FILLED",
    "SellOrderCompleted": "FILLED",
    "OrderCancelled": "CANCELED",
}


@pytest.fixture(scope="module")
def python():
    try:
        mosquitto()
        return install()
    except OSError as error:
        pytest.skip(f"hummingbot cannot run here: {error}")


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path).start()
    yield broker
    broker.end()


class Fleet:
    """Hummingbots, one sidecar, and the control plane. The bots of each test have their own names."""

    def __init__(self, folder, control_plane, broker, bots):
        self.control_plane, self.broker, self.bots = control_plane, broker, bots
        self.sidecar = Sidecar(bots, broker, control_plane.url, folder).start()

    def __enter__(self):
        try:
            # The broker keeps messages for sessions that it knows.
            for bot in self.bots:
                until(lambda: self.instance(bot))
            for bot in self.bots:
                bot.start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.sidecar.end()
        for bot in self.bots:
            bot.end()

    def send(self, bot, command_type):
        return self.control_plane.send(bot.name, command_type)

    def command(self, bot, command_type):
        return self.control_plane.outcome(self.send(bot, command_type))

    def complete(self, bot, command_type):
        outcome = self.command(bot, command_type)
        assert outcome["status"] == "COMPLETED", outcome
        return outcome["evidence"]

    def fail(self, bot, command_type):
        outcome = self.command(bot, command_type)
        assert outcome["status"] == "FAILED", outcome
        return outcome["reason"]

    def instance(self, bot):
        return self.control_plane.instance(bot.name)

    def state(self, bot):
        return self.control_plane.state(bot.name)

    def elements(self, kind, bot):
        return self.control_plane.elements(kind, bot.name)

    def compare(self, bot):
        comparison = compare(self.control_plane, bot)
        assert comparison.differences == []
        assert rejections(self.sidecar.folder / "sidecar.log") == []
        return comparison.counts

    def settle(self, bot):
        """Waits until all fills have arrived, and gives the last orders time: the sidecar sends reports within a second or two."""
        until(lambda: self.control_plane.count("fills", bot.name) == len(bot.rows("TradeFill")))
        time.sleep(4)


def at(milliseconds):
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)


def is_stored(number, stored):
    """Whether hummingbot's database has a number: in millionths, without further digits.

    The paper exchange makes the numbers of market orders from floats, so 0.012502 is 0.01250199… there, and loses a millionth.
    """
    return stored in {int(Decimal(number) * 1_000_000), int(Decimal(float(number)) * 1_000_000)}


def stored(comparison, subject, number, column):
    """Adds a difference unless the database has a number of Flotilla."""
    if not is_stored(number, column):
        comparison.equal(subject, number, Decimal(column) / 1_000_000)


def compare(control_plane, bot):
    """Compares orders, fills and booked fees with the bot's own database. hummingbot has no positions and, over MQTT, no balances."""
    comparison = Comparison(bot.name)
    costs = by(control_plane.elements("costs", bot.name), "entry_id")
    filled = compare_fills(comparison, by(control_plane.elements("fills", bot.name), "fill_id"), costs, bot)
    orders = by(control_plane.elements("orders", bot.name), "order_id")
    for row in bot.rows("Order"):
        key = row["id"]
        if (order := comparison.take(orders, key, "order")) is None:
            continue
        comparison.equal(f"status of order {key}", order["status"], STATUS[row["last_status"]])
        comparison.equal(f"side of order {key}", (order["symbol"], order["side"].lower()), (row["symbol"], key.partition(":")[0]))
        comparison.equal(f"type of order {key}", order["order_type"].upper(), row["order_type"])
        stored(comparison, f"quantity of order {key}", order["quantity"], row["amount"])
        stored(comparison, f"price of order {key}", order["price"] or 0, row["price"])
        comparison.equal(f"filled quantity of order {key}", order["filled_quantity"], filled[key])
        comparison.equal(f"creation of order {key}", moment(order["created_at"]), at(row["creation_timestamp"]))
    comparison.none_left(orders, "order")
    return comparison


def compare_fills(comparison, fills, costs, bot):
    """Compares the fills and their booked fees. Returns the filled quantity of each order."""
    filled = collections.Counter()
    for row in bot.rows("TradeFill"):
        key = f"{row['symbol']}:{row['exchange_trade_id']}:{row['trade_type']}"
        if (fill := comparison.take(fills, key, "fill")) is None:
            continue
        sides = (fill["order_id"], fill["symbol"], fill["side"]), (row["order_id"], row["symbol"], row["trade_type"])
        comparison.equal(f"order of fill {key}", *sides)
        stored(comparison, f"price of fill {key}", fill["price"], row["price"])
        stored(comparison, f"quantity of fill {key}", fill["quantity"], row["amount"])
        comparison.equal(f"time of fill {key}", moment(fill["timestamp"]), at(row["timestamp"]))
        fee = json.loads(row["trade_fee"], parse_float=Decimal)
        if fee["flat_fees"]:
            (flat,) = fee["flat_fees"]
            comparison.equal(f"fee of fill {key}", (fill["fee"], fill["fee_currency"]), (Decimal(flat["amount"]), flat["token"]))
        else:
            stored(comparison, f"fee of fill {key}", fill["fee"], row["trade_fee_in_quote"])
            exact = fill["price"] * fill["quantity"] * Decimal(fee["percent"])
            comparison.equal(f"exact fee of fill {key}", (fill["fee"], fill["fee_currency"]), (exact, "USDT"))
        if (cost := comparison.take(costs, key, "cost")) is not None:
            booked = cost["cost_type"], cost["symbol"], cost["amount"], cost["currency"], cost["timestamp"]
            comparison.equal(f"cost {key}", booked, ("FEE", row["symbol"], fill["fee"], fill["fee_currency"], fill["timestamp"]))
        filled[row["order_id"]] += fill["quantity"]
    comparison.none_left(fills, "fill")
    comparison.none_left(costs, "cost")
    return filled


# Equality


def test_every_order_fill_and_fee_equals_the_bots_database_after_five_kills_of_the_sidecar(python, control_plane, broker, tmp_path):
    trader = Hummingbot(python, "equal-1", tmp_path, broker, orders=24, returns=False, uses_market_orders=True)
    other = Hummingbot(python, "equal-2", tmp_path, broker, orders=6, fixed_fee="0.000123456789 BNB")
    with Fleet(tmp_path, control_plane, broker, [trader, other]) as fleet:
        for number in range(1, 6):
            until(lambda: len(trader.rows("Order")) >= 4 * number, 90)
            fleet.sidecar.kill()
            time.sleep(1.5)
            fleet.sidecar.start()
        until(lambda: trader.is_done(25) and other.is_done(6), 90)
        fleet.settle(trader)
        fleet.settle(other)
        assert fleet.compare(trader) == {"order": 25, "fill": 18, "cost": 18}
        assert fleet.compare(other) == {"order": 6, "fill": 6, "cost": 6}
        statuses = collections.Counter(order["status"] for order in fleet.elements("orders", trader))
        assert statuses == {"FILLED": 18, "CANCELED": 6, "OPEN": 1}
        fees = {(fill["fee"], fill["fee_currency"]) for fill in fleet.elements("fills", other)}
        assert fees == {(Decimal("0.000123456789"), "BNB")}
        # hummingbot knows no rate of BNB here, so its own sum in the quote currency is 0.
        assert {row["trade_fee_in_quote"] for row in other.rows("TradeFill")} == {0}
        instance = fleet.instance(trader)
        assert (instance["software"], instance["status"], instance["symbol"]) == ("hummingbot", "RUNNING", "BTC-USDT")
        lines = {line["message"].rpartition(" ")[0] for line in fleet.elements("log", trader)}
        assert lines == {f"order {number} was placed near" for number in (4, 9, 14, 19)}
        fills = fleet.elements("fills", trader)
        assert fleet.complete(trader, "SYNC_BALANCE")["reports"] == 25 + 18 + 4
        fleet.settle(trader)
        assert fleet.elements("fills", trader) == fills
        fleet.compare(trader)


def test_fills_that_were_not_heard_come_from_the_history(python, control_plane, tmp_path):
    broker = Mosquitto(tmp_path, upgrades=False).start()
    bot = Hummingbot(python, "unheard-1", tmp_path, broker, orders=12)
    try:
        with Fleet(tmp_path, control_plane, broker, [bot]) as fleet:
            until(lambda: len(bot.rows("TradeFill")) >= 2, 90)
            fleet.sidecar.kill()
            until(lambda: bot.is_done(13), 60)
            fleet.sidecar.start()
            fleet.settle(bot)
            fills = by(fleet.elements("fills", bot), "fill_id")
            for row in bot.rows("TradeFill"):
                fill = fills.pop(f"{row['symbol']}:{row['exchange_trade_id']}:{row['trade_type']}")
                assert is_stored(fill["price"], row["price"]) and is_stored(fill["quantity"], row["amount"])
                assert is_stored(fill["fee"], row["trade_fee_in_quote"]) and fill["fee_currency"] == "USDT"
                assert moment(fill["timestamp"]) == at(row["timestamp"])
            assert fills == {} and rejections(tmp_path / "sidecar.log") == []
    finally:
        broker.end()


# Commands


def test_commands_do_what_the_bridge_can_and_fail_with_the_reason_otherwise(python, control_plane, broker, tmp_path):
    # The third order of the holder is a purchase that nothing sells.
    maker, holder = Hummingbot(python, "maker-1", tmp_path, broker), Hummingbot(python, "holder-1", tmp_path, broker, orders=3)
    with Fleet(tmp_path, control_plane, broker, [maker, holder]) as fleet:
        until(lambda: any(order["price"] == Decimal("40000.25") for order in fleet.elements("orders", maker)), 90)
        begin = time.monotonic()
        evidence = fleet.complete(maker, "SAFE_MODE")
        assert time.monotonic() - begin < 5
        assert (evidence["is_running"], evidence["permits_entries"], evidence["open_order_count"]) == (False, False, 0)
        assert "Strategy stopped successfully" in maker.log
        assert {row["last_status"] for row in maker.rows("Order")} <= {"BuyOrderCompleted", "SellOrderCompleted", "OrderCancelled"}
        until(lambda: fleet.state(maker) == "STOPPED")
        fleet.settle(maker)
        fleet.compare(maker)
        # The bridge answers 200 with nothing running, and Flotilla says what is.
        assert fleet.complete(maker, "STOP")["is_running"] is False
        # hummingbot refuses each start, so a person starts it while START waits.
        start = fleet.send(maker, "START")
        until(lambda: control_plane.is_accepted(start))
        maker.end()
        maker.start()
        assert control_plane.outcome(start)["status"] == "COMPLETED"
        until(lambda: fleet.state(maker) == "NORMAL")
        fleet.complete(maker, "SAFE_MODE")
        assert fleet.fail(maker, "START").startswith("NOT_OBSERVED: the bot runs and permits entries; the bot: `start` was refused with 400: ")

        until(lambda: control_plane.count("fills", holder.name) == 3, 60)
        outcome = fleet.command(holder, "FLATTEN")
        assert (outcome["status"], outcome["reason"]) == (
            "FAILED",
            "UNSUPPORTED: hummingbot cannot close positions over MQTT. Its strategy is stopped; sell or buy back at the exchange:"
            " 0.012501 BTC-USDT",
        )
        assert (outcome["evidence"]["is_running"], outcome["evidence"]["open_order_count"]) == (False, 0)
        assert outcome["evidence"]["open_trades"] == [{"trade_id": "BTC-USDT", "symbol": "BTC-USDT", "quantity": "0.012501"}]


def test_the_adapter_keeps_the_rules_of_its_interface(python, broker, tmp_path):
    bot = Hummingbot(python, "hb-1", tmp_path, broker, orders=10).start()
    number = iter(range(100))

    def make():
        # In production each adapter has a separate process, and one ledger follows it.
        connection = Broker("127.0.0.1", broker.port, f"kit-{next(number)}")
        return HummingbotAdapter(connection, "hb-1", Ledger(str(tmp_path / "ledger.sqlite")), version=VERSION)

    def works():
        try:
            return listener.snapshot()
        except BotFailure:
            return None

    listener = make()
    try:
        until(works, 90)
        until(lambda: bot.is_done(11), 90)
        assert check_reading(make, bot.suspended) == []
        findings = check_effects(make(), ["REDUCE_ONLY", "RESTART"], seconds=10)
        # hummingbot refuses each start.
        assert len(findings) == 8 and all(finding.startswith("START (") for finding in findings), findings
    finally:
        listener.close()
        bot.end()


# Failures


def test_a_lost_broker_and_a_silent_bot_are_states_with_their_reason(python, control_plane, broker, tmp_path):
    bot = Hummingbot(python, "silent-1", tmp_path, broker, orders=2)
    with Fleet(tmp_path, control_plane, broker, [bot]) as fleet:

        def reason():
            instance = fleet.instance(bot)
            return instance["metadata"].get("bot_failure", "") if instance["status"] == "UNRESPONSIVE" else ""

        until(lambda: fleet.state(bot) == "NORMAL", 90)
        broker.end()
        until(lambda: reason().startswith(f"MQTT_UNAVAILABLE: no connection to the MQTT broker 127.0.0.1:{broker.port}"), 40)
        broker.start()
        until(lambda: fleet.state(bot) == "NORMAL", 60)
        with bot.suspended():
            until(lambda: reason().startswith("NO_ANSWER: `history` has no answer after 8 seconds; the last message came"), 60)
            time.sleep(Bridge.SILENCE)
            expected = f"NOT_OBSERVED: entries are paused; the bot: SILENT: nothing was heard on hbot/{bot.name} for"
            assert fleet.fail(bot, "SAFE_MODE").startswith(expected)
        # The command has failed, but its request waits in the bot, and the sidecar keeps asking.
        until(lambda: fleet.state(bot) == "STOPPED", 60)


# Without hummingbot


class FakeBridge:
    """A broker with one bot that answers as told, for versions of hummingbot that cannot run here."""

    address = "fake"
    process_id = "test"

    def __init__(self, **answers):
        self.answers = answers
        self.calls = []
        self.listener = None

    def attach(self, prefix, listener):
        self.listener = listener

    def detach(self, prefix):
        pass

    def check(self, patience):
        pass

    def publish(self, topic, text):
        name = topic.rpartition("/")[2]
        message = json.loads(text)
        self.calls.append((name, message["data"]))
        answer = self.answers[name]
        if answer is not None:
            reply = message["header"]["reply_to"].removeprefix("hbot/hb-1/")
            self.listener.receive(reply, json.dumps({"header": {}, "data": answer}).encode())

    def say(self, topic, **body):
        self.listener.receive(topic, json.dumps(body).encode())

    def event(self, event_type, timestamp=1_772_357_400, **data):
        self.say("events", type=event_type, timestamp=timestamp, data=data)


def simulate(**answers):
    bridge = FakeBridge(**{"status": {"status": 400, "msg": "no attribute"}, "history": {"status": 200, "trades": []}, **answers})
    return bridge, HummingbotAdapter(bridge, "hb-1", Ledger(":memory:"))


def create(bridge, order_id="buy-1", amount=0.5):
    bridge.event(
        "BuyOrderCreated", type="OrderType.LIMIT", trading_pair="ETH-USDC", amount=amount, price=3010.25, order_id=order_id,
        creation_timestamp=1772357400.125,
    )


def fill(bridge, trade_id="7", amount=0.2, flat_fees=(), percent="0"):
    bridge.event(
        "OrderFilled", order_id="buy-1", trading_pair="ETH-USDC", trade_type="TradeType.BUY", order_type="OrderType.LIMIT_MAKER",
        price=3010.25, amount=amount, exchange_trade_id=trade_id,
        trade_fee={"fee_type": "AddedToCost", "percent": percent, "percent_token": None, "flat_fees": list(flat_fees)},
    )


def test_a_status_that_works_says_whether_a_strategy_runs_and_a_start_brings_it_back():
    bridge, adapter = simulate(status={"status": 400, "msg": "No strategy is currently running!"}, start={"status": 200, "msg": ""})
    assert (adapter.snapshot().is_running, adapter.snapshot().permits_entries) == (False, False)
    bridge.answers["status"] = {"status": 200, "msg": "Markets: …"}
    adapter.resume()
    assert adapter.snapshot().permits_entries
    assert ("start", {"async_backend": True}) in bridge.calls


def test_without_a_status_the_log_the_events_and_the_history_say_it():
    bridge, adapter = simulate()
    assert adapter.snapshot().is_running
    bridge.say("log", timestamp=1.5, msg="Hummingbot stopped.", level_no=20, level_name="INFO", logger_name="hummingbot")
    assert not adapter.snapshot().is_running
    create(bridge)
    assert adapter.snapshot().is_running
    trade = {
        "market": "kraken", "trade_id": "7", "price": "3010.25", "quantity": "0.5", "symbol": "ETH-USDC", "trade_type": "BUY",
        "trade_timestamp": int(time.time() * 1000) - 1000,
        "raw_json": {"trade_fee": {"fee_type": "AddedToCost", "percent": "0", "percent_token": None, "flat_fees": []}},
    }
    bridge.answers["history"] = {"status": 200, "trades": [trade]}
    adapter.INTERVAL = adapter.BUSY_INTERVAL = 0
    assert adapter.snapshot().is_running
    # The same question without its fill: no strategy is loaded.
    bridge.answers["history"] = {"status": 200, "trades": []}
    assert not adapter.snapshot().is_running
    assert adapter.identity().exchange == "kraken"
    # After a gap nothing is certain, so the strategy may run.
    bridge.listener.interrupt()
    assert adapter.snapshot().is_running


def test_partial_fills_rebates_and_fees_in_several_currencies():
    bridge, adapter = simulate()
    create(bridge)
    fill(bridge, amount=0.2, percent="-0.0001", flat_fees=[{"token": "KRK", "amount": "0.5"}])
    fill(bridge, amount=0.2, percent="-0.0001")
    adapter.RECORD_PATIENCE = 0
    adapter.snapshot()
    reports = adapter.changes("").reports
    (order,) = [report for report in reports if isinstance(report, contract.OrderReport)]
    assert (order.status, order.filled_quantity, order.average_price) == (contract.OrderStatus.OPEN, Decimal("0.2"), Decimal("3010.25"))
    # The second event was the first again, as brokers may deliver twice.
    (reported,) = [report for report in reports if isinstance(report, contract.Fill)]
    assert (reported.fee, reported.fee_currency, reported.liquidity) == (Decimal("-0.0602050"), "USDC", contract.Liquidity.MAKER)
    (cost,) = [report for report in reports if isinstance(report, contract.CostEntry)]
    assert (cost.amount, cost.currency, cost.entry_id) == (Decimal("0.5"), "KRK", "ETH-USDC:7:BUY:KRK")
    bridge.event("BuyOrderCompleted", order_id="buy-1")
    assert adapter.snapshot().orders == ()
    assert [(trade.symbol, trade.quantity) for trade in adapter.snapshot().trades] == [("ETH-USDC", "0.2")]


def test_orders_whose_end_may_have_been_missed_stay_open_until_an_operator_forgets_them():
    bridge, adapter = simulate(stop={"status": 200, "msg": ""})
    create(bridge)
    bridge.listener.interrupt()
    bridge.say("notify", seq=0, timestamp=-1, msg="Hummingbot stopped.")
    adapter.CANCELLATION = 0
    (order,) = adapter.snapshot().orders
    with pytest.raises(BotRefusal, match="The end of 1 orders may have been missed"):
        adapter.cancel_orders([order])
    with pytest.raises(Unsupported):
        adapter.reduce_only()
    forget_orders(adapter._ledger)
    assert adapter.snapshot().orders == ()
    assert [report.status for report in adapter.changes("").reports] == [contract.OrderStatus.EXPIRED]


def test_messages_of_another_shape_change_nothing():
    bridge, adapter = simulate()
    for payload in (b"", b"[]", b"{", b'{"type": "OrderFilled"}', b'{"type": "OrderFilled", "timestamp": 1, "data": {"price": "x"}}'):
        for topic in ("hb", "log", "events", "status_updates", "notify", "reply/other/1", "performance"):
            bridge.listener.receive(topic, payload)
    assert adapter.changes("").reports == []
    bridge.answers["history"] = {"status": 200, "trades": [{"symbol": "ETH-USDC"}]}
    with pytest.raises(BotFailure, match="^NONSENSE: the answer to `history`"):
        adapter.identity()
