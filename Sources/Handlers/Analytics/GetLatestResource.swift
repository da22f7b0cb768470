public import ContractRuntime
public import Generated

extension API {
    public func getLatestResource(_ input: GetLatestResource.Input) async throws(Problem) -> GetLatestResource.Output {
        let row = try await read(.latestResource(instanceID: input.instanceID))
        return .ok(
            ResourceLatest(
                instanceID: row?.instanceID,
                latestCpuPct: row?.cpuPct ?? Decimal(0),
                latestMemoryPct: row?.memoryPct ?? Decimal(0)
            )
        )
    }
}
