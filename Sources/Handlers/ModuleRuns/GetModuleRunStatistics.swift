public import ContractRuntime
public import Generated

extension API {
    public func getModuleRunStatistics(
        _ input: GetModuleRunStatistics.Input
    ) async throws(Problem) -> GetModuleRunStatistics.Output {
        let row = try await readPrimary(.moduleRunStatistics(moduleID: input.moduleID))
        return .ok(
            ModuleRunStatistics(
                generatedAt: row.generatedAt,
                totalRuns: row.total,
                activeRuns: row.queued + row.running,
                statusCounts: .init(
                    queued: row.queued,
                    running: row.running,
                    succeeded: row.succeeded,
                    failed: row.failed,
                    canceled: row.canceled
                )
            )
        )
    }
}
