public import ContractRuntime
import Generated
import Logging
import Synchronization

/// Carries out a command. What it returns proves the effect and stands in the acknowledgement; what it throws is the reason of the
/// failure. Once the command's time limit is over its task is cancelled.
public typealias CommandHandler = @Sendable (AgentCommand) async throws -> JSONObject?

/// A failed command, with what is known all the same.
public struct CommandFailure: Error, CustomStringConvertible {
    /// Why.
    public let reason: String
    /// What is left of a position, for instance.
    public let evidence: JSONObject?

    /// A failure of this reason.
    public init(_ reason: String, evidence: JSONObject? = nil) {
        self.reason = reason
        self.evidence = evidence
    }

    public var description: String { reason }
}

/// Decides what is done with delivered commands, and does it: each at most once, and each with an acknowledgement.
final class CommandProcessor: Sendable {
    /// What is to be done with a delivered command.
    enum Verdict {
        /// It is new.
        case carryOut(AgentCommand)
        /// It will never be carried out.
        case refuse(Acknowledgement)
        /// It is already taken care of.
        case leave
    }

    private let instanceID: String
    private let timeLimit: Duration
    /// What the bot does, by the type of the command.
    let handlers = Mutex<[CommandType: CommandHandler]>([:])
    private let journal: Journal
    private let safety: SafetySwitch
    private let clock: AgentClock
    private let serverClock: ServerClock
    private let outbox: Outbox
    private let logger: Logger
    /// The commands that are carried out or wait for that.
    private let taken = Mutex<Set<UUID>>([])

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
        self.journal = journal
        self.safety = safety
        self.clock = clock
        self.serverClock = serverClock
        self.outbox = outbox
        self.logger = logger
    }

    /// Of what an earlier process has begun and not finished nobody knows whether it happened.
    func settleUnfinished() async throws {
        for command in journal.unfinished {
            let reason = "UNKNOWN_OUTCOME: the agent ended while it carried the command out"
            try await journal.end(command, acknowledgement(command.commandID, .failed, reason))
        }
        outbox.changed.set()
    }

    // MARK: - Judging

    /// Judges what was delivered. What is to be carried out is taken: nobody gets it twice.
    func judge(_ json: JSONValue) -> Verdict {
        let command: AgentCommand
        do throws(AgentCommand.Malformed) {
            command = try AgentCommand(json)
        } catch {
            logger.error("a command that cannot be read", metadata: ["reason": "\(error.reason)"])
            guard let id = error.commandID else { return .leave }
            return .refuse(acknowledgement(id, .failed, error.reason))
        }
        guard command.instanceID.hasSameScalars(as: instanceID) else {
            return .refuse(acknowledgement(command.commandID, .failed, "WRONG_INSTANCE: this is '\(instanceID)'"))
        }
        // Taken before the journal is asked: whoever carries it out lets go of it only once the journal knows.
        let isTaken = taken.withLock { $0.insert(command.commandID).inserted }
        if let entry = journal.entry(command.commandID) {
            if isTaken { _ = taken.withLock { $0.remove(command.commandID) } }
            guard entry.command.says(theSameAs: command) else {
                return .refuse(acknowledgement(command.commandID, .rejectedDuplicate, "another command has this id"))
            }
            if entry.acknowledgement != nil { journal.repeatAcknowledgement(command.commandID) }
            outbox.changed.set()
            return .leave
        }
        return isTaken ? .carryOut(command) : .leave
    }

    /// Whether a delivered command need not be delivered again.
    func hasBegun(_ json: JSONValue) -> Bool {
        guard let command = try? AgentCommand(json), command.instanceID.hasSameScalars(as: instanceID) else {
            return true
        }
        return journal.entry(command.commandID) != nil
    }

    /// Waits until nothing is being carried out, for so long at most.
    func finish(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        while !taken.withLock(\.isEmpty), ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(10)) }
    }

    // MARK: - Carrying out

    /// Carries out a command that `judge` gave.
    func carryOut(_ command: AgentCommand) async throws {
        defer { _ = taken.withLock { $0.remove(command.commandID) } }
        if command.expiresAt <= serverClock.now {
            try await journal.end(
                command,
                acknowledgement(command.commandID, .rejectedExpired, "the command has expired")
            )
        } else {
            try await journal.begin(command)
            try await journal.end(command, try await outcome(of: command))
        }
        outbox.changed.set()
    }

    private func outcome(of command: AgentCommand) async throws -> Acknowledgement {
        if let obstacle = await outbox.claim(acknowledgement(command.commandID, .accepted)) {
            return acknowledgement(command.commandID, .failed, "NOT_CARRIED_OUT: \(obstacle)")
        }
        do {
            let evidence = try await effect(of: command)
            logger.notice("carried out", metadata: ["command": "\(command.commandType.rawValue)"])
            return acknowledgement(command.commandID, .completed, evidence: evidence)
        } catch {
            // The agent ends. What the handler has done so far nobody knows.
            try Task.checkCancellation()
            let failure = error as? CommandFailure ?? CommandFailure("HANDLER_FAILED: \(error)")
            logger.error("failed: \(failure)", metadata: ["command": "\(command.commandType.rawValue)"])
            return acknowledgement(command.commandID, .failed, failure.reason, evidence: failure.evidence)
        }
    }

    /// What a command does. The gate is closed before anything else happens, and stays closed when the handler fails.
    private func effect(of command: AgentCommand) async throws -> JSONObject? {
        switch command.commandType {
        case .safeMode: return try await close(.safeMode, command)
        case .stop: return try await close(.stopped, command)
        case .flatten:
            await safety.close(.safeMode)
            let evidence = try await handle(command)
            await safety.close(.flattened)
            return evidence
        case .start:
            let closings = safety.closings
            let evidence = try await has(.start) ? handle(command) : nil
            if let obstacle = await safety.open(ifStillAt: closings) { throw CommandFailure(obstacle) }
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
            throw CommandFailure("NO_HANDLER: this bot does not know what to do for \(command.commandType.rawValue)")
        }
        return try await firstOf(timeLimit) { try await handler(command) }
    }

    /// What the dead-man switch does: the handler that an operator's command would call, once.
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
            logger.critical("the dead-man switch could not \(action.rawValue): \(error)")
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

/// What `work` returns or throws, if it does so within `limit`. Work that goes on beyond is cancelled and left alone: whoever waits for
/// it must not wait for ever.
private func firstOf<Value: Sendable>(
    _ limit: Duration,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let (results, continuation) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
    let task = Task {
        do { continuation.yield(.success(try await work())) } catch { continuation.yield(.failure(error)) }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        continuation.yield(.failure(CommandFailure("UNKNOWN_OUTCOME: the handler was not done within \(limit)")))
    }
    defer {
        task.cancel()
        timer.cancel()
    }
    for await result in results { return try result.get() }
    throw CancellationError()
}
