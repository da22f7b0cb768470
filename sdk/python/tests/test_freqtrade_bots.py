"""Tests of the adapter for freqtrade with a separate bot for each test."""

import time

from freqtrade_comparison import rows
from freqtrade_fleet import ROOT, Bot, Fleet, compare_soon, open_trades, until, wait_for_trades


def test_a_bot_with_a_new_database_keeps_its_history(freqtrade_program, exchange, control_plane, tmp_path):
    """The trades of the new database have the numbers of earlier ones."""
    bot = Bot(freqtrade_program, "renewed", tmp_path, exchange, pulse_seconds=5).start()
    try:
        until(lambda: bot.state == "running", 180)
        fleet = Fleet([bot], control_plane, tmp_path)
        try:
            earlier = []
            for _ in range(2):
                until(lambda: bot.call("/trades")["total_trades"] >= 2, 120)
                fleet.complete(bot, "FLATTEN")
                compare_soon(fleet, bot, earlier)
                earlier += rows(bot)
                bot.end()
                for file in bot.folder.glob("trades.sqlite*"):
                    file.unlink()
                bot.start()
                until(lambda: bot.state == "running", 180)
                fleet.complete(bot, "START")
            assert len({trade["id"] for trade in earlier}) < len(earlier)
            assert fleet.rejections == []
        finally:
            fleet.sidecar.end()
    finally:
        bot.end()


# A live bot


def test_a_live_bot_has_partial_fills_fees_in_another_currency_and_refused_exits(freqtrade_program, exchange, control_plane, tmp_path):
    exchange.set_account("live", fill_part="0.4", fee_currency="BNB")
    bot = Bot(freqtrade_program, "live", tmp_path, exchange, dry_run=False, pulse_seconds=5)
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


def test_the_strategy_mixin_gates_entries_inside_of_the_bot(freqtrade_program, exchange, doomed_control_plane, tmp_path):
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
    # A limit order is not filled while the price moves away from it.
    orders = {"entry": "market", "exit": "market", "stoploss": "market", "stoploss_on_exchange": False}
    bot = Bot(freqtrade_program, "inside", tmp_path, exchange, "Gated", environment, pulse_seconds=3, order_types=orders).start()
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
