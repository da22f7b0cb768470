import Logging
import Postgres
import TestSupport
import Testing

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
}
