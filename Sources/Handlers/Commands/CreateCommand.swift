public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func createCommand(_ input: CreateCommand.Input) async throws(Problem) -> CreateCommand.Output {
        let (request, actor) = (input.body, input.principal.name)
        try requireObject(request.payload, "payload")
        let key = IdempotencyKey(input.idempotencyKey, of: .createCommand, by: actor, request)
        let needsApproval = configuration.needsApproval
        let longest = configuration.commandMaxSeconds
        let command = try await audited(.commandCreate, on: .command, request.commandID.text, by: actor) {
            transaction in
            try transaction.once(key) {
                try transaction.create(request, longest: longest, by: actor, needsApproval: needsApproval)
            }
        }
        return .accepted(command)
    }
}

/// The validity period of a command.
struct CommandTimes {
    let issuedAt: Timestamp
    let expiresAt: Timestamp

    /// Reads the validity period of a request.
    ///
    /// - Parameter now: The database's time, which decides when the command expires.
    init(_ request: CommandRequest, now: Timestamp, longest: Int?) throws(Problem) {
        let issuedAt = request.issuedAt ?? now
        let expiresAt = request.expiresAt ?? now.adding(seconds: Int64(request.ttlSeconds ?? 0))
        guard expiresAt > issuedAt else { throw .invalidExpiry("expires_at must be greater than issued_at") }
        guard expiresAt > now else { throw .invalidExpiry("expires_at must be in the future") }
        if let longest, expiresAt > now.adding(seconds: Int64(longest)) { throw .tooLong(longest) }
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

extension Transaction {
    /// Stores a command and its audit entry.
    fileprivate borrowing func create(
        _ request: CommandRequest,
        longest: Int?,
        by actor: String,
        needsApproval: Bool
    ) throws -> Command {
        if let stored = try run(.getCommand(commandID: request.commandID)) { throw Problem.commandExists(stored) }
        if try run(.holdInstances(instanceIDs: [request.instanceID])).isEmpty { throw Problem.instanceNotFound }
        let times = try CommandTimes(request, now: run(.databaseTime()), longest: longest)
        if let old = request.supersedes { try supersede(old, of: request.instanceID, by: actor) }
        let row = try run(
            .insertCommand(
                commandID: request.commandID,
                instanceID: request.instanceID,
                commandType: request.commandType,
                issuedAt: times.issuedAt,
                expiresAt: times.expiresAt,
                payload: request.payload,
                reason: request.reason,
                supersedes: request.supersedes,
                createdBy: actor,
                needsApproval: needsApproval
            )
        )
        guard let row else {
            // Another request has stored the id in the meantime, or the instance is retired.
            throw try run(.getCommand(commandID: request.commandID)).map(Problem.commandExists) ?? .instanceRetired
        }
        let details = JSONObject { json in json.member("type", request.commandType) }
        try record(.commandCreate, on: .command, request.commandID.text, by: actor, details: details)
        return Command(row)
    }

    private borrowing func supersede(_ id: UUID, of instanceID: String, by actor: String) throws {
        guard try run(.supersedeCommand(commandID: id, instanceID: instanceID, actor: actor)) == 1 else {
            let detail = "the superseded command is not pending for this instance"
            throw Problem(status: 409, code: .commandNotPending, detail: detail)
        }
    }
}

extension Problem {
    fileprivate static func invalidExpiry(_ detail: String) -> Problem {
        Problem(status: 400, code: .invalidExpiry, detail: detail)
    }

    /// The 400 for a command that exceeds the maximum lifetime.
    static func tooLong(_ seconds: Int) -> Problem {
        invalidExpiry("a command must expire within \(seconds) seconds")
    }

    fileprivate static func commandExists(_ stored: GetCommandRow) -> Problem {
        Problem(
            status: 409,
            code: .commandExists,
            detail: "command_id already exists",
            members: ["command": JSONObject(Command(stored))]
        )
    }
}
