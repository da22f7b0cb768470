public import ContractRuntime
import Generated
import Logging
import Synchronization

/// Executes a command of one type.
///
/// The returned object is the evidence of the effect and becomes part of the acknowledgement. If the handler throws, the command fails, and
/// the error is the reason in the acknowledgement. After `AgentConfiguration.commandTimeLimit` the task of the handler is cancelled and the
/// command fails with an unknown outcome.
public typealias CommandHandler = @Sendable (AgentCommand) async throws -> JSONObject?

/// An error for handlers to throw that adds evidence to a failed command.
public struct CommandFailure: Error, CustomStringConvertible {
    /// Why the command failed. The acknowledgement has its first 2,000 characters.
    public let reason: String
    /// Details of the failure, for example the remaining position; nil without details.
    public let evidence: JSONObject?

    /// Creates a failure for this reason.
    public init(_ reason: String, evidence: JSONObject? = nil) {
        self.reason = reason
        self.evidence = evidence
    }

    /// The reason.
    public var description: String { reason }
}

/// Executes delivered commands at most once each, and acknowledges every one of them.
final class CommandProcessor: Sendable {
    /// The way to handle a delivered command.
    enum Decision {
        /// Execute the command: it is new.
        case execute(AgentCommand)
        /// Acknowledge the command as failed or rejected, and never execute it.
        case refuse(Acknowledgement)
        /// Do nothing: the command is in progress, already acknowledged, or has no readable ID.
        case ignore
    }

    private let instanceID: String
    private let timeLimit: Duration
    /// The keys that must have signed commands; nil if they need no signature.
    private let keys: CommandKeys?
    private let sequences: Mutex<SequenceGuard>
    /// The bot's handlers by type of command.
    let handlers = Mutex<[CommandType: CommandHandler]>([:])
    private let journal: Journal
    private let safety: SafetySwitch
    private let clock: AgentClock
    private let serverClock: ServerClock
    private let outbox: Outbox
    private let logger: Logger
    /// The commands that are queued or running.
    private let inProgress = Mutex<Set<UUID>>([])

    init(
        _ configuration: AgentConfiguration,
        journal: Journal,
        safety: SafetySwitch,
        clock: AgentClock,
        serverClock: ServerClock,
        outbox: Outbox,
        logger: Logger
    ) {
        instanceID = configuration.instanceID
        timeLimit = configuration.commandTimeLimit
        keys = configuration.commandKeys
        sequences = Mutex(SequenceGuard(journal.floors))
        self.journal = journal
        self.safety = safety
        self.clock = clock
        self.serverClock = serverClock
        self.outbox = outbox
        self.logger = logger
    }

    /// Acknowledges commands that an earlier process started and did not finish. Their outcome is unknown.
    func settleUnfinished() async throws {
        for command in journal.unfinished {
            let reason = "UNKNOWN_OUTCOME: the agent stopped while it executed the command"
            try await journal.end(command, acknowledgement(command.commandID, .failed, reason))
        }
        outbox.changed.set()
    }

    // MARK: - Deciding

    /// Decides how to handle a delivered command. A command to execute is marked as in progress, so that it is returned only once.
    func decide(on json: JSONValue) -> Decision {
        let command: AgentCommand
        do throws(AgentCommand.Malformed) {
            command = try AgentCommand(json)
        } catch {
            logger.error("received a malformed command", metadata: ["reason": "\(error.reason)"])
            guard let id = error.commandID else { return .ignore }
            return .refuse(acknowledgement(id, .failed, error.reason))
        }
        guard command.instanceID.hasSameScalars(as: instanceID) else {
            return .refuse(acknowledgement(command.commandID, .failed, "WRONG_INSTANCE: this agent is '\(instanceID)'"))
        }
        // Marked before the journal is read: `execute` clears the mark only after the command is in the journal.
        let isFirst = inProgress.withLock { $0.insert(command.commandID).inserted }
        if let entry = journal.entry(command.commandID) {
            if isFirst { _ = inProgress.withLock { $0.remove(command.commandID) } }
            guard entry.command.hasSameContent(as: command) else {
                return .refuse(
                    acknowledgement(command.commandID, .rejectedDuplicate, "a different command has the same ID")
                )
            }
            if entry.acknowledgement != nil { journal.repeatAcknowledgement(command.commandID) }
            outbox.changed.set()
            return .ignore
        }
        guard isFirst else { return .ignore }
        do throws(CommandKeys.Refusal) {
            return .execute(try authentic(command, json))
        } catch {
            _ = inProgress.withLock { $0.remove(command.commandID) }
            logger.critical(
                "refused a command: \(error.reason)",
                metadata: ["command_id": "\(command.commandID.text)"]
            )
            return .refuse(acknowledgement(command.commandID, .failed, error.reason))
        }
    }

    /// The command with its signed payload. It is not executed unless each required key has signed it, for this instance, and has signed no
    /// newer one that was delivered before.
    private func authentic(_ command: AgentCommand, _ json: JSONValue) throws(CommandKeys.Refusal) -> AgentCommand {
        guard let keys else { return command }
        var verified = try keys.verify(command, json)
        if verified.expiresAt <= serverClock.now {
            // It will not be executed, so others need not be newer.
            verified.sequences = [:]
            return verified
        }
        guard sequences.withLock({ $0.admit(verified) }) else {
            throw CommandKeys.Refusal(reason: "REPLAYED: the command is older than one that was delivered before")
        }
        return verified
    }

    /// Whether a delivered command is in the journal or will never be, so that it does not have to be delivered again.
    func isJournaled(_ json: JSONValue) -> Bool {
        guard let command = try? AgentCommand(json), command.instanceID.hasSameScalars(as: instanceID) else {
            return true
        }
        if journal.entry(command.commandID) != nil { return true }
        guard let keys else { return false }
        return (try? keys.verify(command, json)) == nil
    }

    /// Waits until no command is queued or running, for at most `limit`.
    func finish(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        while !inProgress.withLock(\.isEmpty), ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    // MARK: - Executing

    /// Executes a command that `decide(on:)` returned, and writes its start and its outcome to the journal.
    func execute(_ command: AgentCommand) async throws {
        defer { _ = inProgress.withLock { $0.remove(command.commandID) } }
        // A signed command that had expired when it was delivered stays expired, whatever the server's clock says later: its number was not
        // checked.
        let isUnchecked = keys != nil && command.sequences.isEmpty
        if isUnchecked || command.expiresAt <= serverClock.now {
            try await journal.end(
                command,
                acknowledgement(command.commandID, .rejectedExpired, "the command has expired")
            )
            sequences.withLock { $0.journaled(command.commandID) }
        } else {
            try await journal.begin(command)
            sequences.withLock { $0.journaled(command.commandID) }
            try await journal.end(command, try await outcome(of: command))
        }
        outbox.changed.set()
    }

    private func outcome(of command: AgentCommand) async throws -> Acknowledgement {
        if let refusal = await outbox.claim(acknowledgement(command.commandID, .accepted)) {
            return acknowledgement(command.commandID, .failed, "NOT_CARRIED_OUT: \(refusal)")
        }
        do {
            let evidence = try await effect(of: command)
            logger.notice("command completed", metadata: ["command": "\(command.commandType.rawValue)"])
            return acknowledgement(command.commandID, .completed, evidence: evidence)
        } catch {
            // The agent is stopping, so the outcome stays unknown: the next start acknowledges it.
            try Task.checkCancellation()
            let failure = error as? CommandFailure ?? CommandFailure("HANDLER_FAILED: \(error)")
            logger.error("command failed: \(failure)", metadata: ["command": "\(command.commandType.rawValue)"])
            return acknowledgement(command.commandID, .failed, failure.reason, evidence: failure.evidence)
        }
    }

    /// Applies a command. New orders are blocked before the handler runs, and stay blocked if it fails.
    private func effect(of command: AgentCommand) async throws -> JSONObject? {
        switch command.commandType {
        case .safeMode: return try await close(.safeMode, command)
        case .reduceOnly: return try await close(.reduceOnly, command)
        case .stop: return try await close(.stopped, command)
        case .flatten:
            await safety.close(.safeMode)
            let evidence = try await handle(command)
            await safety.close(.flattened)
            return evidence
        case .start:
            let stopCount = safety.stopCount
            let evidence = try await has(.start) ? handle(command) : nil
            if let refusal = await safety.open(ifStillAt: stopCount) { throw CommandFailure(refusal) }
            return evidence ?? state(.normal)
        case .restart, .cancelAll, .setMode, .syncBalance: return try await handle(command)
        }
    }

    private func close(_ mode: AgentState, _ command: AgentCommand) async throws -> JSONObject? {
        await safety.close(mode)
        let evidence = try await has(command.commandType) ? handle(command) : nil
        return evidence ?? state(mode)
    }

    private func state(_ mode: AgentState) -> JSONObject { JSONObject { $0.member("state", mode.rawValue) } }

    private func has(_ type: CommandType) -> Bool { handlers.withLock { $0[type] } != nil }

    private func handle(_ command: AgentCommand) async throws -> JSONObject? {
        guard let handler = handlers.withLock({ $0[command.commandType] }) else {
            throw CommandFailure("NO_HANDLER: the bot has no handler for \(command.commandType.rawValue)")
        }
        return try await withTimeLimit(timeLimit) { try await handler(command) }
    }

    /// Runs the dead-man action: calls the handler that the same command from an operator would call.
    func act(_ action: AgentConfiguration.DeadManAction) async throws {
        let type: CommandType = action == .flatten ? .flatten : .safeMode
        let command = AgentCommand(
            commandID: UUID.random(),
            instanceID: instanceID,
            commandType: type,
            expiresAt: serverClock.now.adding(seconds: 3600),
            payload: JSONObject { $0.member("reason", "DEADMAN_TIMEOUT") }
        )
        do {
            if has(type) { _ = try await handle(command) }
            if action == .flatten { await safety.close(.flattened, isDeadMan: true) }
        } catch {
            try Task.checkCancellation()
            logger.critical("the dead-man action \(action.rawValue) failed: \(error)")
        }
        await safety.acted()
    }

    private func acknowledgement(
        _ id: UUID,
        _ status: AcknowledgementStatus,
        _ reason: String? = nil,
        evidence: JSONObject? = nil
    ) -> Acknowledgement {
        Acknowledgement(
            commandID: id,
            instanceID: instanceID,
            status: status,
            reason: reason.map { String($0.unicodeScalars.prefix(2000)) },
            timestamp: clock.wall(),
            evidence: evidence
        )
    }
}

/// Returns the result of `work`, or throws UNKNOWN_OUTCOME after `limit`. It does not wait for cancelled work to end, so that a handler that
/// ignores cancellation cannot block the queue.
private func withTimeLimit<Value: Sendable>(
    _ limit: Duration,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let (results, continuation) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
    let task = Task {
        do { continuation.yield(.success(try await work())) } catch { continuation.yield(.failure(error)) }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        continuation.yield(.failure(CommandFailure("UNKNOWN_OUTCOME: the handler did not finish within \(limit)")))
    }
    defer {
        task.cancel()
        timer.cancel()
    }
    for await result in results { return try result.get() }
    throw CancellationError()
}
