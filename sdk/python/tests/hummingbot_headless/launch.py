"""Runs the real hummingbot, headless and offline: its application, its MQTT bridge, its database and its paper exchange.

Usage: launch.py DIRECTORY INSTANCE_ID MQTT_PORT [CONFIGURATION [NAME=VALUE ...]]. `DIRECTORY` receives `conf`, `data` and `logs`. With a
configuration (`swing`) the strategy starts at once. The names are members of the strategy's configuration.
"""

import asyncio
import logging
import os
import pathlib
import shutil
import sys
from decimal import Decimal

import hummingbot

directory = pathlib.Path(sys.argv[1]).resolve()
package = pathlib.Path(hummingbot.__file__).parent
for name in ("conf/scripts", "conf/strategies", "conf/connectors", "conf/controllers", "data", "logs"):
    (directory / name).mkdir(parents=True, exist_ok=True)
if not (directory / "hummingbot").exists():
    (directory / "hummingbot").symlink_to(package)
shutil.copytree(pathlib.Path(__file__).parent / "scripts", directory / "scripts", dirs_exist_ok=True)
for template in ("conf_fee_overrides_TEMPLATE.yml", "hummingbot_logs_TEMPLATE.yml"):
    shutil.copy(package / "templates" / template, directory / "conf" / template.replace("_TEMPLATE", ""))
# hummingbot derives its directories from the place of its package, which the bots of a test share.
hummingbot.root_path = lambda: directory
hummingbot.set_prefix_path(str(directory))
hummingbot.set_data_path(str(directory / "data"))
os.chdir(directory)
sys.path.insert(0, str(directory))

from hummingbot.client.config.client_config_map import ClientConfigMap  # noqa: E402
from hummingbot.client.config.config_helpers import ClientConfigAdapter  # noqa: E402
from hummingbot.client.hummingbot_application import HummingbotApplication  # noqa: E402
from hummingbot.connector.test_support.mock_paper_exchange import MockPaperExchange  # noqa: E402
from hummingbot.core import connector_manager  # noqa: E402
from hummingbot.core.data_type.trade_fee import TokenAmount, TradeFeeSchema  # noqa: E402
from hummingbot.core.rate_oracle.rate_oracle import RateOracle  # noqa: E402


def fee_schema() -> TradeFeeSchema:
    """Percentages, and a fixed fee in a third currency if FIXED_FEE is set, such as `0.0001 BNB`."""
    amount, _, token = os.environ.get("FIXED_FEE", "").partition(" ")
    fixed = [TokenAmount(token, Decimal(amount))] if amount else []
    percent = Decimal(0) if fixed else Decimal("0.00075")
    return TradeFeeSchema(
        maker_percent_fee_decimal=percent,
        taker_percent_fee_decimal=percent * 2,
        maker_fixed_fees=fixed,
        taker_fixed_fees=fixed,
        buy_percent_fee_deducted_from_returns=False,
    )


def paper_exchange(name: str, trading_pairs: list[str]) -> MockPaperExchange:
    """The paper exchange without a network: its order books are set by the strategy."""
    exchange = MockPaperExchange(fee_schema())
    for pair in trading_pairs:
        exchange.set_balanced_order_book(pair, 50_000, 49_900, 50_100, 0.5, 2)
        for currency in pair.split("-"):
            exchange.set_balance(currency, 1_000_000)
    return exchange


async def main() -> None:
    settings = ClientConfigAdapter(ClientConfigMap())
    settings.instance_id = sys.argv[2]
    settings.mqtt_bridge.mqtt_host = "127.0.0.1"
    settings.mqtt_bridge.mqtt_port = int(sys.argv[3])
    settings.mqtt_bridge.mqtt_autostart = True
    settings.paper_trade.paper_trade_account_balance = {"BTC": 100.0, "USDT": 5_000_000.0}
    # No network: the rate of a third currency is not known, and no metrics are sent.
    RateOracle.start = lambda self: None
    RateOracle.stop = lambda self: None
    paper_exchange("mock_paper_exchange", [])
    connector_manager.create_paper_trade_market = paper_exchange
    application = HummingbotApplication.main_application(client_config_map=settings, headless_mode=True)
    if len(sys.argv) > 4:
        configuration = [f"script_file_name: {sys.argv[4]}.py", "controllers_config: []"]
        configuration += [argument.replace("=", ": ", 1) for argument in sys.argv[5:]]
        file = f"conf_{sys.argv[4]}.yml"
        (directory / "conf/scripts" / file).write_text("\n".join(configuration) + "\n")
        await asyncio.sleep(1)
        await application.start_check(v2_conf=file)
    logging.getLogger().info("ready")
    await application.run_headless()


asyncio.run(main())
