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

extension MetricSample: SampleElement {
    var samples: [Sample] {
        let series = SeriesKey(instanceID: instanceID, metricType: metricType, symbol: symbol, currency: currency ?? "")
        return [Sample(series: series, time: timestamp, value: value)]
    }
}
