"""The log of a freqtrade bot, which its API shows."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from .adapter import BotFailure, BotRefusal
from .freqtrade_api import FreqtradeAPI, Reading
from .values import exact

#: The levels that are reported.
_LEVELS = ("WARNING", "ERROR", "CRITICAL")


@dataclasses.dataclass(frozen=True)
class LogLine:
    """A line of the bot's log."""

    #: In milliseconds.
    time: Decimal
    logger: str
    level: str
    message: str

    @property
    def is_warning(self) -> bool:
        """Whether it is a warning or an error."""
        return self.level in _LEVELS


def read_log(api: FreqtradeAPI, limit: int | None = None) -> list[LogLine]:
    """The newest lines, oldest first; without a limit all that the bot keeps. Raises BotFailure and BotRefusal."""
    answer = api.get(f"/logs?limit={limit}" if limit else "/logs")
    with Reading("GET /logs"):
        return [LogLine(exact(time), str(logger), str(level), str(message)) for _, time, logger, level, message in answer["logs"]]


def warnings_since(api: FreqtradeAPI, milliseconds: int) -> list[LogLine]:
    """The newest warnings and errors from that moment on; none if the bot does not answer, because they only explain another failure."""
    try:
        return [line for line in read_log(api, limit=20) if line.is_warning and line.time >= milliseconds]
    except (BotFailure, BotRefusal):
        return []
