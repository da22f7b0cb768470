public import ContractRuntime
public import Generated

extension API {
    public func checkHeartbeats(_ input: CheckHeartbeats.Input) async throws(Problem) -> CheckHeartbeats.Output {
        let row = try await run(
            .checkHeartbeats(staleSeconds: input.staleAfterSeconds, actor: input.principal.name)
        )
        if !row.created.isEmpty { try await tellAndAudit(row.created) }
        return .ok(
            HeartbeatCheck(
                checkedAt: row.checkedAt,
                staleThresholdSeconds: input.staleAfterSeconds,
                staleInstances: row.stale,
                alertsCreated: row.created.count
            )
        )
    }
}
