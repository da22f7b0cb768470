import ContractRuntime
import Logging
import Postgres

// The only place where a failure of the database becomes a problem.
extension API {
    /// Runs one statement.
    func run<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        try requireSchema()
        do throws(PostgresError) { return try await database.run(query) } catch { throw problem(error) }
    }

    /// Runs one statement that only reads, on connections that writes do not need.
    func readPrimary<Result>(_ query: Query<Result>) async throws(Problem) -> Result {
        try requireSchema()
        do throws(PostgresError) { return try await database.read(query) } catch { throw problem(error) }
    }

    /// Runs two such statements side by side.
    func readPrimary<First, Second>(
        _ first: Query<First>,
        _ second: Query<Second>
    ) async throws(Problem) -> (First, Second) {
        try requireSchema()
        do throws(PostgresError) { return try await database.read(first, second) } catch { throw problem(error) }
    }

    /// Adds a row to a batch and waits for the commit.
    func run<Row: BatchRow>(_ row: Row) async throws(Problem) -> Row.Outcome {
        try requireSchema()
        do throws(PostgresError) { return try await database.run(row) } catch { throw problem(error) }
    }

    /// Adds rows to a batch and waits for their commits. What the database refuses of one row is that row's problem; that it is away is
    /// everybody's.
    func run<Row: BatchRow>(_ rows: [Row]) async throws(Problem) -> [Result<Row.Outcome, Problem>] {
        try requireSchema()
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

    /// Runs a transaction; a problem that `body` throws rolls it back and goes to the caller.
    func transaction<Result: Sendable>(
        within limit: Duration? = nil,
        _ body: @escaping @Sendable (borrowing Transaction) throws -> Result
    ) async throws(Problem) -> Result {
        try requireSchema()
        do {
            return try await database.transaction(within: limit, body)
        } catch let error as Problem {
            throw error
        } catch {
            throw problem(error)
        }
    }

    /// Nothing touches a database whose schema may be half of what the statements expect.
    private func requireSchema() throws(Problem) {
        if schema.version == nil { throw .databaseUnavailable }
    }

    /// Why the database cannot be used, after a failure that may pass.
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
            logger.debug("value refused", metadata: ["error": "\(error)"])
            return Problem(status: 422, code: "UNSTORABLE_VALUE", detail: "a value is outside of what can be stored")
        }
        // The referenced row existed when the statement began, and only instances are ever removed.
        if error.state == .foreignKeyViolation { return .instanceNotFound }
        logger.error("database error", metadata: ["error": "\(error)"])
        return .internalError
    }
}

extension Problem {
    static let databaseUnavailable = Problem(
        status: 503,
        code: "DATABASE_UNAVAILABLE",
        detail: "the database is away; try again",
        retryAfterSeconds: 1
    )
    static let databaseFull = Problem(
        status: 503,
        code: "DATABASE_FULL",
        detail: "the disk of the database is full; retry once an operator has made room",
        retryAfterSeconds: 5
    )
    static let databaseLibrariesUnusable = Problem(
        status: 503,
        code: "DATABASE_LIBRARIES_UNUSABLE",
        detail: "PostgreSQL's files were exchanged while it runs; retry once it has been restarted",
        retryAfterSeconds: 5
    )
    static let internalError = Problem(
        status: 500,
        code: "INTERNAL_ERROR",
        detail: "the server failed; its log says why"
    )
    static let instanceNotFound = Problem(status: 404, code: "INSTANCE_NOT_FOUND", detail: "instance not found")
    static let instanceRetired = Problem(
        status: 409,
        code: "INSTANCE_RETIRED",
        detail: "the instance is retired; its next heartbeat brings it back"
    )
    static let moduleNotFound = Problem(status: 404, code: "MODULE_NOT_FOUND", detail: "Module not found")
    static let moduleRunNotFound = Problem(status: 404, code: "MODULE_RUN_NOT_FOUND", detail: "Module run not found")
    static let alertNotFound = Problem(status: 404, code: "ALERT_NOT_FOUND", detail: "alert not found")
    static let tokenNotFound = Problem(status: 404, code: "TOKEN_NOT_FOUND", detail: "token not found")
    static let commandNotFound = Problem(status: 404, code: "COMMAND_NOT_FOUND", detail: "command not found")
}
