public import ContractRuntime
public import Generated

extension API {
    public func getResourceWindow(_ input: GetResourceWindow.Input) async throws(Problem) -> GetResourceWindow.Output {
        let row = try await read(.resourceWindow(instanceID: input.instanceID, windowHours: input.windowHours))
        return .ok(
            ResourceWindow(
                generatedAt: row.generatedAt,
                avgCpuPct: row.avgCpu,
                maxCpuPct: row.maxCpu,
                avgMemoryPct: row.avgMemory,
                maxMemoryPct: row.maxMemory,
                cpuSamples: row.cpuSamples,
                memorySamples: row.memorySamples
            )
        )
    }
}
