public import ContractRuntime
public import Generated
public import Logging
import Synchronization

/// Connects a bot to its control plane.
///
///     let agent = try Agent(AgentConfiguration(environment: ProcessInfo.processInfo.environment))
///     agent.on(.flatten) { _ in try await exchange.closeAllPositions() }
///     try await agent.run {
///         for await signal in strategy.signals { try agent.permitOrders(); try await exchange.place(signal.order) }
///     }
///
/// The agent sends heartbeats and the bot's reports, executes each command at most once, and blocks new orders when the control plane does
/// not answer. These tasks run independently of each other, and none of them blocks the bot.
public final class Agent: Sendable {
    /// An entry of a job queue. A queue runs its jobs one at a time.
    enum Job {
        case command(AgentCommand)
        case deadMan
    }

    /// The configuration the agent was created with.
    public let configuration: AgentConfiguration
    /// Takes the bot's reports and stores them until they are sent.
    public let telemetry: Telemetry

    private let journal: Journal
    private let serverClock: ServerClock
    private let reporter: Reporter?
    private let processor: CommandProcessor
    private let bootID = UUID.random().text
    private let metadata = Mutex(JSONObject.empty)
    /// Whether the control plane refused to register the instance at the last heartbeat.
    private let isUnregistered = Mutex(false)

    // Also used by the loops in Agent+Loops.swift.

    let clock: AgentClock
    let logger: Logger
    let safety: SafetySwitch
    let outbox: Outbox
    let commandFile: CommandFile?
    /// The control plane that receives heartbeats and reports; nil without a control plane.
    let controlPlane: ControlPlane?
    /// The control plane that is polled for commands; nil when commands come from a file.
    let commander: ControlPlane?
    let jobs = AsyncStream.makeStream(of: Job.self)
    let protectiveJobs = AsyncStream.makeStream(of: Job.self)

    /// Creates an agent and opens its journal, which only one agent can use at a time. Call `run` to start the agent.
    ///
    /// - Parameters:
    ///   - configuration: The identity, URLs and time limits of the agent.
    ///   - transport: Sends the agent's requests. The default is HTTP to the configured URLs.
    ///   - clock: The source of time. Tests pass their own.
    ///   - logger: Receives the agent's messages, with the instance ID as metadata.
    /// - Throws: `FileFailure` if another agent has locked the journal; `JournalFailure` if the journal is damaged; the file system's error
    ///   if the data directory cannot be used.
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

    // MARK: - API for the bot

    /// Sets the handler for a type of command. Set all handlers before `run`.
    ///
    /// SAFE_MODE and STOP block new orders and START permits them again, with or without a handler. Commands of any other type fail if
    /// they have no handler. SAFE_MODE, FLATTEN, STOP and CANCEL_ALL have a separate queue, so two handlers can run at the same time.
    ///
    /// - Parameters:
    ///   - type: The type of command. A second handler for the same type replaces the first.
    ///   - handler: Executes a command and returns evidence of its effect.
    public func on(_ type: CommandType, _ handler: @escaping CommandHandler) {
        processor.handlers.withLock { $0[type] = handler }
    }

    /// Checks that the bot may place new orders now. Call it before each order, except orders that only reduce a position.
    ///
    /// The check reads the time since the last contact with the control plane and makes no request.
    ///
    /// - Throws: `OrdersRefused` in SAFE_MODE, FLATTENED and STOPPED.
    public func permitOrders() throws(OrdersRefused) { try safety.permit() }

    /// The state that heartbeats report: NORMAL, DEGRADED, SAFE_MODE, FLATTENED or STOPPED.
    public var state: AgentState { safety.reported }

    /// Sets the metadata of all following heartbeats.
    ///
    /// - Parameter metadata: Any JSON object. It replaces the previous metadata.
    public func describe(_ metadata: JSONObject) { self.metadata.withLock { $0 = metadata } }

    /// Runs the agent until `body` returns or throws. Call it once per agent.
    ///
    /// At the end the agent waits up to 5 seconds for running commands. Then it sends pending acknowledgements and reports, and reports
    /// STOPPED, for up to 5 seconds.
    ///
    /// - Parameter body: The bot.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`; `AgentConfigurationError` if DEADMAN_ACTION is FLATTEN and FLATTEN has no handler; `FileFailure` if the
    ///   journal cannot be written.
    public func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await start()
        // An unstructured task, so that running commands finish when a service cancels this task to shut down.
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
            await sendFinalMessages()
        }.value
        return try result.get()
    }

    // MARK: - Single steps of the loops

    /// Checks the configuration, and acknowledges commands that an earlier process started and did not finish.
    func start() async throws {
        if configuration.deadManAction == .flatten, processor.handlers.withLock({ $0[.flatten] }) == nil {
            throw AgentConfigurationError(
                description: "DEADMAN_ACTION is FLATTEN, but the bot has no handler for FLATTEN"
            )
        }
        try await processor.settleUnfinished()
        if controlPlane == nil { logger.warning("no control plane is configured: the dead-man switch is off") }
        if safety.reported != .normal {
            logger.warning("starting in \(safety.reported.rawValue): new orders are blocked; START permits them again")
        }
    }

    /// Sends one heartbeat and renews the lease if the control plane accepts it.
    func beat() async throws(CallFailure) {
        guard let controlPlane else { return }
        let limit = min(configuration.heartbeatInterval, ControlPlane.limit)
        do throws(CallFailure) {
            try await controlPlane.beat(heartbeat(safety.reported), within: limit)
            isUnregistered.withLock { $0 = false }
            await safety.contact()
        } catch {
            if [.tooManyRegistrations, .tooManyInstances].contains(error.code) {
                let wasUnregistered = isUnregistered.withLock { isUnregistered in
                    defer { isUnregistered = true }
                    return isUnregistered
                }
                if !wasUnregistered { logger.critical("the control plane refused to register this instance: \(error)") }
            }
            if error.code == .leaseLost {
                if !safety.hasLostLease {
                    logger.critical("another process has taken over this instance: new orders are blocked")
                }
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

    /// Polls the control plane once, and returns the commands to execute.
    ///
    /// - Parameter seconds: How long the control plane may hold the request until there is a command, 0 to 60.
    func poll(waiting seconds: Int) async throws(CallFailure) -> [AgentCommand] {
        guard let commander else { return [] }
        let commands = try await commander.commands(for: configuration.instanceID, waiting: seconds)
        // Operators cannot see or command an unregistered instance, so its polls renew no lease.
        if !isUnregistered.withLock({ $0 }) { await safety.contact() }
        // After LEASE_LOST the other process executes the commands.
        return safety.hasLostLease ? [] : accept(commands)
    }

    /// Reads the command file, and returns the commands to execute.
    func readCommandFile() throws -> [AgentCommand] {
        guard let commandFile else { return [] }
        return accept(try commandFile.take(unless: processor.isJournaled))
    }

    /// Returns the commands to execute. Refused commands are acknowledged, and repeated ones are ignored.
    private func accept(_ commands: [JSONValue]) -> [AgentCommand] {
        commands.compactMap { json in
            switch processor.decide(on: json) {
            case .execute(let command): return command
            case .refuse(let acknowledgement): outbox.refuse(acknowledgement)
            case .ignore: break
            }
            return nil
        }
    }

    /// Executes one command.
    func execute(_ command: AgentCommand) async throws { try await processor.execute(command) }

    /// Checks the time since the last contact, and returns whether the dead-man action is due.
    func tick() async -> Bool {
        switch await safety.tick() {
        case .expired?:
            let action = configuration.deadManAction.rawValue
            logger.critical("no contact with the control plane for \(configuration.deadManTimeout): starting \(action)")
            return true
        case .resumed?:
            logger.notice("back to NORMAL: the control plane has answered for DEADMAN_RESUME_SECONDS")
            return false
        case nil: return false
        }
    }

    /// Runs the configured dead-man action.
    func act() async throws { try await processor.act(configuration.deadManAction) }

    /// Sends all pending acknowledgements.
    func sendAcknowledgements() async throws { try await outbox.flush() }

    /// Sends all pending reports, unless another process has taken over the instance.
    func sendReports() async throws {
        if !safety.hasLostLease { try await reporter?.flush() }
    }
}
