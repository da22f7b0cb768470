"""The effects of commands in a NautilusTrader node."""

from __future__ import annotations

import typing

from .nautilus_gate import OrderGate

if typing.TYPE_CHECKING:
    CancelOrder: typing.Any
    SubmitOrder: typing.Any
    UUID4: typing.Any
    OrderFactory: typing.Any
    ClientOrderId: typing.Any
    PositionId: typing.Any
else:
    from nautilus_trader.common.factories import OrderFactory
    from nautilus_trader.core.uuid import UUID4
    from nautilus_trader.execution.messages import CancelOrder, SubmitOrder
    from nautilus_trader.model.identifiers import ClientOrderId, PositionId


class NodeEffects:
    """Changes what a node does. All methods belong to the thread of the event loop."""

    def __init__(self, kernel: typing.Any, gate: OrderGate, is_close_reduce_only: bool) -> None:
        self._kernel = kernel
        #: The gate before the execution engine.
        self.gate = gate
        self._is_close_reduce_only = is_close_reduce_only

    @property
    def strategies(self) -> list[typing.Any]:
        """The node's strategies."""
        return list(self._kernel.trader.strategies())

    def open_orders(self) -> list[typing.Any]:
        """The orders that can still be filled, also those in a queue of the node, in the emulator or in an algorithm."""
        cache = self._kernel.cache
        orders = [*cache.orders_open(), *cache.orders_inflight(), *cache.orders_emulated(), *self.gate.passed]
        for algorithm_id in self._kernel.trader.exec_algorithm_ids():
            orders += [order for order in cache.orders_for_exec_algorithm(algorithm_id) if not order.is_closed]
        return list({order.client_order_id: order for order in orders}.values())

    def set_trading_state(self, state: str) -> None:
        """ACTIVE, REDUCING or HALTED."""
        self.gate.set_trading_state(state)

    def resume(self) -> None:
        """Permits entries, and resumes the strategies that were stopped."""
        self.set_trading_state("ACTIVE")
        for strategy in self.strategies:
            if strategy.is_stopped:
                strategy.resume()

    def stop(self) -> None:
        """Stops the strategies. The node continues."""
        self.set_trading_state("HALTED")
        for strategy in self.strategies:
            if strategy.is_running:
                self._kernel.trader.stop_strategy(strategy.id)

    def cancel(self, order_ids: list[str]) -> None:
        """Cancels orders through their strategies, and those of unknown strategies directly."""
        strategies = {strategy.id: strategy for strategy in self.strategies}
        for order_id in order_ids:
            order = self._kernel.cache.order(ClientOrderId(order_id))
            if order is None or order.is_closed or order.is_pending_cancel:
                continue
            if (strategy := strategies.get(order.strategy_id)) is not None:
                strategy.cancel_order(order)
                continue
            command = CancelOrder(
                order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, order.venue_order_id, UUID4(),
                self._kernel.clock.timestamp_ns(), self._kernel.cache.client_id(order.client_order_id),
            )
            self._kernel.msgbus.send("ExecEngine.execute", command)

    def close(self, position_ids: list[str]) -> list[str]:
        """Cancels all orders except those that close positions, and closes positions. Returns why earlier closing orders ended."""
        closing = {order.client_order_id for order in self.gate.closing.values()}
        self.cancel([str(order.client_order_id) for order in self.open_orders() if order.client_order_id not in closing])
        refusals = []
        for position_id in position_ids:
            position = self._kernel.cache.position(PositionId(position_id))
            earlier = self.gate.closing.pop(position_id, None)
            if earlier is not None and not earlier.is_closed:
                self.gate.closing[position_id] = earlier
                continue
            if position is None or position.is_closed:
                continue
            if earlier is not None and hasattr(earlier.last_event, "reason"):
                refusals.append(f"position {position_id}: {earlier.last_event.reason}")
            self._close_position(position)
        return refusals

    def _close_position(self, position: typing.Any) -> None:
        kernel = self._kernel
        factories = {strategy.id: strategy.order_factory for strategy in self.strategies}
        # Positions from the venue may belong to no strategy of this node.
        factory = factories.get(position.strategy_id) or OrderFactory(
            kernel.trader_id, position.strategy_id, kernel.clock, cache=kernel.cache, use_uuid_client_order_ids=True
        )
        order = factory.market(
            position.instrument_id, position.closing_order_side(), position.quantity,
            reduce_only=self._is_close_reduce_only, tags=["FLOTILLA"],
        )
        self.gate.closing[str(position.id)] = order
        kernel.msgbus.publish(f"events.order.{position.strategy_id}", order.init_event)
        kernel.cache.add_order(order, position.id)
        now = kernel.clock.timestamp_ns()
        command = SubmitOrder(kernel.trader_id, position.strategy_id, order, UUID4(), now, position.id)
        # Past the risk engine, which denies every order while it is HALTED.
        kernel.msgbus.send("ExecEngine.execute", command)
