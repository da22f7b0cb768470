/// The rows that wait for a statement, and the statements in flight.
///
/// Rows that arrive while a statement is in flight form the next batch. A batch's rows are chosen when a connection takes it, so that more rows
/// can join until then. A pure state machine; `Batcher` sends the statements and answers the callers.
struct BatchQueue<Row, Outcome, Caller> {
    typealias Outcomes = [Result<Outcome, PostgresError>]

    /// The rows of one caller. They are answered together, in their order.
    struct Call {
        let rows: [Row]
        let deadline: ContinuousClock.Instant
        let caller: Caller
        /// Whether the caller was answered at its deadline.
        fileprivate var isAnswered = false

        init(rows: [Row], deadline: ContinuousClock.Instant, caller: Caller) {
            self.rows = rows
            self.deadline = deadline
            self.caller = caller
        }
    }

    /// The callers of a completed batch, and the outcomes of all their rows.
    struct Answers {
        fileprivate let calls: [Call]
        fileprivate let outcomes: Outcomes

        /// Passes the outcomes to each caller that was not answered at its deadline.
        func forEach(_ body: (Caller, Outcomes) -> Void) {
            var start = 0
            for call in calls {
                let end = start + call.rows.count
                if !call.isAnswered { body(call.caller, Array(outcomes[start..<end])) }
                start = end
            }
        }
    }

    /// The work after the result of a statement.
    struct Step {
        var answers: Answers?
        /// The batch whose statement is to be sent.
        var send: Int?
    }

    /// A call whose deadline has passed.
    struct Overdue {
        let call: Call
        /// Whether a connection has taken its rows. They may still be stored.
        let isInFlight: Bool
    }

    private struct Batch {
        let id: Int
        var calls: [Call] = []
        var rows: [Row] = []
        /// The ranges of rows without outcomes, the next last. Nil until a connection takes the batch.
        var parts: [Range<Int>]?
        /// The outcomes of the rows before the parts.
        var outcomes: Outcomes = []
        /// The remaining attempts of the next part.
        var tries = BatchQueue.tryLimit

        /// Adds the outcomes of the next part. Returns whether every row has one.
        mutating func complete(_ part: Outcomes) -> Bool {
            if outcomes.isEmpty { outcomes = part } else { outcomes += part }
            parts?.removeLast()
            tries = BatchQueue.tryLimit
            return parts?.isEmpty != false
        }
    }

    /// The maximum number of rows per statement, unless one call has more.
    static var rowLimit: Int { 1_024 }
    /// The maximum number of pending rows.
    static var pendingLimit: Int { 65_536 }
    /// The maximum number of statements in flight.
    static var inFlightLimit: Int { 3 }
    /// The minimum number of rows for a statement beside one in flight. A statement costs as much as about thirty rows, so fewer
    /// rows wait for the next batch even if processors are idle (`docs/figures.md`).
    static var parallelRows: Int { 64 }
    /// How often a statement is sent that conflicts with another transaction.
    static var tryLimit: Int { 3 }

    private var pending: [Call] = []
    /// The number of pending rows.
    private(set) var count = 0
    private var inFlight: [Batch] = []
    private var lastID = 0

    /// Adds a call. It is rejected if too many rows are pending.
    mutating func append(_ call: Call) -> (isAccepted: Bool, send: Int?) {
        let isAccepted = count < Self.pendingLimit
        if isAccepted {
            pending.append(call)
            count += call.rows.count
        }
        return (isAccepted, startBatch())
    }

    /// The rows of a batch's statement, for a connection. The first call chooses them from the pending rows.
    mutating func take(_ id: Int) -> (rows: [Row], isNew: Bool) {
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return ([], false) }
        let isNew = inFlight[index].parts == nil
        if isNew { fill(index) }
        let rows = inFlight[index].rows
        guard let part = inFlight[index].parts?.last, part != rows.indices else { return (rows, isNew) }
        return (Array(rows[part]), isNew)
    }

    /// The number of rows in a batch's statement.
    func rowCount(_ id: Int) -> Int {
        inFlight.first { $0.id == id }?.parts?.last?.count ?? 0
    }

    /// Records the outcomes of a statement's rows.
    mutating func succeed(_ id: Int, _ outcomes: Outcomes) -> Step {
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return Step() }
        return inFlight[index].complete(outcomes) ? finish(index) : Step(send: id)
    }

    /// Records the failure of a statement. A rejected row must not fail its neighbours, so a failed batch is sent again in halves. After a
    /// conflict with another transaction, the statement is sent again unchanged.
    mutating func fail(_ id: Int, _ error: PostgresError) -> Step {
        guard let index = inFlight.firstIndex(where: { $0.id == id }) else { return Step() }
        guard let part = inFlight[index].parts?.last else { return failPending(index, error) }
        if inFlight[index].tries > 1, error.state?.isConflict == true {
            inFlight[index].tries -= 1
            return Step(send: id)
        }
        if part.count > 1, error.state?.isFaultOfStatement == true {
            let middle = part.lowerBound + part.count / 2
            inFlight[index].parts?.removeLast()
            inFlight[index].parts?.append(middle..<part.upperBound)
            inFlight[index].parts?.append(part.lowerBound..<middle)
            inFlight[index].tries = Self.tryLimit
            return Step(send: id)
        }
        let outcomes = Outcomes(repeating: .failure(error), count: part.count)
        return inFlight[index].complete(outcomes) ? finish(index) : Step(send: id)
    }

    /// The calls whose deadline has passed, each once. Pending rows are removed; statements in flight continue, for the other rows in them.
    mutating func takeOverdue(_ now: ContinuousClock.Instant) -> [Overdue] {
        var overdue = pending.filter { $0.deadline <= now }.map { Overdue(call: $0, isInFlight: false) }
        if !overdue.isEmpty {
            pending.removeAll { $0.deadline <= now }
            count = pending.reduce(0) { $0 + $1.rows.count }
        }
        for batch in inFlight.indices {
            for index in inFlight[batch].calls.indices {
                let call = inFlight[batch].calls[index]
                guard call.deadline <= now, !call.isAnswered else { continue }
                inFlight[batch].calls[index].isAnswered = true
                overdue.append(Overdue(call: call, isInFlight: true))
            }
        }
        return overdue
    }

    /// Starts a batch if nothing is in flight, or if enough rows are pending to execute a statement while others commit.
    private mutating func startBatch() -> Int? {
        guard count > 0 else { return nil }
        if !inFlight.isEmpty {
            guard count >= Self.parallelRows, inFlight.count < Self.inFlightLimit else { return nil }
            guard inFlight.allSatisfy({ $0.parts != nil }) else { return nil }
        }
        lastID &+= 1
        inFlight.append(Batch(id: lastID))
        return lastID
    }

    /// Moves pending calls to a batch, up to the limit of rows.
    private mutating func fill(_ index: Int) {
        var (taken, rows) = (0, 0)
        while taken < pending.count, taken == 0 || rows + pending[taken].rows.count <= Self.rowLimit {
            rows += pending[taken].rows.count
            taken += 1
        }
        let calls = Array(pending[..<taken])
        pending.removeFirst(taken)
        count -= rows
        inFlight[index].calls = calls
        inFlight[index].rows = calls.count == 1 ? calls[0].rows : calls.flatMap(\.rows)
        inFlight[index].parts = [0..<rows]
    }

    /// If no connection takes a batch in time, every pending row fails.
    private mutating func failPending(_ index: Int, _ error: PostgresError) -> Step {
        inFlight[index].calls = pending
        inFlight[index].outcomes = Outcomes(repeating: .failure(error), count: count)
        pending = []
        count = 0
        return finish(index)
    }

    private mutating func finish(_ index: Int) -> Step {
        let batch = inFlight.remove(at: index)
        return Step(answers: Answers(calls: batch.calls, outcomes: batch.outcomes), send: startBatch())
    }
}
