import Logging
import TestSupport
import Testing

@testable import Postgres

/// The deadline that all database calls of a request share.
@Suite struct RequestScopeTests {
    private func withDatabase<R>(
        connections: Int,
        reserve: Int = 0,
        deadline: Duration = .seconds(20),
        _ body: (Database) async throws -> R
    ) async throws -> R {
        try await TestDatabase.empty { url in
            var logger = Logger(label: "tests")
            logger.logLevel = .critical
            let database = Database(
                .init(url: url, connections: connections, reserve: reserve, deadline: deadline),
                logger: logger
            )
            defer { database.close() }
            return try await body(database)
        }
    }

    private static func text(_ sql: String) -> Query<String> {
        Query(
            Statement(name: "text", parameterTypes: [], sql: sql),
            bind: { _ in },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }

    /// The code of a failure, and the time until it.
    private func failure(
        _ body: () async throws(PostgresError) -> String
    ) async -> (code: PostgresError.Code?, duration: Duration) {
        let start = ContinuousClock.now
        do throws(PostgresError) {
            _ = try await body()
            return (nil, ContinuousClock.now - start)
        } catch {
            return (error.code, ContinuousClock.now - start)
        }
    }

    @Test func `two statements share one deadline, and the connection outlives it`() async throws {
        try await withDatabase(connections: 1) { database in
            let backend = try await database.run(Self.text("SELECT pg_backend_pid()::text"))
            let (code, duration) = await failure { () async throws(PostgresError) in
                try await RequestScope.within(.seconds(2)) { () async throws(PostgresError) in
                    _ = try await database.run(Self.text("SELECT pg_sleep(1.5)::text"))
                    return try await database.run(Self.text("SELECT pg_sleep(4)::text"))
                }
            }
            #expect(code == .timeout)
            // With one deadline each, they would take 5.5 s.
            #expect(duration >= .seconds(2) && duration < .seconds(5))
            #expect(try await database.run(Self.text("SELECT pg_backend_pid()::text")) == backend)
        }
    }

    @Test func `a statement after the deadline is not sent`() async throws {
        try await withDatabase(connections: 1) { database in
            _ = try await database.run(Self.text("SELECT 'warm'"))
            let (code, duration) = await failure { () async throws(PostgresError) in
                try await RequestScope.within(.zero) { () async throws(PostgresError) in
                    try await database.run(Self.text("SELECT pg_sleep(30)::text"))
                }
            }
            #expect(code == .unavailable)
            #expect(duration < .seconds(10))
        }
    }

    @Test func `calls that may use the reserve find a connection while the others are busy`() async throws {
        try await withDatabase(connections: 2, reserve: 1) { database in
            while database.statistics.idle < 3 { try await Task.sleep(for: .milliseconds(10)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        _ = try await database.transaction { transaction in
                            try transaction.run(Self.text("SELECT pg_sleep(2)::text"))
                        }
                    }
                }
                try await Task.sleep(for: .milliseconds(300))
                let start = ContinuousClock.now
                let answer = try await RequestScope.within(.seconds(10), usesReserve: true) {
                    () async throws(PostgresError) in try await database.run(Self.text("SELECT 'stop'"))
                }
                #expect(answer == "stop")
                // The eight statements take 8 s on the two connections.
                #expect(ContinuousClock.now - start < .seconds(4))
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }
}
