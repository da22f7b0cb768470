/// An open transaction, lent to a closure that runs on the connection's thread.
public struct Transaction: ~Copyable {
    private let connection: Connection
    private let deadline: ContinuousClock.Instant

    /// Runs one statement in the transaction.
    public func run<Result>(_ query: Query<Result>) throws(PostgresError) -> Result {
        try connection.run(query, by: deadline)
    }

    /// The statement that begins a transaction.
    enum Beginning {
        /// Each statement sees what is committed when it starts.
        case readCommitted
        /// All statements see what is committed when the first one starts, and change nothing.
        case snapshot

        fileprivate var statement: Statement { self == .snapshot ? Self.beginSnapshot : Self.begin }

        private static let begin = Statement(name: "begin", parameterTypes: [], sql: "BEGIN")
        private static let beginSnapshot = Statement(
            name: "begin_snapshot",
            parameterTypes: [],
            sql: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        )
    }

    private static let commit = Statement(name: "commit", parameterTypes: [], sql: "COMMIT")
    private static let rollback = Statement(name: "rollback", parameterTypes: [], sql: "ROLLBACK")

    /// Runs `body` between BEGIN and COMMIT. BEGIN is sent together with the first statement.
    ///
    /// A statement that misses its deadline is canceled, but a COMMIT never is: one that waits for a synchronous standby would still take
    /// effect (PostgreSQL manual, 27.2.8 "Synchronous Replication").
    static func run<Result>(
        _ body: (borrowing Transaction) throws -> Result,
        _ beginning: Beginning,
        on connection: Connection,
        by deadline: ContinuousClock.Instant
    ) -> Swift.Result<Result, any Error> {
        var isCommitSent = false
        do {
            try connection.sendUnread(beginning.statement)
            let result = try body(Transaction(connection: connection, deadline: deadline))
            isCommitSent = true
            try connection.send(commit, Parameters())
            // After a failed statement, COMMIT performs a ROLLBACK without an error.
            guard try connection.receive(commit, by: deadline).isCommit else {
                return .failure(PostgresError(.statement, state: .transactionRollback, "COMMIT was a ROLLBACK"))
            }
            return .success(result)
        } catch {
            if let failure = error as? PostgresError, failure.isOutcomeUnknown {
                if !isCommitSent { connection.cancel() }
                return .failure(failure)
            }
            do throws(PostgresError) {
                try connection.send(rollback, Parameters())
                _ = try connection.receive(rollback, by: deadline)
            } catch let failure {
                // Return the caller's error. The connection is closed according to its own state.
                return .failure(failure.isOutcomeUnknown ? failure : error)
            }
            return .failure(error)
        }
    }
}
