"""Adapters connect bots that were not written for Flotilla. `docs/bots/adapters.md` documents the interface."""

from .adapter import Adapter, BotFailure, BotRefusal, Changes, OpenOrder, OpenTrade, Snapshot, Unsupported
from .identity import Identity
from .sidecar import Sidecar

__all__ = [
    "Adapter",
    "BotFailure",
    "BotRefusal",
    "Changes",
    "Identity",
    "OpenOrder",
    "OpenTrade",
    "Sidecar",
    "Snapshot",
    "Unsupported",
]
