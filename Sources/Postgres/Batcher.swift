/// Gathers rows into batches: the rows that come while statements are in flight form the next one.
///
/// There is no timer, so a row that finds nothing on its way goes out at once, and under load a commit is shared by everyone who waits.
final class Batcher<Row: BatchRow>: Sendable {
    /// Rows that came together and are answered together, in their order.
    private struct Waiting {
        let rows: [Row]
        let deadline: ContinuousClock.Instant
        /// Nil once they were answered at their deadline.
        var answer: (@Sendable ([Result<Row.Outcome, PostgresError>]) -> Void)?
    }

    /// A statement on its way. Which rows it carries is decided when a connection takes it: until then more can come.
    ///
    /// `@unchecked Sendable`: it is touched only while the batcher's state is held.
    private final class Flight: @unchecked Sendable {
        var batch: [Waiting] = []
        /// Whether a connection has taken it.
        var isLoaded = false
    }

    private struct State {
        private var waiting: [Waiting] = []
        private var count = 0
        private var flights: [Flight] = []

        /// Adds rows; false when too many wait.
        mutating func append(_ arrival: Waiting) -> Bool {
            guard count < waitingLimit else { return false }
            waiting.append(arrival)
            count += arrival.rows.count
            return true
        }

        /// What goes out now: while a statement waits for its commit the next is carried out, if it is worth one.
        mutating func takeOff() -> Flight? {
            let isWorthOne = count >= worth && flights.count < flightLimit && flights.allSatisfy { $0.isLoaded }
            guard count > 0, flights.isEmpty || isWorthOne else { return nil }
            let flight = Flight()
            flights.append(flight)
            return flight
        }

        /// The rows of a flight, which are those that wait now if it has none yet.
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

        /// Who waits for a flight. One that no connection took within its deadline was waited for by everybody.
        mutating func passengers(of flight: Flight) -> [Waiting] {
            if !flight.isLoaded {
                (flight.batch, waiting) = (waiting, [])
                count = 0
            }
            return flight.batch
        }

        mutating func land(_ flight: Flight) { flights.removeAll { $0 === flight } }

        /// The answers of rows whose deadline has passed, each once: those that wait are taken out, those in flight may still be stored.
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

    /// How many rows one statement takes, unless more come together.
    private static var rowLimit: Int { 1_024 }
    /// How many rows wait at most.
    private static var waitingLimit: Int { 65_536 }
    /// How many statements are in flight at once.
    private static var flightLimit: Int { 3 }
    /// How many rows are worth a statement beside the one that is on its way. A statement costs the database and us as much as some
    /// thirty rows, so fewer do better to wait for the next, even with processors to spare (`docs/figures.md`).
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

    /// Adds rows that belong together, in their order, and waits until each is committed or refused.
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
                let error = PostgresError(.unavailable, "too many rows wait for a connection")
                continuation.resume(returning: rows.map { _ in .failure(error) })
            }
        }
    }

    /// The statement that goes out now that the state has changed, if one does.
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

    /// One statement. A row that the server refuses must not fail its neighbours, so what fails is sent again in halves. What another
    /// transaction was in the way of is sent again as it is.
    ///
    /// - Parameters:
    ///   - tries: How often it may still be sent.
    ///   - finished: Answers what is to be sent next.
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

    /// What became of rows: of each its own, or of all of them the same.
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

/// The deadlines of rows that wait or are in flight, whatever the rows are.
protocol BatcherDeadlines: Sendable {
    /// Answers rows whose deadline has passed. Their statement goes on, for the rows beside them.
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
