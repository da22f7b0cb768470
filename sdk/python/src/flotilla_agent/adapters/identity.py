"""The identity of a bot, as its adapter asks for it."""

from __future__ import annotations

import dataclasses
import typing

from .. import contract
from ..agent import Agent, Profile


@dataclasses.dataclass(frozen=True)
class Identity:
    """The identity of a bot. Heartbeats report it. Members that are None are not reported, or come from the agent's configuration."""

    #: The main exchange; None for the configured one.
    exchange: str | None = None
    #: The main symbol; None for the configured one.
    symbol: str | None = None
    #: LIVE, PAPER, BACKTEST or COLLECTOR; None for the configured mode.
    runtime_mode: str | None = None
    #: The version of the bot's software; None for the configured one.
    version: str | None = None
    #: The bot's software, such as `freqtrade`.
    software: str | None = None
    strategy_name: str | None = None
    #: The version of the strategy, in the strategy's words.
    strategy_version: str | None = None
    #: SHA-1, SHA-256 or SHA-512 of the strategy's source, in hexadecimal.
    strategy_hash: str | None = None
    #: The address of the bot's own user interface.
    ui_url: str | None = None
    #: All symbols that the bot trades.
    symbols: tuple[str, ...] = ()
    #: The accounts that the bot trades on.
    accounts: tuple[contract.Account, ...] = ()

    def to_json(self) -> dict[str, typing.Any]:
        """The identity as JSON, without the members that are not set."""
        members = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        body = {name: value for name, value in members.items() if value}
        if self.accounts:
            body["accounts"] = [account.to_json() for account in self.accounts]
        return body

    @staticmethod
    def from_json(body: dict[str, typing.Any]) -> Identity:
        """Decodes the result of `to_json`; raises KeyError, TypeError or ValueError."""
        members = dict(body)
        members["symbols"] = tuple(members.get("symbols", ()))
        members["accounts"] = tuple(contract.Account.from_json(account) for account in members.get("accounts", ()))
        return Identity(**members)

    def apply(self, agent: Agent) -> None:
        """Lets all following heartbeats of an agent report this identity."""
        agent.configuration = dataclasses.replace(
            agent.configuration,
            exchange=self.exchange or agent.configuration.exchange,
            symbol=self.symbol or agent.configuration.symbol,
            runtime_mode=self.runtime_mode or agent.configuration.runtime_mode,
            version=self.version or agent.configuration.version,
        )
        agent.profile = Profile(
            software=self.software,
            strategy_name=self.strategy_name,
            strategy_version=self.strategy_version,
            strategy_hash=self.strategy_hash,
            ui_url=self.ui_url,
            symbols=list(self.symbols) or None,
            accounts=list(self.accounts) or None,
        )
