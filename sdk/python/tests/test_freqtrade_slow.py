"""Tests of FLATTEN on a real freqtrade bot whose API is slow to answer some requests."""

import pytest

from freqtrade_fleet import Bot, Fleet, open_trades, until
from held_requests import HoldingProxy


@pytest.fixture(scope="module")
def bot(freqtrade_program, exchange, tmp_path_factory):
    bot = Bot(freqtrade_program, "slow", tmp_path_factory.mktemp("slow"), exchange, pulse_seconds=600).start()
    try:
        until(lambda: bot.state == "running", 180)
        yield bot
    finally:
        bot.end()


@pytest.fixture
def fleet(bot, control_plane, tmp_path):
    bot.front = HoldingProxy(bot.url)
    fleet = Fleet([bot], control_plane, tmp_path, COMMAND_TIMEOUT_SECONDS="30")
    try:
        fleet.complete(bot, "START")
        until(lambda: len([trade for trade in open_trades(bot) if trade["amount"]]) == 3, 120)
        yield fleet
        assert fleet.rejections == []
    finally:
        fleet.sidecar.end()
        bot.front.end()


def test_exits_wait_neither_for_the_log_nor_for_the_exit_of_another_trade(fleet, bot):
    slow = open_trades(bot)[0]["trade_id"]
    with bot.front.holding("^GET /api/v1/logs"):
        with bot.front.holding(rf'^POST /api/v1/forceexit .*"tradeid": ?"{slow}"'):
            command = fleet.send(bot, "FLATTEN")
            until(lambda: bot.front.held and [trade["trade_id"] for trade in open_trades(bot)] == [slow], 40)
        outcome = fleet.control_plane.outcome(command)
    assert (outcome["status"], open_trades(bot)) == ("COMPLETED", [])
    assert outcome["evidence"]["closed_count"] == 3


def test_refused_exits_fail_with_the_bots_words_although_the_log_has_no_answer(fleet, bot, exchange):
    with bot.front.holding("^GET /api/v1/logs"), exchange.fault(rf"/{bot.name}/api/v3/depth", "refuse", "Market is closed."):
        outcome = fleet.command(bot, "FLATTEN")
    assert outcome["status"] == "FAILED"
    assert outcome["reason"].startswith("NOT_OBSERVED: no trade and no order is open; the bot: ")
    assert "POST /forceexit: 50" in outcome["reason"]
    assert outcome["evidence"]["open_trade_count"] == 3


def test_trades_are_closed_although_the_bot_does_not_answer_the_request_to_pause(fleet, bot):
    with bot.front.holding("^POST /api/v1/stop(entry|buy)"):
        first = {trade["trade_id"] for trade in open_trades(bot)}
        command = fleet.send(bot, "FLATTEN")
        until(lambda: not first & {trade["trade_id"] for trade in open_trades(bot)}, 40)
        assert fleet.control_plane.command(command)["status"] != "COMPLETED"
    # The request is repeated, and then the bot stays flat.
    outcome = fleet.control_plane.outcome(command)
    assert (outcome["status"], open_trades(bot), bot.state) == ("COMPLETED", [], "paused")
