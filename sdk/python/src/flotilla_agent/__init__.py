"""Connects a bot to its Flotilla control plane.

    from flotilla_agent import Agent

    agent = Agent.from_environment()
    agent.on("FLATTEN", lambda command: exchange.close_all_positions())
    with agent:
        for signal in strategy.signals():
            agent.permit_orders()
            exchange.place(signal.order)

The agent sends heartbeats and the bot's reports, executes each command at most once, and blocks new orders when the control plane does
not answer. These tasks run independently of each other, and none of them blocks the bot.
"""

from .agent import Agent, Profile
from .command import AgentCommand
from .configuration import AgentConfiguration, ConfigurationError
from .processor import CommandFailure
from .safety import OrdersRefused
from .spool import SpoolFull
from .telemetry import Telemetry

__all__ = [
    "Agent",
    "AgentCommand",
    "AgentConfiguration",
    "CommandFailure",
    "ConfigurationError",
    "OrdersRefused",
    "Profile",
    "SpoolFull",
    "Telemetry",
]
