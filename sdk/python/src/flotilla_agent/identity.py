"""The identity of a bot, as heartbeats report it."""

from __future__ import annotations

import dataclasses
import typing

from . import contract


@dataclasses.dataclass(frozen=True)
class Identity:
    """What an agent knows about its bot while the bot runs. Heartbeats report it; a member that is None is not reported, or comes from the
    configuration."""

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

    def describe(self, heartbeat: contract.Heartbeat) -> contract.Heartbeat:
        """The heartbeat with this identity."""
        return dataclasses.replace(
            heartbeat,
            exchange=self.exchange or heartbeat.exchange,
            symbol=self.symbol or heartbeat.symbol,
            runtime_mode=contract.RuntimeMode(self.runtime_mode) if self.runtime_mode else heartbeat.runtime_mode,
            version=self.version or heartbeat.version,
            software=self.software,
            strategy_name=self.strategy_name,
            strategy_version=self.strategy_version,
            strategy_hash=self.strategy_hash,
            ui_url=self.ui_url,
            symbols=list(self.symbols) or None,
            accounts=list(self.accounts) or None,
        )
