import ContractRuntime
import Generated
import Postgres
import Synchronization

/// A cache of series numbers, so that the database need not look up the series of every sample.
///
/// Numbers never change in a database. A new connection may lead to another database, or to an earlier state of the same one, so the
/// database's history is compared first. The numbers of a deleted instance are removed with the first sample that finds no series.
final class SeriesNumbers: Sendable {
    private struct State {
        var numbers: [SeriesKey: Int] = [:]
        /// The highest cached number.
        var highest = 0
        var history = ""
        var connections = 0
    }

    /// The maximum number of entries: a fleet of 10,000 instances with a dozen series each.
    private static let limit = 120_000

    private let state = Mutex(State())

    /// Whether there are new connections since the database's history was compared.
    func mustCompare(connections: Int) -> Bool { state.withLock { $0.connections != connections } }

    /// Keeps the cached numbers if they belong to this database.
    ///
    /// - Parameters:
    ///   - history: The database's identity and timeline.
    ///   - newest: The highest number that the database has assigned. An older copy of the database has assigned fewer.
    func compare(history: String, newest: Int, connections: Int) {
        state.withLock { state in
            let isSame = state.history.hasSameScalars(as: history) && newest >= state.highest
            if !isSame { state = State(history: history) }
            state.connections = connections
        }
    }

    /// The cached number of each series; valid for this number of database connections.
    func known(_ keys: [SeriesKey], connections: Int) -> [Int?] {
        state.withLock { state in
            state.connections == connections ? keys.map { state.numbers[$0] } : keys.map { _ in nil }
        }
    }

    /// Removes the numbers of deleted series.
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

/// The target of a series' samples.
enum SeriesPlace: Equatable {
    /// The series has this number.
    case number(Int)
    /// The instance is unknown.
    case unknown
    /// The instance has reached the limit of series.
    case full
}

extension API {
    /// Looks up series, and creates new ones within the limits of their instances.
    func seriesPlaces(_ keys: [SeriesKey]) async throws(Problem) -> [SeriesPlace] {
        let connections = database.statistics.connections
        if series.mustCompare(connections: connections) {
            let history = try await run(.seriesHistory())
            series.compare(history: history.history, newest: history.newest, connections: connections)
        }
        let ids = series.known(keys, connections: connections)
        // In the order of arrival, so that the first ones fit within the limit.
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
                most: configuration.clientLimits.seriesPerInstance
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
