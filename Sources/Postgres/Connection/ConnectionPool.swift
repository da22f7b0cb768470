/// A unit of work for a connection.
struct Work: Sendable {
    enum Body: Sendable {
        /// One statement, which can share a pipeline with others. Its answer may cause more work.
        case statement(
            Statement,
            bind: @Sendable (inout Parameters) -> Void,
            answer: @Sendable (consuming Answer) -> Work?
        )
        /// Several statements in a row, with exclusive use of the connection.
        case session(run: @Sendable (Connection) -> SessionEnd, fail: @Sendable (PostgresError) -> Void)
    }

    /// The rows of a statement, or its error.
    enum Answer: ~Copyable {
        case rows(Rows)
        case failure(PostgresError)
    }

    /// Whether the connection can be reused.
    enum SessionEnd {
        case reusable
        case broken
    }

    let body: Body
    /// When the caller must be answered.
    let deadline: ContinuousClock.Instant
    /// Whether it may use a reserved connection.
    var isPrivileged = false
    /// Whether the statement was already sent to a connection on which it was stale.
    var isSecondTry = false
    /// Answers the caller at the deadline, while the connection, which others may share, continues. Nil for work that does this itself.
    var expire: (@Sendable (PostgresError) -> Void)?

    /// Answers with an error. Returns the work to do next.
    func fail(_ error: PostgresError) -> Work? {
        switch body {
        case .statement(let statement, _, let answer): return answer(.failure(error.named(statement.name)))
        case .session(_, let fail):
            fail(error)
            return nil
        }
    }
}

/// A fixed number of connections, each with its own thread, and a queue of work.
final class ConnectionPool: Sendable {
    private let url: String
    // traps: the names of settings are those of our own code.
    private let settings: [String: String]
    private let patience: Duration
    private let cancelsOverdue: Bool
    private let queue: Monitor<WorkQueue<Work>>
    private let onStateChange: @Sendable (ConnectionEvent) -> Void

    /// Starts a thread for each connection, which connects immediately and reconnects when needed.
    ///
    /// - Parameters:
    ///   - settings: Settings of each session.
    ///   - size: The number of connections.
    ///   - reserve: How many of them are reserved for privileged work.
    ///   - pipelineLimit: The maximum number of statements that one connection takes at a time.
    ///   - patience: The time after which a connection with an unanswered statement is closed.
    ///   - cancelsOverdue: Whether the server is asked to cancel such a statement. It must not be a write.
    ///   - onTick: Called about twenty times per second, for deadlines outside the pool.
    init(
        url: String,
        settings: [String: String] = [:],
        size: Int,
        reserve: Int = 0,
        pipelineLimit: Int = 64,
        patience: Duration,
        cancelsOverdue: Bool = false,
        onTick: @escaping @Sendable (ContinuousClock.Instant) -> Void = { _ in },
        onStateChange: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        self.url = url
        // A statement that waits for a lock fails alone. Without this limit, its deadline would close the connection and fail the other
        // statements in its pipeline.
        self.settings = settings.merging(["lock_timeout": "\((patience * 5 / 6).wholeMilliseconds)"]) { $1 }
        self.patience = patience
        self.cancelsOverdue = cancelsOverdue
        queue = Monitor(WorkQueue(reserve: reserve, pipelineLimit: pipelineLimit))
        self.onStateChange = onStateChange
        for slot in 0..<size { Thread.start { [self] in serve(slot) } }
        Thread.start { [self] in expire(onTick) }
    }

    /// Adds work, which is executed or fails by its deadline.
    func submit(_ work: Work) {
        add(work, wakesThread: true)
    }

    private func add(_ work: Work, wakesThread: Bool) {
        let isExclusive = if case .session = work.body { true } else { false }
        let entry = WorkQueue<Work>.Entry(
            item: work,
            isExclusive: isExclusive,
            isPrivileged: work.isPrivileged,
            deadline: work.deadline
        )
        switch wakesThread ? queue.update({ $0.append(entry) }) : queue.withLock({ $0.append(entry) }) {
        case nil: break
        case .closed: fail(work, PostgresError(.unavailable, "the database is closed"))
        case .full: fail(work, PostgresError(.unavailable, "too many statements are waiting for a connection"))
        }
    }

    private func fail(_ work: Work, _ error: PostgresError) {
        if let next = work.fail(error) { submit(next) }
    }

    /// The number of waiting entries and of idle connections.
    var load: (waiting: Int, idle: Int) { queue.withLock { ($0.count, $0.idle) } }

    /// Fails waiting work and ends the threads, each after its current work.
    func close() {
        for entry in queue.update(wakingAll: true, { $0.close() }) {
            fail(entry.item, PostgresError(.unavailable, "the database is closed"))
        }
    }

    // MARK: - Threads

    /// Answers callers whose deadline has passed. This needs its own thread, because every connection may be busy or lost.
    private func expire(_ onTick: (ContinuousClock.Instant) -> Void) {
        while !queue.withLock({ $0.isClosed }) {
            Thread.sleep(.milliseconds(50))
            let now = ContinuousClock.now
            let (expired, overdue) = queue.withLock { ($0.removeExpired(now), $0.findOverdue(now)) }
            for entry in expired {
                fail(entry.item, PostgresError(.unavailable, "no connection within the deadline"))
            }
            for entry in overdue {
                entry.item.expire?(PostgresError(.timeout, "no answer within the deadline"))
            }
            onTick(now)
        }
    }

    private func serve(_ slot: Int) {
        var backoff = Duration.milliseconds(50)
        while true {
            do throws(PostgresError) {
                let connection = try Connection(url, settings: settings)
                backoff = .milliseconds(50)
                onStateChange(.connected)
                guard serve(with: connection, slot) else { return }
                queue.withLock { $0.finish(slot) }
            } catch {
                onStateChange(.failed(error))
                if queue.withLock({ $0.isClosed }) { return }
                Thread.sleep(backoff)
                backoff = min(backoff * 2, .milliseconds(800))
            }
        }
    }

    /// Works until the connection breaks (true) or the pool is closed (false).
    private func serve(with connection: Connection, _ slot: Int) -> Bool {
        while let taken = take(slot) {
            if connection.isStale {
                queue.update { $0.putBack(taken, by: slot) }
                return true
            }
            guard perform(taken.map(\.item), on: connection) else { return true }
        }
        return false
    }

    /// Waits for work. Returns nil once the pool is closed.
    private func take(_ slot: Int) -> [WorkQueue<Work>.Entry]? {
        var isCounted = false
        let taken = queue.wait { queue -> [WorkQueue<Work>.Entry]? in
            if !isCounted {
                queue.idle += 1
                isCounted = true
            }
            let taken = queue.take(by: slot)
            guard !taken.isEmpty || queue.isClosed else { return nil }
            queue.idle -= 1
            return taken
        }
        return taken.isEmpty ? nil : taken
    }

    /// Executes one exclusive unit of work or a pipeline. Returns false if the connection cannot be reused.
    private func perform(_ works: [Work], on connection: Connection) -> Bool {
        if let work = works.first, case .session(let run, let fail) = work.body {
            // A transaction without time left would only cost the connection.
            guard work.deadline > .now else {
                fail(PostgresError(.unavailable, "no connection within the deadline"))
                return true
            }
            return run(connection) == .reusable
        }
        var sent = 0
        for work in works {
            guard send(work, on: connection) else { break }
            sent += 1
        }
        for work in works[sent...] { submit(work) }
        for index in 0..<sent {
            let (isUsable, next) = receive(works[index], on: connection)
            // After its last answer, this thread checks the queue itself: no other thread must be woken, and this connection is warm in the
            // cache.
            if let next { add(next, wakesThread: !isUsable || index < works.count - 1) }
            if isUsable { continue }
            // Answers can no longer arrive; these statements may have been executed.
            for lost in works[index + 1..<sent] { fail(lost, PostgresError(.connectionLost, "the connection broke")) }
            return false
        }
        return sent == works.count
    }

    /// Sends a statement. Returns false if the connection broke and nothing was executed.
    private func send(_ work: Work, on connection: Connection) -> Bool {
        guard case .statement(let statement, let bind, _) = work.body else { return false }
        var parameters = Parameters()
        bind(&parameters)
        do throws(PostgresError) {
            try connection.send(statement, parameters)
            return true
        } catch {
            return false
        }
    }

    /// Reads one answer. Returns whether the connection can be reused, and the work to do next. A statement that the server lost is sent
    /// once more.
    ///
    /// The time limit of a statement starts with the previous answer, however long it waited. Callers with earlier deadlines are answered
    /// separately, and a slow database must not also lose its connections.
    private func receive(_ work: Work, on connection: Connection) -> (isUsable: Bool, next: Work?) {
        guard case .statement(let statement, _, let answer) = work.body else { return (true, nil) }
        do throws(PostgresError) {
            let limit = max(work.deadline, .now + patience)
            return (true, answer(.rows(try connection.receive(statement, by: limit))))
        } catch {
            if error.isStaleStatement, !work.isSecondTry {
                var again = work
                again.isSecondTry = true
                return (true, again)
            }
            // A statement that is its own transaction may be committing and must not be canceled. Its connection is closed instead, and
            // PostgreSQL ends the statement of a disconnected client.
            if cancelsOverdue, error.code == .timeout { connection.cancel() }
            return (!error.isOutcomeUnknown && !error.isReadOnly, answer(.failure(error)))
        }
    }
}

/// An event of a pool's connection.
enum ConnectionEvent: Sendable {
    case connected
    case failed(PostgresError)
}
