import ContractRuntime
import Generated

extension API {
    /// Rejects a timestamp that is further ahead of the database's clock than allowed. Returns the time of that clock.
    @discardableResult
    func requireNotAhead(_ time: Timestamp) async throws(Problem) -> Timestamp {
        let now = try await run(.serverTime())
        let limit = configuration.clientLimits.clockAheadSeconds
        if now.adding(seconds: Int64(limit)) < time { throw Problem(ahead: time, of: now, limit: limit) }
        return now
    }

    /// Adds the database's time to the rejection of a timestamp that is ahead; returns other problems unchanged.
    ///
    /// - Parameters:
    ///   - time: The reported time.
    ///   - now: The database's time, once it has been read.
    func explained(_ problem: Problem, _ time: Timestamp, _ now: inout Timestamp?) async throws(Problem) -> Problem {
        guard problem == .timestampAhead else { return problem }
        let clock: Timestamp
        if let now { clock = now } else { clock = try await run(.serverTime()) }
        now = clock
        return Problem(ahead: time, of: clock, limit: configuration.clientLimits.clockAheadSeconds)
    }
}

extension Problem {
    /// A report's timestamp is ahead of the database's clock; `API.explained` adds by how much.
    static let timestampAhead = Problem(
        status: 422,
        code: .timestampAhead,
        detail: "the time is ahead of the server's clock"
    )

    /// The 422 for a timestamp that is ahead of the server's clock.
    init(ahead time: Timestamp, of now: Timestamp, limit: Int) {
        self = .timestampAhead
        detail = """
            the time \(time) is ahead of the server's, \(now), by more than \(limit) s: correct the clock of the sending machine
            """
        serverTime = now
    }
}
