"""A bot's link to its Flotilla control plane.

    from flotilla_agent import Agent

    agent = Agent.from_environment()
    agent.on("FLATTEN", lambda command: exchange.close_everything())
    with agent:
        for signal in strategy.signals():
            agent.permit_orders()
            exchange.give(signal.order)

It sends heartbeats, carries out commands, each at most once, stops the bot when the control plane is silent, and sends what the bot
reports. None of that waits for anything else of it, and none of it makes the bot wait.
"""

from .agent import Agent
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
    "SpoolFull",
    "Telemetry",
]
