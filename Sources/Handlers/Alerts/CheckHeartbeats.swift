public import ContractRuntime
public import Generated

extension API {
    public func checkHeartbeats(_ input: CheckHeartbeats.Input) async throws(Problem) -> CheckHeartbeats.Output {
        let found = try await checkFleet { after throws(Problem) in
            try await run(
                .checkHeartbeats(
                    after: after,
                    limit: Self.instancesAtOnce,
                    staleSeconds: input.staleAfterSeconds,
                    actor: input.principal.name
                )
            )
        }
        guard let found else { throw .internalError }
        try await notifyAndAudit(found.created)
        return .ok(
            HeartbeatCheck(
                checkedAt: found.checkedAt,
                staleThresholdSeconds: input.staleAfterSeconds,
                staleInstances: found.stale,
                alertsCreated: found.created.count
            )
        )
    }
}
