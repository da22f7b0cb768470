public import ContractRuntime
public import Generated

extension API {
    public func postExecutionSample(
        _ input: PostExecutionSample.Input
    ) async throws(Problem) -> PostExecutionSample.Output {
        let sample = input.body
        try input.principal.requireSubject(sample.instanceID)
        let fate = try await run(
            RecordExecutionSamples(
                instanceID: sample.instanceID,
                symbol: sample.symbol,
                slippageBps: sample.slippageBps,
                latencyMs: sample.latencyMs,
                fillRatio: sample.fillRatio,
                ts: sample.timestamp
            )
        )
        return .accepted(try IngestReceipt(fate))
    }
}
