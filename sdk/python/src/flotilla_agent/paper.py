"""A bot that trades on paper, as a template for a bot that trades on an exchange.

The price is a random walk. The bot buys below its moving average and sells above it. It pays a fee for each fill and funding every 60
steps, and reports all of it.
"""

from __future__ import annotations

import os
import random
import threading
import time
import typing
import uuid
from decimal import Decimal

from .agent import Agent
from .command import AgentCommand
from .safety import OrdersRefused

CENT = Decimal("0.01")
FEE_RATE = Decimal("0.0004")
LOT = Decimal("0.01")


class PaperTrader:
    """A simulated market, the bot's position in it, and its profit, fees and funding."""

    def __init__(self, agent: Agent, seed: int | None = None) -> None:
        """Sets the handlers of the agent. The same `seed` gives the same market."""
        self._agent = agent
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        #: A prefix that makes the IDs of fills unique across runs.
        self._run = uuid.uuid4().hex[:12]
        self._fills = 0
        self.price = Decimal("50000.00")
        self.average = self.price
        self.quantity = Decimal(0)
        self.entry_price = Decimal(0)
        self.realized = Decimal(0)
        self.fees = Decimal(0)
        self.funding = Decimal(0)
        agent.on("FLATTEN", self.flatten)
        agent.on("CANCEL_ALL", lambda command: {"canceled": 0})
        agent.on("SYNC_BALANCE", lambda command: {"equity": str(self.equity)})

    @property
    def unrealized(self) -> Decimal:
        """The unrealized profit at the current price."""
        return (self.price - self.entry_price) * self.quantity

    @property
    def equity(self) -> Decimal:
        """The equity of the account, which starts with 10,000."""
        return 10_000 + self.realized + self.unrealized - self.fees + self.funding

    def flatten(self, command: AgentCommand) -> dict[str, typing.Any]:
        """Closes the position, and returns the closed and the remaining quantity as evidence."""
        with self._lock:
            closed = self.quantity
            if closed:
                self._fill(-closed)
            return {"closed": str(closed), "residual": str(self.quantity)}

    def step(self) -> None:
        """Moves the market by one step, and trades if the strategy wants to."""
        with self._lock:
            self.price = (self.price * Decimal(1 + self._random.gauss(0, 0.0005))).quantize(CENT)
            self.average += (self.price - self.average) / 20
            wanted = LOT if self.price < self.average else -LOT
            if abs(self.quantity + wanted) <= 5 * LOT and self._random.random() < 0.3:
                try:
                    self._agent.permit_orders()
                    self._fill(wanted)
                except OrdersRefused:
                    pass

    def _fill(self, quantity: Decimal) -> None:
        """Fills an order immediately, with up to 2 basis points of slippage, and reports the fill."""
        slippage = Decimal(self._random.uniform(0, 2)).quantize(CENT)
        price = (self.price * (1 + slippage / 10_000 * (1 if quantity > 0 else -1))).quantize(CENT)
        closing = -quantity if self.quantity * quantity < 0 else Decimal(0)
        if closing:
            closing = min(abs(closing), abs(self.quantity)) * (1 if self.quantity > 0 else -1)
            self.realized += (price - self.entry_price) * closing
        after = self.quantity + quantity
        if not closing:
            self.entry_price = (self.entry_price * self.quantity + price * quantity) / after
        elif after * self.quantity < 0:
            self.entry_price = price
        self.quantity = after
        fee = (abs(quantity) * price * FEE_RATE).quantize(Decimal("0.000001"))
        self.fees += fee
        self._fills += 1
        fill_id = f"{self._run}-{self._fills}"
        telemetry = self._agent.telemetry
        telemetry.cost("FEE", fee, entry_id=fill_id)
        latency = Decimal(self._random.uniform(20, 120)).quantize(CENT)
        telemetry.execution(slippage, latency, 1, sample_id=fill_id)
        telemetry.position(self.quantity * price, abs(self.quantity) * price)

    def pay_funding(self) -> None:
        """Pays or receives funding for the position."""
        with self._lock:
            amount = (-self.quantity * self.price * Decimal("0.00001")).quantize(Decimal("0.000001"))
            if amount:
                self.funding += amount
                self._agent.telemetry.cost("FUNDING", amount)

    def report(self) -> None:
        """Reports equity, profit and the position."""
        with self._lock:
            telemetry = self._agent.telemetry
            telemetry.metric("equity", round(self.equity, 8))
            telemetry.metric("realized_pnl", round(self.realized, 8))
            telemetry.metric("unrealized_pnl", round(self.unrealized, 8))
            telemetry.position(self.quantity * self.price, abs(self.quantity) * self.price)


def trade(agent: Agent, stopping: threading.Event) -> None:
    """Runs the agent and trades until `stopping` is set.

    The variable `PAPER_SEED` makes the market repeatable. `PAPER_STEP_SECONDS` is the time between two steps (1).
    """
    seed = os.environ.get("PAPER_SEED")
    trader = PaperTrader(agent, int(seed) if seed else None)
    pause = float(os.environ.get("PAPER_STEP_SECONDS", "1"))
    with agent:
        steps = 0
        started = time.monotonic()
        while not stopping.wait(max(0.0, started + steps * pause - time.monotonic())):
            trader.step()
            steps += 1
            if steps % 10 == 0:
                trader.report()
            if steps % 60 == 0:
                trader.pay_funding()
