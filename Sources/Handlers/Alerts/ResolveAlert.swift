public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func resolveAlert(_ input: ResolveAlert.Input) async throws(Problem) -> ResolveAlert.Output {
        let (id, actor) = (input.alertID, input.principal.name)
        let row = try await audited(.alertResolve, on: .alert, id.text, by: actor) { transaction in
            guard let row = try transaction.run(.resolveAlert(alertID: id, actor: actor))
            else { throw try transaction.unresolvedAlertProblem(id) }
            try transaction.record(.alertResolve, on: .alert, id.text, by: actor, details: .empty)
            return row
        }
        return .ok(Alert(row))
    }
}
