"""Calls hummingbot's MQTT bridge."""

from __future__ import annotations

import time
import typing

from ..files import decode, encode
from .adapter import BotFailure
from .hummingbot_events import SHAPE
from .hummingbot_listener import Listener
from .mqtt import Calls
from .values import exact

_JSON = typing.Dict[str, typing.Any]


class Bridge:
    """Calls the bridge of one bot, and waits for the answers."""

    #: The longest silence of a bot that works, in seconds. Its heartbeats come every 10 seconds.
    SILENCE = 25.0
    #: How long the bridge may take to answer, in seconds.
    PATIENCE = 4.0
    #: How long a bot that is silent may take to answer, in seconds.
    SILENT_PATIENCE = 2.0

    def __init__(self, prefix: str, calls: Calls, listener: Listener) -> None:
        self._prefix = prefix
        self._calls = calls
        self._listener = listener

    def question(self, name: str, data: _JSON, patience: float | None = None) -> _JSON:
        """The `data` of the bridge's answer; raises BotFailure."""
        is_silent = time.monotonic() - self._listener.heard_at > self.SILENCE
        patience = self.SILENT_PATIENCE if is_silent else patience or self.PATIENCE
        payload = self._calls.call(name, lambda reply: encode({"header": {"reply_to": reply}, "data": data}), patience)
        if payload is None:
            silence = time.monotonic() - self._listener.heard_at
            if silence > 1e8:
                raise BotFailure(f"SILENT: nothing was heard on {self._prefix} yet, and `{name}` has no answer")
            if silence > self.SILENCE:
                raise BotFailure(f"SILENT: nothing was heard on {self._prefix} for {silence:.0f} seconds, and `{name}` has no answer")
            raise BotFailure(
                f"NO_ANSWER: `{name}` has no answer after {patience:g} seconds; the last message came {silence:.0f} seconds ago"
            )
        try:
            answer = decode(payload)["data"]
            if not isinstance(answer, dict):
                raise TypeError(f"found {answer!r:.100}, expected an object")
            return answer
        except SHAPE as error:
            raise BotFailure(f"NONSENSE: the answer to `{name}` was not understood: {error!r}: {payload!r:.200}") from None

    def call(self, name: str, data: _JSON) -> tuple[int, str]:
        """The status and the text of the bridge's answer; raises BotFailure."""
        answer = self.question(name, data)
        try:
            return int(exact(answer["status"])), str(answer.get("msg") or "")
        except SHAPE as error:
            raise BotFailure(f"NONSENSE: the answer to `{name}` was not understood: {error!r}") from None
