import ContractRuntime
import Dispatch
import Logging
import TestSupport
import Testing

import struct Foundation.UUID

@testable import Postgres

@Suite struct DatabaseTests {
    private func withDatabase<R>(
        connections: Int = 2,
        readConnections: Int = 0,
        deadline: Duration = .seconds(5),
        _ body: (Database, String) async throws -> R
    ) async throws -> R {
        try await TestDatabase.empty { url in
            var logger = Logger(label: "tests")
            logger.logLevel = .critical
            let database = Database(
                .init(url: url, connections: connections, readConnections: readConnections, deadline: deadline),
                logger: logger
            )
            defer { database.close() }
            return try await body(database, url)
        }
    }

    private static func echo<Value: PostgresCodable & Equatable>(_ value: Value?, _ type: PostgresType, _ name: String)
        -> Query<Value?>
    {
        Query(
            Statement(name: "echo_\(name)", parameterTypes: [type], sql: "SELECT $1::\(name)"),
            bind: { $0.append(value) },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }

    private static func text(_ sql: String) -> Query<String> {
        Query(
            Statement(name: "text", parameterTypes: [], sql: sql),
            bind: { _ in },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }

    /// The number of advisory locks that are held in the test's database.
    private static let heldLocks = text(
        """
        SELECT count(*)::text
        FROM pg_locks
        WHERE locktype = 'advisory'
            AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    )

    @Test func `values of every type are read back unchanged`() async throws {
        try await withDatabase { database, _ in
            #expect(try await database.run(Self.echo(true, .bool, "bool")) == true)
            #expect(try await database.run(Self.echo(Int32.min, .int4, "int4")) == .min)
            #expect(try await database.run(Self.echo(Int.max, .int8, "int8")) == .max)
            #expect(try await database.run(Self.echo(-0.5, .float8, "float8")) == -0.5)
            #expect(try await database.run(Self.echo("", .text, "text")) == "")
            #expect(try await database.run(Self.echo("é😀\n", .text, "text")) == "é😀\n")
            #expect(try await database.run(Self.echo(String?.none, .text, "text")) == nil)
            let time = Timestamp(microsecondsSinceEpoch: -62_135_596_799_999_999)
            #expect(try await database.run(Self.echo(time, .timestamptz, "timestamptz")) == time)
            let id = try #require(UUID(uuidString: "0B9F6C1E-2A54-4D55-9F0E-6B6F3F2F6D11"))
            #expect(try await database.run(Self.echo(id, .uuid, "uuid")) == id)
            let object = try #require(JSONObject(#"{"a": [1, 0.10]}"#))
            #expect(try await database.run(Self.echo(object, .jsonb, "jsonb")) == object)
        }
    }

    @Test func `no statement is compiled before it runs`() async throws {
        try await withDatabase { database, _ in
            let setting = try await database.run(Self.text("SELECT current_setting('jit')"))
            #expect(setting == "off")
        }
    }

    @Test func `decimals are read back exactly, and equal PostgreSQL's text`() async throws {
        try await withDatabase { database, _ in
            var literals = [
                "0", "1", "-1", "0.1", "10000", "9999", "0.0001", "0.00001", "12345.6789", "1e37",
                "0.000000000000000001",
                "99999999999999999999999999999999999999", "-99999999999999999999.999999999999999999",
            ]
            var random = SplitMix()
            for _ in 0..<500 {
                let digits = (0..<Int.random(in: 1...18, using: &random)).map { _ in
                    Int.random(in: 0...9, using: &random)
                }
                let sign = Bool.random(using: &random) ? "-" : ""
                literals.append("\(sign)\(Int.random(in: 0...9, using: &random)).\(digits.map(String.init).joined())")
            }
            for literal in literals {
                let value = try #require(Decimal(literal))
                #expect(try await database.run(Self.echo(value, .numeric, "numeric")) == value)
                let query = Query<String>(
                    Statement(name: "print", parameterTypes: [.numeric], sql: "SELECT trim_scale($1)::text"),
                    bind: { $0.append(value) },
                    read: { (rows) throws(PostgresError) in
                        try rows.one { (row) throws(PostgresError) in try row.read(0) }
                    }
                )
                #expect(try await database.run(query) == value.description)
            }
        }
    }

    @Test func `an error has its SQLSTATE and shows no values`() async throws {
        try await withDatabase { database, _ in
            _ = try await database.run(Query(sql: "CREATE TABLE t (secret text PRIMARY KEY)"))
            _ = try await database.run(Query(sql: "INSERT INTO t VALUES ('swordfish')"))
            let error = await #expect(throws: PostgresError.self) {
                try await database.run(Query(sql: "INSERT INTO t VALUES ('swordfish')"))
            }
            #expect(error?.state == .uniqueViolation)
            #expect(error?.description == "database error 23505 in sql")
            #expect(error?.debugDescription.contains("swordfish") == true)
        }
    }

    @Test func `a failure in a pipeline affects no other statement`() async throws {
        try await withDatabase(connections: 1) { database, _ in
            let outcomes = await withTaskGroup(of: String.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        let sql = index % 4 == 0 ? "SELECT (1 / 0)::text" : "SELECT '\(index)'"
                        do throws(PostgresError) { return try await database.run(Self.text(sql)) } catch {
                            return error.state?.code ?? ""
                        }
                    }
                }
                return await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == "22012" } == 10)
            #expect(outcomes.count == 40)
        }
    }

    @Test func `a transaction that throws changes nothing`() async throws {
        struct Stop: Error {}
        try await withDatabase { database, _ in
            _ = try await database.run(Query(sql: "CREATE TABLE t (n int8)"))
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    _ = try transaction.run(Query(sql: "INSERT INTO t VALUES (1)"))
                    throw Stop()
                }
            }
            try await database.transaction { transaction in
                _ = try transaction.run(Query(sql: "INSERT INTO t VALUES (2)"))
            }
            #expect(try await database.run(Self.text("SELECT string_agg(n::text, ',') FROM t")) == "2")
        }
    }

    @Test func `a snapshot does not see later commits, and changes nothing`() async throws {
        try await withDatabase { database, _ in
            _ = try await database.run(Query(sql: "CREATE TABLE t (n int8)"))
            let count = Self.text("SELECT count(*)::text FROM t")
            let seen = try await database.snapshot { snapshot in
                let before = try snapshot.run(count)
                let isStored = DispatchSemaphore(value: 0)
                Task {
                    _ = try await database.run(Query(sql: "INSERT INTO t VALUES (1)"))
                    isStored.signal()
                }
                isStored.wait()
                return [before, try snapshot.run(count)]
            }
            #expect(seen == ["0", "0"])
            #expect(try await database.run(count) == "1")
            let error = await #expect(throws: PostgresError.self) {
                try await database.snapshot { _ = try $0.run(Query(sql: "INSERT INTO t VALUES (2)")) }
            }
            #expect(error?.state?.code == "25006")
        }
    }

    @Test func `a statement that takes too long fails, and the pool keeps working`() async throws {
        try await withDatabase(connections: 1, deadline: .milliseconds(400)) { database, _ in
            _ = try await database.run(Self.text("SELECT 'warm'"))
            let error = await #expect(throws: PostgresError.self) {
                try await database.run(Self.text("SELECT pg_sleep(30)::text"))
            }
            #expect(error?.code == .timeout)
            #expect(error?.isOutcomeUnknown == true)
            #expect(try await retried { try await database.run(Self.text("SELECT 'next'")) } == "next")
        }
    }

    @Test func `slow reads fail alone, are canceled, and leave connections to writes`() async throws {
        try await withDatabase(connections: 1, readConnections: 2, deadline: .seconds(1)) { database, _ in
            _ = try await database.run(Self.text("SELECT 'warm'"))
            _ = try await database.read(Self.text("SELECT 'warm'"))
            let slow = (0..<2).map { _ in
                Task { try await database.read(Self.text("SELECT pg_sleep(30)::text")) }
            }
            let running = """
                SELECT count(*)::text
                FROM pg_stat_activity
                WHERE query = 'SELECT pg_sleep(30)::text'
                    AND state = 'active'
                    AND datname = current_database()
                """
            while try await database.run(Self.text(running)) != "2" {}
            // Both connections for reads are busy.
            let waiting = Task { try await database.read(Self.text("SELECT 'late'")) }
            #expect(try await database.run(Self.text("SELECT 'written'")) == "written")
            for task in slow { await #expect(throws: PostgresError.self) { try await task.value } }
            _ = await waiting.result
            #expect(try await retried { try await database.read(Self.text("SELECT 'next'")) } == "next")
            while try await database.run(Self.text(running)) != "0" {}
        }
    }

    @Test func `each read is planned for its values and the present size of its tables`() async throws {
        try await withDatabase(connections: 1, readConnections: 1) { database, _ in
            for number in 1...10 {
                let answer = try await database.read(Self.echo(number, .int8, "int8"))
                #expect(answer == number)
            }
            let plans = """
                SELECT custom_plans || ' ' || generic_plans
                FROM pg_prepared_statements
                WHERE statement = 'SELECT $1::int8'
                """
            let counts = try await database.read(Self.text(plans))
            #expect(counts == "10 0")
        }
    }

    @Test func `a statement that waits for a lock fails alone`() async throws {
        try await withDatabase(connections: 1, deadline: .seconds(2)) { database, url in
            _ = try await database.run(Self.text("SELECT 'warm'"))
            let other = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
            defer { other.close() }
            let holding = Task {
                try await other.transaction(within: .seconds(10)) { transaction in
                    _ = try transaction.run(Self.text("SELECT pg_advisory_xact_lock(1)::text"))
                    _ = try transaction.run(Self.text("SELECT pg_sleep(4)::text"))
                }
            }
            while try await database.run(Self.heldLocks) != "1" {}
            // While the only connection is busy, three statements wait for it; it takes them together.
            async let busy = database.run(Self.text("SELECT pg_sleep(0.2)::text"))
            while database.statistics.idle > 0 { try await Task.sleep(for: .milliseconds(5)) }
            async let locked = database.run(Self.text("SELECT pg_advisory_xact_lock(1)::text"))
            async let neighbour = database.run(Self.text("SELECT 'neighbour'"))
            _ = try await busy
            #expect(try await neighbour == "neighbour")
            do {
                _ = try await locked
                Issue.record("the statement did not wait for the lock")
            } catch let error as PostgresError {
                #expect(error.state?.code == "55P03")
                #expect(error.isTransient)
            }
            try await holding.value
        }
    }

    @Test func `a transaction of a server that has vanished ends after ten seconds, and its lock is free`() async throws
    {
        try await withDatabase { database, url in
            let other = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
            defer { other.close() }
            // The client of a host that has vanished sends nothing more, within a transaction.
            let vanished = DispatchSemaphore(value: 0)
            defer { vanished.signal() }
            let holding = Task {
                try await other.transaction(within: .seconds(60)) { transaction in
                    _ = try transaction.run(Self.text("SELECT pg_advisory_xact_lock(1)::text"))
                    vanished.wait()
                }
            }
            while try await database.run(Self.heldLocks) != "1" {}
            let start = ContinuousClock.now
            while try await database.run(Self.heldLocks) != "0" { try await Task.sleep(for: .milliseconds(50)) }
            #expect((.seconds(9)...(.seconds(60))).contains(ContinuousClock.now - start))
            vanished.signal()
            // The server notices that its transaction is gone.
            await #expect(throws: PostgresError.self) { try await holding.value }
        }
    }

    @Test func `sequential statements use a few connections, which stay warm`() async throws {
        try await withDatabase(connections: 8) { database, _ in
            // A new connection is the last one that started to wait.
            while database.statistics.idle < 8 { try await Task.sleep(for: .milliseconds(10)) }
            var backends: Set<String> = []
            for _ in 0..<200 {
                backends.insert(try await database.run(Self.text("SELECT pg_backend_pid()::text")))
            }
            // The thread that answered last may not be waiting again when the next statement arrives.
            #expect(backends.count <= 4)
        }
    }

    @Test func `a transaction whose commit rolls back has failed`() async throws {
        try await withDatabase { database, _ in
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction { transaction in
                    // A caller that ignores a failed statement must not assume that the transaction was committed.
                    _ = try? transaction.run(Self.text("SELECT 1 / 0"))
                }
            }
            #expect(error?.state?.code == "40000")
        }
    }

    @Test func `a connection to a read-only server is replaced`() async throws {
        try await withDatabase(connections: 1) { database, _ in
            let first = try await database.run(Self.text("SELECT pg_backend_pid()::text"))
            _ = try await database.run(Query(sql: "SET default_transaction_read_only = on"))
            let error = await #expect(throws: PostgresError.self) {
                _ = try await database.run(Query(sql: "CREATE TABLE t ()"))
            }
            #expect(error?.state?.code == "25006")
            #expect(error?.isTransient == true)
            #expect(try await retried { try await database.run(Self.text("SELECT pg_backend_pid()::text")) } != first)
        }
    }

    @Test func `work that no connection picks up in time fails`() async throws {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let nowhere = Database(
            .init(url: "host=/nonexistent", connections: 2, deadline: .milliseconds(300)),
            logger: logger
        )
        defer { nowhere.close() }
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) { try await nowhere.run(Self.text("SELECT '1'")) }
        #expect(error?.code == .unavailable)
        #expect(error?.isOutcomeUnknown == false)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func `broken connections are replaced`() async throws {
        try await withDatabase { database, _ in
            for _ in 0..<5 {
                _ = try? await database.run(
                    Self.text(
                        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname = current_database()"
                    )
                )
                let answer = try await retried { try await database.run(Self.text("SELECT 'back'")) }
                #expect(answer == "back")
            }
        }
    }

    @Test func `a statement whose result columns a migration changed is prepared again`() async throws {
        try await withDatabase(connections: 1) { database, _ in
            _ = try await database.run(Query(sql: "CREATE TABLE t (a text)"))
            _ = try await database.run(Query(sql: "INSERT INTO t VALUES ('1')"))
            #expect(try await database.run(Self.text("SELECT * FROM t")) == "1")
            _ = try await database.run(Query(sql: "ALTER TABLE t ADD COLUMN b text"))
            #expect(try await database.run(Self.text("SELECT * FROM t")) == "1")
        }
    }
}

/// Retries for a second until it succeeds: connections are reestablished automatically.
func retried<R>(_ body: () async throws -> R) async throws -> R {
    for _ in 0..<20 {
        if let result = try? await body() { return result }
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await body()
}
