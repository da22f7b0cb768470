"""The agent, which connects a bot to its control plane."""

from __future__ import annotations

import dataclasses
import logging
import os
import queue
import threading
import time
import types
import typing
import uuid

from . import contract
from .clock import Clock, ServerClock
from .command import PROTECTIVE, AgentCommand
from .command_file import CommandFile
from .configuration import AgentConfiguration, ConfigurationError
from .control_plane import CallFailure, ControlPlane, Transport
from .credential import Credential
from .http import HTTPTransport
from .journal import Journal
from .outbox import Outbox, Target
from .processor import CommandProcessor, Handler, check_type
from .safety import SafetySwitch
from .spool import Spool
from .telemetry import Reporter, Telemetry

#: Commands that reduce risk, so that they must not wait for other commands.

#: The states that heartbeats report, from the least to the most restrictive.
_STATES = ["NORMAL", "DEGRADED", "REDUCE_ONLY", "SAFE_MODE", "FLATTENED", "STOPPED"]

#: A queue of jobs that run one at a time: a command, or None for the dead-man action.
_JobQueue = queue.SimpleQueue[typing.Optional[AgentCommand]]


@dataclasses.dataclass
class Profile:
    """A bot's description of itself in its heartbeats. Members that are None are not reported."""

    #: The bot's software, such as `freqtrade`.
    software: str | None = None
    #: The strategy that runs.
    strategy_name: str | None = None
    #: The version of the strategy, in the strategy's words.
    strategy_version: str | None = None
    #: A hash of the strategy's source in hexadecimal: SHA-1, SHA-256 or SHA-512.
    strategy_hash: str | None = None
    #: The address of the bot's own user interface, `http` or `https`.
    ui_url: str | None = None
    #: All symbols that the instance trades, if there are several.
    symbols: list[str] | None = None
    #: The accounts that the instance trades on.
    accounts: list[contract.Account] | None = None


class Agent:
    """Connects a bot to its control plane.

    The agent sends heartbeats and the bot's reports, executes each command at most once, and blocks new orders when the control plane does
    not answer. Each of these tasks has a separate thread, and none of them blocks the bot. Use the agent as a context manager, or call
    `start` and `stop`.

    `settle`, `beat`, `poll`, `look`, `carry_out`, `tick`, `act`, `send_acknowledgements` and `send_reports` are single steps of these
    threads. Bots do not call them.
    """

    #: How long a poll asks the control plane to wait for a command, in seconds.
    PATIENCE = 55
    #: The pause between two reads of the command file, and after a poll that returned early without a command, in seconds.
    POLL_INTERVAL = 1.0
    #: The longest pause after consecutive failures, in seconds.
    LONGEST_BACKOFF = 30.0

    def __init__(
        self,
        configuration: AgentConfiguration,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        """Creates an agent and opens its journal, which only one agent can use at a time.

        `configuration` has the identity, URLs and time limits of the agent. `transport` sends the agent's requests; the default is HTTP to
        the configured URLs. `clock` is the source of time; tests pass their own. `logger` receives the agent's messages; the default is
        `flotilla.agent`. Raises ConfigurationError if neither a control plane nor a command file is configured, OSError if the data
        directory cannot be used or another agent has locked the journal, and JournalFailure if the journal is damaged.
        """
        #: The configuration the agent was created with.
        self.configuration = configuration
        self._clock = clock = clock or Clock()
        self._logger = logging.LoggerAdapter(logger or logging.getLogger("flotilla.agent"))
        #: The credential of an enrolled instance, which the agent rotates; None without one.
        self._credential = Credential.of(configuration)
        self._journal = Journal(configuration.instance_directory, clock)
        self._safety = SafetySwitch(configuration, self._journal, clock, self._logger)
        self._server_clock = ServerClock(clock)
        self._https: list[HTTPTransport] = []
        #: Set when the control plane rejects the credential.
        self._is_rejected = threading.Event()
        url = configuration.control_plane_url
        #: The control plane that receives heartbeats and reports; None without a control plane.
        self._control_plane = self._connect(url, transport) if url else None
        #: The control plane that is polled for commands; None when commands come from a file.
        self._commander: ControlPlane | None = None
        self._command_file: CommandFile | None = None
        target: Target
        pull_url = configuration.pull_url or url
        if configuration.command_file is not None:
            target = self._command_file = CommandFile(configuration.command_file, self._logger)
        elif pull_url:
            target = self._commander = self._connect(pull_url, transport)
        else:
            raise ConfigurationError("control_plane_url: found nothing, expected a URL, or command_file to run without a control plane")
        self._outbox = Outbox(self._journal, target, self._logger)
        spool = Spool(configuration.instance_directory + "/spool", configuration.spool_limit)
        #: Takes the bot's reports and stores them until they are sent.
        self.telemetry = Telemetry(configuration.instance_id, configuration.symbol, clock, spool)
        self._reporter = Reporter(spool, self._control_plane, self._logger) if self._control_plane else None
        self._processor = CommandProcessor(
            configuration, self._journal, self._safety, clock, self._server_clock, self._outbox, self._logger
        )
        self._boot_id = str(uuid.uuid4())
        #: Whether the control plane refused to register the instance at the last heartbeat.
        self._is_unregistered = False
        #: The metadata of all following heartbeats: a dict that can be encoded as JSON. Replace it to change it.
        self.metadata: dict[str, object] = {}
        self._bot_failure: str | None = None
        #: The bot's description in all following heartbeats. Replace it to change it.
        self.profile = Profile()
        self._bot_state = "NORMAL"
        self._jobs: _JobQueue = queue.SimpleQueue()
        self._protective_jobs: _JobQueue = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @staticmethod
    def from_environment(environment: typing.Mapping[str, str] | None = None) -> Agent:
        """Creates an agent from environment variables; the default is `os.environ`.

        Raises ConfigurationError with all errors in the variables, and the errors of `Agent`.
        """
        return Agent(AgentConfiguration.from_environment(os.environ if environment is None else environment))

    def _connect(self, url: str, transport: Transport | None) -> ControlPlane:
        if transport is None:
            transport = HTTPTransport(url)
            self._https.append(transport)
        return ControlPlane(transport, self._server_clock, self._secret)

    def _secret(self) -> str | None:
        return self._credential.secret if self._credential else self.configuration.token

    # API for the bot

    def on(self, command_type: str, handler: Handler) -> None:
        """Sets the handler for a type of command. Set all handlers before `start`.

        SAFE_MODE, REDUCE_ONLY and STOP block new orders and START permits them again, with or without a handler. Commands of any other
        type fail if they have no handler. SAFE_MODE, REDUCE_ONLY, FLATTEN, STOP and CANCEL_ALL have a separate queue, so two handlers can
        run at the same time.
        `handler` executes a command and returns evidence of its effect; a second handler for the same type replaces the first. Raises
        ValueError if there is no such type.
        """
        check_type(command_type)
        self._processor.handlers[command_type] = handler

    def permit_orders(self) -> None:
        """Checks that the bot may place new orders now. Call it before each order, except orders that only reduce a position.

        The check reads the time since the last contact with the control plane and makes no request. Raises OrdersRefused in REDUCE_ONLY,
        SAFE_MODE, FLATTENED and STOPPED.
        """
        self._safety.permit()

    @property
    def permits_orders(self) -> bool:
        """Whether `permit_orders` returns now."""
        return self._safety.reported in ("NORMAL", "DEGRADED")

    @property
    def state(self) -> str:
        """The state that heartbeats report: NORMAL, DEGRADED, REDUCE_ONLY, SAFE_MODE, FLATTENED, STOPPED, or UNRESPONSIVE.

        UNRESPONSIVE is a failure passed to `report_bot`. The others are the more restrictive of the agent's state and the bot's.
        """
        if self._bot_failure is not None:
            return "UNRESPONSIVE"
        return max(self._safety.reported, self._bot_state, key=_STATES.index)

    def _cause(self, state: str) -> contract.StateCause | None:
        """Why the agent reports a state; None if there is nothing to explain."""
        cause = "BOT" if state == self._bot_state != "NORMAL" else None
        if state == self._safety.reported:
            cause = self._safety.cause or cause
        return None if cause is None or self._bot_failure is not None else contract.StateCause(cause)

    def report_bot(self, failure: str | None, state: str = "NORMAL") -> None:
        """Reports the bot of an agent that runs beside it.

        `failure` is why the bot does not respond, or None if it responds. With a failure heartbeats have the state UNRESPONSIVE and the reason
        in their metadata (`bot_failure`), and the control plane raises an alert. `state` is the bot's own state: NORMAL, REDUCE_ONLY if it
        places no entries, or STOPPED; other values raise ValueError. Neither changes the order gate. A change is sent immediately.
        """
        if state not in ("NORMAL", "REDUCE_ONLY", "STOPPED"):
            raise ValueError(f"state: found '{state}', expected NORMAL, REDUCE_ONLY or STOPPED")
        if (failure, state) != (self._bot_failure, self._bot_state):
            self._bot_failure, self._bot_state = failure, state
            self._safety.changed.set()

    def compare_books(self, report: contract.BookReport, limit: float = ControlPlane.LIMIT) -> contract.BookComparison:
        """Sends all pending reports, then compares the bot's orders, trades, fills and balances with the books.

        Report everything that the bot knows before: the books have only what was reported. `limit` is how long the control plane may take for
        the comparison, in seconds, at most 10. Raises CallFailure, also if there is no control plane.
        """
        if self._control_plane is None:
            raise CallFailure("no control plane is configured")
        self._send_reports()
        return self._control_plane.compare_books(report, limit)

    def start(self) -> None:
        """Starts the agent's threads. Call it once per agent.

        Raises ConfigurationError if DEADMAN_ACTION is FLATTEN and FLATTEN has no handler, and OSError if the journal cannot be written.
        """
        self._settle_unfinished()
        self._safety.begin()
        for loop in self._loops():
            name = f"flotilla-{loop.__name__.strip('_')}"
            thread = threading.Thread(target=self._keep, args=[loop], daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self, is_bot_stopped: bool = True) -> None:
        """Stops the agent.

        It waits up to 5 seconds for running commands. Then it sends pending acknowledgements and reports, and reports STOPPED, for up to
        5 seconds. It does not report STOPPED if the bot continues without its agent.
        """
        self._processor.finish(5)
        self._stopping.set()
        for event in (self._safety.changed, self._outbox.changed, self.telemetry.changed, self._is_rejected):
            event.set()
        self._jobs.put(None)
        self._protective_jobs.put(None)
        end = self._clock.elapsed() + 5
        targets = [self._send_pending, self._report_stopped] if is_bot_stopped else [self._send_pending]
        senders = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join(max(0.0, end - self._clock.elapsed()))
        for transport in self._https:
            transport.close()
        for thread in self._threads:
            thread.join(1)
        self._journal.close()

    def __enter__(self) -> Agent:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.stop()

    # Single steps of the loops. The conformance tests take them one at a time.

    def _settle_unfinished(self) -> None:
        """Checks the configuration, and acknowledges commands that an earlier process started and did not finish."""
        if self.configuration.deadman_action == "FLATTEN" and "FLATTEN" not in self._processor.handlers:
            raise ConfigurationError("DEADMAN_ACTION is FLATTEN, but the bot has no handler for FLATTEN")
        self._processor.settle_unfinished()
        if self._control_plane is None:
            self._logger.warning("no control plane is configured: the dead-man switch is off")
        if not self.permits_orders:
            self._logger.warning("starting in %s: new orders are blocked; START permits them again", self._safety.reported)

    def _send_heartbeat(self) -> None:
        """Sends one heartbeat and renews the lease if the control plane accepts it; raises CallFailure."""
        if self._control_plane is None:
            return
        try:
            limit = min(self.configuration.heartbeat_interval, ControlPlane.LIMIT)
            self._control_plane.beat(self._heartbeat(self.state), limit)
            self._is_unregistered = False
            self._safety.contact()
        except CallFailure as error:
            if error.code in (contract.ProblemCode.TOO_MANY_REGISTRATIONS, contract.ProblemCode.TOO_MANY_INSTANCES):
                if not self._is_unregistered:
                    self._logger.critical("the control plane refused to register this instance: %s", error)
                self._is_unregistered = True
            if error.status == 401:
                self._is_rejected.set()
            if error.code == contract.ProblemCode.LEASE_LOST:
                if not self._safety.has_lost_lease:
                    self._logger.critical("another process has taken over this instance: new orders are blocked")
                self._safety.lose_lease()
            raise

    def _heartbeat(self, state: str) -> contract.Heartbeat:
        configuration = self.configuration
        return contract.Heartbeat(
            instance_id=configuration.instance_id,
            bot_id=configuration.bot_id,
            runtime_mode=contract.RuntimeMode(configuration.runtime_mode),
            exchange=configuration.exchange,
            symbol=configuration.symbol,
            version=configuration.version,
            timestamp=self._clock.wall(),
            metadata=self.metadata if self._bot_failure is None else {**self.metadata, "bot_failure": self._bot_failure},
            boot_id=self._boot_id,
            state=contract.AgentState(state),
            state_cause=self._cause(state),
            **vars(self.profile),
        )

    def _poll_commands(self, patience: int) -> list[AgentCommand]:
        """Polls the control plane once, and returns the commands to execute; raises CallFailure.

        `patience` is how long the control plane may hold the request until there is a command, 0 to 60 seconds.
        """
        if self._commander is None:
            return []
        commands = self._commander.commands(self.configuration.instance_id, patience)
        # Operators cannot see or command an unregistered instance, so its polls renew no lease.
        if not self._is_unregistered:
            self._safety.contact()
        # After LEASE_LOST the other process executes the commands.
        return [] if self._safety.has_lost_lease else self._accept(commands)

    def _read_commands(self) -> list[AgentCommand]:
        """Reads the command file, and returns the commands to execute; raises OSError."""
        if self._command_file is None:
            return []
        return self._accept(self._command_file.take(self._processor.is_journaled))

    def _accept(self, bodies: list[object]) -> list[AgentCommand]:
        commands = [self._processor.decide(body) for body in bodies]
        return [command for command in commands if command]

    def _execute(self, command: AgentCommand) -> None:
        """Executes one command."""
        self._processor.execute(command)

    def _check_contact(self) -> bool:
        """Checks the time since the last contact, and returns whether the dead-man action is due."""
        event = self._safety.tick()
        if event == "expired":
            silence, action = self.configuration.deadman_timeout, self.configuration.deadman_action
            self._logger.critical("no contact with the control plane for %g seconds: starting %s", silence, action)
        elif event == "resumed":
            self._logger.info("back to NORMAL: the control plane has answered for DEADMAN_RESUME_SECONDS")
        return event == "expired"

    def _run_deadman_action(self) -> None:
        """Runs the configured dead-man action."""
        self._processor.act(self.configuration.deadman_action)

    def _send_acknowledgements(self) -> None:
        """Sends all pending acknowledgements; raises CallFailure."""
        self._outbox.flush()

    def _send_reports(self) -> None:
        """Sends all pending reports, unless another process has taken over the instance; raises CallFailure."""
        if self._reporter and not self._safety.has_lost_lease:
            self._reporter.flush()

    # The loops

    def _loops(self) -> list[typing.Callable[[], None]]:
        loops = [self._keep_working, self._keep_protecting, self._keep_acknowledging]
        if self._control_plane:
            loops += [self._keep_beating, self._keep_watching, self._keep_reporting]
        if self._control_plane and self._credential:
            loops.append(self._keep_rotating)
        loops.append(self._keep_polling if self._commander else self._keep_reading_file)
        return loops

    def _keep(self, loop: typing.Callable[[], None]) -> None:
        """Runs a loop until the agent stops. After an unexpected error it is logged and the loop starts again."""
        while not self._stopping.is_set():
            try:
                loop()
                return
            except Exception:
                self._logger.critical("a loop of the agent failed", exc_info=True)
                self._stopping.wait(1)

    def _keep_beating(self) -> None:
        """Sends a heartbeat at each interval, and immediately when the state changes."""
        failures = 0
        while not self._stopping.is_set():
            pause = self.configuration.heartbeat_interval
            try:
                self._send_heartbeat()
                if failures:
                    self._logger.info("heartbeats are accepted again after %d failures", failures)
                failures = 0
            except CallFailure as error:
                failures += 1
                self._logger.warning("heartbeat failed: %s", error)
                if not self._safety.has_lost_lease:
                    # Retry faster until the dead-man timeout: one accepted heartbeat prevents the dead-man action.
                    limit = pause if self._safety.has_expired else pause / 3
                    pause = error.retry_after or self._clock.backoff(failures, limit)
            self._safety.changed.wait(self._clock.jittered(pause))
            self._safety.changed.clear()

    def _rotate_credential(self) -> None:
        """Replaces the credential; raises CallFailure or OSError."""
        if self._control_plane and self._credential:
            self._credential.rotate(self._control_plane)
            self._logger.info("the credential was rotated")

    def _keep_rotating(self) -> None:
        """Rotates the credential when it is due, and when the control plane rejects it: an earlier rotation may have lost its response."""
        failures = 0
        while self._credential and not self._stopping.is_set():
            pause = self._credential.due_in
            if self._credential.is_due or self._is_rejected.is_set():
                self._is_rejected.clear()
                try:
                    self._rotate_credential()
                    failures = 0
                    continue
                except (CallFailure, OSError) as error:
                    failures += 1
                    self._logger.warning("the credential was not rotated: %s", error)
                    pause = getattr(error, "retry_after", None) or self._clock.backoff(failures, self.LONGEST_BACKOFF * 20)
                    self._stopping.wait(pause)
                    continue
            self._is_rejected.wait(pause)

    def _keep_watching(self) -> None:
        while not self._stopping.wait(self._safety.until_next_tick()):
            if self._check_contact():
                self._protective_jobs.put(None)

    def _keep_polling(self) -> None:
        failures = 0
        while not self._stopping.is_set() and not self._safety.has_lost_lease:
            start = self._clock.elapsed()
            pause = 0.0
            try:
                commands = self._poll_commands(self.PATIENCE)
                failures = 0
                self._enqueue(commands)
                # The control plane did not wait, or it returned only commands that are already running.
                if not commands and self._clock.elapsed() - start < self.PATIENCE / 2:
                    pause = self.POLL_INTERVAL
            except CallFailure as error:
                failures += 1
                if not self._stopping.is_set():
                    self._logger.warning("poll for commands failed: %s", error)
                pause = error.retry_after or self._clock.backoff(failures, self.LONGEST_BACKOFF)
            self._stopping.wait(self._clock.jittered(pause))

    def _keep_reading_file(self) -> None:
        while not self._stopping.is_set():
            try:
                self._enqueue(self._read_commands())
            except OSError as error:
                self._logger.error("cannot use the command file: %s", error)
            self._stopping.wait(self._clock.jittered(self.POLL_INTERVAL))

    def _enqueue(self, commands: list[AgentCommand]) -> None:
        """Adds commands to their queue. Protective commands have a separate queue, so that they never wait for other commands."""
        for command in commands:
            jobs = self._protective_jobs if command.command_type in PROTECTIVE else self._jobs
            jobs.put(command)

    def _keep_working(self) -> None:
        self._work(self._jobs)

    def _keep_protecting(self) -> None:
        self._work(self._protective_jobs)

    def _work(self, jobs: _JobQueue) -> None:
        while True:
            command = jobs.get()
            if self._stopping.is_set():
                return
            try:
                if command is None:
                    self._run_deadman_action()
                else:
                    self._execute(command)
            except OSError as error:
                self._logger.critical("cannot write a command to the journal: %s", error)

    def _keep_acknowledging(self) -> None:
        self._keep_sending(self._outbox.changed, 0, self._send_acknowledgements)

    def _keep_reporting(self) -> None:
        # The pause lets reports accumulate, so that one request carries several.
        self._keep_sending(self.telemetry.changed, 1, self._send_reports)

    def _keep_sending(self, changed: threading.Event, pause: float, send: typing.Callable[[], None]) -> None:
        """Calls `send` after each signal, and retries with backoff after a failure."""
        failures = 0
        while not self._stopping.is_set():
            try:
                changed.clear()
                send()
                failures = 0
                changed.wait()
                self._stopping.wait(self._clock.jittered(pause))
            except (CallFailure, OSError) as error:
                failure = error if isinstance(error, CallFailure) else None
                failures = 1 if failure and failure.follows_success else failures + 1
                self._logger.warning("acknowledgements or reports stay pending: %s", error)
                retry_after = failure.retry_after if failure else None
                self._stopping.wait(retry_after or self._clock.backoff(failures, self.LONGEST_BACKOFF))

    def _send_pending(self) -> None:
        """Sends pending acknowledgements and reports while the agent stops."""
        try:
            self._send_acknowledgements()
            self._send_reports()
        except (CallFailure, OSError) as error:
            self._logger.warning("acknowledgements or reports stay pending until the next start: %s", error)

    def _report_stopped(self) -> None:
        """Reports STOPPED, so that an orderly shutdown raises no alert. Retries for 5 seconds."""
        end = self._clock.elapsed() + 5
        while self._control_plane and not self._safety.has_lost_lease and self._clock.elapsed() < end:
            try:
                self._control_plane.beat(self._heartbeat("STOPPED"), 2)
                return
            except CallFailure:
                time.sleep(0.2)
