public import ContractRuntime
public import Generated

extension API {
    public func checkStuckRuns(_ input: CheckStuckRuns.Input) async throws(Problem) -> CheckStuckRuns.Output {
        let row = try await run(
            .checkStuckRuns(thresholdSeconds: input.staleAfterSeconds, actor: input.principal.name)
        )
        try await notifyAndAudit(row.created)
        return .ok(
            StuckRunCheck(
                checkedAt: row.checkedAt,
                thresholdSeconds: input.staleAfterSeconds,
                stuckRuns: row.stuck,
                alertsCreated: row.created.count
            )
        )
    }
}
