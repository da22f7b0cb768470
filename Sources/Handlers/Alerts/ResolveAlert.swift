public import ContractRuntime
public import Generated
import Postgres

extension API {
    public func resolveAlert(_ input: ResolveAlert.Input) async throws(Problem) -> ResolveAlert.Output {
        let row = try await transaction { transaction in
            guard let row = try transaction.run(.resolveAlert(alertID: input.alertID, actor: input.principal.name))
            else { throw try transaction.whyNot(input.alertID) }
            try transaction.record(
                .alertResolve,
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
