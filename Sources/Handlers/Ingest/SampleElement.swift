import ContractRuntime
import Generated

/// What a series of samples is of.
struct SeriesKey: Hashable {
    let instanceID: String
    let metricType: String
    let symbol: String
    /// Empty for the books' own.
    let currency: String
}

/// One value of a series.
struct Sample {
    let series: SeriesKey
    let time: Timestamp
    let value: Decimal
}

/// An element that is stored as samples of series, all of them or none.
protocol SampleElement: IngestElement where Outcome == Bool {
    /// What is stored of it.
    var samples: [Sample] { get }
}

extension SampleElement {
    func store(in api: API) async throws(Problem) -> Bool {
        // One element has one outcome.
        try await Self.store([self], in: api)[0].get()
    }

    /// Whether the instance of each is known; what is known is stored.
    static func store(_ elements: [Self], in api: API) async throws(Problem) -> [Result<Bool, Problem>] {
        let samples = elements.map(\.samples)
        let ids = try await api.seriesIDs(samples.flatMap { $0.map(\.series) })
        var rows: [RecordSamples] = []
        for case (let sample, let id?) in zip(samples.joined(), ids) {
            rows.append(RecordSamples(seriesID: id, ts: sample.time, value: sample.value))
        }
        var stored = try await api.run(rows)[...]
        var next = 0
        return samples.map { samples in
            defer { next += samples.count }
            // They belong to one instance, so either all of them are known or none.
            guard ids[next] != nil else { return .success(false) }
            let outcomes = stored.prefix(samples.count)
            stored.removeFirst(samples.count)
            for case .failure(let problem) in outcomes { return .failure(problem) }
            return .success(true)
        }
    }

    func receipt(_ isKnown: Bool) throws(Problem) -> IngestReceipt {
        guard isKnown else { throw .instanceNotFound }
        return IngestReceipt(status: .accepted)
    }
}
