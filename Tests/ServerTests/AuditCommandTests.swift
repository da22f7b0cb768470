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

    private func run(_ arguments: [String], url: String = "host=/nowhere", key: String = "") async throws -> (
        status: Int32, output: String, errors: String
    ) {
        let environment = ["DATABASE_URL": url, "ADMIN_TOKEN": "reference", "AUDIT_KEY": key]
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
            #expect(export.output.contains("  2500 entries (2500 without a key)  head "))
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
                    == "flotilla-server: \(file): line 1235: position 1234: the entry is not as it was sealed\n"
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
                    "\nflotilla-server: line 1501: position 1500: the entry is not as it was sealed\n"
                )
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            #expect(try await database.run(Query(text: "SELECT count(*)::text FROM audit_exports")) == "0")
        }
    }

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Runs `deploy/verify-audit`, which needs no server.
    private func verifyIndependently(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/verify-audit")
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.python))
        process.arguments = [script.standardizedFileURL.path] + arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }

    @Test(.enabled(if: python != nil, "there is no python3 on this machine"))
    func `an export until now verifies without the server, and any single change is named`() async throws {
        var random = SplitMix()
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "log.ndjson").path
        let anchors = folder.appending(path: "anchors").path
        let keyFile = folder.appending(path: "keys").path
        let key = String(repeating: "0123456789abcdef", count: 4)
        try (key + "\n").write(toFile: keyFile, atomically: true, encoding: .utf8)
        // 2,500 entries without a key, and 100 with one.
        try await withEndedMonth { url, database in
            let entries = """
                INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                SELECT 'ä', 'x', 'x', i::text, 'SUCCESS', '{}'
                FROM generate_series(1, 100) AS i
                """
            _ = try await database.run(Query(sql: entries))
            let schema = SchemaState()
            schema.confirm(version: 1)
            var configuration = API.Configuration()
            configuration.audit.keys = try AuditKeys(key)
            configuration.audit.anchorFile = anchors
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let reading = Database(.init(url: url, connections: 2, deadline: .seconds(10)), logger: logger)
            defer { reading.close() }
            let api = API(database: reading, schema: schema, configuration: configuration, logger: logger)
            try await api.runScheduledChecks()
            let export = try await run(["export-audit", "--open", "--to", file], url: url, key: key)
            #expect(export.status == 0, "\(export.errors)")
            #expect(export.output.contains("  2600 entries (2500 without a key)  head "))
            #expect(try await database.run(Query(text: "SELECT count(*)::text FROM audit_exports")) == "0")
        }
        let verified = try await run(["verify-audit", file, "--keys", keyFile])
        #expect(verified.status == 0, "\(verified.errors)")
        let options = ["--keys", keyFile, "--anchors", anchors]
        let intact = try verifyIndependently(options + [file])
        #expect(intact.status == 0, "\(intact.output)")
        #expect(intact.output.contains("  2600 entries (2500 without a key)  head "))
        #expect(intact.output.hasSuffix("1 anchors match\n"))
        // Without its keys a file cannot be verified.
        #expect(try verifyIndependently([file]).status == 2)
        #expect(try await run(["verify-audit", file]).status == 1)

        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        let changed = folder.appending(path: "changed.ndjson").path
        // lines[i] is the entry at position i. The first line is the header, the last one the footer.
        for step in 0..<24 {
            let kind = step % 4
            let place = Int.random(in: 2_501..<2_600, using: &random)
            var forged = lines
            let number = try #require(lines[kind == 1 ? place + 1 : place].firstMatch(of: /"entry":\[([0-9]+),/)).output
                .1
            var expected = "entry \(number): "
            switch kind {
            case 0: forged[place] = lines[place].replacingOccurrences(of: "SUCCESS", with: "FAILURE")
            case 1:
                forged.remove(at: place)
                expected = "entry \(number): found position \(place + 1), expected \(place)\n"
            case 2:
                // The other entry under this one's position and seal.
                let entries = try [place, place + 1].map { place in
                    String(try #require(lines[place].firstMatch(of: /"entry":.*/)).output)
                }
                forged[place] = lines[place].replacingOccurrences(of: entries[0], with: entries[1])
                expected = ": it is not as it was sealed\n"
            default:
                // Cut off, with a footer as far as anybody can compute it.
                let seal = try #require(lines[place].firstMatch(of: /"hash":"([0-9a-f]+)"/)).output.1
                let footer = lines[2_601].replacing(/"entries":2600,"head":"[0-9a-f]+"/) { _ in
                    #""entries":\#(place),"head":"\#(seal)""#
                }
                forged = lines[...place] + [footer]
                expected = "after position \(place): the code of the footer is wrong"
            }
            try (forged.joined(separator: "\n") + "\n").write(toFile: changed, atomically: true, encoding: .utf8)
            let found = try verifyIndependently(options + [changed])
            #expect(found.status == 1, "kind \(kind) at \(place)")
            #expect(found.output.contains(expected), "kind \(kind) at \(place): \(found.output)")
        }
        let server = try await run(["verify-audit", changed, "--keys", keyFile])
        #expect(server.status == 1)
        #expect(server.errors.contains("the code of the footer is wrong, so entries before it may be missing"))
    }
}
