"""Buys a pair below or above its average, and sells it for a profit, a loss, or after a while."""

from datetime import timedelta

from freqtrade.strategy import IStrategy


class Swing(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    stoploss = -0.5
    minimal_roi = {"0": 10}
    startup_candle_count = 10
    process_only_new_candles = False
    #: The change of the price at which a trade is closed, and its longest duration.
    target = 0.003
    patience = timedelta(seconds=200)

    def version(self):
        # Instances of one bot with different versions drift.
        return self.config.get("strategy_version", "1.1")

    def populate_indicators(self, dataframe, metadata):
        dataframe["average"] = dataframe["close"].rolling(10).mean()
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        below = dataframe["close"] < dataframe["average"]
        dataframe.loc[below, ["enter_long", "enter_tag"]] = (1, "below_average")
        dataframe.loc[~below, ["enter_long", "enter_tag"]] = (1, "above_average")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        change = current_rate / trade.open_rate - 1
        if change > self.target:
            return "target"
        if change < -self.target:
            return "stop"
        return "time" if current_time - trade.open_date_utc > self.patience else None
