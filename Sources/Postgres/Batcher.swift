/// The calls that store rows in batches. Each type of row has its own batcher.
extension Database {
    /// Adds a row to the next batch and waits until it is committed.
    public func run<Row: BatchRow>(_ row: Row) async throws(PostgresError) -> Row.Outcome {
        // traps: one row has one outcome.
        try await batcher(of: Row.self).run([row], by: callLimits().deadline)[0].get()
    }

    /// Adds rows to the next batch, in their order, and waits until each is committed or rejected.
    ///
    /// The rows may be split over several statements. Each statement succeeds or fails independently.
    public func run<Row: BatchRow>(_ rows: [Row]) async -> [Result<Row.Outcome, PostgresError>] {
        guard let call = try? callLimits() else { return rows.map { _ in .failure(.noTimeLeft) } }
        return await batcher(of: Row.self).run(rows, by: call.deadline)
    }

    private func batcher<Row: BatchRow>(of type: Row.Type) -> Batcher<Row> {
        batchers.withLock { batchers in
            // The key is the type, so the value always has this type.
            if let known = batchers[ObjectIdentifier(type)] as? Batcher<Row> { return known }
            let batcher = Batcher<Row>(pool: pool, deadline: configuration.deadline) { [counts] rows in
                counts.withLock { $0 = ($0.batches + 1, $0.rows + rows) }
            }
            batchers[ObjectIdentifier(type)] = batcher
            return batcher
        }
    }
}

/// Collects rows into batches: rows that arrive while statements are in flight form the next batch.
///
/// There is no timer. A row is sent immediately if nothing is in flight; under load, all waiting callers share one commit.
final class Batcher<Row: BatchRow>: Sendable {
    private typealias Queue = BatchQueue<Row, Row.Outcome, Caller>
    private typealias Caller = CheckedContinuation<[Result<Row.Outcome, PostgresError>], Never>

    private let pool: ConnectionPool
    private let deadline: Duration
    private let queue = Monitor(Queue())
    /// Called with the number of rows of each batch.
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
        return await withCheckedContinuation { caller in
            let call = Queue.Call(rows: rows, deadline: deadline, caller: caller)
            let (isAccepted, batch) = queue.withLock { $0.append(call) }
            if let batch { pool.submit(work(batch)) }
            if !isAccepted {
                let error = PostgresError(.unavailable, "too many rows are waiting for a connection")
                caller.resume(returning: rows.map { _ in .failure(error) })
            }
        }
    }

    /// The next statement of a batch.
    private func work(_ batch: Int) -> Work {
        let body = Work.Body.statement(
            Row.statement,
            bind: { [self] parameters in
                let (rows, isNew) = queue.withLock { $0.take(batch) }
                if isNew { onSend(rows.count) }
                Row.bind(rows, to: &parameters)
            },
            answer: { [self] answer in
                let count = queue.withLock { $0.rowCount(batch) }
                let result = answer.read { (answer) throws(PostgresError) in try Row.outcomes(answer, of: count) }
                return next(after: batch, result)
            }
        )
        return Work(body: body, deadline: .now + deadline)
    }

    /// Records the result of a statement and answers its callers. Returns the work to do next.
    private func next(after batch: Int, _ result: Result<[Row.Outcome], PostgresError>) -> Work? {
        let step: Queue.Step
        switch result {
        case .success(let outcomes):
            let results = outcomes.map { Result<Row.Outcome, PostgresError>.success($0) }
            step = queue.withLock { $0.succeed(batch, results) }
        case .failure(let error):
            step = queue.withLock { $0.fail(batch, error) }
        }
        step.answers?.forEach { $0.resume(returning: $1) }
        return step.send.map { work($0) }
    }
}

/// The deadlines of pending rows and rows in flight, for any type of row.
protocol BatcherDeadlines: Sendable {
    /// Answers rows whose deadline has passed. Their statement continues, for the other rows in it.
    func expire(_ now: ContinuousClock.Instant)
}

extension Batcher: BatcherDeadlines {
    func expire(_ now: ContinuousClock.Instant) {
        for overdue in queue.withLock({ $0.takeOverdue(now) }) {
            let error =
                overdue.isInFlight
                ? PostgresError(.timeout, statement: Row.statement.name, "no answer within the deadline")
                : PostgresError(.unavailable, statement: Row.statement.name, "no connection within the deadline")
            overdue.call.caller.resume(returning: Array(repeating: .failure(error), count: overdue.call.rows.count))
        }
    }
}
