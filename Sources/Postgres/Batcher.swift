/// Gathers rows into batches: the rows that come while statements are in flight form the next one.
///
/// There is no timer, so a lone row goes out at once, and under load a commit is shared by everyone who waits.
final class Batcher<Row: BatchRow>: Sendable {
    /// Rows that came together and are answered together, in their order.
    private struct Waiting {
        let rows: [Row]
        let answer: @Sendable ([Result<Row.Outcome, PostgresError>]) -> Void
    }

    private struct State {
        private var waiting: [Waiting] = []
        private var count = 0
        /// How many rows each statement in flight carries.
        private var flights: [Int] = []

        mutating func append(_ arrival: Waiting) {
            waiting.append(arrival)
            count += arrival.rows.count
        }

        /// What goes out now: while one statement waits for its commit the next is carried out, if it is worth one. Few rows cost a
        /// statement almost as much as many, so they wait until no more are on their way than they are.
        mutating func takeBatch() -> [Waiting] {
            guard count > 0, flights.count < flightLimit, flights.allSatisfy({ $0 <= count }) else { return [] }
            var (taken, rows) = (0, 0)
            while taken < waiting.count, taken == 0 || rows + waiting[taken].rows.count <= rowLimit {
                rows += waiting[taken].rows.count
                taken += 1
            }
            let batch = Array(waiting[..<taken])
            waiting.removeFirst(taken)
            count -= rows
            flights.append(rows)
            return batch
        }

        mutating func land(_ rows: Int) {
            if let flight = flights.firstIndex(of: rows) { flights.remove(at: flight) }
        }
    }

    /// How many rows one statement takes, unless more come together.
    private static var rowLimit: Int { 1_024 }
    /// How many statements are in flight at once.
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

    /// Adds rows that belong together, in their order, and waits until each is committed or refused.
    func run(_ rows: [Row]) async -> [Result<Row.Outcome, PostgresError>] {
        if rows.isEmpty { return [] }
        return await withCheckedContinuation { continuation in
            let arrival = Waiting(rows: rows) { continuation.resume(returning: $0) }
            sendNext { $0.append(arrival) }
        }
    }

    /// Sends what goes out now that the state has changed.
    private func sendNext(after change: (inout State) -> Void) {
        let batch = state.read { state in
            change(&state)
            return state.takeBatch()
        }
        guard !batch.isEmpty else { return }
        let rows = batch.count == 1 ? batch[0].rows : batch.flatMap { $0.rows }
        onSend(rows.count)
        store(rows) { [self] outcomes in
            // The next ones need not wait until everybody has heard.
            sendNext { $0.land(rows.count) }
            var start = 0
            for arrival in batch {
                arrival.answer(Array(outcomes[start..<start + arrival.rows.count]))
                start += arrival.rows.count
            }
        }
    }

    /// Sends one statement. A row that the server refuses must not fail its neighbours, so what fails is sent again in halves.
    private func store(
        _ rows: [Row],
        finished: @escaping @Sendable ([Result<Row.Outcome, PostgresError>]) -> Void
    ) {
        let body = Work.Body.statement(Row.statement, bind: { Row.bind(rows, to: &$0) }) { [self] answer in
            switch answer.read({ (answer) throws(PostgresError) in try Row.outcomes(answer, of: rows.count) }) {
            case .success(let outcomes): finished(outcomes.map { .success($0) })
            case .failure(let error) where rows.count > 1 && error.state?.isFaultOfStatement == true:
                let middle = rows.count / 2
                store(Array(rows[..<middle])) { [self] first in
                    store(Array(rows[middle...])) { finished(first + $0) }
                }
            case .failure(let error): finished(Array(repeating: .failure(error), count: rows.count))
            }
        }
        pool.submit(Work(body: body, deadline: .now + deadline))
    }
}
