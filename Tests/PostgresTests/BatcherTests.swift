import Logging
import TestSupport
import Testing

@testable import Postgres

@Suite struct BatcherTests {
    /// Stores positive numbers; PostgreSQL rejects the others.
    private struct Number: BatchRow {
        let number: Int

        static let statement = Statement(
            name: "storeNumbers",
            parameterTypes: [.int8Array],
            sql: """
                WITH stored AS (INSERT INTO numbers SELECT n FROM unnest($1) AS n RETURNING n)
                SELECT ordinal, n * 10 FROM unnest($1) WITH ORDINALITY AS row (n, ordinal)
                """
        )

        static func bind(_ rows: [Number], to parameters: inout Parameters) {
            parameters.append(array: .int8, of: rows, \.number)
        }

        static func readOutcome(_ row: borrowing Row) throws(PostgresError) -> Int {
            try row.read(1)
        }
    }

    @Test func `rows that conflict with another transaction are stored by the next attempt`() async throws {
        try await TestDatabase.empty { url in
            let database = Database(
                .init(url: url, connections: 1, deadline: .seconds(10)),
                logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            )
            defer { database.close() }
            // Sequence values that a rolled-back transaction took are not returned.
            for sql in [
                "CREATE TABLE numbers (n int8 PRIMARY KEY)", "CREATE SEQUENCE tries",
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('tries') % 3 <> 0 THEN RAISE EXCEPTION USING ERRCODE = TG_ARGV[0]; END IF;
                    RETURN NULL;
                END
                $$
                """,
            ] { _ = try await database.run(Query(sql: sql)) }
            for (number, code) in [(1, "40P01"), (2, "40001")] {
                let trigger =
                    "CREATE OR REPLACE TRIGGER refuses AFTER INSERT ON numbers EXECUTE FUNCTION refuse('\(code)')"
                _ = try await database.run(Query(sql: trigger))
                #expect(try await database.run(Number(number: number)) == number * 10)
            }
        }
    }

    @Test func `each row gets its own outcome, and a rejected one fails alone`() async throws {
        try await TestDatabase.empty { url in
            var logger = Logger(label: "tests")
            logger.logLevel = .critical
            let database = Database(.init(url: url, connections: 4, deadline: .seconds(10)), logger: logger)
            defer { database.close() }
            _ = try await database.run(Query(sql: "CREATE TABLE numbers (n int8 PRIMARY KEY CHECK (n > 0))"))
            let refused = [0, -17, -500]
            let outcomes = await withTaskGroup(of: (Int, Result<Int, PostgresError>).self) { group in
                for number in Array(1...1_000) + refused {
                    group.addTask {
                        do throws(PostgresError) {
                            return (number, .success(try await database.run(Number(number: number))))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: [Int: Result<Int, PostgresError>]()) { $0[$1.0] = $1.1 }
            }
            for number in 1...1_000 { #expect(try outcomes[number]?.get() == number * 10) }
            for number in refused {
                guard case .failure(let error) = outcomes[number] else {
                    Issue.record("\(number) was stored")
                    continue
                }
                #expect(error.state?.code == "23514")
            }
            let count = Query<Int>(
                Statement(name: "count", parameterTypes: [], sql: "SELECT count(*) FROM numbers"),
                bind: { _ in },
                read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) }
                }
            )
            #expect(try await database.run(count) == 1_000)
        }
    }
}
