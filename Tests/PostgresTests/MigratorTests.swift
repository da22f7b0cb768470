import Logging
import TestSupport
import Testing

@testable import Postgres

@Suite struct MigratorTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
    private let steps = [
        Migration(version: 1, name: "one", sql: "CREATE TABLE one (n int8); INSERT INTO one VALUES (1);"),
        Migration(version: 2, name: "two", sql: "CREATE TABLE two (n int8);"),
    ]

    @Test func `many servers that start at once apply each step once`() async throws {
        try await TestDatabase.empty { url in
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await Migrator(url: url, migrations: steps).migrate(logger: logger) }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(versions == [2, 2, 2, 2, 2, 2, 2, 2])
        }
    }

    @Test func `an empty database is at version 0, and a newer one is left unchanged`() async throws {
        try await TestDatabase.empty { url in
            #expect(try await Migrator(url: url, migrations: steps).version() == 0)
            _ = try await Migrator(url: url, migrations: steps).migrate(logger: logger)
            #expect(try await Migrator(url: url, migrations: [steps[0]]).migrate(logger: logger) == 2)
        }
    }

    @Test func `a failed step changes nothing and names the reason`() async throws {
        try await TestDatabase.empty { url in
            let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE half (n int8); SELECT 1 / 0;")
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(url: url, migrations: [steps[0], broken]).migrate(logger: logger)
            }
            #expect(error?.description.hasPrefix("migration 2 (broken) failed: ERROR:  division by zero") == true)
            let version = try await Migrator(url: url, migrations: steps).version()
            #expect(version == 1)
            let repaired = try await Migrator(url: url, migrations: steps).migrate(logger: logger)
            #expect(repaired == 2)
        }
    }

    @Test func `a step that was changed after it was applied is rejected`() async throws {
        try await TestDatabase.empty { url in
            _ = try await Migrator(url: url, migrations: steps).migrate(logger: logger)
            let changed = Migration(version: 1, name: "one", sql: "CREATE TABLE one (n text);")
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(url: url, migrations: [changed]).migrate(logger: logger)
            }
            #expect(error?.description == "migration 1 (one) differs from the version that was applied to the database")
        }
    }

    // MARK: - Baseline

    private var current: Schema {
        Schema(
            migrations: steps,
            baseline: Baseline(
                version: 2,
                tables: "CREATE TABLE one (n int8); INSERT INTO one VALUES (1); CREATE TABLE two (n int8);",
                dependents: "CREATE VIEW answers AS SELECT answer();"
            ),
            routines: Self.routines(1, answer: 1)
        )
    }

    private static func routines(_ revision: Int, answer: Int) -> Routines {
        let sql = "CREATE OR REPLACE FUNCTION answer() RETURNS int8 LANGUAGE sql AS $$ SELECT \(answer)::int8 $$;"
        return Routines(revision: revision, sql: sql)
    }

    private func text(_ sql: String, at url: String) async throws -> String {
        let database = Database(.init(url: url, connections: 1), logger: logger)
        defer { database.close() }
        return try await database.run(Query(text: sql))
    }

    private let applied = """
        SELECT string_agg(concat_ws(' ', version, name, is_from_baseline), ', ' ORDER BY version) FROM schema_migrations
        """

    @Test func `a new database is created from the baseline, once, however many servers start`() async throws {
        try await TestDatabase.empty { url in
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await Migrator(url: url, schema: current).migrate(logger: logger) }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(versions == [2, 2, 2, 2, 2, 2, 2, 2])
            #expect(try await text(applied, at: url) == "1 one t, 2 two t")
            #expect(try await text("SELECT concat_ws(' ', n, answer) FROM one, answers", at: url) == "1 1")
        }
    }

    @Test func `a database that has a schema is migrated instead`() async throws {
        try await TestDatabase.empty { url in
            _ = try await Migrator(url: url, migrations: [steps[0]]).migrate(logger: logger)
            #expect(try await Migrator(url: url, schema: current).migrate(logger: logger) == 2)
            #expect(try await text(applied, at: url) == "1 one f, 2 two f")
            #expect(try await text("SELECT answer()::text", at: url) == "1")
        }
    }

    @Test func `migrations after the baseline are applied on top of it`() async throws {
        try await TestDatabase.empty { url async throws in
            // It replaces a routine, as migrations of earlier releases did. The routines have the last word.
            let third = Migration(version: 3, name: "three", sql: Self.routines(0, answer: 3).sql)
            let schema = Schema(migrations: steps + [third], baseline: current.baseline, routines: current.routines)
            #expect(try await Migrator(url: url, schema: schema).migrate(logger: logger) == 3)
            #expect(try await text(applied, at: url) == "1 one t, 2 two t, 3 three f")
            #expect(try await text("SELECT answer()::text", at: url) == "1")
        }
    }

    @Test func `a baseline that fails changes nothing and names the reason`() async throws {
        try await TestDatabase.empty { url async throws in
            let broken = Baseline(version: 2, tables: "CREATE TABLE half (n int8);", dependents: "SELECT 1 / 0;")
            let schema = Schema(migrations: steps, baseline: broken, routines: current.routines)
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(url: url, schema: schema).migrate(logger: logger)
            }
            #expect(error?.description.hasPrefix("baseline 2 failed: ERROR:  division by zero") == true)
            #expect(try await Migrator(url: url, schema: schema).version() == 0)
            #expect(try await Migrator(url: url, schema: current).migrate(logger: logger) == 2)
        }
    }

    // MARK: - Routines

    @Test func `changed routines replace the previous ones, and those of an older server never do`() async throws {
        try await TestDatabase.empty { url async throws in
            func migrate(_ schema: Schema) async throws -> String {
                _ = try await Migrator(url: url, schema: schema).migrate(logger: logger)
                #expect(try await Migrator(url: url, schema: schema).status().hasRoutines)
                return try await text("SELECT answer()::text", at: url)
            }
            #expect(try await migrate(current) == "1")
            #expect(try await migrate(Schema(migrations: steps, routines: Self.routines(3, answer: 3))) == "3")
            #expect(try await migrate(Schema(migrations: steps, routines: Self.routines(2, answer: 2))) == "3")
            // During development, routines change without a new revision.
            #expect(try await migrate(Schema(migrations: steps, routines: Self.routines(3, answer: 4))) == "4")
            // A correction of an older release has a higher revision, but fewer migrations.
            let correction = Schema(migrations: [steps[0]], routines: Self.routines(9, answer: 9))
            #expect(try await migrate(correction) == "4")
            let third = Migration(version: 3, name: "three", sql: "CREATE TABLE three (n int8);")
            #expect(
                try await migrate(Schema(migrations: steps + [third], routines: Self.routines(1, answer: 1))) == "1"
            )
        }
    }

    @Test func `a server with newer routines does not accept the older ones`() async throws {
        try await TestDatabase.empty { url in
            let newer = Schema(migrations: steps, routines: Self.routines(2, answer: 2))
            #expect(
                try await Migrator(url: url, schema: newer).status() == SchemaStatus(version: 0, hasRoutines: false)
            )
            _ = try await Migrator(url: url, migrations: steps).migrate(logger: logger)
            #expect(
                try await Migrator(url: url, schema: newer).status() == SchemaStatus(version: 2, hasRoutines: false)
            )
            _ = try await Migrator(url: url, schema: current).migrate(logger: logger)
            #expect(
                try await Migrator(url: url, schema: newer).status() == SchemaStatus(version: 2, hasRoutines: false)
            )
            _ = try await Migrator(url: url, schema: newer).migrate(logger: logger)
            #expect(try await Migrator(url: url, schema: newer).status() == SchemaStatus(version: 2, hasRoutines: true))
        }
    }

    @Test func `a routine may call one that follows, and a failure replaces none`() async throws {
        try await TestDatabase.empty { url in
            let calls = "CREATE OR REPLACE FUNCTION twice() RETURNS int8 LANGUAGE sql AS $$ SELECT 2 * answer() $$;"
            let sql = calls + Self.routines(1, answer: 5).sql
            let schema = Schema(migrations: steps, routines: Routines(revision: 1, sql: sql))
            _ = try await Migrator(url: url, schema: schema).migrate(logger: logger)
            #expect(try await text("SELECT twice()::text", at: url) == "10")
            let broken =
                Self.routines(2, answer: 6).sql
                + "CREATE OR REPLACE FUNCTION twice() RETURNS text LANGUAGE sql AS $$ SELECT '' $$;"
            let error = await #expect(throws: PostgresError.self) {
                try await Migrator(
                    url: url,
                    schema: Schema(migrations: steps, routines: Routines(revision: 2, sql: broken))
                )
                .migrate(logger: logger)
            }
            let reason = "routines 2 failed: ERROR:  cannot change return type of existing function"
            #expect(error?.description.hasPrefix(reason) == true)
            #expect(try await text("SELECT twice()::text", at: url) == "10")
        }
    }
}
