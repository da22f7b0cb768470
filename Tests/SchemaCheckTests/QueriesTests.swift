import Foundation
import Testing

@Suite struct QueriesTests {
    @Test func `the project's queries match their headers`() async throws {
        try await TemporaryProject.with(["migrations", "database"]) { project in
            try FileManager.default.copyItem(
                at: TemporaryProject.package.appending(path: "Sources/Handlers"),
                to: project.folder.appending(path: "Handlers")
            )
            let run = try await project.run("schema-check", "queries", "--schema", "database", "Handlers")
            #expect(run.status == 0, "\(run.output)")
        }
    }

    @Test func `a wrong header is reported with its location`() async throws {
        try await TemporaryProject.with(["migrations"]) { project in
            let sql = """
                -- name: wrongInput :many
                -- in: bot_id uuid
                -- out: name text
                SELECT name FROM bots WHERE bot_id = :bot_id

                -- name: wrongOutput :many
                -- out: name int8, created_at timestamptz
                SELECT name, created_at FROM bots

                -- name: missingColumn :one
                -- out: name text
                SELECT nmae FROM bots

                -- name: tooMany :one
                -- out: name text
                SELECT name, bot_id FROM bots

                -- name: fine :many
                -- in: limit int8
                -- out: bot_id text
                SELECT bot_id FROM bots LIMIT :limit
                """
            try Data(sql.utf8).write(to: project.folder.appending(path: "Bots.sql"))
            let run = try await project.run("schema-check", "queries", "Bots.sql")
            #expect(run.status == 1)
            let errors = run.output.split(separator: "\n").filter { $0.contains(": error: ") }
            #expect(
                errors == [
                    "Bots.sql:2:8: error: 'bot_id' is declared uuid, but PostgreSQL infers text [query]",
                    "Bots.sql:7:9: error: 'name' is declared bigint, but PostgreSQL returns text [query]",
                    "Bots.sql:10:10: error: 'missingColumn': ERROR:  column \"nmae\" does not exist",
                    "Bots.sql:14:10: error: 'tooMany' declares 1 columns, but PostgreSQL returns 2 [query]",
                ]
            )
        }
    }

    private static let columnNames = """
        -- name: swapped :many
        -- out: net_exposure numeric, gross_exposure numeric
        SELECT gross_exposure, net_exposure FROM positions

        -- name: otherName :many
        -- out: bot text, created_at timestamptz
        SELECT bot_id, created_at FROM bots

        -- name: unnamed :one
        -- out: known bool
        SELECT count(*) > 0 FROM bots

        -- name: named :one
        -- out: known bool, count int8
        SELECT count(*) > 0 AS known, count(*) FROM bots
        """

    @Test func `columns must have the names in the header`() async throws {
        try await TemporaryProject.with(["migrations"]) { project in
            try Data(Self.columnNames.utf8).write(to: project.folder.appending(path: "Bots.sql"))
            let run = try await project.run("schema-check", "queries", "Bots.sql")
            #expect(run.status == 1)
            let errors = run.output.split(separator: "\n").filter { $0.contains(": error: ") }
            #expect(
                errors == [
                    "Bots.sql:2:9: error: column 1 is declared 'net_exposure', but PostgreSQL names it 'gross_exposure' [query]",
                    "Bots.sql:2:31: error: column 2 is declared 'gross_exposure', but PostgreSQL names it 'net_exposure' [query]",
                    "Bots.sql:6:9: error: column 1 is declared 'bot', but PostgreSQL names it 'bot_id': add 'AS bot' [query]",
                    "Bots.sql:10:9: error: column 1 is declared 'known', but PostgreSQL names it '?column?': add 'AS known' [query]",
                ]
            )
        }
    }

    @Test func `of a release's statements only swapped columns are errors`() async throws {
        try await TemporaryProject.with(["migrations"]) { project in
            try Data(Self.columnNames.utf8).write(to: project.folder.appending(path: "1.0.0.sql"))
            let run = try await project.run("schema-check", "queries", "--released", "1.0.0.sql")
            #expect(run.status == 1)
            let errors = run.output.split(separator: "\n").filter { $0.contains(": error: ") }
            #expect(
                errors == [
                    "1.0.0.sql:2:9: error: column 1 is declared 'net_exposure', but PostgreSQL names it 'gross_exposure' [query]",
                    "1.0.0.sql:2:31: error: column 2 is declared 'gross_exposure', but PostgreSQL names it 'net_exposure' [query]",
                ]
            )
        }
    }

    /// A schema with one routine.
    private func withSchema(_ routine: String, _ body: (TemporaryProject) async throws -> Void) async throws {
        try await TemporaryProject.with([]) { project in
            for folder in ["migrations", "database/routines"] {
                let path = project.folder.appending(path: folder).path
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try project.write("CREATE TABLE bots (name text);", to: "migrations/0001_fleet.sql")
            let baseline = """
                -- schema: 1
                -- routines: 1 0
                CREATE TABLE bots (name text);
                \\ir routines/fleet.sql
                """
            try project.write(baseline, to: "database/baseline.sql")
            try project.write(routine, to: "database/routines/fleet.sql")
            try project.write("-- name: one :one\n-- out: n text\nSELECT first_name() AS n\n", to: "One.sql")
            try await body(project)
        }
    }

    @Test func `queries may call routines, whose revision must be raised with each change`() async throws {
        let routine =
            "CREATE OR REPLACE FUNCTION first_name() RETURNS text LANGUAGE sql AS $$ SELECT name FROM bots $$;\n"
        try await withSchema(routine) { project in
            let first = try await project.run("schema-check", "queries", "--schema", "database", "One.sql")
            #expect(first.status == 1)
            let expected =
                "database/baseline.sql:2:1: error: the routines changed: raise their revision, '-- routines: 2 9cbfe07b52679a99' [schema-file]"
            #expect(first.output.contains(expected), "\(first.output)")
            try project.replace(
                "-- routines: 1 0",
                with: "-- routines: 2 9cbfe07b52679a99",
                in: "database/baseline.sql"
            )
            let second = try await project.run("schema-check", "queries", "--schema", "database", "One.sql")
            #expect(second.status == 0, "\(second.output)")
        }
    }

    @Test func `a body that PostgreSQL rejects is reported, and a function that only a migration defines`() async throws
    {
        let routine =
            "\nCREATE OR REPLACE FUNCTION first_name() RETURNS text LANGUAGE sql AS $$ SELECT nmae FROM bots $$;\n"
        try await withSchema(routine) { project in
            let sql = "CREATE FUNCTION hidden(n int8) RETURNS int8 LANGUAGE sql AS $$ SELECT n $$;"
            try project.write(sql, to: "migrations/0002_hidden.sql")
            let run = try await project.run("schema-check", "queries", "--schema", "database", "One.sql")
            #expect(run.status == 1)
            let errors = run.output.split(separator: "\n").filter { $0.contains(": error: ") }.map(String.init)
            let hidden = "database/baseline.sql:2:1: error: 'hidden(bigint)' is not defined in routines/ [schema-file]"
            let rejected =
                "database/routines/fleet.sql:2:1: error: 'first_name()': ERROR:  column \"nmae\" does not exist"
            #expect(errors.contains(hidden), "\(run.output)")
            #expect(errors.contains(rejected), "\(run.output)")
        }
    }
}
