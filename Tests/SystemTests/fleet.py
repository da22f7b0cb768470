"""A deterministic example fleet that reports over the API."""

import datetime
import json
import math
import urllib.request

EXCHANGES = [("BINANCE", "BTCUSDT"), ("KRAKEN", "SOLUSD"), ("OKX", "ETHUSDT"), ("DERIBIT", "BTC-PERP")]
STRATEGIES = ["mm", "grid", "arb", "basis", "momo"]


# Approvers whose tokens are configured, and so independent of the admin token that sends commands, with their secrets.
APPROVERS = {name: f"the-secret-of-{name}" for name in ("approver", "second-person", "approves-in-two")}


class Fleet:
    """Sends requests as the bots, and as an operator."""

    def __init__(self, api: str, token: str):
        self.api = api
        self.token = token
        self.now = datetime.datetime.now(datetime.timezone.utc)

    def call(self, method: str, path: str, body=None, token: str | None = None):
        request = urllib.request.Request(self.api + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Admin-Token", token or self.token)
        with urllib.request.urlopen(request) as response:
            text = response.read()
            return json.loads(text) if text else None

    def approve(self, command: str):
        self.call("POST", f"/commands/{command}/approve", {}, token=APPROVERS["approver"])

    def ago(self, seconds: float) -> str:
        return (self.now - datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    def heartbeat(self, instance: str, bot: str, **members):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        self.call("POST", "/ingest/heartbeat", heartbeat(instance, bot, now, **members))

    def heartbeats(self, beats: list):
        for start in range(0, len(beats), 1000):
            self.call("POST", "/ingest/heartbeat", beats[start:start + 1000])

    def seed(self, count: int = 96):
        """Creates the fleet. Most instances are healthy, some are not."""
        beats, positions, metrics, costs, executions = [], [], [], [], []
        for number in range(count):
            exchange, symbol = EXCHANGES[number * number % 7 % 4]
            strategy = STRATEGIES[number % 5]
            bot, instance = f"{strategy}-{exchange[:3].lower()}-{number:02}", f"{exchange.lower()}-{'abcdef'[number % 6]}{number}"
            is_live = number % 4 != 3
            silent = {5: 70, 17: 58, 41: 64}.get(number, number % 11)
            state = {23: "SAFE_MODE", 26: "REDUCE_ONLY", 60: "SAFE_MODE", 71: "DEGRADED", 88: "STOPPED"}.get(number, "NORMAL")
            beats.append(heartbeat(instance, bot, self.ago(silent), runtime_mode="LIVE" if is_live else "PAPER", exchange=exchange,
                                   symbol=symbol, version="2.8.1" if number % 9 else "2.9.0-rc1", state=state, software="freqtrade", strategy_name="Flip",
                                   strategy_version="3" if number % 9 else "4", strategy_hash=f"{number:040x}", ui_url="http://127.0.0.1:8080/",
                                   symbols=[symbol, "ADA/USDT"], accounts=[{"venue": exchange.lower(), "account_id": f"sub-{number % 7}"}],
                                   metadata={"region": "eu-central-1", "account": f"sub-{number % 7}", "pid": 4000 + number}))
            gross = 1500 + 977 * (number % 13)
            net = gross if number % 3 else -gross
            positions.append({"instance_id": instance, "symbol": symbol, "net_exposure": f"{net}.25", "gross_exposure": f"{gross + 300}.25",
                              "currency": "USD" if symbol == "SOLUSD" else "USDT", "updated_at": self.ago(silent)})
            for kind, value in (("realized_pnl", f"{(number * 37 % 211) - 70}.40"), ("unrealized_pnl", f"{(number * 17 % 97) - 40}.15")):
                metrics.append({"instance_id": instance, "symbol": symbol, "metric_type": kind, "value": value, "currency": "USDT",
                                "timestamp": self.ago(silent)})
            costs.append({"instance_id": instance, "symbol": symbol, "cost_type": "FEE", "amount": f"{number % 7}.0625", "currency": "USDT",
                          "entry_id": f"fee-{number}", "timestamp": self.ago(600 + number)})
            executions.append({"instance_id": instance, "symbol": symbol, "slippage_bps": f"{number % 9 * 0.7 - 1:.2f}",
                               "latency_ms": f"{20 + number * 7 % 90}", "fill_ratio": f"{1 - number % 5 / 50:.3f}",
                               "sample_id": f"fill-{number}", "timestamp": self.ago(300 + number)})
        first = beats[0]["instance_id"]
        for step in range(144):
            value = 1_240_000 + 9_000 * math.sin(step / 9) + 210 * step + 2_500 * math.sin(step * 1.7)
            metrics.append({"instance_id": first, "symbol": beats[0]["symbol"], "metric_type": "equity", "value": f"{value:.2f}",
                            "currency": "USDT", "timestamp": self.ago(86_000 - step * 600)})
        for number, beat in enumerate(beats[1:], start=1):
            if number % 4 == 2:
                continue
            for hour in range(24):
                value = 40_000 + 500 * number + 900 * math.sin((hour + number) / 4) + (number * 53 % 17 - 6) * 8 * hour
                metrics.append({"instance_id": beat["instance_id"], "symbol": beat["symbol"], "metric_type": "equity", "value": f"{value:.2f}",
                                "currency": "USDT", "timestamp": self.ago(86_000 - hour * 3_600)})
        self.heartbeats(beats)
        for path, items in (("positions", positions), ("metrics", metrics), ("costs", costs), ("execution-quality", executions)):
            for start in range(0, len(items), 1000):
                self.call("POST", f"/ingest/{path}", items[start:start + 1000])
        self.call("POST", "/ingest/indices", [
            {"instance_id": first, "index_name": name, "value": value, "timestamp": self.ago(20)}
            for name, value in (("BTC-VOL-30D", "48.75"), ("ETH-VOL-30D", "61.20"), ("FUNDING-8H", "0.0125"))])
        self.trade(beats)
        self.operate(beats)
        return beats

    def trade(self, beats: list):
        """Reports trades, orders, balances and log lines of every third bot."""
        trades, orders, balances, lines = [], [], [], []
        for number, beat in enumerate(beats[::3]):
            instance, symbol = beat["instance_id"], beat["symbol"]
            currency = "USD" if symbol == "SOLUSD" else "USDT"
            for index in range(10):
                closed = 3_600 * (4 + 31 * index + 5 * number)
                profit = (number * 7 + index * 13) % 23 - 8
                trades.append(trade(instance, f"{1000 + index}", symbol, currency, self.ago(closed + 2_700 * (1 + index % 5)), self.ago(closed),
                                    profit=f"{profit}.{index}5", fees=f"0.{index}4", exit_price=f"{3000 + 8 * profit}.5", status="CLOSED", quantity="0",
                                    closed_at=self.ago(closed), exit_reason=["roi", "stop_loss", "trailing_stop_loss", "exit_signal"][index % 4]))
            for index in range(1 + number % 3):
                trades.append(trade(instance, f"{2000 + index}", symbol, currency, self.ago(5_000 * (1 + index)), self.ago(30), side="SHORT",
                                    status="OPEN", quantity="0.25", leverage="3", current_price="2990.5", unrealized_profit="2.375"))
            for index in range(6):
                orders.append({"instance_id": instance, "order_id": f"order-{index}", "trade_id": f"{2000 + index}", "symbol": symbol,
                               "side": "SELL" if index % 2 else "BUY", "order_type": "limit",
                               "status": ["OPEN", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "OPEN"][index], "quantity": "0.5",
                               "filled_quantity": "0.5" if index == 1 else "0", "price": "3010.50", "is_reduce_only": index % 2 == 1,
                               "created_at": self.ago(600 * (index + 1)), "updated_at": self.ago(500)})
            balances.append({"instance_id": instance, "timestamp": self.ago(20), "balances": [
                {"currency": "USDT", "total": f"{10_000 + number}.25", "free": "8200.5"}, {"currency": "BTC", "total": "0.10453"}]})
            for index, level in enumerate(["WARNING", "ERROR", "CRITICAL"]):
                lines.append({"instance_id": instance, "line_id": f"line-{index}", "level": level, "logger": "freqtrade.exchange",
                              "message": f"Timeout while fetching the order book of {symbol}\n  attempt {index + 1} of 4", "timestamp": self.ago(90 * index + 5)})
        for path, items in (("trades", trades), ("orders", orders), ("balances", balances), ("log", lines)):
            for start in range(0, len(items), 1000):
                self.call("POST", f"/ingest/{path}", items[start:start + 1000])

    def operate(self, beats: list):
        """Creates the data of operators: commands, a module and comparisons with the exchanges."""
        one, other = beats[23]["instance_id"], beats[12]["instance_id"]
        for type, instance, reason in (("SAFE_MODE", one, "spread too wide"), ("FLATTEN", other, "venue maintenance"), ("SYNC_BALANCE", other, None)):
            self.call("POST", "/commands", {"command_id": uuid(len(type), instance), "instance_id": instance, "command_type": type,
                                            "ttl_seconds": 3600, "reason": reason})
        for number, difference in ((3, "118.40"), (4, "0"), (8, "0.01"), (9, "0")):
            self.call("POST", "/reconcile", {"instance_id": beats[number]["instance_id"], "exchange_equity": str(128_000 + float(difference)),
                                             "internal_equity": "128000", "difference": difference,
                                             "status": "MISMATCH" if float(difference) > 100 else "OK", "timestamp": self.ago(60 * number)})
        module = "6f3c1a52-6a3c-4f6e-9d59-0b7e6c1f0a11"
        self.call("POST", "/modules", {"module_id": module, "name": "funding-arb-scan", "description": "Looks for funding spreads",
                                       "enabled": True, "execution_mode": "MANUAL_AND_SCHEDULED", "schedule_cron": "*/15 * * * *",
                                       "config": {"venues": ["BINANCE", "OKX"], "min_bps": 4}, "created_at": self.ago(0), "updated_at": self.ago(0)})
        self.call("POST", f"/modules/{module}/run", {})


def heartbeat(instance: str, bot: str, timestamp: str, **members) -> dict:
    standard = {"runtime_mode": "PAPER", "exchange": "BINANCE", "symbol": "BTCUSDT", "version": "1.0"}
    return {"instance_id": instance, "bot_id": bot, "timestamp": timestamp, **standard, **members}


def trade(instance: str, identity: str, symbol: str, currency: str, opened: str, updated: str, **members) -> dict:
    standard = {"side": "LONG", "entry_quantity": "0.5", "entry_price": "3000", "strategy_name": "Flip", "strategy_version": "3",
                "entry_tag": "breakout"}
    return {"instance_id": instance, "trade_id": identity, "symbol": symbol, "currency": currency, "opened_at": opened, "updated_at": updated,
            **standard, **members}


def uuid(number: int, text: str) -> str:
    import uuid as module
    return str(module.uuid5(module.NAMESPACE_URL, f"{number} {text}"))


if __name__ == "__main__":
    import sys
    Fleet(sys.argv[1], sys.argv[2]).seed(int(sys.argv[3]) if len(sys.argv) > 3 else 96)
