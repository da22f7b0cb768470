import Foundation
import Testing

@Suite struct QueriesTests {
    @Test func `the project's queries match their headers`() async throws {
        try await TemporaryProject.with(["migrations"]) { project in
            try FileManager.default.copyItem(
                at: TemporaryProject.package.appending(path: "Sources/Handlers"),
                to: project.folder.appending(path: "Handlers")
            )
            let run = try await project.run("schema-check", "queries", "Handlers")
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
}
