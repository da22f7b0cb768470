import Foundation
import Testing

@testable import ContractCompiler

/// Each file in `BadContracts` is a contract with an error. The file beside it has the expected diagnostics: one line each, with severity,
/// code, location and message. `RECORD_SNAPSHOTS=1 swift test` rewrites them and fails.
@Suite struct BadContractTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "BadContracts"
    )

    static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?
        .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }.sorted()

    @Test(arguments: names ?? [])
    func `an error is reported with its code and location`(name: String) throws {
        let bytes = Array(try Data(contentsOf: Self.folder.appending(path: name)))
        let found = Self.diagnostics(of: name, bytes)
        let expected = Self.folder.appending(path: (name as NSString).deletingPathExtension + ".expected")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try Data(found.utf8).write(to: expected)
            Issue.record("recorded")
            return
        }
        #expect(found != "", "no diagnostic for \(name)")
        #expect(try String(contentsOf: expected, encoding: .utf8) == found, "\(name)")
    }

    @Test func `there are at least 200 bad contracts, and they cover most diagnostic codes`() throws {
        #expect((Self.names ?? []).count >= 200)
        let texts = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".expected")
        }
        .map { try String(contentsOf: Self.folder.appending(path: $0), encoding: .utf8) }
        let shown = Set(
            texts.joined().split(separator: "\n").compactMap {
                $0.split(separator: " ").dropFirst().first.map(String.init)
            }
        )
        // `.sql` headers, migration names and the schema have separate cases. An encoding error needs a binary file, and the size limits need half a
        // million members.
        let elsewhere: Set = [
            "sql-header", "no-query", "undeclared-input", "unused-input", "query", "migration-name", "schema-file",
            "encoding", "old-keyword", "too-large",
        ]
        #expect(Set(Diagnostic.Code.allCases.map(\.rawValue)).subtracting(elsewhere).subtracting(shown) == [])
    }

    private static func diagnostics(of name: String, _ bytes: [UInt8]) -> String {
        let file = SourceFile(path: "/contract/\(name)", displayPath: name, bytes: bytes)
        var log = DiagnosticLog()
        let registry = Registry { $0 == file.path ? file : nil }
        _ = ContractBuilder.build(root: file.path, schemas: [], registry: registry, log: &log)
        return log.sorted.map { diagnostic in
            let notes = diagnostic.notes.map { note in
                "    note: \(note.location.map { "\($0.line):\($0.column): " } ?? "")\(note.message)\n"
            }
            let place = "\(diagnostic.location.line):\(diagnostic.location.column)"
            return
                "\(diagnostic.severity.rawValue) \(diagnostic.code.rawValue) \(place) \(diagnostic.message)\n\(notes.joined())"
        }.joined()
    }
}
