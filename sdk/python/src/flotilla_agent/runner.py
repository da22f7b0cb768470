"""`flotilla-agent`: runs a bot that is configured by environment variables."""

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

#: The programs that connect other software's bots, and the one that signs commands, each a function that takes its arguments and an event. Their modules are loaded on use.
ADAPTERS = {
    "freqtrade": "flotilla_agent.adapters.freqtrade_program:main",
    "hummingbot": "flotilla_agent.adapters.hummingbot_program:main",
    "nautilus": "flotilla_agent.adapters.nautilus_program:main",
    "sign": "flotilla_agent.signing:main",
}

#: The program that gives an instance its credential; it takes the same arguments.
ENROLMENT = {"enroll": "flotilla_agent.enrolment:main"}

#: A bot: takes the agent, runs it, and returns when the event is set.
Strategy = typing.Callable[[Agent, threading.Event], None]


def _strategy(name: str) -> Strategy:
    module, _, function = name.partition(":")
    try:
        return typing.cast(Strategy, getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"cannot import '{name}', expected MODULE:FUNCTION: {error}") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="flotilla-agent",
        description="Run a bot under a Flotilla control plane. Set INSTANCE_ID, BOT_ID, EXCHANGE, SYMBOL and CONTROL_PLANE_URL in the"
        " environment; the README of the package lists all variables. Other programs: flotilla-agent "
        + " | ".join((*ADAPTERS, *ENROLMENT)),
    )
    parser.add_argument(
        "strategy",
        nargs="?",
        type=_strategy,
        default="flotilla_agent.paper:trade",
        metavar="MODULE:FUNCTION",
        help="the bot: a function that takes the agent and a threading.Event, runs the agent, and returns when the event is set"
        " (default: flotilla_agent.paper:trade, which trades on paper)",
    )
    parser.add_argument("--version", action="version", version=importlib.metadata.version("flotilla-agent"))
    return parser.parse_args()


def main() -> None:
    """Runs a bot until SIGTERM or SIGINT, and then stops the agent. Exits with status 2 if the configuration or the journal is invalid."""
    programs = {**ADAPTERS, **ENROLMENT}
    is_adapter = len(sys.argv) > 1 and sys.argv[1] in programs
    arguments = None if is_adapter else _arguments()
    level = os.environ.get("LOG_LEVEL", "info").upper()
    name = " %(name)s" if is_adapter else ""
    logging.basicConfig(level=level, format=f"%(asctime)s %(levelname)s{name} %(message)s", stream=sys.stderr)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        if arguments is None:
            module, _, function = programs[sys.argv[1]].partition(":")
            getattr(importlib.import_module(module), function)(sys.argv[2:], stopping)
        else:
            arguments.strategy(Agent.from_environment(), stopping)
    except (ConfigurationError, JournalFailure, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
