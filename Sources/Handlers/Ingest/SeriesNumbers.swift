import ContractRuntime
import Generated
import Postgres
import Synchronization

/// The numbers of the series that samples came for, so that a sample need not name its series to the database again.
///
/// Numbers never change while the database is the same one; after each new connection, which may lead to another, they are asked for again.
final class SeriesNumbers: Sendable {
    private struct State {
        var numbers: [SeriesKey: Int] = [:]
        var connections = 0
    }

    /// How many are remembered: a fleet of 10,000 instances with a dozen series each.
    private static let limit = 120_000

    private let state = Mutex(State())

    /// The number of each series that is known, as long as the database has been connected to so many times.
    func known(_ keys: [SeriesKey], connections: Int) -> [Int?] {
        state.withLock { state in
            if state.connections != connections { state = State(connections: connections) }
            return keys.map { state.numbers[$0] }
        }
    }

    func learn(_ numbers: [SeriesKey: Int], connections: Int) {
        state.withLock { state in
            guard state.connections == connections else { return }
            if state.numbers.count > Self.limit { state.numbers = [:] }
            state.numbers.merge(numbers) { $1 }
        }
    }
}

extension API {
    /// The numbers of series, new ones added; nil where the instance is not known.
    func seriesIDs(_ keys: [SeriesKey]) async throws(Problem) -> [Int?] {
        let connections = database.statistics.connections
        var ids = series.known(keys, connections: connections)
        let unknown = Array(Set(zip(keys, ids).filter { $0.1 == nil }.map(\.0)))
        if unknown.isEmpty { return ids }
        let rows = unknown.map {
            ResolveSeries(
                instanceID: $0.instanceID,
                metricType: $0.metricType,
                symbol: $0.symbol,
                currency: $0.currency
            )
        }
        var found: [SeriesKey: Int] = [:]
        for (key, result) in zip(unknown, try await run(rows)) {
            let number = try result.get()
            if number != 0 { found[key] = number }
        }
        series.learn(found, connections: connections)
        for (index, key) in keys.enumerated() where ids[index] == nil { ids[index] = found[key] }
        return ids
    }
}
