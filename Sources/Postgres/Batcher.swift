/// Gathers rows into batches: the rows that come while statements are in flight form the next one.
///
/// There is no timer, so a lone row goes out at once, and under load a commit is shared by everyone who waits.
final class Batcher<Row: BatchRow>: Sendable {
    private typealias Waiting = (row: Row, resume: @Sendable (Result<Row.Outcome, PostgresError>) -> Void)

    private struct State {
        var waiting: [Waiting] = []
        var inFlight = 0
    }

    /// How many rows one statement takes.
    private static var rowLimit: Int { 512 }
    /// How many statements are in flight at once: while one waits for its commit, the next is carried out.
    private static var flightLimit: Int { 2 }

    private let pool: ConnectionPool
    private let deadline: Duration
    private let state = Monitor(State())
    /// Called with the number of rows of each statement.
    private let onSend: @Sendable (Int) -> Void

    init(pool: ConnectionPool, deadline: Duration, onSend: @escaping @Sendable (Int) -> Void) {
        self.pool = pool
        self.deadline = deadline
        self.onSend = onSend
    }

    /// Waits until the row is committed or refused.
    func run(_ row: Row) async throws(PostgresError) -> Row.Outcome {
        try await withCheckedContinuation { continuation in
            let waiting: Waiting = (row, { continuation.resume(returning: $0) })
            let batch = state.read { state in
                state.waiting.append(waiting)
                return state.inFlight < Self.flightLimit ? Self.takeBatch(&state) : []
            }
            if !batch.isEmpty { send(batch) }
        }.get()
    }

    /// Adds rows that belong together, in their order, and waits until each is committed or refused.
    func run(_ rows: [Row]) async -> [Result<Row.Outcome, PostgresError>] {
        if rows.isEmpty { return [] }
        let gathering = Monitor<(left: Int, results: [Result<Row.Outcome, PostgresError>?])>(
            (rows.count, Array(repeating: nil, count: rows.count))
        )
        return await withCheckedContinuation { continuation in
            let waiting: [Waiting] = rows.enumerated().map { index, row in
                (
                    row,
                    { result in
                        let all = gathering.read { state in
                            state.results[index] = result
                            state.left -= 1
                            return state.left == 0 ? state.results.compactMap { $0 } : nil
                        }
                        if let all { continuation.resume(returning: all) }
                    }
                )
            }
            let batch = state.read { state in
                state.waiting += waiting
                return state.inFlight < Self.flightLimit ? Self.takeBatch(&state) : []
            }
            if !batch.isEmpty { send(batch) }
        }
    }

    private static func takeBatch(_ state: inout State) -> [Waiting] {
        let batch = Array(state.waiting.prefix(rowLimit))
        state.waiting.removeFirst(batch.count)
        if !batch.isEmpty { state.inFlight += 1 }
        return batch
    }

    private func send(_ batch: [Waiting]) {
        onSend(batch.count)
        submit(batch) { [self] in
            let next = state.read { state in
                state.inFlight -= 1
                return Self.takeBatch(&state)
            }
            if !next.isEmpty { send(next) }
        }
    }

    /// Sends one statement; `finished` is called once every row of it has its answer.
    private func submit(_ batch: [Waiting], finished: @escaping @Sendable () -> Void) {
        let rows = batch.map(\.row)
        let body = Work.Body.statement(Row.statement, bind: { Row.bind(rows, to: &$0) }) { [self] answer in
            let outcomes = answer.read { (answer) throws(PostgresError) in try Self.outcomes(answer, of: rows.count) }
            if case .failure(let error) = outcomes, batch.count > 1, error.state?.isFaultOfStatement == true {
                retryInHalves(batch, finished: finished)
                return
            }
            for (index, waiting) in batch.enumerated() { waiting.resume(outcomes.map { $0[index] }) }
            finished()
        }
        pool.submit(Work(body: body, deadline: .now + deadline))
    }

    /// A row that the server refuses must not fail its neighbours.
    private func retryInHalves(_ batch: [Waiting], finished: @escaping @Sendable () -> Void) {
        let middle = batch.count / 2
        submit(Array(batch[..<middle])) { [self] in
            submit(Array(batch[middle...]), finished: finished)
        }
    }

    /// The outcomes in the order of the rows.
    private static func outcomes(_ answer: borrowing Rows, of count: Int) throws(PostgresError) -> [Row.Outcome] {
        let pairs = try answer.many { (row) throws(PostgresError) -> (Int, Row.Outcome) in
            (try row.read(0), try Row.readOutcome(row))
        }
        let outcomes = pairs.sorted { $0.0 < $1.0 }
        guard outcomes.map(\.0) == Array(1...count) else {
            throw PostgresError(.decoding, statement: Row.statement.name, "\(pairs.count) outcomes for \(count) rows")
        }
        return outcomes.map(\.1)
    }
}
