public import ContractRuntime
public import Generated

extension API {
    /// An index is a metric of the type `index`, with the index's name for a symbol.
    public func postIndex(_ input: PostIndex.Input) async throws(Problem) -> PostIndex.Output {
        let sample = input.body
        try input.principal.requireSubject(sample.instanceID)
        let isKnown = try await run(
            RecordMetricSamples(
                instanceID: sample.instanceID,
                metricType: "index",
                symbol: sample.indexName,
                ts: sample.timestamp,
                value: sample.value
            )
        )
        guard isKnown else { throw .instanceNotFound }
        return .accepted(IngestReceipt(status: .accepted))
    }
}
