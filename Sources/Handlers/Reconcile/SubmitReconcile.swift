public import ContractRuntime
public import Generated

extension API {
    public func submitReconcile(_ input: SubmitReconcile.Input) async throws(Problem) -> SubmitReconcile.Output {
        let report = input.body
        let id = try await run(
            .submitReconcile(
                instanceID: report.instanceID,
                exchangeEquity: report.exchangeEquity,
                internalEquity: report.internalEquity,
                difference: report.difference,
                status: report.status,
                ts: report.timestamp,
                actor: input.principal.name
            )
        )
        guard let id else { throw .instanceNotFound }
        return .accepted(
            ReconcileResult(
                reconcileID: id,
                instanceID: report.instanceID,
                exchangeEquity: report.exchangeEquity,
                internalEquity: report.internalEquity,
                difference: report.difference,
                status: report.status,
                timestamp: report.timestamp
            )
        )
    }
}
