"""Values of bots as the contract permits them."""

from __future__ import annotations

import datetime
import decimal
from decimal import Decimal

from .. import telemetry

#: The contract's smallest unit of an amount. Floats have up to 17 significant digits, so small ones have more decimal places.
_UNIT = Decimal("1E-18")
#: The contract's amounts have at most 20 digits before the decimal point.
_LIMIT = Decimal("1E20")


def exact(value: object) -> Decimal:
    """A number of the bot as an amount. Raises TypeError or ValueError for other values, NaN, infinity and numbers from 1E20 on."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise TypeError(f"found {value!r}, expected a number")
    amount = Decimal(value)
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        raise ValueError(f"found {value!r:.60}, expected a finite number below 1E20")
    return fitting(amount)


def optional(value: object) -> Decimal | None:
    """A number of the bot's JSON; None for values that are no number. Raises ValueError as `exact` does."""
    return exact(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def fitting(amount: Decimal) -> Decimal:
    """An amount with at most 18 decimal places, rounded if it has more."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -18:
        return amount.quantize(_UNIT, context=decimal.Context(prec=60))
    return amount


def product(*factors: Decimal) -> Decimal:
    """The exact product, rounded to the contract's smallest unit."""
    result = Decimal(1)
    with decimal.localcontext(decimal.Context(prec=100)):
        for factor in factors:
            result *= factor
    return fitting(result)


def moment(milliseconds: object) -> datetime.datetime | None:
    """A time in milliseconds; None for null and 0. Raises OverflowError for a time after the year 9999."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, Decimal)) or not milliseconds:
        return None
    return datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(milliseconds=float(milliseconds))


def printable(value: object, limit: int) -> str | None:
    """Text of the bot as the contract permits it; None if there is none."""
    return telemetry.printable(str(value), limit) if value else None


def brief(message: str) -> str:
    """A log message in one line. A traceback is its title and its last line, which has the reason."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return ": ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))
