import Foundation
import Handlers
import Logging
import TestSupport
import Testing

@testable import Postgres

/// The baseline and the migrations lead to one schema, and upgrade alike.
@Suite struct CurrentSchemaTests {
    private static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
    private static let migrated = Schema(migrations: Migration.all, routines: Schema.current.routines)

    /// The next release: another migration, and another version of the routines.
    private static func next(_ schema: Schema) throws -> Schema {
        let migration = Migration(
            version: schema.version + 1,
            name: "next",
            sql: "ALTER TABLE bots ADD COLUMN region text; CREATE INDEX bots_by_region ON bots (region);"
        )
        let routines = try #require(schema.routines)
        let added =
            "CREATE OR REPLACE FUNCTION region_of(bot bots) RETURNS text LANGUAGE sql AS $$ SELECT bot.region $$;"
        return Schema(
            migrations: schema.migrations + [migration],
            baseline: schema.baseline,
            routines: Routines(revision: routines.revision + 1, sql: routines.sql + added)
        )
    }

    private static func catalog(at url: String) async throws -> SchemaCatalog {
        let database = Database(.init(url: url, connections: 1), logger: logger)
        defer { database.close() }
        return try await SchemaCatalog(of: database)
    }

    @discardableResult
    private static func migrate(_ url: String, to schema: Schema) async throws -> SchemaCatalog {
        #expect(try await Migrator(url: url, schema: schema).migrate(logger: logger) == schema.version)
        return try await catalog(at: url)
    }

    @Test func `the baseline and the migrations create the same schema`() async throws {
        try await TestDatabase.empty { new in
            try await TestDatabase.empty { old in
                let fromBaseline = try await Self.migrate(new, to: .current)
                let fromMigrations = try await Self.migrate(old, to: Self.migrated)
                #expect(fromMigrations.differences(from: fromBaseline) == [])
                #expect(fromBaseline.lines.count > 1_000)
            }
        }
    }

    @Test func `the baseline includes all migrations`() {
        #expect(Schema.current.baseline?.version == Schema.current.version)
        #expect(Migration.all.map(\.version) == Array(1...Schema.current.version))
    }

    @Test func `a database of either kind is recorded as such and accepted by servers with fewer or more migrations`()
        async throws
    {
        try await TestDatabase.empty { url in
            try await Self.migrate(url, to: .current)
            let database = Database(.init(url: url, connections: 1), logger: Self.logger)
            defer { database.close() }
            let sql = "SELECT count(*)::text FROM schema_migrations WHERE is_from_baseline"
            #expect(try await database.run(Query(text: sql)) == "\(Schema.current.version)")
            // A server of an earlier release.
            let earlier = Migrator(url: url, migrations: Array(Migration.all.prefix(36)))
            #expect(try await earlier.migrate(logger: Self.logger) == Schema.current.version)
            try await Self.migrate(url, to: try Self.next(.current))
            #expect(try await database.run(Query(text: sql)) == "\(Schema.current.version)")
            #expect(
                try await Migrator(url: url, schema: .current).status()
                    == SchemaStatus(version: Schema.current.version + 1, hasRoutines: true)
            )
        }
    }

    @Test func `an installation from before the baseline gets the same schema`() async throws {
        try await TestDatabase.empty { new in
            try await TestDatabase.empty { old in
                let fromBaseline = try await Self.migrate(new, to: .current)
                // As release 1.2 leaves it: fewer migrations, no record of routines.
                let release = Schema(migrations: Array(Migration.all.prefix(36)))
                _ = try await Migrator(url: old, schema: release).migrate(logger: Self.logger)
                let database = Database(.init(url: old, connections: 1), logger: Self.logger)
                _ = try await database.run(Query(sql: "DROP TABLE schema_routines"))
                _ = try await database.run(Query(sql: "ALTER TABLE schema_migrations DROP COLUMN is_from_baseline"))
                database.close()
                #expect(try await Self.migrate(old, to: .current).differences(from: fromBaseline) == [])
            }
        }
    }

    @Test(.enabled(if: CurrentSchemaTests.hasDumpTools, "PostgreSQL's client programs are missing"))
    func `restored backups of either kind upgrade alike`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "dumps-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var upgraded: [SchemaCatalog] = []
        for (name, schema) in [("baseline", Schema.current), ("migrations", Self.migrated)] {
            let file = try await TestDatabase.empty { url in
                try await Self.migrate(url, to: schema)
                let file = try Self.script("backup", folder.appending(path: name).path, on: url)
                upgraded.append(try await Self.migrate(url, to: try Self.next(schema)))
                return file.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            try await TestDatabase.empty { url in
                _ = try Self.script("restore", file, on: url)
                upgraded.append(try await Self.migrate(url, to: try Self.next(schema)))
            }
        }
        let first = try #require(upgraded.first)
        #expect(upgraded.count == 4)
        for other in upgraded { #expect(first.differences(from: other) == []) }
        #expect(first.lines.contains { $0.hasPrefix("function") && $0.contains("region_of") })
    }

    private static var hasDumpTools: Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["pg_dump", "pg_restore", "psql"].allSatisfy { tool in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
        }
    }

    /// Runs a script in `deploy/` and returns its output.
    private static func script(_ name: String, _ argument: String, on url: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appending(path: "deploy/\(name)")
        process.arguments = [argument]
        process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": url]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self)
    }
}
