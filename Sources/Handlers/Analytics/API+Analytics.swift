import ContractRuntime
import Logging
public import Postgres
import Synchronization

/// Where analytics are read: a standby, if there is one, so that long questions take nothing from those who write.
///
/// A standby lags behind the primary; above a limit it is not read.
public final class AnalyticsDatabase: Sendable {
    private struct State {
        /// Until when the standby is not used.
        var pausedUntil = ContinuousClock.Instant.now
        /// When its lag is measured again.
        var measuredUntil = ContinuousClock.Instant.now
    }

    /// How long the standby is not used after it has failed or was too far behind.
    private static let pause = Duration.seconds(5)

    let database: Database
    /// How many seconds the standby may be behind.
    private let lagLimit: Double
    private let state = Mutex(State())

    /// Reads from `database` while it is at most so many seconds behind.
    public init(_ database: Database, lagLimit: Int) {
        self.database = database
        self.lagLimit = Double(lagLimit)
    }

    /// Whether it is worth a try.
    var isTrusted: Bool { state.withLock { $0.pausedUntil <= .now } }

    func distrust() { state.withLock { $0.pausedUntil = .now + Self.pause } }

    /// Whether it is not too far behind; it is asked once a second.
    func isRecent() async throws(PostgresError) -> Bool {
        if state.withLock({ $0.measuredUntil > .now }) { return true }
        guard try await database.read(.replayLag()) <= lagLimit else { return false }
        state.withLock { $0.measuredUntil = .now + .seconds(1) }
        return true
    }
}

extension API {
    /// Runs a statement that only reads on the standby, if there is one that answers; on the primary otherwise.
    func read<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        if let found = await onStandby({ (standby) throws(PostgresError) in try await standby.read(query) }) {
            return found
        }
        return try await readPrimary(query)
    }

    /// Runs two such statements side by side.
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
                "the standby does not answer; analytics are read from the primary",
                metadata: ["error": "\(error)"]
            )
            return nil
        }
    }

    /// By how many seconds what is read for analytics is older than what is written; nil without a standby, or when it does not answer.
    func analyticsLag() async -> Double? {
        guard let analytics else { return nil }
        return try? await analytics.database.read(.replayLag())
    }
}
