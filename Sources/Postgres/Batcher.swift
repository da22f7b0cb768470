/// Collects rows into batches: rows that arrive while statements are in flight form the next batch.
///
/// There is no timer. A row is sent immediately if nothing is in flight; under load, all waiting callers share one commit.
final class Batcher<Row: BatchRow>: Sendable {
    /// Rows of one call. They are answered together, in their order.
    private struct Waiting {
        let rows: [Row]
        let deadline: ContinuousClock.Instant
        /// Nil once the rows were answered at their deadline.
        var answer: (@Sendable ([Result<Row.Outcome, PostgresError>]) -> Void)?
    }

    /// A statement in flight. Its rows are chosen when a connection takes it, so that more rows can join until then.
    ///
    /// `@unchecked Sendable`: it is accessed only while the batcher's state is locked.
    private final class Flight: @unchecked Sendable {
        var batch: [Waiting] = []
        /// Whether a connection has taken it.
        var isLoaded = false
    }

    private struct State {
        private var waiting: [Waiting] = []
        private var count = 0
        private var flights: [Flight] = []

        /// Adds rows. Returns false if too many rows are pending.
        mutating func append(_ arrival: Waiting) -> Bool {
            guard count < waitingLimit else { return false }
            waiting.append(arrival)
            count += arrival.rows.count
            return true
        }

        /// Starts a batch if nothing is in flight, or if enough rows are pending to execute a statement while others commit.
        mutating func takeOff() -> Flight? {
            let isWorthOne = count >= worth && flights.count < flightLimit && flights.allSatisfy { $0.isLoaded }
            guard count > 0, flights.isEmpty || isWorthOne else { return nil }
            let flight = Flight()
            flights.append(flight)
            return flight
        }

        /// The rows of a batch. The first call fills it with the pending rows.
        mutating func load(_ flight: Flight) -> (rows: [Row], isNew: Bool) {
            let isNew = !flight.isLoaded
            if isNew {
                var (taken, rows) = (0, 0)
                while taken < waiting.count, taken == 0 || rows + waiting[taken].rows.count <= rowLimit {
                    rows += waiting[taken].rows.count
                    taken += 1
                }
                flight.batch = Array(waiting[..<taken])
                flight.isLoaded = true
                waiting.removeFirst(taken)
                count -= rows
            }
            return (flight.batch.count == 1 ? flight.batch[0].rows : flight.batch.flatMap { $0.rows }, isNew)
        }

        /// The callers that wait for a batch. If no connection picks up the batch in time, every pending row fails.
        mutating func passengers(of flight: Flight) -> [Waiting] {
            if !flight.isLoaded {
                (flight.batch, waiting) = (waiting, [])
                count = 0
            }
            return flight.batch
        }

        mutating func land(_ flight: Flight) { flights.removeAll { $0 === flight } }

        /// Takes the answers of rows whose deadline has passed, each once. Pending rows are removed; rows in flight may still be stored.
        mutating func takeOverdue(
            _ now: ContinuousClock.Instant
        ) -> [(rows: Int, isInFlight: Bool, answer: @Sendable ([Result<Row.Outcome, PostgresError>]) -> Void)] {
            var overdue = waiting.filter { $0.deadline <= now }.compactMap { arrival in
                arrival.answer.map { (arrival.rows.count, false, $0) }
            }
            if !overdue.isEmpty {
                waiting.removeAll { $0.deadline <= now }
                count = waiting.reduce(0) { $0 + $1.rows.count }
            }
            for flight in flights {
                for index in flight.batch.indices where flight.batch[index].deadline <= now {
                    guard let answer = flight.batch[index].answer else { continue }
                    flight.batch[index].answer = nil
                    overdue.append((flight.batch[index].rows.count, true, answer))
                }
            }
            return overdue
        }
    }

    /// The maximum number of rows per statement, unless one call has more.
    private static var rowLimit: Int { 1_024 }
    /// The maximum number of pending rows.
    private static var waitingLimit: Int { 65_536 }
    /// The maximum number of statements in flight.
    private static var flightLimit: Int { 3 }
    /// The minimum number of rows for a statement beside one in flight. A statement costs the database and us as much as about thirty rows,
    /// so fewer rows do better to wait for the next batch, even with idle processors (`docs/figures.md`).
    private static var worth: Int { 64 }

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

    /// Adds the rows of one call, in their order, and waits until each is committed or rejected.
    func run(
        _ rows: [Row],
        by deadline: ContinuousClock.Instant
    ) async -> [Result<Row.Outcome, PostgresError>] {
        if rows.isEmpty { return [] }
        return await withCheckedContinuation { continuation in
            let arrival = Waiting(rows: rows, deadline: deadline) { continuation.resume(returning: $0) }
            var isAdded = false
            if let work = takeOff(after: { isAdded = $0.append(arrival) }) { pool.submit(work) }
            if !isAdded {
                let error = PostgresError(.unavailable, "too many rows are waiting for a connection")
                continuation.resume(returning: rows.map { _ in .failure(error) })
            }
        }
    }

    /// Changes the state and returns the statement to send next, if any.
    private func takeOff(after change: (inout State) -> Void) -> Work? {
        let departing = state.withLock { state in
            change(&state)
            return state.takeOff()
        }
        guard let flight = departing else { return nil }
        let load: @Sendable () -> [Row] = { [self] in
            let (rows, isNew) = state.withLock { $0.load(flight) }
            if isNew { onSend(rows.count) }
            return rows
        }
        return work(load) { [self] outcomes in
            var start = 0
            for arrival in state.withLock({ $0.passengers(of: flight) }) {
                arrival.answer?(Array(outcomes.of(start..<start + arrival.rows.count)))
                start += arrival.rows.count
            }
            return takeOff { $0.land(flight) }
        }
    }

    /// One statement. A rejected row must not fail its neighbours, so a failed batch is sent again in halves. After a conflict with another
    /// transaction, the batch is sent again unchanged.
    ///
    /// - Parameters:
    /// - tries: The remaining number of attempts.
    /// - finished: Receives the outcomes and returns the work to send next.
    private func work(
        _ load: @escaping @Sendable () -> [Row],
        tries: Int = 3,
        finished: @escaping @Sendable (Outcomes) -> Work?
    ) -> Work {
        let sent = Monitor<[Row]>([])
        let bind: @Sendable (inout Parameters) -> Void = { parameters in
            let rows = load()
            sent.withLock { $0 = rows }
            Row.bind(rows, to: &parameters)
        }
        let body = Work.Body.statement(Row.statement, bind: bind) { [self] answer in
            let rows = sent.withLock { $0 }
            switch answer.read({ (answer) throws(PostgresError) in try Row.outcomes(answer, of: rows.count) }) {
            case .success(let outcomes): return finished(.each(outcomes.map { .success($0) }))
            case .failure(let error) where tries > 1 && error.state?.isConflict == true:
                return work({ rows }, tries: tries - 1, finished: finished)
            case .failure(let error) where rows.count > 1 && error.state?.isFaultOfStatement == true:
                let middle = rows.count / 2
                return work({ Array(rows[..<middle]) }) { [self] first in
                    work({ Array(rows[middle...]) }) { second in
                        finished(.each(Array(first.of(0..<middle) + second.of(0..<rows.count - middle))))
                    }
                }
            case .failure(let error): return finished(.all(error))
            }
        }
        return Work(body: body, deadline: .now + deadline)
    }

    /// The outcomes of rows: one each, or the same error for all.
    private enum Outcomes {
        case each([Result<Row.Outcome, PostgresError>])
        case all(PostgresError)

        func of(_ rows: Range<Int>) -> ArraySlice<Result<Row.Outcome, PostgresError>> {
            switch self {
            case .each(let outcomes): outcomes[rows]
            case .all(let error): Array(repeating: .failure(error), count: rows.count)[...]
            }
        }
    }
}

/// The deadlines of pending rows and rows in flight, for any type of row.
protocol BatcherDeadlines: Sendable {
    /// Answers rows whose deadline has passed. Their statement continues, for the other rows in it.
    func expire(_ now: ContinuousClock.Instant)
}

extension Batcher: BatcherDeadlines {
    func expire(_ now: ContinuousClock.Instant) {
        for (rows, isInFlight, answer) in state.withLock({ $0.takeOverdue(now) }) {
            let error =
                isInFlight
                ? PostgresError(.timeout, statement: Row.statement.name, "no answer within the deadline")
                : PostgresError(.unavailable, statement: Row.statement.name, "no connection within the deadline")
            answer(Array(repeating: .failure(error), count: rows))
        }
    }
}
