public import ContractRuntime
public import Generated

extension API {
    public func postResource(_ input: PostResource.Input) async throws(Problem) -> PostResource.Output {
        let sample = input.body
        try input.principal.requireSubject(sample.instanceID)
        let isKnown = try await run(
            RecordResources(
                instanceID: sample.instanceID,
                cpuPct: sample.cpuPct,
                memoryPct: sample.memoryPct,
                ts: sample.timestamp
            )
        )
        guard isKnown else { throw .instanceNotFound }
        return .accepted(IngestReceipt(status: .accepted))
    }
}
