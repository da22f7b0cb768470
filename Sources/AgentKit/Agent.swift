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
    enum Job {
        case command(AgentCommand)
        case deadMan
    }

    /// How the agent was set up.
    public let configuration: AgentConfiguration
    /// What the bot reports.
    public let telemetry: Telemetry

    private let journal: Journal
    private let serverClock: ServerClock
    private let reporter: Reporter?
    private let processor: CommandProcessor
    private let bootID = UUID.random().text
    private let metadata = Mutex(JSONObject.empty)
    /// Whether the control plane refused to register the instance at its last heartbeat.
    private let isUnregistered = Mutex(false)

    // What the loops need, too.

    let clock: AgentClock
    let logger: Logger
    let safety: SafetySwitch
    let outbox: Outbox
    let commandFile: CommandFile?
    /// Where heartbeats and reports go; nil without a control plane.
    let controlPlane: ControlPlane?
    /// Where commands come from; nil when they come from a file.
    let commander: ControlPlane?
    let jobs = AsyncStream.makeStream(of: Job.self)
    let protectiveJobs = AsyncStream.makeStream(of: Job.self)

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
            isUnregistered.withLock { $0 = false }
            await safety.contact()
        } catch {
            if ["TOO_MANY_REGISTRATIONS", "TOO_MANY_INSTANCES"].contains(error.code) {
                let wasUnregistered = isUnregistered.withLock { isUnregistered in
                    defer { isUnregistered = true }
                    return isUnregistered
                }
                if !wasUnregistered { logger.critical("the control plane does not register this instance: \(error)") }
            }
            if error.code == "LEASE_LOST" {
                if !safety.hasLostLease { logger.critical("another process reports for this instance: no more orders") }
                safety.loseLease()
            }
            throw error
        }
    }

    func heartbeat(_ state: AgentState) -> Heartbeat {
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
        // Operators cannot see or command an unregistered instance, so its polls renew no lease.
        if !isUnregistered.withLock({ $0 }) { await safety.contact() }
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
}
