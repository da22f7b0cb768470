public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func cancelCommand(_ input: CancelCommand.Input) async throws(Problem) -> CancelCommand.Output {
        let actor = input.principal.name
        let row = try await audited(.commandCancel, on: .command, input.commandID.text, by: actor) { transaction in
            try transaction.cancel(input.commandID, by: actor)
        }
        return .ok(Command(row))
    }
}

extension Transaction {
    /// Cancels a command that its instance has not acknowledged.
    fileprivate borrowing func cancel(_ id: UUID, by actor: String) throws -> CancelCommandRow {
        if let row = try run(.cancelCommand(commandID: id, actor: actor)) {
            try record(.commandCancel, on: .command, id.text, by: actor, details: .empty)
            return row
        }
        guard let status = try run(.lockCommand(commandID: id))?.status else { throw Problem.commandNotFound }
        let detail = "a command that is \(status.rawValue) cannot be canceled"
        throw Problem(status: 409, code: .commandNotPending, detail: detail)
    }
}
