public import ContractRuntime
public import Generated

extension API {
    public func postIndex(_ input: PostIndex.Input) async throws(Problem) -> PostIndex.Output {
        switch input.body {
        case .indexSample(let sample): .accepted(try await ingest(sample, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: IndexSample.self, by: input.principal))
        }
    }
}

extension IndexSample: SampleElement {
    /// An index is stored as a metric of type `index`, with the index's name as its symbol.
    var samples: [Sample] {
        let series = SeriesKey(instanceID: instanceID, metricType: "index", symbol: indexName, currency: "")
        return [Sample(series: series, time: timestamp, value: value)]
    }
}
