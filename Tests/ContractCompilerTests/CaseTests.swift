import Foundation
import Testing

@testable import ContractCompiler

/// Each folder in `Cases` is a contract, valid or not, with the expected output of the compiler: `expected/*.swift` and
/// `expected/diagnostics.txt`. `RECORD_SNAPSHOTS=1 swift test` rewrites them and fails; read the difference, then run again.
@Suite struct CaseTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Cases")

    static let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()

    @Test(arguments: names ?? [])
    func `the compiler's output for a case equals the recorded output`(name: String) throws {
        let folder = Self.folder.appending(path: name)
        let outputs = try Self.compile(folder)
        let expected = folder.appending(path: "expected")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try? FileManager.default.removeItem(at: expected)
            try FileManager.default.createDirectory(at: expected, withIntermediateDirectories: true)
            for (file, text) in outputs { try Data(text.utf8).write(to: expected.appending(path: file)) }
            Issue.record("recorded \(outputs.count) files")
            return
        }
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: expected.path)) == Set(outputs.keys))
        for (file, text) in outputs {
            #expect(try String(contentsOf: expected.appending(path: file), encoding: .utf8) == text, "\(name)/\(file)")
        }
    }

    @Test func `there are cases`() {
        #expect((Self.names ?? []).count >= 10)
    }

    private static func compile(_ folder: URL) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "expected" }
            .sorted()
        let files = try names.map { name in
            SourceFile(
                path: "/case/\(name)",
                displayPath: name,
                bytes: Array(try Data(contentsOf: folder.appending(path: name)))
            )
        }
        var log = DiagnosticLog()
        var outputs: [String: String] = [:]
        if files.contains(where: { $0.displayPath == "openapi.yaml" }) {
            let registry = Registry { path in files.first { $0.path == path } }
            let schemas = files.map(\.path).filter { $0.hasSuffix(".schema.json") }
            let contract = ContractBuilder.build(
                root: "/case/openapi.yaml",
                schemas: schemas,
                registry: registry,
                log: &log
            )
            if let contract {
                let emitter = FileEmitter(contract)
                for file in files where !file.path.hasSuffix(".sql") {
                    outputs[file.displayPath + ".swift"] = emitter.file(from: file.path, displayPath: file.displayPath)
                }
                outputs["Routes.swift"] = emitter.routes(displayPath: "openapi.yaml")
                outputs["ContractDocument.swift"] = emitter.document(displayPath: "openapi.yaml")
            }
        }
        for file in QueryFileReader.read(files.filter { $0.path.hasSuffix(".sql") }, log: &log) where !log.hasErrors {
            outputs[file.file.displayPath + ".swift"] = QueryEmitter.file(file)
        }
        if !log.sorted.isEmpty { outputs["diagnostics.txt"] = log.sorted.map(\.rendered).joined() }
        return outputs
    }
}
