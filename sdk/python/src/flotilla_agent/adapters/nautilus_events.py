"""Reads the members of NautilusTrader's events, as its `to_dict` and its message bus write them."""

from __future__ import annotations

import datetime
import decimal
import re
import typing
from decimal import Decimal

from .values import exact

#: An event as a dict: amounts are text such as `0.010000` and `0.60 USDT`, times nanoseconds or ISO 8601 text.
Event = typing.Dict[str, typing.Any]

_EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)")


def amount(value: object) -> Decimal:
    """A quantity or a price. NautilusTrader computes average prices as floats, whose digits are kept. Raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise TypeError(f"found {value!r}, expected a number")
    try:
        return exact(Decimal(repr(value) if isinstance(value, float) else value))
    except decimal.InvalidOperation:
        raise ValueError(f"found {value!r}, expected a number") from None


def money(value: object) -> tuple[Decimal, str]:
    """An amount with its currency, such as `0.60211240 USDT`."""
    text, _, currency = str(value).partition(" ")
    if not currency:
        raise ValueError(f"found {value!r}, expected an amount and a currency")
    return amount(text.replace("_", "")), currency[:16]


def nanoseconds(value: object) -> int:
    """A time in nanoseconds since 1970. Raises TypeError or ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value)
    if text.isascii() and text.isdigit():
        return int(text)
    if (match := _TIME.fullmatch(text)) is None:
        raise ValueError(f"found {value!r}, expected a time")
    seconds = datetime.datetime.fromisoformat(f"{match[1]}+00:00") - _EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * 1_000_000_000 + int((match[2] or "0").ljust(9, "0"))


def moment(value: int) -> datetime.datetime:
    """A time in nanoseconds as a datetime. Raises OverflowError or ValueError outside of the calendar."""
    return _EPOCH + datetime.timedelta(microseconds=value // 1000)


def instrument(value: object) -> tuple[str, str]:
    """The symbol and the venue of an instrument id, such as `BTCUSDT.BINANCE`."""
    symbol, _, venue = str(value).rpartition(".")
    return (symbol or venue)[:64], venue[:64]
