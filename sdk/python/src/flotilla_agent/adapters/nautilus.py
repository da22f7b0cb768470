"""Connects a NautilusTrader node to its Flotilla control plane, from the inside.

    from flotilla_agent.adapters.nautilus import FlotillaActor

    FlotillaActor.join(node)
    node.run()

Call `join` before `node.run`. The actor reports what the node does, applies the control plane's commands, and checks every order. The agent
gets the usual environment variables; a `FlotillaActorConfig` replaces them.
"""

from __future__ import annotations

import os
import typing

from ..configuration import AgentConfiguration
from .nautilus_gate import OrderGate
from .nautilus_node import NodeAdapter
from .sidecar import Attachment

if typing.TYPE_CHECKING:

    class _Actor:
        """The members of NautilusTrader's Actor that are used here."""

        config: typing.Any

        def __init__(self, config: typing.Any = None) -> None: ...

    class _ActorConfig:
        """A base class of configurations: frozen, with keyword arguments."""

        def __init_subclass__(cls, **kwargs: typing.Any) -> None: ...

        def __init__(self, **kwargs: typing.Any) -> None: ...

else:
    from nautilus_trader.common.actor import Actor as _Actor
    from nautilus_trader.config import ActorConfig as _ActorConfig


class FlotillaActorConfig(_ActorConfig, kw_only=True, frozen=True):
    """The configuration of the actor. Members that are None come from the agent's environment variables."""

    #: INSTANCE_ID; the default is the node's trader id.
    instance_id: typing.Optional[str] = None
    #: BOT_ID; the default is the instance's id.
    bot_id: typing.Optional[str] = None
    #: CONTROL_PLANE_URL.
    control_plane_url: typing.Optional[str] = None
    #: AGENT_DATA_DIR: keep it across restarts.
    data_directory: typing.Optional[str] = None
    #: RUNTIME_MODE; the default is PAPER if all execution clients are sandboxes, and LIVE otherwise.
    runtime_mode: typing.Optional[str] = None
    #: HEARTBEAT_INTERVAL_SECONDS.
    heartbeat_interval: typing.Optional[float] = None
    #: DEADMAN_TIMEOUT_SECONDS.
    deadman_timeout: typing.Optional[float] = None
    #: DEADMAN_ACTION: SAFE_MODE or FLATTEN.
    deadman_action: typing.Optional[str] = None
    #: COMMAND_TIMEOUT_SECONDS.
    command_timeout: typing.Optional[float] = None
    #: Whether the orders that close positions are marked as reduce-only.
    close_reduce_only: bool = True


#: The variables of the agent by the member of the configuration that replaces them.
_VARIABLES = {
    "instance_id": "INSTANCE_ID",
    "bot_id": "BOT_ID",
    "control_plane_url": "CONTROL_PLANE_URL",
    "data_directory": "AGENT_DATA_DIR",
    "runtime_mode": "RUNTIME_MODE",
    "heartbeat_interval": "HEARTBEAT_INTERVAL_SECONDS",
    "deadman_timeout": "DEADMAN_TIMEOUT_SECONDS",
    "deadman_action": "DEADMAN_ACTION",
    "command_timeout": "COMMAND_TIMEOUT_SECONDS",
}


class FlotillaActor(_Actor):
    """Connects the node that it was added to with `join`."""

    def __init__(self, config: FlotillaActorConfig | None = None) -> None:
        super().__init__(config or FlotillaActorConfig())
        self._flotilla_kernel: typing.Any = None
        self._flotilla_configuration: AgentConfiguration | None = None
        self._flotilla_adapter: NodeAdapter | None = None
        self._flotilla_attachment: Attachment | None = None

    @staticmethod
    def join(node: typing.Any, config: FlotillaActorConfig | None = None) -> FlotillaActor:
        """Adds the actor to a TradingNode that does not run yet. Raises ConfigurationError for an invalid configuration."""
        actor = FlotillaActor(config)
        settings, kernel = actor.config, node.kernel
        environment = dict(os.environ)
        environment |= {
            variable: str(value) for member, variable in _VARIABLES.items() if (value := getattr(settings, member)) is not None
        }
        environment["INSTANCE_ID"] = environment.get("INSTANCE_ID") or str(kernel.trader_id)
        environment["BOT_ID"] = environment.get("BOT_ID") or environment["INSTANCE_ID"]
        runtime_mode = environment.get("RUNTIME_MODE") or None
        # The node names its venues and its symbols.
        environment |= {"EXCHANGE": "unknown", "SYMBOL": "unknown", "AGENT_VERSION": ""}
        actor._flotilla_configuration = AgentConfiguration.from_environment(environment)
        actor._flotilla_kernel = kernel
        actor._flotilla_adapter = NodeAdapter(kernel, runtime_mode, settings.close_reduce_only)
        node.trader.add_actor(actor)
        return actor

    def on_start(self) -> None:
        """Opens the journal, puts the gate before the execution engine and starts the agent. If that fails, the node does not start."""
        if self._flotilla_adapter is None or self._flotilla_configuration is None:
            raise RuntimeError("the actor was not added with FlotillaActor.join(node)")
        if self._flotilla_attachment is not None:
            return
        attachment = Attachment(self._flotilla_configuration, self._flotilla_adapter)
        gate = OrderGate(self._flotilla_kernel, attachment.agent)
        gate.install()
        self._flotilla_adapter.attach(gate)
        self._flotilla_attachment = attachment
        if not attachment.agent.permits_orders:
            gate.set_trading_state("REDUCING" if attachment.agent.state == "REDUCE_ONLY" else "HALTED")
        attachment.start()

    def on_resume(self) -> None:
        """Nothing: the agent was not stopped."""

    def on_stop(self) -> None:
        """Reports what has happened. The agent works until the node is disposed, because orders may still be filled until then."""
        if self._flotilla_adapter is not None:
            self._flotilla_adapter.hurry()

    def on_dispose(self) -> None:
        """Sends the last reports and reports STOPPED."""
        if self._flotilla_attachment is not None:
            self._flotilla_attachment.stop(is_bot_stopped=True)
            self._flotilla_attachment = None
