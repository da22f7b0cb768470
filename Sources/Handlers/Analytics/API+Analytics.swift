import ContractRuntime
import Logging
public import Postgres
import Synchronization

/// Where analytics are read: a standby, if there is one, so that long questions take nothing from those who write.
///
/// What is read there may be older by the time that changes need to get there.
public final class AnalyticsDatabase: Sendable {
    /// How long the standby is left alone after it has failed.
    private static let pause = Duration.seconds(5)

    let database: Database
    private let pausedUntil = Mutex<ContinuousClock.Instant?>(nil)

    /// Reads from `database`.
    public init(_ database: Database) { self.database = database }

    /// Whether it is worth a try.
    var isTrusted: Bool { pausedUntil.withLock { $0.map { $0 < .now } ?? true } }

    func distrust() { pausedUntil.withLock { $0 = .now + Self.pause } }
}

extension API {
    /// Runs a statement that only reads on the standby, if there is one that answers; on the primary otherwise.
    func read<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        if let found = await onStandby({ (standby) throws(PostgresError) in try await standby.run(query) }) {
            return found
        }
        return try await run(query)
    }

    /// Runs two such statements side by side.
    func read<First, Second>(_ first: Query<First>, _ second: Query<Second>) async throws(Problem) -> (First, Second) {
        if let found = await onStandby({ (standby) throws(PostgresError) in try await standby.run(first, second) }) {
            return found
        }
        return try await run(first, second)
    }

    private func onStandby<Result>(_ ask: (Database) async throws(PostgresError) -> Result) async -> Result? {
        guard let analytics, analytics.isTrusted else { return nil }
        do throws(PostgresError) {
            return try await ask(analytics.database)
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
        guard let analytics, analytics.isTrusted else { return nil }
        return try? await analytics.database.run(.replayLag())
    }
}
