public import ContractRuntime
public import Generated

extension API {
    public func checkHeartbeats(_ input: CheckHeartbeats.Input) async throws(Problem) -> CheckHeartbeats.Output {
        let row = try await run(
            .checkHeartbeats(staleSeconds: input.staleAfterSeconds, actor: input.principal.name)
        )
        return .ok(
            HeartbeatCheck(
                checkedAt: row.checkedAt,
                staleThresholdSeconds: input.staleAfterSeconds,
                staleInstances: row.stale,
                alertsCreated: row.created
            )
        )
    }
}
