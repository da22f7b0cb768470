import ContractRuntime
import Generated
import Synchronization

/// The result of the last readiness check. It runs in the background, so that `GET /readyz` need not wait for the database.
final class ReadinessState: Sendable {
    /// The maximum age of a result. A check takes at most 1.8 s, and the next one starts 1 s later.
    static let maximumAge = Duration.seconds(4)

    private struct State {
        var problem: Problem? = .databaseUnavailable
        var checkedAt: ContinuousClock.Instant?
        var writeFailure: Problem?
        var isShuttingDown = false
    }

    private let state = Mutex(State())

    /// Records the result of a check: the problem, or nil if the server is ready.
    ///
    /// - Returns: Whether the result has changed.
    func record(_ problem: Problem?, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            defer { (state.problem, state.checkedAt) = (problem, now) }
            return state.problem?.code != problem?.code
        }
    }

    /// Records why writes fail although the database is available; nil if they succeed.
    ///
    /// - Returns: Whether this has changed.
    func record(writeFailure: Problem?) -> Bool {
        state.withLock { state in
            defer { state.writeFailure = writeFailure }
            return state.writeFailure?.code != writeFailure?.code
        }
    }

    /// The reason why writes fail although the database is available.
    var writeFailure: Problem? { state.withLock { $0.writeFailure } }

    /// Reports a shutdown from now on, so that load balancers use other servers.
    func shutDown() {
        state.withLock { $0.isShuttingDown = true }
    }

    /// The reason why the server is not ready; nil if it is.
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
        code: .shuttingDown,
        detail: "the server is shutting down; send requests to another server",
        retryAfterSeconds: 1
    )
    static let readinessUnknown = Problem(
        status: 503,
        code: .readinessUnknown,
        detail: "the last readiness check did not end in time; retry after the given delay",
        retryAfterSeconds: 1
    )
    static let databaseNotWritable = Problem(
        status: 503,
        code: .databaseNotWritable,
        detail: "the database is available but rejects writes; it may be a standby or read-only",
        retryAfterSeconds: 1
    )
}
