"""The configuration of an agent. AgentKit for Swift reads the same variables and reports the same errors."""

from __future__ import annotations

import dataclasses
import math
import typing
import urllib.parse

from . import contract
from .signatures import CommandKeys, MissingLibrary


class ConfigurationError(Exception):
    """An invalid configuration. Its text has one line per error: the variable, the value found and the value expected."""


@dataclasses.dataclass
class AgentConfiguration:
    """The configuration of an agent. Durations are in seconds. The constructor does not validate values; `from_environment` does."""

    #: The ID of the instance, 1 to 64 characters. It must stay the same after a restart.
    instance_id: str
    #: The ID of the bot that the instance runs, 1 to 64 characters.
    bot_id: str
    #: The exchange that the bot trades on, 1 to 64 characters.
    exchange: str
    #: The symbol that the bot trades, 1 to 64 characters. It is the default symbol of reports.
    symbol: str
    #: The URL that receives heartbeats and reports, without a slash at the end. If it is None, the dead-man switch is off.
    control_plane_url: str | None = None
    #: The URL that is polled for commands, without a slash at the end. The default is `control_plane_url`.
    pull_url: str | None = None
    #: A local file that contains a JSON array of commands, read instead of polling. `FILE.acks` receives the acknowledgements.
    command_file: str | None = None
    #: LIVE, PAPER, BACKTEST or COLLECTOR. The default is PAPER.
    runtime_mode: str = "PAPER"
    #: The version of the bot's software, 1 to 64 characters. The default is `unknown`.
    version: str = "unknown"
    #: The agent token that the control plane issued to this instance; None if the control plane requires none.
    token: str | None = None
    #: The keys that must have signed commands; None if the agent executes commands without signatures.
    command_keys: CommandKeys | None = None
    #: The interval between heartbeats, with jitter of 10 %. At most half of `deadman_timeout`; the default is 30.
    heartbeat_interval: float = 30
    #: How long the control plane may fail to answer before the dead-man switch acts. The default is 90.
    deadman_timeout: float = 90
    #: The action of the dead-man switch: SAFE_MODE (the default) or FLATTEN. It blocks new orders and calls the handler for that command.
    #: FLATTEN requires a handler.
    deadman_action: str = "SAFE_MODE"
    #: How long the control plane must answer before the agent returns to NORMAL automatically after the dead-man switch stopped it.
    #: If it is None (the default), only a START command ends the stop.
    deadman_resume: float | None = None
    #: How long a handler may run before its command counts as failed. The default is 60.
    command_timeout: float = 60
    #: The directory of the journal and the spool. Each instance uses its own subdirectory. It must survive restarts.
    data_directory: str = ".flotilla-agent"
    #: The maximum size of pending reports, in bytes. The default is 64 MiB. If it is full, the oldest reports except costs and fills are dropped.
    spool_limit: int = 64 << 20

    @property
    def instance_directory(self) -> str:
        """The instance's subdirectory. The ID is percent-encoded, so any ID is a single valid file name."""
        name = "".join(
            chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-_") else f"%{byte:02x}"
            for byte in self.instance_id.encode()
        )
        return f"{self.data_directory}/{name}"

    @staticmethod
    def from_environment(environment: typing.Mapping[str, str]) -> AgentConfiguration:
        """Reads the configuration from environment variables. Empty values count as not set.

        Raises ConfigurationError with all errors, not only the first.
        """
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
        result.command_keys = read.command_keys()
        result.deadman_timeout = read.seconds("DEADMAN_TIMEOUT_SECONDS") or result.deadman_timeout
        result.heartbeat_interval = read.seconds("HEARTBEAT_INTERVAL_SECONDS") or min(30, result.deadman_timeout / 3)
        result.deadman_action = read.choice("DEADMAN_ACTION", ["SAFE_MODE", "FLATTEN"]) or result.deadman_action
        result.deadman_resume = read.seconds("DEADMAN_RESUME_SECONDS")
        result.command_timeout = read.seconds("COMMAND_TIMEOUT_SECONDS") or result.command_timeout
        result.data_directory = read.get("AGENT_DATA_DIR") or result.data_directory
        result.spool_limit = read.megabytes("SPOOL_LIMIT_MB") or result.spool_limit
        if result.heartbeat_interval * 2 > result.deadman_timeout:
            read.errors.append(
                "HEARTBEAT_INTERVAL_SECONDS: must be at most half of DEADMAN_TIMEOUT_SECONDS,"
                " so that one lost heartbeat does not stop the bot"
            )
        if read.errors:
            raise ConfigurationError("\n".join(read.errors))
        return result


class _Reader:
    """Reads environment variables and collects all errors."""

    def __init__(self, environment: typing.Mapping[str, str]) -> None:
        self._environment = environment
        self.errors: list[str] = []

    def get(self, name: str) -> str | None:
        """The value of a variable; None if it is not set or empty."""
        return self._environment.get(name) or None

    def identifier(self, name: str, required: bool = True) -> str | None:
        text = self.get(name)
        if text is None:
            if required:
                self.errors.append(f"{name}: found nothing, expected 1 to 64 characters")
        elif len(text) > 64:
            self.errors.append(f"{name}: found {len(text)} characters, expected 1 to 64")
        return text

    def choice(self, name: str, choices: list[str]) -> str | None:
        text = self.get(name)
        if text is None or text in choices:
            return text
        self.errors.append(f"{name}: found '{text}', expected one of {', '.join(choices)}")
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
        self.errors.append(f"{name}: found '{text}', expected a number of seconds above 0, at most 31536000")
        return None

    def megabytes(self, name: str) -> int | None:
        text = self.get(name)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000:
            return int(text) << 20
        self.errors.append(f"{name}: found '{text}', expected a whole number from 1 to 1000000")
        return None

    def url(self, name: str) -> str | None:
        """An HTTP URL, without slashes at its end."""
        text = self.get(name)
        if text is None:
            return None
        parts = urllib.parse.urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname:
            return text.rstrip("/")
        self.errors.append(f"{name}: found '{text}', expected an http or https URL")
        return None

    def command_keys(self) -> CommandKeys | None:
        """The keys in COMMAND_KEYS, or in the file that COMMAND_KEYS_FILE names."""
        text, path = self.get("COMMAND_KEYS"), self.get("COMMAND_KEYS_FILE")
        if text is not None and path is not None:
            self.errors.append("COMMAND_KEYS_FILE: found beside COMMAND_KEYS, expected only one of them")
            return None
        name = "COMMAND_KEYS"
        if path is not None:
            name = "COMMAND_KEYS_FILE"
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                self.errors.append(f"COMMAND_KEYS_FILE: found no readable file '{path}', expected a file of public keys")
                return None
        if text is None:
            return None
        try:
            return CommandKeys(text)
        except (ValueError, MissingLibrary) as error:
            self.errors.append(f"{name}: {error}")
            return None

    def check_source(self) -> None:
        if self.get("COMMAND_FILE"):
            if self.get("COMMAND_PULL_URL"):
                self.errors.append("COMMAND_FILE: found beside COMMAND_PULL_URL, expected only one of them")
        elif not self.get("CONTROL_PLANE_URL") and not self.get("COMMAND_PULL_URL"):
            self.errors.append("CONTROL_PLANE_URL: found nothing, expected a URL, or COMMAND_FILE to run without a control plane")
