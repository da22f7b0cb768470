public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func acknowledgeAlert(_ input: AcknowledgeAlert.Input) async throws(Problem) -> AcknowledgeAlert.Output {
        let row = try await transaction { transaction in
            guard let row = try transaction.run(.acknowledgeAlert(alertID: input.alertID, actor: input.principal.name))
            else { throw try transaction.whyNot(input.alertID) }
            try transaction.record(
                .alertAck,
                on: .alert,
                input.alertID.text,
                by: input.principal.name,
                details: .empty
            )
            return row
        }
        return .ok(Alert(row))
    }
}

extension Transaction {
    /// Why no live alert has this id.
    borrowing func whyNot(_ alertID: UUID) throws -> Problem {
        guard try run(.getAlert(alertID: alertID)) != nil else { return .alertNotFound }
        return Problem(status: 409, code: "ALERT_RESOLVED", detail: "the alert is resolved already")
    }
}
