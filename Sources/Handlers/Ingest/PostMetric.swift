public import ContractRuntime
public import Generated

extension API {
    public func postMetric(_ input: PostMetric.Input) async throws(Problem) -> PostMetric.Output {
        switch input.body {
        case .metricSample(let sample): .accepted(try await ingest(sample, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: MetricSample.self, by: input.principal))
        }
    }
}

extension MetricSample: IngestElement {
    var row: RecordMetricSamples {
        RecordMetricSamples(
            instanceID: instanceID,
            metricType: metricType,
            symbol: symbol,
            currency: currency ?? "",
            ts: timestamp,
            value: value
        )
    }

    func receipt(_ isKnown: Bool) throws(Problem) -> IngestReceipt {
        guard isKnown else { throw .instanceNotFound }
        return IngestReceipt(status: .accepted)
    }
}
