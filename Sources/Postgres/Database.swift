public import Logging

/// A PostgreSQL database behind a pool of connections.
///
/// Statements are pipelined, prepared and binary. A transaction is a synchronous closure on a connection's own thread. The rows of a batch
/// share one statement and one commit. Every call has a deadline, which covers waiting for a connection and for the answer.
public final class Database: Sendable {
    /// The address and the limits of the connection pool.
    public struct Configuration: Sendable {
        /// A libpq URL or connection string (libpq manual, 34.1.1); it may name several hosts.
        public var url: String
        /// The number of connections. Each has a thread.
        public var connections: Int
        /// The number of additional connections for calls whose scope may use them (`RequestScope`).
        public var reserve: Int
        /// The number of additional connections for read-only statements (`Database.read`); with 0, reads share the other connections.
        public var readConnections: Int
        /// The time limit for a statement or a transaction, including the wait for a connection.
        public var deadline: Duration
        /// Settings of each session, which functions and triggers read with `current_setting` (manual, 20.16 "Customized Options").
        // traps: the names of settings are those of our own code.
        public var settings: [String: String]

        /// Creates a configuration.
        public init(
            url: String,
            connections: Int = 8,
            reserve: Int = 0,
            readConnections: Int = 0,
            deadline: Duration = .milliseconds(1_800),
            settings: [String: String] = [:]
        ) {
            self.url = url
            self.connections = connections
            self.reserve = reserve
            self.readConnections = readConnections
            self.deadline = deadline
            self.settings = settings
        }
    }

    let configuration: Configuration
    /// The connections for read-only statements. Each runs one statement at a time, so a slow one delays no other.
    private let readPool: ConnectionPool?
    private let reporter: ConnectionReporter

    // Also used for batches, in Batcher.swift.

    let pool: ConnectionPool
    let counts = Monitor<(batches: Int, rows: Int)>((0, 0))
    let batchers: Monitor<[ObjectIdentifier: any BatcherDeadlines]>

    /// Opens a pool, which connects and reconnects automatically and reports its state in `logger`.
    public init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        reporter = ConnectionReporter(logger: logger)
        let batchers = Monitor<[ObjectIdentifier: any BatcherDeadlines]>([:])
        self.batchers = batchers
        pool = ConnectionPool(
            url: configuration.url,
            settings: configuration.settings,
            size: configuration.connections + configuration.reserve,
            reserve: configuration.reserve,
            patience: configuration.deadline,
            onTick: { now in for batcher in batchers.withLock({ $0.values.map { $0 } }) { batcher.expire(now) } },
            onStateChange: { [reporter] event in reporter.report(event) }
        )
        guard configuration.readConnections > 0 else {
            readPool = nil
            return
        }
        readPool = ConnectionPool(
            url: configuration.url,
            settings: configuration.settings.merging(Self.readSettings) { _, new in new },
            size: configuration.readConnections,
            pipelineLimit: 1,
            patience: configuration.deadline,
            cancelsOverdue: true,
            onStateChange: { [reporter] event in reporter.report(event) }
        )
    }

    /// Lists have many optional filters and orders. A plan for their values omits the others, and it fits the present size of the tables; a plan
    /// that was made while a fleet was small may take seconds once it has grown (manual, PREPARE, "Notes").
    private static let readSettings = ["plan_cache_mode": "force_custom_plan"]

    /// Rejects new work, fails waiting work, and closes each connection once its current work is done.
    public func close() {
        pool.close()
        readPool?.close()
    }

    /// The load of the pool, and the number of batches and their rows.
    public var statistics: DatabaseStatistics {
        let load = pool.load
        let readLoad = readPool?.load ?? (waiting: 0, idle: 0)
        let counts = counts.withLock { $0 }
        return DatabaseStatistics(
            // traps: both are counts of entries in memory and of threads.
            waiting: load.waiting + readLoad.waiting,
            idle: load.idle + readLoad.idle,
            connections: reporter.connections,
            batches: counts.batches,
            batchRows: counts.rows
        )
    }

    /// Runs one statement.
    public func run<Result>(_ query: Query<Result>) async throws(PostgresError) -> Result {
        try await result(of: query).get()
    }

    /// Runs a read-only statement on the connections for reads, so that slow reads do not delay writes.
    ///
    /// A statement that misses its deadline is canceled, so it must not write: a commit that waits for a synchronous standby would still
    /// take effect.
    public func read<Result>(_ query: Query<Result>) async throws(PostgresError) -> Result {
        try await result(of: query, on: readPool).get()
    }

    /// Runs two read-only statements concurrently.
    public func read<First, Second>(
        _ first: Query<First>,
        _ second: Query<Second>
    ) async throws(PostgresError) -> (First, Second) {
        async let firstResult = result(of: first, on: readPool)
        let secondResult = await result(of: second, on: readPool)
        return (try await firstResult.get(), try secondResult.get())
    }

    /// Runs `body` in a transaction: commits if it returns, rolls back if it throws.
    ///
    /// The body runs on the connection's thread and cannot suspend, so it never waits for anything else while the transaction is open.
    ///
    /// - Parameter limit: The time limit once a connection is available; nil for the database's deadline.
    public func transaction<Result: Sendable>(
        within limit: Duration? = nil,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws -> Result {
        try await transaction(.readCommitted, within: limit, body)
    }

    /// Runs statements that only read, and that all see the database at one moment.
    public func snapshot<Result: Sendable>(
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws -> Result {
        try await transaction(.snapshot, within: nil, body)
    }

    private func transaction<Result: Sendable>(
        _ beginning: Transaction.Beginning,
        within limit: Duration?,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws -> Result {
        let call = try callLimits()
        let deadline = limit.map { .now + $0 } ?? call.deadline
        return try await withCheckedContinuation { continuation in
            let run: @Sendable (Connection) -> Work.SessionEnd = { connection in
                let result = Transaction.run(body, beginning, on: connection, by: deadline)
                continuation.resume(returning: result)
                guard case .failure(let error as PostgresError) = result else { return .reusable }
                return error.isOutcomeUnknown || error.isReadOnly ? .broken : .reusable
            }
            let fail: @Sendable (PostgresError) -> Void = { continuation.resume(returning: .failure($0)) }
            let body = Work.Body.session(run: run, fail: fail)
            pool.submit(
                Work(body: body, deadline: limit == nil ? deadline : call.deadline, isPrivileged: call.isPrivileged)
            )
        }.get()
    }

    private func result<Result>(
        of query: Query<Result>,
        on readPool: ConnectionPool? = nil
    ) async -> Swift.Result<Result, PostgresError> {
        let call: (deadline: ContinuousClock.Instant, isPrivileged: Bool)
        do throws(PostgresError) {
            call = try callLimits()
        } catch {
            return .failure(error.named(query.statement.name))
        }
        return await withCheckedContinuation { continuation in
            let reply = Reply(continuation)
            let body = Work.Body.statement(query.statement, bind: query.bind) { answer in
                reply.give(answer.read(query.read))
                return nil
            }
            var work = Work(body: body, deadline: call.deadline, isPrivileged: call.isPrivileged)
            work.expire = { reply.give(.failure($0.named(query.statement.name))) }
            (readPool ?? pool).submit(work)
        }
    }

    /// The limits of a new call: the earlier of the request's and the database's deadline, and whether it may use reserved connections.
    func callLimits() throws(PostgresError) -> (deadline: ContinuousClock.Instant, isPrivileged: Bool) {
        let now = ContinuousClock.now
        let own = now + configuration.deadline
        guard let scope = RequestScope.current else { return (own, false) }
        guard scope.deadline > now else { throw .noTimeLeft }
        return (min(own, scope.deadline), scope.usesReserve)
    }
}

/// The load of a database's connections.
public struct DatabaseStatistics: Hashable, Sendable {
    /// Statements and transactions that wait for a connection.
    public var waiting: Int
    /// Connections that wait for work.
    public var idle: Int
    /// Connections established since the start.
    public var connections: Int
    /// Statements sent for batches since the start.
    public var batches: Int
    /// Rows in these batches.
    public var batchRows: Int
}

extension Work.Answer {
    /// Reads the rows into a result, on the thread that owns them.
    consuming func read<Value>(
        _ read: (borrowing Rows) throws(PostgresError) -> Value
    ) -> Result<Value, PostgresError> {
        switch consume self {
        case .failure(let error): .failure(error)
        case .rows(let rows): Result { () throws(PostgresError) in try read(rows) }
        }
    }
}

/// Logs once, not for each connection and attempt, when the database becomes unavailable or available.
private final class ConnectionReporter: Sendable {
    private let logger: Logger
    private let state = Monitor<(isReachable: Bool?, connections: Int)>((nil, 0))

    /// The number of established connections.
    var connections: Int { state.withLock { $0.connections } }

    init(logger: Logger) {
        self.logger = logger
    }

    func report(_ event: ConnectionEvent) {
        let isConnected = if case .connected = event { true } else { false }
        let previous = state.withLock { state in
            defer { state = (isConnected, state.connections + (isConnected ? 1 : 0)) }
            return state.isReachable
        }
        switch event {
        case .connected where previous != true: logger.info("database connected")
        case .failed(let error) where previous != false:
            // libpq's text contains the host and the reason, never the password.
            logger.warning("database unreachable", metadata: ["reason": "\(error.message)"])
        default: break
        }
    }
}
