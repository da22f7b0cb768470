public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func createCommand(_ input: CreateCommand.Input) async throws(Problem) -> CreateCommand.Output {
        let (request, actor) = (input.body, input.principal.name)
        try requireObject(request.payload, "payload")
        let key = IdempotencyKey(input.idempotencyKey, of: .createCommand, by: actor, request)
        let (approval, longest) = (configuration.approval, configuration.commandMaxSeconds)
        let keys = configuration.signing
        let command = try await audited(.commandCreate, on: .command, request.commandID.text, by: actor) {
            transaction in
            try transaction.once(key) {
                try transaction.create(request, by: actor, approval, longest: longest, keys)
            }
        }
        return .accepted(command)
    }
}

extension Transaction {
    fileprivate borrowing func create(
        _ request: CommandRequest,
        by actor: String,
        _ approval: ApprovalPolicy,
        longest: Int?,
        _ keys: ServerKeys?
    ) throws -> Command {
        if let stored = try run(.getCommand(commandID: request.commandID)) { throw Problem.commandExists(stored) }
        // From here on, the instance's other commands wait for this one, so their numbers are in commit order.
        guard try run(.holdInstances(instanceIDs: [request.instanceID])).count == 1 else {
            throw Problem.instanceNotFound
        }
        let times = try CommandTimes(request, now: run(.databaseTime()), longest: longest)
        if let old = request.supersedes {
            let ended = try run(.supersedeCommand(commandID: old, instanceID: request.instanceID, actor: actor))
            guard ended == 1 else { throw Problem.supersededNotPending }
        }
        let effect = CommandEffect(type: request.commandType, payload: request.payload)
        let mode = try modeEvidence(of: [request.instanceID]).first?.mode
        let row = try run(
            .insertCommand(
                commandID: request.commandID,
                instanceID: request.instanceID,
                commandType: request.commandType,
                issuedAt: times.issuedAt,
                expiresAt: times.expiresAt,
                payload: request.payload,
                isCritical: effect.isCritical,
                reason: request.reason,
                supersedes: request.supersedes,
                createdBy: actor,
                status: approval.firstStatus(isHighRisk: effect.isHighRisk(on: mode))
            )
        )
        guard let row else {
            // Another request has stored the id in the meantime, or the instance is retired.
            let stored = try run(.getCommand(commandID: request.commandID))
            throw stored.map(Problem.commandExists) ?? .instanceRetired
        }
        try keep(request.signature, of: request, row)
        try sign([SignableCommand(row)], with: keys)
        _ = try run(
            .recordCommand(
                actor: actor,
                commandID: row.commandID,
                details: request.auditDetails(times),
                address: RequestClient.current?.address
            )
        )
        return Command(row)
    }
}

extension CommandRequest {
    fileprivate func auditDetails(_ times: CommandTimes) -> JSONObject {
        JSONObject { json in
            json.member("type", commandType)
            json.member("instance_id", instanceID)
            if let reason { json.member("reason", reason) }
            json.member("expires_at", times.expiresAt)
            if let signature { json.member("key_id", signature.keyID) }
        }
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

extension Problem {
    fileprivate static func invalidExpiry(_ detail: String) -> Problem {
        Problem(status: 400, code: .invalidExpiry, detail: detail)
    }

    /// The 400 for a command that exceeds the maximum lifetime.
    static func tooLong(_ seconds: Int) -> Problem {
        invalidExpiry("a command must expire within \(seconds) seconds")
    }

    fileprivate static let supersededNotPending = Problem(
        status: 409,
        code: .commandNotPending,
        detail: "the superseded command is not pending for this instance"
    )

    fileprivate static func commandExists(_ stored: CommandRow) -> Problem {
        Problem(
            status: 409,
            code: .commandExists,
            detail: "command_id already exists",
            members: ["command": JSONObject(Command(stored))]
        )
    }
}
