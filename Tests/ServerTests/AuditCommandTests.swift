import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// `flotilla-server export-audit` and `verify-audit`.
@Suite struct AuditCommandTests {
    /// A database whose log has 2,500 entries in a month that has ended.
    private func withEndedMonth(_ body: (_ url: String, _ database: Database) async throws -> Void) async throws {
        try await TestDatabase.migrated { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let database = Database(.init(url: url, connections: 1, deadline: .seconds(10)), logger: logger)
            defer { database.close() }
            let entries = """
                INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                SELECT 'ä', 'x', 'x', E'line\\nfeed "' || i, 'SUCCESS', '{"price": 1.10}'
                FROM generate_series(1, 2500) AS i
                """
            _ = try await database.run(Query(sql: entries))
            _ = try await database.run(Query(text: "SELECT seal_audit()::text"))
            let next = "(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date"
            for _ in 0..<20 where try await database.run(Query(text: "SELECT arrange_audit(\(next))::text")) == "1" {}
            try await body(url, database)
        }
    }

    private func run(_ arguments: [String], url: String = "host=/nowhere") async throws -> (
        status: Int32, output: String, errors: String
    ) {
        let environment = ["DATABASE_URL": url, "ADMIN_TOKEN": "reference"]
        let process = try ServerProcess(arguments, environment: environment)
        let output = await process.line(after: "")
        let (status, errors) = await process.end()
        return (status, output, errors)
    }

    @Test func `months are exported to a file that verifies, and a changed file does not`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await withEndedMonth { url, database in
            let export = try await run(["export-audit", "--to", folder.path, "--by", "archivist"], url: url)
            #expect(export.status == 0, "\(export.errors)")
            let file =
                folder.path + "/"
                + (try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first))
            #expect(export.output.hasPrefix("\(file)  "))
            #expect(export.output.contains("  2500 entries  head "))
            let verified = try await run(["verify-audit", file])
            #expect(verified.status == 0)
            #expect(verified.output == export.output)
            let recorded = Query(
                text: """
                    SELECT concat_ws(' ', exported_by, details ->> 'entries', details ->> 'file' = file, details ->> 'sha256' = encode(sha256, 'hex'))
                    FROM audit_exports, audit_log
                    WHERE action = 'AUDIT_EXPORT'
                    """
            )
            #expect(try await database.run(recorded) == "archivist 2500 t t")
            #expect(
                export.output.hasSuffix(
                    try await database.run(Query(text: "SELECT encode(sha256, 'hex') FROM audit_exports"))
                )
            )
            // A second one has nothing to do, and none overwrites a file.
            #expect(try await run(["export-audit", "--to", folder.path], url: url).output == "No month to export")
            let again = try await run(["export-audit", "--to", file, "--again"], url: url)
            #expect(again.status == 1)
            #expect(again.errors.hasSuffix("\nflotilla-server: '\(file)' already exists: choose another file\n"))
            var bytes = try Data(contentsOf: URL(filePath: file))
            let place = try #require(bytes.range(of: Data(#"feed \"1234""#.utf8)))
            bytes[place.upperBound - 2] = UInt8(ascii: "5")
            try bytes.write(to: URL(filePath: file))
            let changed = try await run(["verify-audit", file])
            #expect(changed.status == 1)
            #expect(
                changed.errors
                    == "flotilla-server: \(file): line 1235: the entry at position 1234 does not match its seal\n"
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
        }
    }

    @Test func `what does not verify in the database leaves no file`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await withEndedMonth { url, database in
            try await database.transaction { transaction in
                _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
                _ = try transaction.run(Query(sql: "UPDATE audit_log SET result = 'FAILURE' WHERE ordinal = 1500"))
            }
            let export = try await run(["export-audit", "--to", folder.path], url: url)
            #expect(export.status == 1)
            #expect(
                export.errors.hasSuffix(
                    "\nflotilla-server: line 1501: the entry at position 1500 does not match its seal\n"
                )
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            #expect(try await database.run(Query(text: "SELECT count(*)::text FROM audit_exports")) == "0")
        }
    }
}
