public import ContractRuntime
public import Generated
public import Logging
import Synchronization

/// A bot's link to its control plane.
///
///     let agent = try Agent(AgentConfiguration(environment: ProcessInfo.processInfo.environment))
///     agent.on(.flatten) { _ in try await exchange.closeEverything() }
///     try await agent.run {
///         for await signal in strategy.signals { try agent.permitOrders(); try await exchange.give(signal.order) }
///     }
///
/// It sends heartbeats, carries out commands, each at most once, stops the bot when the control plane is silent, and sends what the bot
/// reports. None of that waits for anything else of it, and none of it makes the bot wait.
public final class Agent: Sendable {
    /// What goes through a lane: one thing after the other.
    private enum Job {
        case command(AgentCommand)
        case deadMan
    }

    /// How long a control plane that has no command is asked to wait, in seconds.
    private static let patience = 55
    /// Between two looks at a command file, and between two polls that were answered at once.
    private static let pollInterval = Duration.seconds(1)
    /// The longest pause after failures in a row.
    private static let longestBackoff = Duration.seconds(30)

    /// How the agent was set up.
    public let configuration: AgentConfiguration
    /// What the bot reports.
    public let telemetry: Telemetry

    private let clock: AgentClock
    private let logger: Logger
    private let journal: Journal
    private let safety: SafetySwitch
    private let serverClock: ServerClock
    private let outbox: Outbox
    private let commandFile: CommandFile?
    /// Where heartbeats and reports go; nil without a control plane.
    private let controlPlane: ControlPlane?
    /// Where commands come from; nil when they come from a file.
    private let commander: ControlPlane?
    private let reporter: Reporter?
    private let processor: CommandProcessor
    private let bootID = UUID.random().text
    private let metadata = Mutex(JSONObject.empty)
    private let jobs = AsyncStream.makeStream(of: Job.self)
    private let protectiveJobs = AsyncStream.makeStream(of: Job.self)

    /// An agent of this set-up. It opens the journal, which no other process may use at the same time.
    ///
    /// - Parameter transport: What carries its calls; HTTP to the configured URLs when left out.
    public init(
        _ configuration: AgentConfiguration,
        transport: (any Transport)? = nil,
        clock: AgentClock = .system,
        logger: Logger = Logger(label: "flotilla.agent")
    ) throws {
        var logger = logger
        logger[metadataKey: "instance"] = "\(configuration.instanceID)"
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        journal = try Journal(in: configuration.instanceDirectory, clock: clock)
        safety = SafetySwitch(configuration, journal: journal, clock: clock, logger: logger)
        let serverClock = ServerClock(clock)
        self.serverClock = serverClock
        func controlPlane(at url: String) -> ControlPlane {
            let transport = transport ?? HTTPTransport(url: url, token: configuration.token)
            return ControlPlane(transport: transport, serverClock: serverClock)
        }
        self.controlPlane = configuration.controlPlaneURL.map(controlPlane)
        switch configuration.commandSource {
        case .pull(let url):
            let commander = controlPlane(at: url)
            self.commander = commander
            commandFile = nil
            outbox = Outbox(journal: journal, target: commander, logger: logger)
        case .file(let path):
            let file = CommandFile(path, logger: logger)
            commander = nil
            commandFile = file
            outbox = Outbox(journal: journal, target: file, logger: logger)
        }
        let spool = try Spool(in: configuration.instanceDirectory + "/spool", limit: configuration.spoolLimit)
        telemetry = Telemetry(
            instanceID: configuration.instanceID,
            symbol: configuration.symbol,
            clock: clock,
            spool: spool,
            changed: Signal()
        )
        reporter = self.controlPlane.map { Reporter(spool: spool, controlPlane: $0, logger: logger) }
        processor = CommandProcessor(
            configuration,
            journal: journal,
            safety: safety,
            clock: clock,
            serverClock: serverClock,
            outbox: outbox,
            logger: logger
        )
    }

    deinit { journal.close() }

    // MARK: - The bot's side

    /// What the bot does for a command. SAFE_MODE, STOP and START need no handler: they close and open the gate for orders; the others
    /// fail without one. Handlers are set before `run`.
    public func on(_ type: CommandType, _ handler: @escaping CommandHandler) {
        processor.handlers.withLock { $0[type] = handler }
    }

    /// Throws unless new orders may be given now. Orders that only reduce a position need not ask.
    public func permitOrders() throws(OrdersRefused) { try safety.permit() }

    /// What the agent reports of itself.
    public var state: AgentState { safety.reported }

    /// What heartbeats carry besides.
    public func describe(_ metadata: JSONObject) { self.metadata.withLock { $0 = metadata } }

    /// Runs the agent, once, for as long as `body` runs. The end waits for commands that are being carried out, sends what waits, for a few
    /// seconds each at most, and reports STOPPED.
    public func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await start()
        // Not children of this task: what is being carried out is finished even when this task is cancelled, which is how a service ends.
        let work = Task { [loops = loops()] in
            await withTaskGroup(of: Void.self) { group in
                for loop in loops { group.addTask { try? await loop() } }
            }
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await Task {
            await processor.finish(within: .seconds(5))
            work.cancel()
            await work.value
            await farewell()
        }.value
        return try result.get()
    }

    // MARK: - What the loops do

    /// Looks at the set-up, and settles what an earlier process has left.
    func start() async throws {
        if configuration.deadManAction == .flatten, processor.handlers.withLock({ $0[.flatten] }) == nil {
            throw AgentConfigurationError(
                description: "DEADMAN_ACTION is FLATTEN, and the bot has no handler of FLATTEN"
            )
        }
        try await processor.settleUnfinished()
        if controlPlane == nil { logger.warning("no control plane is set: the dead-man switch is off") }
        if safety.reported != .normal { logger.warning("starts in \(safety.reported.rawValue), which START ends") }
    }

    /// Sends a heartbeat.
    func beat() async throws(CallFailure) {
        guard let controlPlane else { return }
        let limit = min(configuration.heartbeatInterval, ControlPlane.limit)
        do throws(CallFailure) {
            try await controlPlane.beat(heartbeat(safety.reported), within: limit)
            await safety.contact()
        } catch {
            if error.code == "LEASE_LOST" {
                if !safety.hasLostLease { logger.critical("another process reports for this instance: no more orders") }
                safety.loseLease()
            }
            throw error
        }
    }

    private func heartbeat(_ state: AgentState) -> Heartbeat {
        Heartbeat(
            instanceID: configuration.instanceID,
            botID: configuration.botID,
            runtimeMode: configuration.runtimeMode,
            exchange: configuration.exchange,
            symbol: configuration.symbol,
            version: configuration.version,
            timestamp: clock.wall(),
            metadata: metadata.withLock { $0 },
            bootID: bootID,
            state: state
        )
    }

    /// Asks for commands, and returns those that are to be carried out.
    ///
    /// - Parameter patience: How many seconds the control plane may wait for one.
    func poll(waiting patience: Int) async throws(CallFailure) -> [AgentCommand] {
        guard let commander else { return [] }
        let commands = try await commander.commands(for: configuration.instanceID, waiting: patience)
        await safety.contact()
        // A process that has lost its lease leaves what comes to the one that holds the instance.
        return safety.hasLostLease ? [] : new(commands)
    }

    /// Looks into the command file, and returns what is to be carried out.
    func look() throws -> [AgentCommand] {
        guard let commandFile else { return [] }
        return new(try commandFile.take(unless: processor.hasBegun))
    }

    /// Those that are to be carried out; the others are answered or left alone.
    private func new(_ commands: [JSONValue]) -> [AgentCommand] {
        commands.compactMap { json in
            switch processor.judge(json) {
            case .carryOut(let command): return command
            case .refuse(let acknowledgement): outbox.refuse(acknowledgement)
            case .leave: break
            }
            return nil
        }
    }

    /// Carries a command out.
    func carryOut(_ command: AgentCommand) async throws { try await processor.carryOut(command) }

    /// Looks at the time; returns whether the dead-man switch has to act.
    func tick() async -> Bool {
        switch await safety.tick() {
        case .expired?:
            let action = configuration.deadManAction.rawValue
            logger.critical("no contact with the control plane for \(configuration.deadManTimeout): \(action)")
            return true
        case .resumed?:
            logger.notice("back to normal: the control plane answers")
            return false
        case nil: return false
        }
    }

    /// What the dead-man switch does.
    func act() async throws { try await processor.act(configuration.deadManAction) }

    /// Sends the acknowledgements that wait.
    func sendAcknowledgements() async throws { try await outbox.flush() }

    /// Sends the reports that wait.
    func sendReports() async throws {
        if !safety.hasLostLease { try await reporter?.flush() }
    }

    // MARK: - The loops

    private func loops() -> [@Sendable () async throws -> Void] {
        var loops: [@Sendable () async throws -> Void] = [
            { await self.work(off: self.jobs.stream) },
            { await self.work(off: self.protectiveJobs.stream) },
            { try await self.keepSending(self.outbox.changed, pause: .zero) { try await self.sendAcknowledgements() } },
        ]
        if controlPlane != nil {
            loops.append { try await self.keepBeating() }
            loops.append { try await self.keepWatching() }
            loops.append {
                // What is reported together is sent together.
                try await self.keepSending(self.telemetry.changed, pause: .seconds(1)) { try await self.sendReports() }
            }
        }
        if commander != nil { loops.append { try await self.keepPolling() } }
        if commandFile != nil { loops.append { try await self.keepLooking() } }
        return loops
    }

    /// Heartbeats at their interval, and one at once when the state changes.
    private func keepBeating() async throws {
        var failures = 0
        while true {
            var pause = configuration.heartbeatInterval
            do throws(CallFailure) {
                try await beat()
                if failures > 0 { logger.notice("the control plane answers again") }
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("a heartbeat failed: \(error)")
                // Until the dead-man switch has acted, every heartbeat that gets through may still prevent that.
                let limit = safety.hasExpired ? pause : pause / 3
                if !safety.hasLostLease { pause = error.retryAfter ?? clock.backoff(after: failures, upTo: limit) }
            }
            try await safety.changed.wait(atMost: clock.jittered(pause))
        }
    }

    private func keepWatching() async throws {
        while true {
            try await Task.sleep(for: safety.untilNextTick)
            if await tick() { protectiveJobs.continuation.yield(.deadMan) }
        }
    }

    private func keepPolling() async throws {
        var failures = 0
        while !safety.hasLostLease {
            let start = clock.elapsed()
            var pause = Duration.zero
            do throws(CallFailure) {
                let commands = try await poll(waiting: Self.patience)
                failures = 0
                give(commands)
                // Nothing new, and no wait for it: a control plane that does not wait, or commands that are being carried out.
                if commands.isEmpty, clock.elapsed() - start < .seconds(Self.patience / 2) { pause = Self.pollInterval }
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("a poll for commands failed: \(error)")
                pause = error.retryAfter ?? clock.backoff(after: failures, upTo: Self.longestBackoff)
            }
            try await Task.sleep(for: clock.jittered(pause))
        }
    }

    private func keepLooking() async throws {
        while true {
            do {
                give(try look())
            } catch {
                logger.error("the command file cannot be used: \(error)")
            }
            try await Task.sleep(for: clock.jittered(Self.pollInterval))
        }
    }

    /// Hands commands to the lanes. What protects waits for nothing that does not.
    private func give(_ commands: [AgentCommand]) {
        for command in commands {
            let lane = command.commandType.isProtective ? protectiveJobs : jobs
            lane.continuation.yield(.command(command))
        }
    }

    private func work(off stream: AsyncStream<Job>) async {
        for await job in stream {
            do {
                switch job {
                case .command(let command): try await carryOut(command)
                case .deadMan: try await act()
                }
            } catch is CancellationError {
                return
            } catch {
                logger.critical("a command could not be entered in the journal: \(error)")
            }
        }
    }

    /// Sends what waits whenever there is something, and again after a pause when that fails.
    private func keepSending(_ changed: Signal, pause: Duration, _ send: () async throws -> Void) async throws {
        var failures = 0
        while true {
            do {
                try await send()
                failures = 0
                try await changed.wait(atMost: .seconds(3600))
                try await Task.sleep(for: clock.jittered(pause))
            } catch {
                try Task.checkCancellation()
                let failure = error as? CallFailure
                failures = failure?.followsSuccess == true ? 1 : failures + 1
                logger.warning("acknowledgements or reports wait: \(error)")
                let backoff = clock.backoff(after: failures, upTo: Self.longestBackoff)
                try await Task.sleep(for: failure?.retryAfter ?? backoff)
            }
        }
    }

    /// The last things that are sent, for five seconds at most.
    private func farewell() async {
        let sending = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    try? await sendAcknowledgements()
                    try? await sendReports()
                }
                group.addTask { [self] in await sayStopped() }
            }
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(5))
            sending.cancel()
        }
        await sending.value
        timer.cancel()
    }

    /// A bot that ends in order is not to be looked for.
    private func sayStopped() async {
        guard let controlPlane, !safety.hasLostLease else { return }
        while !Task.isCancelled {
            if (try? await controlPlane.beat(heartbeat(.stopped), within: .seconds(2))) != nil { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension CommandType {
    /// Whether it makes a bot safer, so that it waits for no other command.
    fileprivate var isProtective: Bool {
        switch self {
        case .safeMode, .flatten, .stop, .cancelAll: true
        case .start, .restart, .setMode, .syncBalance: false
        }
    }
}
