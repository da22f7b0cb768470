import ContractRuntime
import Generated

/// The key of a series.
///
/// Its texts are compared as the database compares them: two instances whose ids look alike have separate series.
struct SeriesKey: Hashable {
    let instanceID: ExactText
    let metricType: ExactText
    let symbol: ExactText
    /// Empty for the books' currency.
    let currency: ExactText

    init(instanceID: String, metricType: String, symbol: String, currency: String) {
        self.instanceID = ExactText(instanceID)
        self.metricType = ExactText(metricType)
        self.symbol = ExactText(symbol)
        self.currency = ExactText(currency)
    }
}

/// One value of a series.
struct Sample {
    let series: SeriesKey
    let time: Timestamp
    let value: Decimal
}

/// The result of storing an element as samples.
enum SampleOutcome {
    /// The element is stored.
    case stored
    /// Its instance is unknown.
    case unknown
    /// Its instance has reached the limit of series.
    case crowded
    /// Its timestamp is ahead of the database's clock.
    case ahead
}

/// An element that is stored as samples, all of them or none.
protocol SampleElement: IngestElement where Outcome == SampleOutcome {
    /// The samples to store.
    var samples: [Sample] { get }
}

extension SampleElement {
    func store(in api: API, by principal: Principal?) async throws(Problem) -> SampleOutcome {
        // traps: one element has one outcome.
        try await Self.store([self], in: api, by: principal)[0].get()
    }

    static func store(
        _ elements: [Self],
        in api: API,
        by principal: Principal?
    ) async throws(Problem) -> [Result<SampleOutcome, Problem>] {
        let samples = elements.map(\.samples)
        var places = try await api.seriesPlaces(samples.flatMap { $0.map(\.series) })[...]
        var rows: [RecordSamples] = []
        let prepared = samples.map { samples in
            let own = places.prefix(samples.count)
            places.removeFirst(samples.count)
            return Self.outcome(of: samples, own, within: api.configuration.clientLimits, adding: &rows)
        }
        var stored = try await api.run(rows)[...]
        return zip(samples, prepared).map { samples, outcome in
            guard outcome == .stored else { return .success(outcome) }
            let outcomes = stored.prefix(samples.count)
            stored.removeFirst(samples.count)
            for case .failure(let problem) in outcomes {
                if problem == .instanceNotFound { api.series.forget(samples.map(\.series)) }
                return .failure(problem)
            }
            return .success(outcomes.contains(.success(true)) ? .ahead : .stored)
        }
    }

    /// Adds the rows of an element unless one of its samples has no series.
    private static func outcome(
        of samples: [Sample],
        _ places: ArraySlice<SeriesPlace>,
        within limits: ClientLimits,
        adding rows: inout [RecordSamples]
    ) -> SampleOutcome {
        let start = rows.count
        for (sample, place) in zip(samples, places) {
            guard case .number(let id) = place else {
                rows.removeSubrange(start...)
                return place == .full ? .crowded : .unknown
            }
            rows.append(
                RecordSamples(
                    seriesID: id,
                    ts: sample.time,
                    value: sample.value,
                    aheadSeconds: limits.clockAheadSeconds
                )
            )
        }
        return .stored
    }

    func receipt(_ outcome: SampleOutcome) throws(Problem) -> IngestReceipt {
        switch outcome {
        case .stored: return IngestReceipt(status: .accepted)
        case .unknown: throw .instanceNotFound
        case .ahead: throw .timestampAhead
        case .crowded:
            throw Problem(
                .series,
                status: 422,
                "the instance has reached SERIES_PER_INSTANCE; only values of its existing series are stored"
            )
        }
    }
}
