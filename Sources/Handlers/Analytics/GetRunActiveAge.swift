public import ContractRuntime
public import Generated

extension API {
    public func getRunActiveAge(_ input: GetRunActiveAge.Input) async throws(Problem) -> GetRunActiveAge.Output {
        let row = try await read(.runActiveAge(moduleID: input.moduleID))
        return .ok(
            RunActiveAge(
                generatedAt: row.generatedAt,
                activeRuns: row.active,
                oldestActiveSeconds: row.oldestSeconds,
                avgActiveSeconds: row.avgSeconds
            )
        )
    }
}
