"""Pulse with Flotilla's order gate inside of the bot."""

from Pulse import Pulse

from flotilla_agent.adapters.freqtrade_strategy import FlotillaMixin


class Gated(FlotillaMixin, Pulse):
    pass
