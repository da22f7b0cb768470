"""Connects bots that run in other processes: one agent per bot, any number of bots in one process."""

from __future__ import annotations

import collections.abc
import dataclasses
import logging
import threading
import typing

from ..agent import Agent
from ..clock import Clock
from ..configuration import AgentConfiguration
from ..control_plane import CallFailure
from ..files import decode, encode, read, replace
from ..processor import CommandFailure
from ..telemetry import ContractReport
from .adapter import Adapter, BotFailure, BotRefusal, Snapshot
from .books import book_report, evidence
from .effects import Effects
from .identity import Identity


@dataclasses.dataclass
class _Memory:
    """The part that survives a restart of the sidecar. Without it everything is reported again."""

    cursor: str = ""
    identity: Identity = dataclasses.field(default_factory=Identity)

    @staticmethod
    def load(path: str) -> _Memory:
        try:
            body = decode(read(path) or b"{}")
            return _Memory(body.get("cursor", ""), Identity.from_json(body.get("identity", {})))
        except (ValueError, KeyError, TypeError, AttributeError):
            return _Memory()

    def save(self, path: str) -> None:
        replace(path, encode({"cursor": self.cursor, "identity": self.identity.to_json()}), is_durable=False)


class Attachment:
    """A bot, its adapter and its agent.

    It polls the bot, passes its reports to the agent, and keeps its entries paused while the agent permits no orders. A bot that gives no
    usable answer is reported as UNRESPONSIVE, with the reason in the heartbeat's metadata.
    """

    #: The pause between two polls, in seconds. A bot that can be listened to is polled as soon as it has changes.
    INTERVAL = 2.0
    #: The pause between two questions for the bot's identity, in seconds.
    IDENTITY_INTERVAL = 60.0

    def __init__(self, configuration: AgentConfiguration, adapter: Adapter, clock: Clock | None = None) -> None:
        """Opens the agent's journal. Raises the errors of `Agent`."""
        self._adapter = adapter
        self._clock = clock or Clock()
        self._logger = logging.getLogger(f"flotilla.agent.{configuration.instance_id}")
        #: The agent of the bot.
        self.agent = Agent(configuration, clock=self._clock, logger=self._logger)
        self._path = f"{configuration.instance_directory}/bot.json"
        self._memory = _Memory.load(self._path)
        self._memory.identity.apply(self.agent)
        self._effects = Effects(adapter, configuration.command_timeout, self._synchronize)
        for command_type, handler in self._effects.handlers.items():
            self.agent.on(command_type, handler)
        self._identified_at = -1e9
        self._failure: str | None = None
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._report_lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts the threads. The agent starts after the first poll, so that its first heartbeat has the bot's identity."""
        for target in (self._keep_polling, self._keep_listening):
            name = f"flotilla-{target.__name__.strip('_')}"
            thread = threading.Thread(target=target, daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self, is_bot_stopped: bool = False) -> None:
        """Stops the agent and closes the adapter. A bot that continues is not reported as STOPPED, and is lost if no sidecar returns."""
        self._stopping.set()
        self._changed.set()
        self._adapter.close()
        for thread in self._threads:
            thread.join(6)
        self.agent.stop(is_bot_stopped)

    # Polling

    def _keep_polling(self) -> None:
        self._poll()
        self.agent.start()
        while not self._stopping.is_set():
            self._changed.wait(self._clock.jittered(self.INTERVAL))
            self._changed.clear()
            if not self._stopping.is_set():
                self._poll()

    def _poll(self) -> None:
        """Asks the bot for its identity, its state and its changes. An error of the bot or of the adapter ends this poll only."""
        try:
            self._identify()
            snapshot = self._adapter.snapshot()
            self._enforce(snapshot)
            self._report()
            self._recover(snapshot)
        except (BotFailure, BotRefusal) as error:
            self._fail(str(error))
        except Exception as error:
            self._logger.exception("the adapter failed")
            self._fail(f"the adapter failed: {error!r}")

    def _identify(self) -> None:
        now = self._clock.elapsed()
        if now - self._identified_at < self.IDENTITY_INTERVAL:
            return
        identity = self._adapter.identity()
        self._identified_at = now
        if identity != self._memory.identity:
            self._memory.identity = identity
            identity.apply(self.agent)
            self._memory.save(self._path)

    def _enforce(self, snapshot: Snapshot) -> None:
        """Pauses entries again if the bot was restarted or resumed by other means while the agent permits no orders."""
        if snapshot.permits_entries and not self.agent.permits_orders and not self._effects.is_changing:
            refusal = self._effects.keep_paused()
            if refusal is None:
                self._logger.warning("the bot permitted entries in %s: they are paused again", self.agent.state)
            else:
                self._logger.error("the bot permits entries in %s, and does not pause them: %s", self.agent.state, refusal)

    def _report(self, is_everything: bool = False) -> collections.abc.Sequence[ContractReport]:
        """Passes the bot's changes to the agent, and returns them. The cursor moves when all of them are stored."""
        with self._report_lock:
            changes = self._adapter.changes("" if is_everything else self._memory.cursor)
            for report in changes.reports:
                self.agent.telemetry.report(report)
            if changes.cursor != self._memory.cursor:
                self._memory.cursor = changes.cursor
                self._memory.save(self._path)
            return changes.reports

    def _synchronize(self) -> dict[str, typing.Any]:
        """Reports everything that the bot knows, and lets the control plane compare it with its books.

        A comparison that the control plane does not answer is repeated within the command's time, with all that the bot knows then.
        """
        end = self._clock.elapsed() + self._effects.limit
        failures = 0
        while True:
            # A fill that happens while the bot answers is not compared.
            now = self._clock.wall()
            reports = self._report(is_everything=True)
            result: dict[str, typing.Any] = {"reports": len(reports)}
            try:
                report = book_report(reports, self.agent.configuration.instance_id, now)
                return result | evidence(self.agent.compare_books(report, limit=max(end - self._clock.elapsed(), 0.1)))
            except CallFailure as error:
                failures += 1
                pause = max(self._clock.backoff(failures, 8), error.retry_after or 0)
                is_last = error.is_final or self.agent.configuration.control_plane_url is None or self._clock.elapsed() + pause >= end
                if is_last or self._stopping.wait(pause):
                    reason = f"NOT_COMPARED: everything is reported, but not compared with the books: {error}"
                    raise CommandFailure(reason, result) from None

    # The bot's state

    def _recover(self, snapshot: Snapshot) -> None:
        if self._failure is not None:
            self._logger.info("the bot responds again")
            self._failure = None
        state = "STOPPED" if not snapshot.is_running else "NORMAL" if snapshot.permits_entries else "REDUCE_ONLY"
        self.agent.report_bot(None, state)

    def _fail(self, reason: str) -> None:
        """Reports the first failure of an outage. Later ones, such as those of other questions, say the same in other words."""
        if self._failure is None:
            self._failure = reason[:500]
            self._logger.error("no usable answer from the bot: %s", reason)
        self.agent.report_bot(self._failure)

    # Listening

    def _keep_listening(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            start = self._clock.elapsed()
            try:
                self._adapter.listen(self._changed)
            except Exception as error:
                self._logger.debug("listening to the bot failed: %r", error)
            # A connection that lasted was not a failure.
            failures = 1 if self._clock.elapsed() - start > 60 else failures + 1
            self._stopping.wait(self._clock.backoff(failures, 30))


class Sidecar:
    """One process for many bots. An error of one bot does not affect the others."""

    def __init__(self, bots: typing.Iterable[tuple[AgentConfiguration, Adapter]]) -> None:
        """Opens the journals of all bots. Raises the errors of `Agent`."""
        #: The connected bots.
        self.attachments = [Attachment(configuration, adapter) for configuration, adapter in bots]

    def run(self, stopping: threading.Event) -> None:
        """Connects all bots until `stopping` is set."""
        for attachment in self.attachments:
            attachment.start()
        stopping.wait()
        threads = [threading.Thread(target=attachment.stop) for attachment in self.attachments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
