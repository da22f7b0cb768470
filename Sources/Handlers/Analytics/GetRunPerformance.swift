public import ContractRuntime
public import Generated

extension API {
    public func getRunPerformance(_ input: GetRunPerformance.Input) async throws(Problem) -> GetRunPerformance.Output {
        let row = try await read(.runPerformance(moduleID: input.moduleID))
        return .ok(
            RunPerformance(
                generatedAt: row.generatedAt,
                totalRuns: row.total,
                completedRuns: row.completed,
                successRate: row.completed == 0 ? 0 : Double(row.succeeded) / Double(row.completed),
                avgDurationSeconds: row.avgSeconds,
                p95DurationSeconds: row.p95Seconds
            )
        )
    }
}
