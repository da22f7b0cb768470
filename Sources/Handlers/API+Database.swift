import ContractRuntime
import Generated
import Logging
import Postgres

// Only this extension converts database errors to problems.
extension API {
    /// Runs one statement.
    func run<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        try requireSchema()
        return try await databaseSpan(query.name) { () async throws(Problem) in
            do throws(PostgresError) { return try await database.run(query) } catch { throw problem(error) }
        }
    }

    /// Runs one read-only statement on connections that writes do not use.
    func readPrimary<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        try requireSchema()
        return try await databaseSpan(query.name) { () async throws(Problem) in
            do throws(PostgresError) { return try await database.read(query) } catch { throw problem(error) }
        }
    }

    /// Runs two read-only statements concurrently.
    func readPrimary<First, Second>(
        _ first: Query<First>,
        _ second: Query<Second>
    ) async throws(Problem) -> (First, Second) {
        try requireSchema()
        return try await databaseSpan("\(first.name), \(second.name)") { () async throws(Problem) in
            do throws(PostgresError) { return try await database.read(first, second) } catch { throw problem(error) }
        }
    }

    /// Adds a row to a batch and waits for the commit.
    func run<Row: BatchRow>(_ row: Row) async throws(Problem) -> Row.Outcome {
        try requireSchema()
        // The path of a heartbeat: without tracing it must not cost a further call.
        if tracer == nil {
            do throws(PostgresError) { return try await database.run(row) } catch { throw problem(error) }
        }
        return try await databaseSpan(Row.statement.name) { () async throws(Problem) in
            do throws(PostgresError) { return try await database.run(row) } catch { throw problem(error) }
        }
    }

    /// Adds rows to a batch and waits for their commits. A rejected row fails with its own problem; an unavailable database fails all rows.
    func run<Row: BatchRow>(_ rows: [Row]) async throws(Problem) -> [Result<Row.Outcome, Problem>] {
        try requireSchema()
        return try await databaseSpan(Row.statement.name) { () async throws(Problem) in try await outcomes(of: rows) }
    }

    private func outcomes<Row: BatchRow>(of rows: [Row]) async throws(Problem) -> [Result<Row.Outcome, Problem>] {
        var results: [Result<Row.Outcome, Problem>] = []
        for result in await database.run(rows) {
            switch result {
            case .success(let outcome): results.append(.success(outcome))
            case .failure(let error):
                let problem = problem(error)
                if problem.status >= 500 { throw problem }
                results.append(.failure(problem))
            }
        }
        return results
    }

    /// Runs a transaction. A problem that `body` throws rolls it back and is rethrown.
    func transaction<Result: Sendable>(
        within limit: Duration? = nil,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result {
        try requireSchema()
        let client = RequestClient.current
        return try await databaseSpan("transaction") { () async throws(Problem) in
            try await result {
                try await database.transaction(within: limit) { transaction in
                    try RequestClient.$current.withValue(client) { try body(transaction) }
                }
            }
        }
    }

    /// Runs statements that only read, and that all see the database at one moment.
    func snapshot<Result: Sendable>(
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result {
        try requireSchema()
        return try await databaseSpan("snapshot") { () async throws(Problem) in
            try await result { try await database.snapshot(body) }
        }
    }

    private func result<Result: Sendable>(of work: () async throws -> Result) async throws(Problem) -> Result {
        do {
            return try await work()
        } catch let error as Problem {
            throw error
        } catch {
            throw problem(error)
        }
    }

    /// Rejects database access until the schema is known to be the one that the statements expect.
    private func requireSchema() throws(Problem) {
        if schema.version == nil { throw .databaseUnavailable }
    }

    /// The problem for a transient failure of the database.
    func unavailability(_ error: PostgresError) -> Problem {
        if error.isLibraryFailure { return .databaseLibrariesUnusable }
        let isFull = error.isDiskFull || configuration.clusterFolder.flatMap { DiskSpace(at: $0) }?.isFull == true
        return isFull ? .databaseFull : .databaseUnavailable
    }

    private func problem(_ error: any Error) -> Problem {
        guard let error = error as? PostgresError else {
            logger.error("unexpected error", metadata: ["error": "\(error)"])
            return .internalError
        }
        if error.isTransient {
            logger.debug("database unavailable", metadata: ["error": "\(error)"])
            let problem = unavailability(error)
            if problem.code != Problem.databaseUnavailable.code { note(writeFailure: problem) }
            return problem
        }
        if error.state?.isDataException == true {
            logger.debug("value rejected", metadata: ["error": "\(error)"])
            return Problem(
                status: 422,
                code: .unstorableValue,
                detail: "a value is outside the range that can be stored"
            )
        }
        // The referenced row existed when the statement started, and only instances are ever removed.
        if error.state == .foreignKeyViolation { return .instanceNotFound }
        logger.error("database error", metadata: ["error": "\(error)"])
        return .internalError
    }
}

extension Problem {
    static let databaseUnavailable = Problem(
        status: 503,
        code: .databaseUnavailable,
        detail: "the database is unavailable; retry after the given delay",
        retryAfterSeconds: 1
    )
    static let databaseFull = Problem(
        status: 503,
        code: .databaseFull,
        detail: "the disk of the database is full; retry after an operator has freed space",
        retryAfterSeconds: 5
    )
    static let databaseLibrariesUnusable = Problem(
        status: 503,
        code: .databaseLibrariesUnusable,
        detail: "PostgreSQL's files were replaced while it is running; retry after it has been restarted",
        retryAfterSeconds: 5
    )
    static let internalError = Problem(
        status: 500,
        code: .internalError,
        detail: "the server failed; see its log"
    )
    static let instanceNotFound = Problem(status: 404, code: .instanceNotFound, detail: "instance not found")
    static let instanceRetired = Problem(
        status: 409,
        code: .instanceRetired,
        detail: "the instance is retired; its next heartbeat returns it to the fleet"
    )
    static let moduleNotFound = Problem(status: 404, code: .moduleNotFound, detail: "Module not found")
    static let moduleRunNotFound = Problem(status: 404, code: .moduleRunNotFound, detail: "Module run not found")
    static let alertNotFound = Problem(status: 404, code: .alertNotFound, detail: "alert not found")
    static let tokenNotFound = Problem(status: 404, code: .tokenNotFound, detail: "token not found")
    static let commandNotFound = Problem(status: 404, code: .commandNotFound, detail: "command not found")
}
