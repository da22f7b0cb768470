"""`flotilla-agent`: runs a bot that the environment describes."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import logging
import os
import signal
import sys
import threading
import typing

from .agent import Agent
from .configuration import ConfigurationError
from .journal import JournalFailure

Strategy = typing.Callable[[Agent, threading.Event], None]


def _strategy(name: str) -> Strategy:
    module, _, function = name.partition(":")
    try:
        return typing.cast(Strategy, getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"'{name}' is no MODULE:FUNCTION that can be imported: {error}") from None


def main() -> None:
    """Runs until SIGTERM or SIGINT, then ends in order. The exit status is 2 for a set-up that is wrong."""
    parser = argparse.ArgumentParser(
        prog="flotilla-agent",
        description="Runs a bot under a Flotilla control plane. The environment sets it up: INSTANCE_ID, BOT_ID, EXCHANGE, SYMBOL,"
        " CONTROL_PLANE_URL and others, which the README of the package lists.",
    )
    parser.add_argument(
        "strategy",
        nargs="?",
        type=_strategy,
        default="flotilla_agent.paper:trade",
        metavar="MODULE:FUNCTION",
        help="what trades: a function that takes the agent, runs it, and returns when the event that it also takes is set;"
        " flotilla_agent.paper:trade, which trades on paper, when left out",
    )
    parser.add_argument("--version", action="version", version=importlib.metadata.version("flotilla-agent"))
    arguments = parser.parse_args()
    level = os.environ.get("LOG_LEVEL", "info").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        arguments.strategy(Agent.from_environment(), stopping)
    except (ConfigurationError, JournalFailure, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
