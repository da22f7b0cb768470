"""The order gate inside of a NautilusTrader node."""

from __future__ import annotations

import functools
import typing

from ..agent import Agent

# The package is installed in the node's environment only.
if typing.TYPE_CHECKING:
    ModifyOrder: typing.Any
    SubmitOrder: typing.Any
    SubmitOrderList: typing.Any
    OrderDenied: typing.Any
    OrderModifyRejected: typing.Any
    TradingState: typing.Any
    UUID4: typing.Any
    OrderSide: typing.Any
    OrderStatus: typing.Any
else:
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.execution.messages import ModifyOrder, SubmitOrder, SubmitOrderList
    from nautilus_trader.model.enums import OrderSide, OrderStatus, TradingState
    from nautilus_trader.model.events import OrderDenied, OrderModifyRejected

#: The states of an order that no execution client has yet.
_UNSENT = (OrderStatus.INITIALIZED, OrderStatus.RELEASED)


class OrderGate:
    """Checks every order on its way to the execution engine and to the order emulator.

    The risk engine's trading state alone is not enough. Emulated orders do not pass the risk engine, REDUCING permits entries while the
    position is flat and orders that turn a position, and the agent's lease can expire before the state is set. All methods belong to the
    thread of the node's event loop. Handlers do not raise, because the node ends its process if the queue of an engine fails.
    """

    def __init__(self, kernel: typing.Any, agent: Agent) -> None:
        self._kernel = kernel
        self._agent = agent
        #: Orders that close positions for FLATTEN, by position id. They pass in every state.
        self.closing: dict[str, typing.Any] = {}
        #: Orders that passed, until the execution client has them.
        self._passed: dict[str, typing.Any] = {}

    def install(self) -> None:
        """Puts the gate before the execution engine and the order emulator."""
        bus = self._kernel.msgbus
        for endpoint, target in (("ExecEngine.execute", self._kernel.exec_engine), ("OrderEmulator.execute", self._kernel.emulator)):
            bus.deregister(endpoint, target.execute)
            bus.register(endpoint, functools.partial(self._execute, target))

    @property
    def trading_state(self) -> str:
        """ACTIVE, REDUCING or HALTED, as the risk engine has it."""
        return str(TradingState(self._kernel.risk_engine.trading_state).name)

    def set_trading_state(self, state: str) -> None:
        """Sets the state of the risk engine."""
        if self.trading_state != state:
            self._kernel.risk_engine.set_trading_state(TradingState[state])

    @property
    def passed(self) -> list[typing.Any]:
        """Orders that passed and are still in a queue of the node."""
        self._passed = {key: order for key, order in self._passed.items() if order.status in _UNSENT}
        return list(self._passed.values())

    @property
    def _mode(self) -> str:
        """The more restrictive of the risk engine's state and the agent's."""
        state = self.trading_state
        if self._agent.permits_orders or state == "HALTED":
            return state
        return "REDUCING" if self._agent.state == "REDUCE_ONLY" else "HALTED"

    def _execute(self, target: typing.Any, command: typing.Any) -> None:
        if isinstance(command, (SubmitOrder, SubmitOrderList, ModifyOrder)):
            try:
                reason = self._refusal(command)
                if reason is not None:
                    self._deny(command, reason)
                    return
                if target is self._kernel.exec_engine and not isinstance(command, ModifyOrder):
                    self._passed |= {order.client_order_id.value: order for order in _orders(command)}
            except Exception as error:
                self._kernel.logger.error(f"Flotilla's order gate failed, so the order is dropped: {error!r}")
                return
        target.execute(command)

    def _refusal(self, command: typing.Any) -> str | None:
        mode = self._mode
        if mode == "ACTIVE":
            return None
        if isinstance(command, ModifyOrder):
            order = self._kernel.cache.order(command.client_order_id)
            is_larger = order is None or (command.quantity is not None and command.quantity > order.quantity)
            return f"FLOTILLA {mode}" if mode == "HALTED" or is_larger else None
        for order in _orders(command):
            if self._is_closing(order):
                continue
            if mode == "HALTED" or not self._reduces(order, command.position_id):
                return f"FLOTILLA {mode}"
        return None

    def _is_closing(self, order: typing.Any) -> bool:
        return any(closing.client_order_id == order.client_order_id for closing in self.closing.values())

    def _reduces(self, order: typing.Any, position_id: typing.Any) -> bool:
        """Whether an order is at most as large as the position on the other side."""
        position = self._kernel.cache.position(position_id) if position_id is not None else None
        net = position.signed_decimal_qty() if position is not None else self._kernel.portfolio.net_position(order.instrument_id)
        is_opposite = net > 0 if order.side == OrderSide.SELL else net < 0
        return bool(is_opposite and order.quantity.as_decimal() <= abs(net))

    def _deny(self, command: typing.Any, reason: str) -> None:
        now = self._kernel.clock.timestamp_ns()
        if isinstance(command, ModifyOrder):
            order = self._kernel.cache.order(command.client_order_id)
            if order is not None:
                self._process(
                    OrderModifyRejected(
                        order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, order.venue_order_id,
                        order.account_id, reason, UUID4(), now, now,
                    )
                )
            return
        for order in _orders(command):
            if not self._kernel.cache.order_exists(order.client_order_id):
                self._kernel.cache.add_order(order)
            if order.status in _UNSENT:
                self._process(
                    OrderDenied(
                        order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, reason, UUID4(), now
                    )
                )

    def _process(self, event: typing.Any) -> None:
        self._kernel.msgbus.send("ExecEngine.process", event)


def _orders(command: typing.Any) -> list[typing.Any]:
    return list(command.order_list.orders) if isinstance(command, SubmitOrderList) else [command.order]
