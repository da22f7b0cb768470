import ContractRuntime
import Logging
public import Postgres
import Synchronization

/// The database for analytics: a standby, if there is one, so that long queries do not slow down writes.
///
/// A standby lags behind the primary; it is not used above a maximum lag.
public final class AnalyticsDatabase: Sendable {
    private struct State {
        /// The end of the pause in which the standby is not used.
        var pausedUntil = ContinuousClock.Instant.now
        /// When its lag must be measured again.
        var measuredUntil = ContinuousClock.Instant.now
    }

    /// How long the standby is not used after it failed or lagged too far behind.
    private static let pause = Duration.seconds(5)

    let database: Database
    /// The maximum lag in seconds.
    private let lagLimit: Double
    private let state = Mutex(State())

    /// Uses `database` while its lag is at most `lagLimit` seconds.
    public init(_ database: Database, lagLimit: Int) {
        self.database = database
        self.lagLimit = Double(lagLimit)
    }

    /// Whether the standby may be tried.
    var isTrusted: Bool { state.withLock { $0.pausedUntil <= .now } }

    func distrust() { state.withLock { $0.pausedUntil = .now + Self.pause } }

    /// Whether its lag is acceptable; measured once per second.
    func isRecent() async throws(PostgresError) -> Bool {
        if state.withLock({ $0.measuredUntil > .now }) { return true }
        guard try await database.read(.replayLag()) <= lagLimit else { return false }
        state.withLock { $0.measuredUntil = .now + .seconds(1) }
        return true
    }
}

extension API {
    /// Runs a read-only statement on the standby if it is available, else on the primary.
    func read<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        if let found = await onStandby({ (standby) throws(PostgresError) in try await standby.read(query) }) {
            return found
        }
        return try await readPrimary(query)
    }

    /// Runs two read-only statements concurrently.
    func read<First, Second>(_ first: Query<First>, _ second: Query<Second>) async throws(Problem) -> (First, Second) {
        if let found = await onStandby({ (standby) throws(PostgresError) in try await standby.read(first, second) }) {
            return found
        }
        return try await readPrimary(first, second)
    }

    private func onStandby<Result>(_ ask: (Database) async throws(PostgresError) -> Result) async -> Result? {
        guard let analytics, analytics.isTrusted else { return nil }
        do throws(PostgresError) {
            if try await analytics.isRecent() { return try await ask(analytics.database) }
            analytics.distrust()
            logger.warning("the standby is too far behind; analytics are read from the primary")
            return nil
        } catch {
            analytics.distrust()
            logger.warning(
                "the standby is unavailable; analytics are read from the primary",
                metadata: ["error": "\(error)"]
            )
            return nil
        }
    }

    /// The lag of the analytics database in seconds; nil without a standby, or if it is unavailable.
    func analyticsLag() async -> Double? {
        guard let analytics else { return nil }
        return try? await analytics.database.read(.replayLag())
    }
}
