public import ContractRuntime
public import Generated

extension API {
    public func getRunFailureRate(_ input: GetRunFailureRate.Input) async throws(Problem) -> GetRunFailureRate.Output {
        let row = try await read(.runFailureRate(moduleID: input.moduleID, windowSize: input.windowSize))
        return .ok(
            RunFailureRate(
                generatedAt: row.generatedAt,
                totalCompleted: row.completed,
                failedRuns: row.failed,
                failureRate: row.completed == 0 ? 0 : Double(row.failed) / Double(row.completed),
                windowSizeUsed: input.windowSize
            )
        )
    }
}
