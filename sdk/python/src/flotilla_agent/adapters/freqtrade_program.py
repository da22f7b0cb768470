"""`flotilla-agent freqtrade`: connects freqtrade bots to a control plane."""

from __future__ import annotations

import argparse
import collections.abc
import os
import re
import threading
import tomllib
import typing
import urllib.parse

from ..configuration import AgentConfiguration, ConfigurationError
from .freqtrade import FreqtradeAdapter
from .sidecar import Sidecar

#: The members of a bot in the configuration file, and the variables of the agent that each bot may replace.
_MEMBERS = {
    "url", "username", "password_file", "password_variable", "instance_id", "bot_id", "account_id", "ui_url",
    "agent_token_file", "agent_token_variable",
}


def main(arguments: collections.abc.Sequence[str], stopping: threading.Event) -> None:
    """Connects the bots until `stopping` is set. Raises ConfigurationError, JournalFailure or OSError."""
    parser = argparse.ArgumentParser(
        prog="flotilla-agent freqtrade",
        description="Connect freqtrade bots to a Flotilla control plane over their REST API. The password comes from the variable"
        " FREQTRADE_PASSWORD or from a file. The README of the package lists the other variables; each bot has its own INSTANCE_ID.",
    )
    parser.add_argument("--url", help="the address of the bot's API server, such as http://127.0.0.1:8080")
    parser.add_argument("--username", help="the user of the bot's API server")
    parser.add_argument("--password-file", help="a file with the password; the default is the variable FREQTRADE_PASSWORD")
    parser.add_argument("--instance", help="the instance's id (default: INSTANCE_ID, or freqtrade-HOST-PORT)")
    parser.add_argument("--bot", help="the bot's id (default: BOT_ID, or the instance's id)")
    parser.add_argument("--account", help="the name of the account at the exchange (default: default)")
    parser.add_argument("--ui-url", help="the address of the bot's user interface for people (default: the URL)")
    parser.add_argument("--config", help="a TOML file with one [[bot]] table per bot instead of the options above")
    options = parser.parse_args(arguments)
    if options.config:
        bots = _read(options.config)
    else:
        members = {
            "url": options.url,
            "username": options.username,
            "password_file": options.password_file,
            "instance_id": options.instance or os.environ.get("INSTANCE_ID"),
            "bot_id": options.bot or os.environ.get("BOT_ID"),
            "account_id": options.account,
            "ui_url": options.ui_url,
        }
        bots = [{name: value for name, value in members.items() if value}]
    sidecar = Sidecar(_connections(bots, os.environ))
    sidecar.run(stopping)


def _read(path: str) -> list[dict[str, typing.Any]]:
    try:
        with open(path, "rb") as file:
            bots = tomllib.load(file).get("bot")
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: found invalid TOML: {error}") from None
    if not isinstance(bots, list) or not bots or not all(isinstance(bot, dict) for bot in bots):
        raise ConfigurationError(f"{path}: found no bot, expected one [[bot]] table per bot")
    return bots


def _connections(
    bots: list[dict[str, typing.Any]], environment: typing.Mapping[str, str]
) -> list[tuple[AgentConfiguration, FreqtradeAdapter]]:
    """The configuration and the adapter of each bot. Raises ConfigurationError with the errors of all bots."""
    connections, errors, seen = [], [], set()
    for number, bot in enumerate(bots, start=1):
        name = f"bot {number} ({bot.get('instance_id') or bot.get('url') or 'no name'})"
        try:
            configuration, adapter = _connection(bot, environment)
        except ConfigurationError as error:
            errors += [f"{name}: {line}" for line in str(error).splitlines()]
            continue
        if configuration.instance_id in seen:
            errors.append(f"{name}: instance_id: found '{configuration.instance_id}' twice, expected a different id for each bot")
        seen.add(configuration.instance_id)
        connections.append((configuration, adapter))
    if errors:
        raise ConfigurationError("\n".join(errors))
    return connections


def _connection(
    bot: dict[str, typing.Any], environment: typing.Mapping[str, str]
) -> tuple[AgentConfiguration, FreqtradeAdapter]:
    errors = [f"{name}: unknown, expected one of {', '.join(sorted(_MEMBERS))}" for name in bot if name not in _MEMBERS]
    errors += [f"{name}: found {value!r}, expected text" for name, value in bot.items() if not isinstance(value, str)]
    if errors:
        raise ConfigurationError("\n".join(errors))
    url = urllib.parse.urlsplit(bot.get("url", ""))
    if url.scheme not in ("http", "https") or not url.hostname:
        errors.append(f"url: found '{bot.get('url', '')}', expected the http or https URL of the bot's API server")
    if not bot.get("username"):
        errors.append("username: found nothing, expected the user of the bot's API server")
    if url.username or url.password:
        errors.append("url: found a user or a password in it, expected them in username and password_file")
    password = _secret(bot, "password", environment, "FREQTRADE_PASSWORD", errors)
    if password is None and not errors:
        errors.append("password: found nothing, expected password_file, password_variable or the variable FREQTRADE_PASSWORD")
    token = _secret(bot, "agent_token", environment, "AGENT_TOKEN", errors)
    fallback = re.sub(r"[^A-Za-z0-9]+", "-", f"freqtrade-{url.netloc}")[:64]
    instance_id = bot.get("instance_id") or fallback
    # The bot names its exchange and its symbols; until its first answer they are unknown.
    variables = {"EXCHANGE": "unknown", "SYMBOL": "unknown", "AGENT_VERSION": "", "RUNTIME_MODE": ""}
    variables |= {"INSTANCE_ID": instance_id, "BOT_ID": bot.get("bot_id") or instance_id, "AGENT_TOKEN": token or ""}
    try:
        configuration = AgentConfiguration.from_environment({**environment, **variables})
    except ConfigurationError as error:
        errors += str(error).splitlines()
    if errors:
        raise ConfigurationError("\n".join(errors))
    adapter = FreqtradeAdapter(
        bot["url"], bot["username"], password or "", account_id=bot.get("account_id", "default"), ui_url=bot.get("ui_url")
    )
    return configuration, adapter


def _secret(
    bot: dict[str, typing.Any], name: str, environment: typing.Mapping[str, str], variable: str, errors: list[str]
) -> str | None:
    """A secret from the file or the variable that the bot names, or from the default variable."""
    if path := bot.get(f"{name}_file"):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except (OSError, ValueError) as error:
            errors.append(f"{name}_file: cannot read it: {error}")
            return None
    named = bot.get(f"{name}_variable")
    if named and not environment.get(named):
        errors.append(f"{name}_variable: found '{named}', which is not set, expected the name of a variable with the secret")
    return environment.get(named or variable) or None
