public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func acknowledgeAlert(_ input: AcknowledgeAlert.Input) async throws(Problem) -> AcknowledgeAlert.Output {
        let (id, actor) = (input.alertID, input.principal.name)
        let row = try await audited(.alertAck, on: .alert, id.text, by: actor) { transaction in
            guard let row = try transaction.run(.acknowledgeAlert(alertID: id, actor: actor))
            else { throw try transaction.unresolvedAlertProblem(id) }
            try transaction.record(.alertAck, on: .alert, id.text, by: actor, details: .empty)
            return row
        }
        return .ok(Alert(row))
    }
}

extension Transaction {
    /// The reason why no unresolved alert has this id.
    borrowing func unresolvedAlertProblem(_ alertID: UUID) throws -> Problem {
        guard try run(.getAlert(alertID: alertID)) != nil else { return .alertNotFound }
        return Problem(status: 409, code: .alertResolved, detail: "the alert is resolved already")
    }
}
