public import ContractRuntime
public import Generated

extension API {
    public func postMetric(_ input: PostMetric.Input) async throws(Problem) -> PostMetric.Output {
        let sample = input.body
        try input.principal.requireSubject(sample.instanceID)
        let isKnown = try await run(
            RecordMetricSamples(
                instanceID: sample.instanceID,
                metricType: sample.metricType,
                symbol: sample.symbol,
                ts: sample.timestamp,
                value: sample.value
            )
        )
        guard isKnown else { throw .instanceNotFound }
        return .accepted(IngestReceipt(status: .accepted))
    }
}
