"""`flotilla-agent nautilus`: connects NautilusTrader nodes over their Redis streams, read-only."""

from __future__ import annotations

import argparse
import collections.abc
import os
import threading
import urllib.parse

from ..configuration import AgentConfiguration, ConfigurationError
from .nautilus_stream import StreamAdapter
from .sidecar import Sidecar


def main(arguments: collections.abc.Sequence[str], stopping: threading.Event) -> None:
    """Connects the nodes until `stopping` is set. Raises ConfigurationError, JournalFailure or OSError."""
    parser = argparse.ArgumentParser(
        prog="flotilla-agent nautilus",
        description="Show NautilusTrader nodes in Flotilla from the Redis streams of their message buses. This is read-only: every command"
        " except SYNC_BALANCE fails. Add flotilla_agent.adapters.nautilus.FlotillaActor to a node to control it. The password of Redis comes"
        " from the variable REDIS_PASSWORD or from a file. The README of the package lists the other variables.",
    )
    parser.add_argument("--redis", required=True, metavar="URL", help="redis://HOST:PORT/DATABASE, or rediss:// for TLS")
    parser.add_argument("--password-file", help="a file with the password; the default is the variable REDIS_PASSWORD")
    parser.add_argument(
        "--trader", action="append", required=True, metavar="ID[=STREAM]",
        help="the trader id of a node, and the key of its stream (default: trader-ID:stream); repeat it for several nodes",
    )
    parser.add_argument("--instance", help="the instance's id, with one node only (default: INSTANCE_ID with one node, or the trader id)")
    parser.add_argument("--bot", help="the bot's id (default: BOT_ID, or the instance's id)")
    parser.add_argument("--stall", type=float, default=30, help="seconds without a heartbeat until a node is UNRESPONSIVE (default: 30)")
    options = parser.parse_args(arguments)
    Sidecar(_connections(options, os.environ)).run(stopping)


def _connections(
    options: argparse.Namespace, environment: collections.abc.Mapping[str, str]
) -> list[tuple[AgentConfiguration, StreamAdapter]]:
    """The configuration and the adapter of each node. Raises ConfigurationError or OSError."""
    if urllib.parse.urlsplit(options.redis).password:
        raise ConfigurationError("--redis: found a password in it, expected it in REDIS_PASSWORD or --password-file")
    password = environment.get("REDIS_PASSWORD") or None
    if options.password_file:
        with open(options.password_file, encoding="utf-8") as file:
            password = file.read().strip()
    is_single = len(options.trader) == 1
    if options.instance and not is_single:
        raise ConfigurationError(f"--instance: found it with {len(options.trader)} nodes, expected one node")
    mode = environment.get("RUNTIME_MODE") or "LIVE"
    connections = []
    for trader in dict.fromkeys(options.trader):
        trader_id, _, stream = trader.partition("=")
        instance_id = (options.instance or environment.get("INSTANCE_ID") if is_single else None) or trader_id
        # The node names its venues and its symbols; until its first events they are unknown.
        variables = {"EXCHANGE": "unknown", "SYMBOL": "unknown", "AGENT_VERSION": "", "RUNTIME_MODE": mode, "INSTANCE_ID": instance_id}
        variables["BOT_ID"] = options.bot or environment.get("BOT_ID") or instance_id
        configuration = AgentConfiguration.from_environment({**environment, **variables})
        try:
            adapter = StreamAdapter(
                options.redis, password, stream or f"trader-{trader_id}:stream", runtime_mode=mode, stall=options.stall
            )
        except ValueError as error:
            raise ConfigurationError(f"--redis: {error}") from None
        connections.append((configuration, adapter))
    return connections
