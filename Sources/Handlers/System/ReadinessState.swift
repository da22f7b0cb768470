import ContractRuntime
import Synchronization

/// Whether requests will be served, as a background check last found out: `GET /readyz` must not wait for the database.
final class ReadinessState: Sendable {
    /// How long a result counts. A check takes 1.8 s at most and the next one follows after 1 s.
    static let maximumAge = Duration.seconds(4)

    private struct State {
        var problem: Problem? = .databaseUnavailable
        var checkedAt: ContinuousClock.Instant?
        var writeFailure: Problem?
        var isShuttingDown = false
    }

    private let state = Mutex(State())

    /// Keeps the result of a check: the reason why requests cannot be served, if there is one.
    ///
    /// - Returns: Whether the result differs from the one before.
    func record(_ problem: Problem?, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            defer { (state.problem, state.checkedAt) = (problem, now) }
            return state.problem?.code != problem?.code
        }
    }

    /// Keeps why writes fail although the database answers, or that they do not.
    ///
    /// - Returns: Whether that is new.
    func record(writeFailure: Problem?) -> Bool {
        state.withLock { state in
            defer { state.writeFailure = writeFailure }
            return state.writeFailure?.code != writeFailure?.code
        }
    }

    /// Why writes fail although the database answers.
    var writeFailure: Problem? { state.withLock { $0.writeFailure } }

    /// Reports from now on that the server ends, so that load balancers send requests elsewhere.
    func shutDown() {
        state.withLock { $0.isShuttingDown = true }
    }

    /// The reason why requests will not be served; nil if they will.
    func problem(now: ContinuousClock.Instant = .now) -> Problem? {
        let state = state.withLock { $0 }
        if state.isShuttingDown { return .shuttingDown }
        guard let checkedAt = state.checkedAt else { return .databaseUnavailable }
        return now - checkedAt > Self.maximumAge ? .readinessUnknown : state.problem ?? state.writeFailure
    }
}

extension Problem {
    static let shuttingDown = Problem(
        status: 503,
        code: "SHUTTING_DOWN",
        detail: "the server is shutting down; send requests to another server",
        retryAfterSeconds: 1
    )
    static let readinessUnknown = Problem(
        status: 503,
        code: "READINESS_UNKNOWN",
        detail: "the last readiness check did not end in time; retry after the given delay",
        retryAfterSeconds: 1
    )
    static let databaseNotWritable = Problem(
        status: 503,
        code: "DATABASE_NOT_WRITABLE",
        detail: "the database answers but refuses writes; it may be a standby or read-only",
        retryAfterSeconds: 1
    )
}
