"""The memory of the reports about a freqtrade bot."""

from __future__ import annotations

import dataclasses
import typing
from decimal import Decimal

from ..files import decode, encode

_JSON = typing.Dict[str, typing.Any]


@dataclasses.dataclass
class Known:
    """The reports so far, so that only changes are reported. It is the cursor."""

    #: When the bot's database was made, in seconds, which tells it from an earlier one; None if the bot has never said it.
    database: int | None = None
    #: The numbers of the closed trades in that database whose reports are final.
    closed: set[int] = dataclasses.field(default_factory=set)
    #: The realized profit of those and of the trades in earlier databases, before fees.
    realized: Decimal = Decimal(0)
    #: The last report of each open trade and of each open order, in JSON, because freqtrade forgets canceled ones.
    trades: dict[str, _JSON] = dataclasses.field(default_factory=dict)
    orders: dict[str, _JSON] = dataclasses.field(default_factory=dict)
    #: The fees of the entries of open trades, and of closed ones where freqtrade has another rate now.
    fees: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The symbols with a position other than 0.
    symbols: set[str] = dataclasses.field(default_factory=set)
    #: The time of the newest log line, in milliseconds.
    logged: Decimal = Decimal(0)

    def encode(self) -> str:
        return encode(
            {
                "database": self.database,
                "closed": _ranges(self.closed),
                "realized": self.realized,
                "trades": self.trades,
                "orders": self.orders,
                "fees": self.fees,
                "symbols": sorted(self.symbols),
                "logged": self.logged,
            }
        )

    @staticmethod
    def decode(cursor: str) -> Known:
        """Raises KeyError, TypeError, ValueError or AttributeError."""
        body = decode(cursor)
        closed = {number for first, last in body["closed"] for number in range(first, last + 1)}
        return Known(
            body["database"],
            closed,
            Decimal(body["realized"]),
            body["trades"],
            body["orders"],
            body["fees"],
            set(body["symbols"]),
            Decimal(body["logged"]),
        )


def _ranges(numbers: set[int]) -> list[list[int]]:
    """Numbers as ranges, each with its first and last number."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges
