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

extension ResourceSample: IngestElement {
    var row: RecordResources {
        RecordResources(instanceID: instanceID, cpuPct: cpuPct, memoryPct: memoryPct, ts: timestamp)
    }

    func receipt(_ isKnown: Bool) throws(Problem) -> IngestReceipt {
        guard isKnown else { throw .instanceNotFound }
        return IngestReceipt(status: .accepted)
    }
}
