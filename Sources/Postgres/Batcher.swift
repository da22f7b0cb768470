/// Collects rows into batches: rows that arrive while statements are in flight form the next batch.
///
/// There is no timer. A row is sent immediately if nothing is in flight; under load, all waiting callers share one commit.
final class Batcher<Row: BatchRow>: Sendable {
    /// Rows of one call. They are answered together, in their order.
    private struct PendingRows {
        let rows: [Row]
        let deadline: ContinuousClock.Instant
        /// Nil once the rows were answered at their deadline.
        var answer: (@Sendable ([Result<Row.Outcome, PostgresError>]) -> Void)?
    }

    /// A statement in flight. Its rows are chosen when a connection takes it, so that more rows can join until then.
    ///
    /// `@unchecked Sendable`: it is accessed only while the batcher's state is locked.
    private final class Batch: @unchecked Sendable {
        var groups: [PendingRows] = []
        /// Whether a connection has taken it.
        var isFilled = false
    }

    private struct State {
        private var pending: [PendingRows] = []
        private var count = 0
        private var inFlight: [Batch] = []

        /// Adds rows. Returns false if too many rows are pending.
        mutating func append(_ group: PendingRows) -> Bool {
            guard count < pendingLimit else { return false }
            pending.append(group)
            count += group.rows.count
            return true
        }

        /// Starts a batch if nothing is in flight, or if enough rows are pending to execute a statement while others commit.
        mutating func startBatch() -> Batch? {
            let isWorthwhile =
                count >= parallelRows && inFlight.count < inFlightLimit && inFlight.allSatisfy { $0.isFilled }
            guard count > 0, inFlight.isEmpty || isWorthwhile else { return nil }
            let batch = Batch()
            inFlight.append(batch)
            return batch
        }

        /// The rows of a batch. The first call fills it with the pending rows.
        mutating func fill(_ batch: Batch) -> (rows: [Row], isNew: Bool) {
            let isNew = !batch.isFilled
            if isNew {
                var (taken, rows) = (0, 0)
                while taken < pending.count, taken == 0 || rows + pending[taken].rows.count <= rowLimit {
                    rows += pending[taken].rows.count
                    taken += 1
                }
                batch.groups = Array(pending[..<taken])
                batch.isFilled = true
                pending.removeFirst(taken)
                count -= rows
            }
            return (batch.groups.count == 1 ? batch.groups[0].rows : batch.groups.flatMap { $0.rows }, isNew)
        }

        /// The callers that wait for a batch. If no connection picks up the batch in time, every pending row fails.
        mutating func groups(of batch: Batch) -> [PendingRows] {
            if !batch.isFilled {
                (batch.groups, pending) = (pending, [])
                count = 0
            }
            return batch.groups
        }

        mutating func complete(_ batch: Batch) { inFlight.removeAll { $0 === batch } }

        /// Takes the answers of rows whose deadline has passed, each once. Pending rows are removed; rows in flight may still be stored.
        mutating func takeOverdue(
            _ now: ContinuousClock.Instant
        ) -> [(rows: Int, isInFlight: Bool, answer: @Sendable ([Result<Row.Outcome, PostgresError>]) -> Void)] {
            var overdue = pending.filter { $0.deadline <= now }.compactMap { group in
                group.answer.map { (group.rows.count, false, $0) }
            }
            if !overdue.isEmpty {
                pending.removeAll { $0.deadline <= now }
                count = pending.reduce(0) { $0 + $1.rows.count }
            }
            for batch in inFlight {
                for index in batch.groups.indices where batch.groups[index].deadline <= now {
                    guard let answer = batch.groups[index].answer else { continue }
                    batch.groups[index].answer = nil
                    overdue.append((batch.groups[index].rows.count, true, answer))
                }
            }
            return overdue
        }
    }

    /// The maximum number of rows per statement, unless one call has more.
    private static var rowLimit: Int { 1_024 }
    /// The maximum number of pending rows.
    private static var pendingLimit: Int { 65_536 }
    /// The maximum number of statements in flight.
    private static var inFlightLimit: Int { 3 }
    /// The minimum number of rows for a statement beside one in flight. A statement costs the database and us as much as about thirty rows,
    /// so fewer rows do better to wait for the next batch, even with idle processors (`docs/figures.md`).
    private static var parallelRows: Int { 64 }

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
            let group = PendingRows(rows: rows, deadline: deadline) { continuation.resume(returning: $0) }
            var isAdded = false
            if let work = nextStatement(after: { isAdded = $0.append(group) }) { pool.submit(work) }
            if !isAdded {
                let error = PostgresError(.unavailable, "too many rows are waiting for a connection")
                continuation.resume(returning: rows.map { _ in .failure(error) })
            }
        }
    }

    /// Changes the state and returns the statement to send next, if any.
    private func nextStatement(after change: (inout State) -> Void) -> Work? {
        let started = state.withLock { state in
            change(&state)
            return state.startBatch()
        }
        guard let batch = started else { return nil }
        let load: @Sendable () -> [Row] = { [self] in
            let (rows, isNew) = state.withLock { $0.fill(batch) }
            if isNew { onSend(rows.count) }
            return rows
        }
        return work(load) { [self] outcomes in
            var start = 0
            for group in state.withLock({ $0.groups(of: batch) }) {
                group.answer?(Array(outcomes.of(start..<start + group.rows.count)))
                start += group.rows.count
            }
            return nextStatement { $0.complete(batch) }
        }
    }

    /// One statement. A rejected row must not fail its neighbours, so a failed batch is sent again in halves. After a conflict with another
    /// transaction, the batch is sent again unchanged.
    ///
    /// - Parameters:
    ///   - tries: The remaining number of attempts.
    ///   - finished: Receives the outcomes and returns the work to send next.
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
