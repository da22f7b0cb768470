public import ContractRuntime
public import Generated

extension API {
    public func postExecutionSample(_ input: PostExecutionSample.Input) async throws(Problem)
        -> PostExecutionSample.Output
    {
        switch input.body {
        case .executionSample(let sample): .accepted(try await ingest(sample, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: ExecutionSample.self, by: input.principal))
        }
    }
}

extension ExecutionSample: RowElement {
    func row(within limits: ClientLimits) -> RecordExecutionSamples {
        RecordExecutionSamples(
            instanceID: instanceID,
            sampleID: sampleID,
            symbol: symbol,
            slippageBps: slippageBps,
            latencyMs: latencyMs,
            fillRatio: fillRatio,
            ts: timestamp,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        try IngestReceipt(outcome, key: .sampleID)
    }
}
