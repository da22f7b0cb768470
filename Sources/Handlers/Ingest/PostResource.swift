public import ContractRuntime
public import Generated

extension API {
    public func postResource(_ input: PostResource.Input) async throws(Problem) -> PostResource.Output {
        switch input.body {
        case .resourceSample(let sample): .accepted(try await ingest(sample, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: ResourceSample.self, by: input.principal))
        }
    }
}

extension ResourceSample: SampleElement {
    /// Resource usage is stored as two metrics with the same time.
    var samples: [Sample] {
        [("resource_cpu_pct", cpuPct), ("resource_memory_pct", memoryPct)].map { type, value in
            let series = SeriesKey(instanceID: instanceID, metricType: type, symbol: "system", currency: "")
            return Sample(series: series, time: timestamp, value: value)
        }
    }
}
