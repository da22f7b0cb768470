"""Flotilla's order gate inside of a freqtrade bot.

    from flotilla_agent.adapters.freqtrade_strategy import FlotillaMixin

    class MyGatedStrategy(FlotillaMixin, MyStrategy):
        pass

The bot's own process has an agent then, so the dead-man switch works even if the bot's API hangs or the sidecar is gone. The agent gets the
usual variables. It reports no trades: that is the sidecar's work.
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import hashlib
import importlib
import os
import threading
import time
import typing

from .. import contract
from ..agent import Agent
from ..command import AgentCommand
from ..processor import CommandFailure
from .identity import Identity

if typing.TYPE_CHECKING:

    class _Strategy:
        """The members of freqtrade's IStrategy that the mixin uses."""

        config: dict[str, typing.Any]
        dp: typing.Any
        __source__: str

        def get_strategy_name(self) -> str: ...
        def version(self) -> str | None: ...
        def bot_start(self, **kwargs: typing.Any) -> None: ...
        def bot_loop_start(self, current_time: datetime.datetime, **kwargs: typing.Any) -> None: ...
        def confirm_trade_entry(self, *args: typing.Any, **kwargs: typing.Any) -> bool: ...
        def custom_exit(self, *args: typing.Any, **kwargs: typing.Any) -> str | bool | None: ...
        def check_entry_timeout(self, *args: typing.Any, **kwargs: typing.Any) -> bool: ...
        def adjust_trade_position(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any: ...
        def adjust_entry_price(self, *args: typing.Any, **kwargs: typing.Any) -> float | None: ...

else:
    _Strategy = object


@dataclasses.dataclass(frozen=True)
class _Round:
    """An iteration of the bot's loop."""

    number: int
    time: float
    #: The ids of the trades that were open at its start.
    trades: tuple[str, ...]


class _Gate:
    """The agent of this process, and what the bot's thread and the agent's threads share. It survives a reload of the strategy."""

    #: The margin of FLATTEN before the agent's time limit, in seconds.
    MARGIN = 3.0

    def __init__(self, agent: Agent, stall: float) -> None:
        """`stall` is how long the bot's loop may take before the bot is UNRESPONSIVE, in seconds."""
        self.agent = agent
        self._stall = stall
        self._changed = threading.Condition()
        self._round = _Round(0, time.monotonic(), ())
        #: Whether all trades must be closed.
        self.is_flattening = False
        self._is_started = False
        agent.on("FLATTEN", self._flatten)

    def start(self) -> None:
        """Starts the agent, once per process."""
        if not self._is_started:
            self._is_started = True
            self.agent.start()
            atexit.register(self.agent.stop)
            threading.Thread(target=self._watch, daemon=True, name="flotilla-stall").start()

    def loop(self, trades: tuple[str, ...]) -> None:
        """Records that an iteration of the bot's loop starts, with these open trades."""
        with self._changed:
            self._round = _Round(self._round.number + 1, time.monotonic(), trades)
            self._changed.notify_all()
        self.agent.report_bot(None)

    def _flatten(self, command: AgentCommand) -> dict[str, typing.Any]:
        """Lets the strategy exit all trades, and waits for an iteration that starts without one."""
        end = time.monotonic() + self.agent.configuration.command_timeout - self.MARGIN
        with self._changed:
            self.is_flattening = True
            first = before = self._round
            try:
                # The iteration that is running now may have asked the gate already; the one after it saw the gate closed.
                while self._round.number < first.number + 2 or self._round.trades:
                    if not self._changed.wait(end - time.monotonic()):
                        evidence = {"open_trades": list(self._round.trades), "iterations": self._round.number - first.number}
                        raise CommandFailure("NOT_OBSERVED: no trade is open", evidence)
                    before = before if before.trades else self._round
            finally:
                self.is_flattening = False
            return {"open_trades": [], "closed": list(before.trades), "iterations": self._round.number - first.number}

    def _watch(self) -> None:
        """Reports the bot as UNRESPONSIVE while its loop does not come back."""
        while True:
            time.sleep(1)
            if time.monotonic() - self._round.time > self._stall:
                self.agent.report_bot(f"no iteration of the bot's loop has started for {self._stall:g} seconds")


#: The gate of this process. freqtrade creates a new strategy at each reload of its configuration.
_gate: _Gate | None = None


def _open_gate(exchange: str) -> _Gate:
    global _gate
    if _gate is None:
        variables = {"EXCHANGE": exchange, "SYMBOL": "unknown", **os.environ}
        variables.setdefault("BOT_ID", variables.get("INSTANCE_ID", ""))
        _gate = _Gate(Agent.from_environment(variables), float(os.environ.get("FREQTRADE_STALL_SECONDS", "120")))
    return _gate


class FlotillaMixin(_Strategy):
    """Puts the order gate into a strategy. Name it before the strategy in the list of base classes.

    Entries, additions to positions and new prices of entries need the agent's permission. FLATTEN exits every trade with the reason
    `flotilla_flatten`. Exits are never blocked. Backtests and hyperopt have no agent and no gate.
    """

    _flotilla: _Gate | None = None

    def bot_start(self, **kwargs: typing.Any) -> None:
        super().bot_start(**kwargs)
        if str(getattr(self.config["runmode"], "value", self.config["runmode"])) not in ("live", "dry_run"):
            return
        self._flotilla = _open_gate(str(self.config["exchange"]["name"]))
        self._describe()
        self._flotilla.start()

    def bot_loop_start(self, current_time: datetime.datetime, **kwargs: typing.Any) -> None:
        if self._flotilla is not None:
            persistence = importlib.import_module("freqtrade.persistence")
            self._flotilla.loop(tuple(str(trade.id) for trade in persistence.Trade.get_open_trades()))
        super().bot_loop_start(current_time, **kwargs)

    def confirm_trade_entry(self, *args: typing.Any, **kwargs: typing.Any) -> bool:
        return self._permits_entries() and super().confirm_trade_entry(*args, **kwargs)

    def adjust_trade_position(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        adjustment = super().adjust_trade_position(*args, **kwargs)
        stake = adjustment[0] if isinstance(adjustment, tuple) else adjustment
        return None if stake is not None and stake > 0 and not self._permits_entries() else adjustment

    def adjust_entry_price(self, *args: typing.Any, **kwargs: typing.Any) -> float | None:
        if self._permits_entries():
            return super().adjust_entry_price(*args, **kwargs)
        return typing.cast(float, kwargs["current_order_rate"])

    def custom_exit(self, *args: typing.Any, **kwargs: typing.Any) -> str | bool | None:
        if self._flotilla is not None and self._flotilla.is_flattening:
            return "flotilla_flatten"
        return super().custom_exit(*args, **kwargs)

    def check_entry_timeout(self, *args: typing.Any, **kwargs: typing.Any) -> bool:
        if self._flotilla is not None and self._flotilla.is_flattening:
            return True
        return super().check_entry_timeout(*args, **kwargs)

    def _permits_entries(self) -> bool:
        return self._flotilla is None or self._flotilla.agent.permits_orders

    def _describe(self) -> None:
        """Lets the heartbeats report what the bot is."""
        assert self._flotilla is not None  # bot_start has just set it
        exchange = str(self.config["exchange"]["name"])
        mode = "PAPER" if self.config["dry_run"] else "LIVE"
        account = contract.Account(exchange, os.environ.get("ACCOUNT_ID", "default"), contract.RuntimeMode(mode))
        pairs = sorted(self.config["exchange"].get("pair_whitelist") or [])
        Identity(
            exchange=exchange,
            symbol=pairs[0] if len(pairs) == 1 else f"*/{self.config['stake_currency']}",
            runtime_mode=mode,
            version=str(importlib.import_module("freqtrade").__version__)[:64],
            software="freqtrade",
            strategy_name=self.get_strategy_name()[:64],
            strategy_version=self.version(),
            strategy_hash=hashlib.sha256(self.__source__.encode()).hexdigest() if getattr(self, "__source__", "") else None,
            symbols=tuple(pairs[:500]),
            accounts=(account,),
        ).apply(self._flotilla.agent)
