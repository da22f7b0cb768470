"""The identity of a NautilusTrader node."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import typing

from .. import contract
from .identity import Identity
from .nautilus_events import instrument
from .values import printable


def node_identity(kernel: typing.Any, runtime_mode: str | None) -> Identity:
    """The identity of a node. It belongs to the thread of the event loop."""
    strategies = list(kernel.trader.strategies())
    accounts = kernel.cache.accounts()
    clients = getattr(getattr(kernel, "_config", None), "exec_clients", None) or {}
    is_sandbox = bool(clients) and all("Sandbox" in type(client).__name__ for client in clients.values())
    mode = runtime_mode or ("PAPER" if is_sandbox else "LIVE")
    traded = [*_configured_instruments(strategies), *(order.instrument_id for order in kernel.cache.orders_open())]
    traded += [position.instrument_id for position in kernel.cache.positions()]
    symbols = sorted({instrument(instrument_id)[0] for instrument_id in traded})
    venues = sorted({str(account.id.get_issuer()) for account in accounts})
    names = ",".join(str(strategy.id) for strategy in strategies)
    versions = {str(getattr(strategy, "__version__", "")) for strategy in strategies} - {""}
    return Identity(
        exchange=printable(venues[0] if venues else None, 64),
        symbol=symbols[0] if len(symbols) == 1 else printable(f"{len(symbols)} symbols", 64) if symbols else None,
        runtime_mode=mode,
        version=str(importlib.import_module("nautilus_trader").__version__)[:64],
        software="nautilus_trader",
        strategy_name=printable(names, 64),
        strategy_version=printable(",".join(sorted(versions)), 64),
        strategy_hash=_source_hash(strategies),
        symbols=tuple(symbols[:500]),
        accounts=tuple(
            contract.Account(str(account.id.get_issuer())[:64], str(account.id)[:64], contract.RuntimeMode(mode))
            for account in accounts[:32]
        ),
    )


def _configured_instruments(strategies: list[typing.Any]) -> list[typing.Any]:
    """The instruments that strategies name in their configuration."""
    found: list[typing.Any] = []
    for strategy in strategies:
        one, many = (getattr(strategy.config, name, None) for name in ("instrument_id", "instrument_ids"))
        found += [one] if one is not None else []
        found += list(many) if isinstance(many, (list, tuple, set, frozenset)) else []
    return found


def _source_hash(strategies: list[typing.Any]) -> str | None:
    """The SHA-256 of the source of the strategies' classes; None if it cannot be read."""
    try:
        sources = sorted({inspect.getsource(type(strategy)) for strategy in strategies})
    except (OSError, TypeError):
        return None
    return hashlib.sha256("\n".join(sources).encode()).hexdigest() if sources else None
