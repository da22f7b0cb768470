"""A bot's link to its control plane."""

from __future__ import annotations

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
from .command import AgentCommand
from .command_file import CommandFile
from .configuration import AgentConfiguration, ConfigurationError
from .control_plane import CallFailure, ControlPlane, Transport
from .http import HTTPTransport
from .journal import Journal
from .outbox import Outbox, Target
from .processor import CommandProcessor, Handler, check_type
from .safety import SafetySwitch
from .spool import Spool
from .telemetry import Reporter, Telemetry

#: What makes a bot safer, so that it waits for no other command.
_PROTECTIVE = {"SAFE_MODE", "FLATTEN", "STOP", "CANCEL_ALL"}

#: What goes through a lane: a command, None for the dead-man switch.
_Lane = queue.SimpleQueue[typing.Optional[AgentCommand]]


class Agent:
    """Sends heartbeats, carries out commands, each at most once, stops the bot when the control plane is silent, and sends what the bot
    reports. Each of these has a thread of its own; none makes the bot wait."""

    #: How long a control plane that has no command is asked to wait, in seconds.
    PATIENCE = 55
    #: Between two looks at a command file, and between two polls that were answered at once.
    POLL_INTERVAL = 1.0
    #: The longest pause after failures in a row.
    LONGEST_BACKOFF = 30.0

    def __init__(
        self,
        configuration: AgentConfiguration,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        """An agent of this set-up. It opens the journal, which no other process may use at the same time. `transport` carries its
        calls; HTTP to the configured URLs when left out."""
        self.configuration = configuration
        self._clock = clock = clock or Clock()
        self._logger = logging.LoggerAdapter(logger or logging.getLogger("flotilla.agent"))
        self._journal = Journal(configuration.instance_directory, clock)
        self._safety = SafetySwitch(configuration, self._journal, clock, self._logger)
        self._server_clock = ServerClock(clock)
        self._https: list[HTTPTransport] = []
        url = configuration.control_plane_url
        #: Where heartbeats and reports go; None without a control plane.
        self._control_plane = self._connect(url, transport) if url else None
        #: Where commands come from; None when they come from a file.
        self._commander: ControlPlane | None = None
        self._command_file: CommandFile | None = None
        target: Target
        pull_url = configuration.pull_url or url
        if configuration.command_file is not None:
            target = self._command_file = CommandFile(configuration.command_file, self._logger)
        elif pull_url:
            target = self._commander = self._connect(pull_url, transport)
        else:
            raise ConfigurationError("neither a control plane nor a command file is set")
        self._outbox = Outbox(self._journal, target, self._logger)
        spool = Spool(configuration.instance_directory + "/spool", configuration.spool_limit)
        #: What the bot reports.
        self.telemetry = Telemetry(configuration.instance_id, configuration.symbol, clock, spool)
        self._reporter = Reporter(spool, self._control_plane, self._logger) if self._control_plane else None
        self._processor = CommandProcessor(
            configuration, self._journal, self._safety, clock, self._server_clock, self._outbox, self._logger
        )
        self._boot_id = str(uuid.uuid4())
        #: Whether the control plane refused to register the instance at its last heartbeat.
        self._is_unregistered = False
        #: What heartbeats carry besides.
        self.metadata: dict[str, object] = {}
        self._lane: _Lane = queue.SimpleQueue()
        self._protective_lane: _Lane = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @staticmethod
    def from_environment(environment: typing.Mapping[str, str] | None = None) -> Agent:
        """An agent that the environment describes; raises ConfigurationError with all that is wrong."""
        return Agent(AgentConfiguration.from_environment(os.environ if environment is None else environment))

    def _connect(self, url: str, transport: Transport | None) -> ControlPlane:
        if transport is None:
            transport = HTTPTransport(url, self.configuration.token)
            self._https.append(transport)
        return ControlPlane(transport, self._server_clock)

    # The bot's side

    def on(self, command_type: str, handler: Handler) -> None:
        """What the bot does for a command. SAFE_MODE, STOP and START need no handler: they close and open the gate for orders; the
        others fail without one. Handlers are set before `start`."""
        check_type(command_type)
        self._processor.handlers[command_type] = handler

    def permit_orders(self) -> None:
        """Raises OrdersRefused unless new orders may be given now. Orders that only reduce a position need not ask."""
        self._safety.permit()

    @property
    def state(self) -> str:
        """What the agent reports of itself: NORMAL, DEGRADED, SAFE_MODE, FLATTENED or STOPPED."""
        return self._safety.reported

    def start(self) -> None:
        """Starts everything."""
        self.settle()
        for loop in self._loops():
            name = f"flotilla-{loop.__name__.strip('_')}"
            thread = threading.Thread(target=self._keep, args=[loop], daemon=True, name=name)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Waits for commands that are being carried out, sends what waits, for a few seconds each at most, and reports STOPPED."""
        self._processor.finish(5)
        self._stopping.set()
        for event in (self._safety.changed, self._outbox.changed, self.telemetry.changed):
            event.set()
        self._lane.put(None)
        self._protective_lane.put(None)
        end = self._clock.elapsed() + 5
        farewells = [threading.Thread(target=target, daemon=True) for target in (self._send_rest, self._say_stopped)]
        for thread in farewells:
            thread.start()
        for thread in farewells:
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

    # What the loops do

    def settle(self) -> None:
        """Looks at the set-up, and settles what an earlier process has left."""
        if self.configuration.deadman_action == "FLATTEN" and "FLATTEN" not in self._processor.handlers:
            raise ConfigurationError("DEADMAN_ACTION is FLATTEN, and the bot has no handler of FLATTEN")
        self._processor.settle_unfinished()
        if self._control_plane is None:
            self._logger.warning("no control plane is set: the dead-man switch is off")
        if self.state != "NORMAL":
            self._logger.warning("starts in %s, which START ends", self.state)

    def beat(self) -> None:
        """Sends a heartbeat; raises CallFailure."""
        if self._control_plane is None:
            return
        try:
            limit = min(self.configuration.heartbeat_interval, ControlPlane.LIMIT)
            self._control_plane.beat(self._heartbeat(self.state), limit)
            self._is_unregistered = False
            self._safety.contact()
        except CallFailure as error:
            if error.code in ("TOO_MANY_REGISTRATIONS", "TOO_MANY_INSTANCES"):
                if not self._is_unregistered:
                    self._logger.critical("the control plane does not register this instance: %s", error)
                self._is_unregistered = True
            if error.code == "LEASE_LOST":
                if not self._safety.has_lost_lease:
                    self._logger.critical("another process reports for this instance: no more orders")
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
            metadata=self.metadata,
            boot_id=self._boot_id,
            state=contract.AgentState(state),
        )

    def poll(self, patience: int) -> list[AgentCommand]:
        """Asks for commands, and returns those that are to be carried out; raises CallFailure."""
        if self._commander is None:
            return []
        commands = self._commander.commands(self.configuration.instance_id, patience)
        # Operators cannot see or command an unregistered instance, so its polls renew no lease.
        if not self._is_unregistered:
            self._safety.contact()
        # A process that has lost its lease leaves what comes to the one that holds the instance.
        return [] if self._safety.has_lost_lease else self._new(commands)

    def look(self) -> list[AgentCommand]:
        """Looks into the command file, and returns what is to be carried out; raises OSError."""
        if self._command_file is None:
            return []
        return self._new(self._command_file.take(self._processor.has_begun))

    def _new(self, bodies: list[object]) -> list[AgentCommand]:
        judged = [self._processor.judge(body) for body in bodies]
        return [command for command in judged if command]

    def carry_out(self, command: AgentCommand) -> None:
        """Carries a command out."""
        self._processor.carry_out(command)

    def tick(self) -> bool:
        """Looks at the time; returns whether the dead-man switch has to act."""
        event = self._safety.tick()
        if event == "expired":
            silence, action = self.configuration.deadman_timeout, self.configuration.deadman_action
            self._logger.critical("no contact with the control plane for %g seconds: %s", silence, action)
        elif event == "resumed":
            self._logger.info("back to normal: the control plane answers")
        return event == "expired"

    def act(self) -> None:
        """What the dead-man switch does."""
        self._processor.act(self.configuration.deadman_action)

    def send_acknowledgements(self) -> None:
        """Sends the acknowledgements that wait; raises CallFailure."""
        self._outbox.flush()

    def send_reports(self) -> None:
        """Sends the reports that wait; raises CallFailure."""
        if self._reporter and not self._safety.has_lost_lease:
            self._reporter.flush()

    # The loops

    def _loops(self) -> list[typing.Callable[[], None]]:
        loops = [self._keep_working, self._keep_protecting, self._keep_acknowledging]
        if self._control_plane:
            loops += [self._keep_beating, self._keep_watching, self._keep_reporting]
        loops.append(self._keep_polling if self._commander else self._keep_looking)
        return loops

    def _keep(self, loop: typing.Callable[[], None]) -> None:
        """Runs a loop, and again should it fail: nothing may end it but the end of the agent."""
        while not self._stopping.is_set():
            try:
                loop()
                return
            except Exception:
                self._logger.critical("a loop of the agent failed", exc_info=True)
                self._stopping.wait(1)

    def _keep_beating(self) -> None:
        """Heartbeats at their interval, and one at once when the state changes."""
        failures = 0
        while not self._stopping.is_set():
            pause = self.configuration.heartbeat_interval
            try:
                self.beat()
                if failures:
                    self._logger.info("the control plane answers again")
                failures = 0
            except CallFailure as error:
                failures += 1
                self._logger.warning("a heartbeat failed: %s", error)
                if not self._safety.has_lost_lease:
                    # Until the dead-man switch has acted, every heartbeat that gets through may still prevent that.
                    limit = pause if self._safety.has_expired else pause / 3
                    pause = error.retry_after or self._clock.backoff(failures, limit)
            self._safety.changed.wait(self._clock.jittered(pause))
            self._safety.changed.clear()

    def _keep_watching(self) -> None:
        while not self._stopping.wait(self._safety.until_next_tick()):
            if self.tick():
                self._protective_lane.put(None)

    def _keep_polling(self) -> None:
        failures = 0
        while not self._stopping.is_set() and not self._safety.has_lost_lease:
            start = self._clock.elapsed()
            pause = 0.0
            try:
                commands = self.poll(self.PATIENCE)
                failures = 0
                self._give(commands)
                # Nothing new, and no wait for it: a control plane that does not wait, or commands that are being carried out.
                if not commands and self._clock.elapsed() - start < self.PATIENCE / 2:
                    pause = self.POLL_INTERVAL
            except CallFailure as error:
                failures += 1
                if not self._stopping.is_set():
                    self._logger.warning("a poll for commands failed: %s", error)
                pause = error.retry_after or self._clock.backoff(failures, self.LONGEST_BACKOFF)
            self._stopping.wait(self._clock.jittered(pause))

    def _keep_looking(self) -> None:
        while not self._stopping.is_set():
            try:
                self._give(self.look())
            except OSError as error:
                self._logger.error("the command file cannot be used: %s", error)
            self._stopping.wait(self._clock.jittered(self.POLL_INTERVAL))

    def _give(self, commands: list[AgentCommand]) -> None:
        """Hands commands to the lanes. What protects waits for nothing that does not."""
        for command in commands:
            lane = self._protective_lane if command.command_type in _PROTECTIVE else self._lane
            lane.put(command)

    def _keep_working(self) -> None:
        self._work(self._lane)

    def _keep_protecting(self) -> None:
        self._work(self._protective_lane)

    def _work(self, lane: _Lane) -> None:
        while True:
            command = lane.get()
            if self._stopping.is_set():
                return
            try:
                if command is None:
                    self.act()
                else:
                    self.carry_out(command)
            except OSError as error:
                self._logger.critical("a command could not be entered in the journal: %s", error)

    def _keep_acknowledging(self) -> None:
        self._keep_sending(self._outbox.changed, 0, self.send_acknowledgements)

    def _keep_reporting(self) -> None:
        # What is reported together is sent together.
        self._keep_sending(self.telemetry.changed, 1, self.send_reports)

    def _keep_sending(self, changed: threading.Event, pause: float, send: typing.Callable[[], None]) -> None:
        """Sends what waits whenever there is something, and again after a pause when that fails."""
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
                self._logger.warning("acknowledgements or reports wait: %s", error)
                retry_after = failure.retry_after if failure else None
                self._stopping.wait(retry_after or self._clock.backoff(failures, self.LONGEST_BACKOFF))

    def _send_rest(self) -> None:
        """The last things that are sent."""
        try:
            self.send_acknowledgements()
            self.send_reports()
        except (CallFailure, OSError) as error:
            self._logger.warning("the last calls failed: %s", error)

    def _say_stopped(self) -> None:
        """A bot that ends in order is not to be looked for."""
        end = self._clock.elapsed() + 5
        while self._control_plane and not self._safety.has_lost_lease and self._clock.elapsed() < end:
            try:
                self._control_plane.beat(self._heartbeat("STOPPED"), 2)
                return
            except CallFailure:
                time.sleep(0.2)
