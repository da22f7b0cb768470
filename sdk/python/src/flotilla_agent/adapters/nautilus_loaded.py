"""Repeats the events of the orders and positions that a NautilusTrader node has loaded from its cache database."""

from __future__ import annotations

import collections
import typing

from .nautilus_events import Event

if typing.TYPE_CHECKING:
    UUID4: typing.Any
    Money: typing.Any
    OrderFilled: typing.Any
    Position: typing.Any
    PositionChanged: typing.Any
    PositionClosed: typing.Any
    PositionOpened: typing.Any
    Quantity: typing.Any
else:
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.model.events import OrderFilled, PositionChanged, PositionClosed, PositionOpened
    from nautilus_trader.model.objects import Money, Quantity
    from nautilus_trader.model.position import Position

#: The order and the execution of a fill.
_Key = typing.Tuple[str, str]


def loaded_events(cache: typing.Any) -> list[Event]:
    """The events of everything in the cache, in the order in which they were published. Position events directly follow their fill.

    The database has the events of orders and the fills of positions. It has no position events, so they are made of the fills as the node's
    execution engine does.
    """
    order_events = [entry for order in cache.orders() for entry in _in_order(order.events)]
    fills = {_key(event): event for _, event in order_events if isinstance(event, OrderFilled)}
    # Closed orders can be purged while their position is still open.
    rest = [fill for position in cache.positions() for fill in position.events if _key(fill) not in fills]
    entries = [(at, event, False) for at, event in order_events] + [(int(fill.ts_init), fill, True) for fill in rest]
    position_events = _position_events(cache, list(fills.values()))
    events: list[Event] = []
    for _, event, is_purged in sorted(entries, key=lambda entry: entry[0]):
        if not is_purged:
            events.append(type(event).to_dict(event))
        if isinstance(event, OrderFilled):
            events += position_events.pop(_key(event), [])
    return events


def _in_order(events: typing.Iterable[typing.Any]) -> typing.Iterator[tuple[int, typing.Any]]:
    """The events of an order, each with a time that is not before that of the event before it. Events of venues can have earlier ones."""
    latest = 0
    for event in events:
        latest = max(latest, int(event.ts_init))
        yield latest, event


def _position_events(cache: typing.Any, fills: list[typing.Any]) -> dict[_Key, list[Event]]:
    """The position events of each fill."""
    by_position: dict[str, list[typing.Any]] = collections.defaultdict(list)
    for fill in sorted(fills, key=lambda fill: int(fill.ts_init)):
        by_position[str(fill.position_id)].append(fill)
    found: dict[_Key, list[Event]] = collections.defaultdict(list)
    for position in sorted(cache.positions(), key=lambda position: int(position.ts_opened)):
        instrument = cache.instrument(position.instrument_id)
        if instrument is None:
            continue
        repetition = _Repetition(instrument, by_position[str(position.id)])
        if not repetition.equals(position):
            # Some of its orders are missing, so its own fills are all that is known.
            repetition = _Repetition(instrument, position.events)
        for key, event in repetition.events:
            found[key].append(event)
    return found


class _Repetition:
    """A position whose fills are applied again, over all of the times that it was opened."""

    def __init__(self, instrument: typing.Any, fills: typing.Iterable[typing.Any]) -> None:
        self._instrument = instrument
        self._position: typing.Any = None
        #: The position events, each with the key of its fill.
        self.events: list[tuple[_Key, Event]] = []
        for fill in fills:
            self._apply(fill)

    def equals(self, position: typing.Any) -> bool:
        """Whether the result is the position of the cache."""
        own = self._position
        return own is not None and (own.signed_decimal_qty(), own.ts_opened) == (position.signed_decimal_qty(), position.ts_opened)

    def _apply(self, fill: typing.Any) -> None:
        """Applies a fill, which is split if it turns the position."""
        own = self._position
        if own is None or own.is_closed:
            self._open(fill)
        elif own.is_opposite_side(fill.order_side) and fill.last_qty > own.quantity:
            closing = Money(fill.commission * (own.quantity / fill.last_qty), fill.commission.currency)
            opening = Money(fill.commission - closing, fill.commission.currency)
            size = Quantity(fill.last_qty - own.quantity, own.size_precision)
            parts = _part(fill, own.quantity, closing), _part(fill, size, opening)
            self._change(parts[0])
            # A new object, as the engine makes one: the parts have the same execution.
            self._position = None
            self._open(parts[1])
        else:
            self._change(fill)

    def _open(self, fill: typing.Any) -> None:
        if self._position is None:
            self._position = Position(self._instrument, fill)
        else:
            self._position.apply(fill)
        self._note(PositionOpened, fill)

    def _change(self, fill: typing.Any) -> None:
        self._position.apply(fill)
        self._note(PositionClosed if self._position.is_closed else PositionChanged, fill)

    def _note(self, kind: typing.Any, fill: typing.Any) -> None:
        event = kind.create(self._position, fill, UUID4(), fill.ts_init)
        self.events.append((_key(fill), kind.to_dict(event)))


def _key(fill: typing.Any) -> _Key:
    return str(fill.client_order_id), str(fill.trade_id)


def _part(fill: typing.Any, quantity: typing.Any, commission: typing.Any) -> typing.Any:
    values = {**OrderFilled.to_dict(fill), "last_qty": str(quantity), "commission": str(commission)}
    return OrderFilled.from_dict(values)
