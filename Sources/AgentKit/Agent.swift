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

    // Also used by the loops in Agent+Loops.swift.

    let reporter: Reporter?
    let processor: CommandProcessor
    let bootID = UUID.random().text
    let metadata = Mutex(JSONObject.empty)
    let profile = Mutex(AgentProfile())
    /// The credential of an enrolled instance, which the agent rotates; nil without one.
    let credential: Credential?
    /// Whether the control plane rejected the credential, and the signal that it did.
    let isRejected = Mutex(false)
    let rejected = Signal()
    /// Whether the control plane refused to register the instance at the last heartbeat.
    let isUnregistered = Mutex(false)
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
        let credential = try Credential.of(configuration, clock)
        self.credential = credential
        journal = try Journal(in: configuration.instanceDirectory, clock: clock)
        safety = SafetySwitch(configuration, journal: journal, clock: clock, logger: logger)
        let serverClock = ServerClock(clock)
        func controlPlane(at url: String) -> ControlPlane {
            let transport = transport ?? HTTPTransport(url: url)
            return ControlPlane(
                transport: transport,
                serverClock: serverClock,
                secret: { credential?.secret ?? configuration.token }
            )
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
    /// SAFE_MODE, REDUCE_ONLY and STOP block new orders and START permits them again, with or without a handler. Commands of any other type
    /// fail if they have no handler. SAFE_MODE, REDUCE_ONLY, FLATTEN, STOP and CANCEL_ALL have a separate queue, so two handlers can run at
    /// the same time.
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
    /// - Throws: `OrdersRefused` in REDUCE_ONLY, SAFE_MODE, FLATTENED and STOPPED.
    public func permitOrders() throws(OrdersRefused) { try safety.permit() }

    /// The state that heartbeats report: NORMAL, DEGRADED, REDUCE_ONLY, SAFE_MODE, FLATTENED or STOPPED.
    public var state: AgentState { safety.reported }

    /// Sets the metadata of all following heartbeats.
    ///
    /// - Parameter metadata: Any JSON object. It replaces the previous metadata.
    public func describe(_ metadata: JSONObject) { self.metadata.withLock { $0 = metadata } }

    /// Sets what all following heartbeats report of the bot.
    ///
    /// - Parameter profile: It replaces the previous one.
    public func describe(_ profile: AgentProfile) { self.profile.withLock { $0 = profile } }

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
}
