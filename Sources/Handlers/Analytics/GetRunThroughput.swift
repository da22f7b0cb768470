public import ContractRuntime
public import Generated

extension API {
    public func getRunThroughput(_ input: GetRunThroughput.Input) async throws(Problem) -> GetRunThroughput.Output {
        let row = try await read(.runThroughput(moduleID: input.moduleID, windowHours: input.windowHours))
        return .ok(
            RunThroughput(
                generatedAt: row.generatedAt,
                windowHours: input.windowHours,
                totalRuns: row.total,
                runsPerHour: Double(row.total) / Double(input.windowHours)
            )
        )
    }
}
