public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func createCommand(_ input: CreateCommand.Input) async throws(Problem) -> CreateCommand.Output {
        let request = input.body
        try checkTimes(of: request)
        let row = try await transaction { transaction in
            if let stored = try transaction.run(.getCommand(commandID: request.commandID)) {
                throw Problem.commandExists(stored)
            }
            guard try transaction.run(.instanceExists(instanceID: request.instanceID)) else {
                throw Problem.instanceNotFound
            }
            return try transaction.insert(request, by: input.principal.name)
        }
        return .accepted(Command(row))
    }

    private func checkTimes(of request: CommandRequest) throws(Problem) {
        guard request.expiresAt > request.issuedAt else {
            throw .invalidExpiry("expires_at must be greater than issued_at")
        }
        guard request.expiresAt > .now else { throw .invalidExpiry("expires_at must be in the future") }
    }
}

extension Transaction {
    /// Stores the command and what the audit log says of it.
    fileprivate borrowing func insert(_ request: CommandRequest, by actor: String) throws -> InsertCommandRow {
        let row = try run(
            .insertCommand(
                commandID: request.commandID,
                instanceID: request.instanceID,
                commandType: request.commandType,
                issuedAt: request.issuedAt,
                expiresAt: request.expiresAt,
                payload: request.payload,
                createdBy: actor
            )
        )
        guard let row else {
            // Another request stored the id since we looked.
            throw try run(.getCommand(commandID: request.commandID)).map(Problem.commandExists) ?? .commandNotFound
        }
        let details = JSONObject { json in json.member("type", request.commandType) }
        try record(.commandCreate, on: .command, request.commandID.text, by: actor, details: details)
        return row
    }
}

extension Problem {
    fileprivate static func invalidExpiry(_ detail: String) -> Problem {
        Problem(status: 400, code: "INVALID_EXPIRY", detail: detail)
    }

    fileprivate static func commandExists(_ stored: GetCommandRow) -> Problem {
        Problem(
            status: 409,
            code: "COMMAND_EXISTS",
            detail: "command_id already exists",
            members: ["command": JSONObject(Command(stored))]
        )
    }
}
