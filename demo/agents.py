"""Runs simulated agents that trade on paper: `python3 demo/agents.py URL FOLDER`. Ends on SIGTERM."""

import signal
import sys
import threading

#: The bots, and the exchanges of their instances.
FLEET = {
    ("btc-maker", "BTCUSDT"): ["binance", "kraken", "okx"],
    ("eth-grid", "ETHUSDT"): ["binance", "okx", "bybit"],
    ("sol-trend", "SOLUSDT"): ["bybit", "kraken"],
    ("basis", "BTCUSD"): ["bitmex", "deribit"],
}


def main():
    from flotilla_agent import Agent
    from flotilla_agent.configuration import AgentConfiguration
    from flotilla_agent.paper import trade

    url, folder = sys.argv[1:]
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threads = []
    for (bot, symbol), exchanges in FLEET.items():
        for exchange in exchanges:
            environment = {
                "INSTANCE_ID": f"{bot}-{exchange}", "BOT_ID": bot, "EXCHANGE": exchange, "SYMBOL": symbol, "RUNTIME_MODE": "PAPER",
                "AGENT_VERSION": "1.0", "CONTROL_PLANE_URL": url, "AGENT_DATA_DIR": folder, "HEARTBEAT_INTERVAL_SECONDS": "10",
            }
            agent = Agent(AgentConfiguration.from_environment(environment))
            threads.append(threading.Thread(target=trade, args=[agent, stopping]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
