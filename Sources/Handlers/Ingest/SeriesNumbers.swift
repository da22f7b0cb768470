import ContractRuntime
import Generated
import Postgres
import Synchronization

/// The numbers of the series that samples came for, so that a sample need not name its series to the database again.
///
/// Numbers never change while the database is the same one. A new connection may lead to another, or to the same one as it was before, so
/// the database's history is compared first. Those of a deleted instance are forgotten with the first sample that finds no series.
final class SeriesNumbers: Sendable {
    private struct State {
        var numbers: [SeriesKey: Int] = [:]
        /// The highest that is known.
        var highest = 0
        var history = ""
        var connections = 0
    }

    /// How many are remembered: a fleet of 10,000 instances with a dozen series each.
    private static let limit = 120_000

    private let state = Mutex(State())

    /// Whether the database was connected to again since its history was compared.
    func mustCompare(connections: Int) -> Bool { state.withLock { $0.connections != connections } }

    /// Keeps the numbers if they are those of this database.
    ///
    /// - Parameters:
    ///   - history: Which database it is, and on which timeline.
    ///   - newest: The highest number that it has given. A copy that is older than what is known has given fewer.
    func compare(history: String, newest: Int, connections: Int) {
        state.withLock { state in
            let isSame = state.history.hasSameScalars(as: history) && newest >= state.highest
            if !isSame { state = State(history: history) }
            state.connections = connections
        }
    }

    /// The number of each series that is known, as long as the database has been connected to so many times.
    func known(_ keys: [SeriesKey], connections: Int) -> [Int?] {
        state.withLock { state in
            state.connections == connections ? keys.map { state.numbers[$0] } : keys.map { _ in nil }
        }
    }

    /// Forgets the numbers of series that were removed.
    func forget(_ keys: [SeriesKey]) {
        state.withLock { state in for key in keys { state.numbers[key] = nil } }
    }

    func learn(_ numbers: [SeriesKey: Int], connections: Int) {
        state.withLock { state in
            guard state.connections == connections else { return }
            if state.numbers.count > Self.limit { state.numbers = [:] }
            state.numbers.merge(numbers) { $1 }
            state.highest = max(state.highest, numbers.values.max() ?? 0)
        }
    }
}

/// Where samples of a series go.
enum SeriesPlace: Equatable {
    /// The series has this number.
    case number(Int)
    /// The instance is not known.
    case unknown
    /// The instance has reached its maximum of series.
    case full
}

extension API {
    /// The places of series; new ones are added as far as their instances may have them.
    func seriesPlaces(_ keys: [SeriesKey]) async throws(Problem) -> [SeriesPlace] {
        let connections = database.statistics.connections
        if series.mustCompare(connections: connections) {
            let history = try await run(.seriesHistory())
            series.compare(history: history.history, newest: history.newest, connections: connections)
        }
        let ids = series.known(keys, connections: connections)
        // In the order in which they came, so that those that fit are the first ones.
        var seen: Set<SeriesKey> = []
        let missing = zip(keys, ids).filter { $0.1 == nil && seen.insert($0.0).inserted }.map(\.0)
        if missing.isEmpty { return ids.map { $0.map { .number($0) } ?? .unknown } }
        var refused: [SeriesKey: SeriesPlace] = [:]
        var found: [SeriesKey: Int] = [:]
        let rows = missing.map {
            ResolveSeries(
                instanceID: $0.instanceID.text,
                metricType: $0.metricType.text,
                symbol: $0.symbol.text,
                currency: $0.currency.text,
                most: configuration.bounds.seriesPerInstance
            )
        }
        for (key, result) in zip(missing, try await run(rows)) {
            switch try result.get() {
            case 0: refused[key] = .unknown
            case -1: refused[key] = .full
            case let number: found[key] = number
            }
        }
        series.learn(found, connections: connections)
        return zip(keys, ids).map { key, id in (id ?? found[key]).map { .number($0) } ?? refused[key] ?? .unknown }
    }
}
