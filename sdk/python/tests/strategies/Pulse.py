"""A strategy that trades as often as it can: it enters always, adds to some positions, exits parts of some, and exits after a while."""

from datetime import timedelta

from freqtrade.strategy import IStrategy

#: How long a trade stays open; the configuration's `pulse_seconds` replaces it.
SECONDS = 20


class Pulse(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    stoploss = -0.5
    minimal_roi = {"0": 10}
    startup_candle_count = 5
    process_only_new_candles = False
    position_adjustment_enable = True
    max_entry_position_adjustment = 1

    def version(self):
        return "1.4.2"

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["close"] > 0, ["enter_long", "enter_tag"]] = (1, "pulse")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        seconds = self.config.get("pulse_seconds", SECONDS)
        return "aged" if current_time - trade.open_date_utc > timedelta(seconds=seconds) else None

    def adjust_trade_position(self, trade, current_time, current_rate, current_profit, min_stake, max_stake, *args, **kwargs):
        seconds = self.config.get("pulse_seconds", SECONDS)
        if trade.has_open_orders or current_time - trade.open_date_utc < timedelta(seconds=seconds / 3):
            return None
        if trade.pair.startswith("ETH") and trade.nr_of_successful_entries == 1:
            return 100
        if trade.pair.startswith("SOL") and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 3
        return None
