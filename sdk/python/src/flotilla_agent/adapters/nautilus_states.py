"""The state of each order, position and fill of a book."""

from __future__ import annotations

import dataclasses
import typing
from decimal import Decimal

from .. import contract


@dataclasses.dataclass
class OrderState:
    """An order and the sum of its fills."""

    report: contract.OrderReport
    value: Decimal = Decimal(0)

    def to_json(self) -> dict[str, typing.Any]:
        return {"report": self.report.to_json(), "value": self.value}


@dataclasses.dataclass
class TradeState:
    """An open position, and the sums that its events do not have."""

    report: contract.TradeReport
    fees: dict[str, Decimal]

    @property
    def realized(self) -> Decimal:
        """The realized profit before fees. NautilusTrader subtracts only the fees in the currency of the profit."""
        return (self.report.profit or Decimal(0)) + self.fees.get(self.report.currency, Decimal(0))

    @property
    def exposed(self) -> Decimal:
        """The quantity, negative if it is short."""
        return self.report.quantity if self.report.side == contract.TradeSide.LONG else -self.report.quantity


@dataclasses.dataclass
class Filling:
    """A fill that is not reported yet, because the position event that follows says to which trade it belongs."""

    report: contract.Fill
    #: The part that no position event has mentioned, and its fee.
    quantity: Decimal
    fee: Decimal | None
