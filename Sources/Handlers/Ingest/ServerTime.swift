import ContractRuntime
import Generated

extension API {
    /// Refuses a time that is further ahead of the database's clock than is allowed.
    func requireNotAhead(_ time: Timestamp) async throws(Problem) {
        let now = try await run(.serverTime())
        let limit = configuration.bounds.clockAheadSeconds
        if now.adding(seconds: Int64(limit)) < time { throw Problem(ahead: time, of: now, limit: limit) }
    }

    /// A refusal; that of a time which is ahead tells the database's time.
    ///
    /// - Parameters:
    ///   - time: The time that was reported.
    ///   - now: The database's time, as soon as it was asked for.
    func explained(_ problem: Problem, _ time: Timestamp, _ now: inout Timestamp?) async throws(Problem) -> Problem {
        guard problem == .timestampAhead else { return problem }
        let clock: Timestamp
        if let now { clock = now } else { clock = try await run(.serverTime()) }
        now = clock
        return Problem(ahead: time, of: clock, limit: configuration.bounds.clockAheadSeconds)
    }
}

extension Problem {
    /// A report is dated ahead of the database's clock; `API.explained` says by how much.
    static let timestampAhead = Problem(
        status: 422,
        code: "TIMESTAMP_AHEAD",
        detail: "the time is ahead of the server's clock"
    )

    /// 422 for a time that is ahead of the server's.
    init(ahead time: Timestamp, of now: Timestamp, limit: Int) {
        self = .timestampAhead
        detail = """
            the time \(time) is ahead of the server's, \(now); at most \(limit) s are allowed: set the clock of the machine that sends it
            """
        serverTime = now
    }
}
