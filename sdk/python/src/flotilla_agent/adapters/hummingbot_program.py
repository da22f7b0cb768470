"""`flotilla-agent hummingbot`: connects hummingbots to a control plane."""

from __future__ import annotations

import argparse
import collections.abc
import datetime
import hashlib
import os
import threading
import tomllib
import typing
import urllib.parse

from .. import contract
from ..configuration import AgentConfiguration, ConfigurationError
from .hummingbot_events import ended
from .hummingbot_ledger import Ledger
from .sidecar import Sidecar

if typing.TYPE_CHECKING:
    from .hummingbot import HummingbotAdapter
    from .mqtt import Broker

#: The members of the configuration file, and of a bot in it.
_MEMBERS = {"broker", "username", "password_file", "namespace", "bot"}
_BOT_MEMBERS = {
    "id", "namespace", "instance_id", "bot_id", "exchange", "symbol", "account_id", "mode", "version", "strategy", "script", "conf",
    "agent_token_file", "agent_token_variable",
}

_Table = typing.Dict[str, typing.Any]


def main(arguments: collections.abc.Sequence[str], stopping: threading.Event) -> None:
    """Connects the bots until `stopping` is set. Raises ConfigurationError, JournalFailure or OSError."""
    parser = argparse.ArgumentParser(
        prog="flotilla-agent hummingbot",
        description="Connect hummingbots to a Flotilla control plane over their MQTT bridge. The broker's password comes from the variable"
        " MQTT_PASSWORD or from a file. The README of the package lists the other variables.",
    )
    parser.add_argument("--broker", help="the address of the MQTT broker: mqtt://HOST:1883, or mqtts://HOST:8883 with TLS")
    parser.add_argument("--username", help="the user of the MQTT broker (default: none)")
    parser.add_argument("--password-file", help="a file with the password; the default is the variable MQTT_PASSWORD")
    parser.add_argument("--id", action="append", default=[], help="the instance_id in hummingbot's configuration; once per bot")
    parser.add_argument("--namespace", help="mqtt_namespace in hummingbot's configuration (default: hbot)")
    parser.add_argument("--exchange", help="the exchange, because hummingbot does not say it (default: EXCHANGE)")
    parser.add_argument("--config", help="a TOML file with one [[bot]] table per bot instead of the options above")
    parser.add_argument(
        "--forget-orders", action="store_true",
        help="report all open orders as EXPIRED first: for orders whose end was not heard, after a check at the exchange",
    )
    options = parser.parse_args(arguments)
    if options.config:
        table = _read(options.config)
    else:
        members = {name: getattr(options, name) for name in ("broker", "username", "password_file", "namespace")}
        table = {name: value for name, value in members.items() if value}
        table["bot"] = [{"id": bot_id, **({"exchange": options.exchange} if options.exchange else {})} for bot_id in options.id]
    Sidecar(_connections(table, os.environ, options.forget_orders)).run(stopping)


def _read(path: str) -> _Table:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: found invalid TOML: {error}") from None


def _connections(
    table: _Table, environment: typing.Mapping[str, str], forgets_orders: bool = False
) -> list[tuple[AgentConfiguration, HummingbotAdapter]]:
    """The configuration and the adapter of each bot. Raises ConfigurationError with the errors of all bots."""
    errors = [f"{name}: unknown, expected one of {', '.join(sorted(_MEMBERS))}" for name in table if name not in _MEMBERS]
    bots = table.get("bot")
    if not isinstance(bots, list) or not bots or not all(isinstance(bot, dict) for bot in bots):
        raise ConfigurationError("\n".join([*errors, "id: found no bot, expected --id once per bot, or one [[bot]] table per bot"]))
    configurations: list[AgentConfiguration] = []
    for number, bot in enumerate(bots, start=1):
        try:
            configuration = _configuration(bot, environment)
        except ConfigurationError as error:
            errors += [f"bot {number} ({bot.get('id', 'no id')}): {line}" for line in str(error).splitlines()]
            continue
        if configuration.instance_id in {other.instance_id for other in configurations}:
            errors.append(f"bot {number}: instance_id: found '{configuration.instance_id}' twice, expected a different id for each bot")
        configurations.append(configuration)
    names = sorted(f"{_namespace(bot, table)}/{bot.get('id')}" for bot in bots)
    errors += [f"id: found '{name}' twice, expected each bot once" for name, next_name in zip(names, names[1:]) if name == next_name]
    broker = _broker(table, environment, names, errors)
    if errors or broker is None:
        raise ConfigurationError("\n".join(errors))
    from .hummingbot import HummingbotAdapter

    connections = []
    for bot, configuration in zip(bots, configurations):
        ledger = Ledger(f"{configuration.instance_directory}/hummingbot.sqlite")
        if forgets_orders:
            forget_orders(ledger)
        adapter = HummingbotAdapter(
            broker, bot["id"], ledger,
            namespace=_namespace(bot, table),
            account_id=bot.get("account_id", "default"),
            mode=bot.get("mode"),
            script=bot.get("script"),
            conf=bot.get("conf"),
            version=bot.get("version"),
            strategy=bot.get("strategy"),
        )
        connections.append((configuration, adapter))
    return connections


def _namespace(bot: _Table, table: _Table) -> str:
    return str(bot.get("namespace") or table.get("namespace") or "hbot")


def _configuration(bot: _Table, environment: typing.Mapping[str, str]) -> AgentConfiguration:
    errors = [f"{name}: unknown, expected one of {', '.join(sorted(_BOT_MEMBERS))}" for name in bot if name not in _BOT_MEMBERS]
    errors += [f"{name}: found {value!r}, expected text" for name, value in bot.items() if not isinstance(value, str)]
    bot_id = str(bot.get("id") or "")
    if not bot_id or any(character in bot_id for character in "/+#\0"):
        errors.append(f"id: found '{bot_id}', expected the instance_id in hummingbot's configuration")
    instance_id = bot.get("instance_id") or bot_id
    # hummingbot names its symbols; until its first order they are unknown.
    variables = {
        "INSTANCE_ID": instance_id,
        "BOT_ID": bot.get("bot_id") or instance_id,
        "EXCHANGE": bot.get("exchange") or environment.get("EXCHANGE") or "unknown",
        "SYMBOL": bot.get("symbol") or environment.get("SYMBOL") or "unknown",
        "RUNTIME_MODE": bot.get("mode") or environment.get("RUNTIME_MODE") or "",
        "AGENT_TOKEN": _agent_token(bot, environment, errors) or "",
    }
    try:
        configuration = AgentConfiguration.from_environment({**environment, **variables})
    except ConfigurationError as error:
        errors += str(error).splitlines()
    if errors:
        raise ConfigurationError("\n".join(errors))
    return configuration


def _agent_token(bot: _Table, environment: typing.Mapping[str, str], errors: list[str]) -> str | None:
    if path := bot.get("agent_token_file"):
        return _secret(path, "agent_token_file", errors)
    named = bot.get("agent_token_variable")
    if named and not environment.get(named):
        errors.append(f"agent_token_variable: found '{named}', which is not set, expected the name of a variable with the token")
    return environment.get(named or "AGENT_TOKEN")


def _secret(path: str, name: str, errors: list[str]) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError) as error:
        errors.append(f"{name}: cannot read it: {error}")
        return None


def _broker(table: _Table, environment: typing.Mapping[str, str], names: list[str], errors: list[str]) -> Broker | None:
    """The connection for all bots; None after an error."""
    text = str(table.get("broker") or "")
    url = urllib.parse.urlsplit(text)
    port: int | None = None
    try:
        port = url.port or {"mqtt": 1883, "mqtts": 8883}.get(url.scheme)
    except ValueError:
        pass
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname or port is None:
        errors.append(f"broker: found '{text}', expected mqtt://HOST:PORT, or mqtts://HOST:PORT with TLS")
    if url.username or url.password:
        errors.append("broker: found a user or a password in it, expected them in username and password_file")
    path = table.get("password_file")
    password = _secret(str(path), "password_file", errors) if path else environment.get("MQTT_PASSWORD")
    try:
        from .mqtt import Broker
    except ImportError:
        raise ConfigurationError("paho-mqtt is not installed: pip install 'flotilla-agent[hummingbot]'") from None
    if errors or not url.hostname or port is None:
        return None
    # The session at the broker belongs to these bots, so that it is the same after a restart.
    session = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
    return Broker(
        url.hostname, port, f"flotilla-{session}", username=table.get("username"), password=password, tls=url.scheme == "mqtts"
    )


def forget_orders(ledger: Ledger) -> None:
    """Reports the open orders as EXPIRED."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for order in ledger.open_orders():
        ledger.keep_order(ended(order, contract.OrderStatus.EXPIRED, now, "its end was not heard; forgotten by an operator"))
