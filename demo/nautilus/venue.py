"""A sandbox that refuses orders while a file exists."""

import pathlib

from nautilus_trader.adapters.sandbox.execution import SandboxExecutionClient
from nautilus_trader.live.factories import LiveExecClientFactory


class RefusingVenue(SandboxExecutionClient):
    """NautilusTrader's sandbox, with a switch for tests."""

    #: Orders are refused while this file exists; its content is the reason.
    switch: pathlib.Path | None = None

    def submit_order(self, command):
        if self.switch is None or not self.switch.exists():
            return super().submit_order(command)
        order, now = command.order, self._clock.timestamp_ns()
        # The sandbox's inner client has the account.
        self._client.generate_order_submitted(order.strategy_id, order.instrument_id, order.client_order_id, now)
        reason = self.switch.read_text()
        self._client.generate_order_rejected(order.strategy_id, order.instrument_id, order.client_order_id, reason, now)


class SandboxLiveExecClientFactory(LiveExecClientFactory):
    """Creates the client. The node passes the portfolio only to a factory of this name."""

    @staticmethod
    def create(loop, name, config, portfolio, msgbus, cache, clock):
        return RefusingVenue(loop=loop, clock=clock, portfolio=portfolio, msgbus=msgbus, cache=cache, config=config)
