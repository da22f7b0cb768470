public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func cancelCommand(_ input: CancelCommand.Input) async throws(Problem) -> CancelCommand.Output {
        let actor = input.principal.name
        let result = try await transaction { transaction in try transaction.cancel(input.commandID, by: actor) }
        switch result {
        case .success(let row): return .ok(Command(row))
        case .failure(let problem): throw problem
        }
    }
}

extension Transaction {
    /// Takes a pending command back; of one that is not the audit log keeps the attempt.
    fileprivate borrowing func cancel(_ id: UUID, by actor: String) throws -> Result<CancelCommandRow, Problem> {
        if let row = try run(.cancelCommand(commandID: id)) {
            try record(.commandCancel, on: .command, id.text, by: actor, details: .empty)
            return .success(row)
        }
        guard let status = try run(.lockCommand(commandID: id))?.status else { throw Problem.commandNotFound }
        let details = JSONObject { json in json.member("current_status", status) }
        try record(.commandCancel, on: .command, id.text, by: actor, result: .rejected, details: details)
        let detail = "a command that is \(status.rawValue) cannot be canceled"
        return .failure(Problem(status: 409, code: "COMMAND_NOT_PENDING", detail: detail))
    }
}
