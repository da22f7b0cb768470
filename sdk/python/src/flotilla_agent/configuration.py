"""How an agent is set up. AgentKit in Swift reads the same variables and says the same of wrong values."""

from __future__ import annotations

import dataclasses
import math
import typing
import urllib.parse

from . import contract


class ConfigurationError(Exception):
    """What is wrong with an agent's set-up: one line for each variable."""


@dataclasses.dataclass
class AgentConfiguration:
    """How an agent is set up. Durations are in seconds."""

    #: The running process that reports. It is the same after a restart.
    instance_id: str
    #: The bot that the process runs.
    bot_id: str
    #: The exchange that it trades on.
    exchange: str
    #: What it trades; reports that name no symbol are about this one.
    symbol: str
    #: Where heartbeats and reports go; None for an agent without a control plane, whose dead-man switch is off.
    control_plane_url: str | None = None
    #: Where commands are pulled from; the control plane when left out.
    pull_url: str | None = None
    #: A local file that commands are taken from instead: a JSON list.
    command_file: str | None = None
    #: LIVE, PAPER, BACKTEST or COLLECTOR.
    runtime_mode: str = "PAPER"
    #: The version of the bot's software.
    version: str = "unknown"
    #: The secret that the control plane issued to this instance; None where it asks for none.
    token: str | None = None
    #: Between two heartbeats, give or take a tenth.
    heartbeat_interval: float = 30
    #: For how long the control plane may be silent.
    deadman_timeout: float = 90
    #: What happens then: SAFE_MODE or FLATTEN, which calls the handler of that command.
    deadman_action: str = "SAFE_MODE"
    #: After how long with a control plane that answers the agent goes back to normal by itself, if the dead-man switch stopped it.
    deadman_resume: float | None = None
    #: For how long the handler of a command may work before the command counts as failed.
    command_timeout: float = 60
    #: The folder of the journal and of the reports that wait; each instance has its own inside.
    data_directory: str = ".flotilla-agent"
    #: The most bytes of reports that wait for the control plane.
    spool_limit: int = 64 << 20

    @property
    def instance_directory(self) -> str:
        """The instance's own folder: any id is one name in it."""
        name = "".join(
            chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-_") else f"%{byte:02x}"
            for byte in self.instance_id.encode()
        )
        return f"{self.data_directory}/{name}"

    @staticmethod
    def from_environment(environment: typing.Mapping[str, str]) -> AgentConfiguration:
        """The set-up that the environment describes; everything that is wrong with it is in one ConfigurationError."""
        read = _Reader(environment)
        instance_id = read.identifier("INSTANCE_ID") or ""
        bot_id = read.identifier("BOT_ID") or ""
        exchange = read.identifier("EXCHANGE") or ""
        symbol = read.identifier("SYMBOL") or ""
        result = AgentConfiguration(instance_id, bot_id, exchange, symbol)
        result.version = read.identifier("AGENT_VERSION", required=False) or result.version
        modes = [mode.value for mode in contract.RuntimeMode]
        result.runtime_mode = read.choice("RUNTIME_MODE", modes) or result.runtime_mode
        pull_url = read.url("COMMAND_PULL_URL")
        result.control_plane_url = read.url("CONTROL_PLANE_URL") or pull_url
        result.command_file = read.get("COMMAND_FILE")
        read.check_source()
        if result.command_file is None:
            result.pull_url = pull_url or result.control_plane_url
        result.token = read.get("AGENT_TOKEN")
        result.deadman_timeout = read.seconds("DEADMAN_TIMEOUT_SECONDS") or result.deadman_timeout
        result.heartbeat_interval = read.seconds("HEARTBEAT_INTERVAL_SECONDS") or min(30, result.deadman_timeout / 3)
        result.deadman_action = read.choice("DEADMAN_ACTION", ["SAFE_MODE", "FLATTEN"]) or result.deadman_action
        result.deadman_resume = read.seconds("DEADMAN_RESUME_SECONDS")
        result.command_timeout = read.seconds("COMMAND_TIMEOUT_SECONDS") or result.command_timeout
        result.data_directory = read.get("AGENT_DATA_DIR") or result.data_directory
        result.spool_limit = read.megabytes("SPOOL_LIMIT_MB") or result.spool_limit
        if result.heartbeat_interval * 2 > result.deadman_timeout:
            read.complaints.append(
                "HEARTBEAT_INTERVAL_SECONDS is more than half of DEADMAN_TIMEOUT_SECONDS:"
                " one lost heartbeat would stop the bot"
            )
        if read.complaints:
            raise ConfigurationError("\n".join(read.complaints))
        return result


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: typing.Mapping[str, str]) -> None:
        self._environment = environment
        self.complaints: list[str] = []

    def get(self, name: str) -> str | None:
        """A variable that is set and not empty."""
        return self._environment.get(name) or None

    def identifier(self, name: str, required: bool = True) -> str | None:
        text = self.get(name)
        if text is None:
            if required:
                self.complaints.append(f"{name} is missing")
        elif len(text) > 64:
            self.complaints.append(f"{name} has {len(text)} characters; 1 to 64 were expected")
        return text

    def choice(self, name: str, choices: list[str]) -> str | None:
        text = self.get(name)
        if text is None or text in choices:
            return text
        self.complaints.append(f"{name} is '{text}'; one of {', '.join(choices)} was expected")
        return None

    def seconds(self, name: str) -> float | None:
        text = self.get(name)
        if text is None:
            return None
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if 0 < seconds <= 31_536_000:
            return seconds
        self.complaints.append(f"{name} is '{text}'; a number of seconds above 0 was expected")
        return None

    def megabytes(self, name: str) -> int | None:
        text = self.get(name)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000:
            return int(text) << 20
        self.complaints.append(f"{name} is '{text}'; a whole number from 1 was expected")
        return None

    def url(self, name: str) -> str | None:
        """An HTTP URL without its last slash."""
        text = self.get(name)
        if text is None:
            return None
        parts = urllib.parse.urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname:
            return text.rstrip("/")
        self.complaints.append(f"{name} is '{text}'; an http or https URL was expected")
        return None

    def check_source(self) -> None:
        if self.get("COMMAND_FILE"):
            if self.get("COMMAND_PULL_URL"):
                self.complaints.append("COMMAND_FILE and COMMAND_PULL_URL are both set; one of them was expected")
        elif not self.get("CONTROL_PLANE_URL") and not self.get("COMMAND_PULL_URL"):
            self.complaints.append("CONTROL_PLANE_URL is missing, and COMMAND_FILE, which does without one, is too")
