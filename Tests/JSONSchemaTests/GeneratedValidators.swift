import ContractCompiler
import Foundation
import JSONSchema
import Subprocess
import SystemPackage

/// Generates Swift from schemas, compiles it, and validates instances with it.
enum GeneratedValidators {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let document = """
        openapi: 3.1.0
        info: {title: Schemas, version: '1'}
        paths: {}
        """

    /// Whether each instance is valid; nil for a schema that the compiler rejects.
    static func answers(schemas: [String], questions: [(schema: Int, instance: String)]) async throws -> [Bool?] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "agreement-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let compiled = try generate(schemas, in: folder)
        try await compile(folder)
        let lines = questions.compactMap { question in compiled[question.schema].map { "\($0)\t\(question.instance)" } }
        try Data(lines.joined(separator: "\n").utf8).write(to: folder.appending(path: "questions"))
        _ = try await run(folder.appending(path: "ask").path, [], in: folder)
        var answers = Array(try Data(contentsOf: folder.appending(path: "answers")))[...]
        return questions.map { question in
            compiled[question.schema] == nil ? nil : answers.popFirst().map { $0 == UInt8(ascii: "1") }
        }
    }

    /// Writes the Swift of all schemas as one contract. Returns the number of each schema in it.
    private static func generate(_ schemas: [String], in folder: URL) throws -> [Int: Int] {
        let root = SourceFile(path: "/c/openapi.yaml", displayPath: "openapi.yaml", bytes: Array(document.utf8))
        let files = schemas.enumerated().map { index, text in
            // The example marks the schema whose validator is needed.
            let marked = text == "{}" ? #"{"examples":[null]}"# : #"{"examples":[null],"# + text.dropFirst()
            let name = "case-\(index).schema.json"
            return SourceFile(path: "/c/\(name)", displayPath: name, bytes: Array(marked.utf8))
        }
        var registry = Registry { path in ([root] + files).first { $0.path == path } }
        for node in MetaSchemas.nodes { if let uri = node["$id"]?.string { registry.add(node, uri: uri) } }
        for (uri, node) in Suite.remotes.sorted(by: { $0.key < $1.key }) { registry.add(node, uri: uri) }
        var log = DiagnosticLog(isStrict: false)
        let contract = ContractBuilder.build(root: root.path, schemas: files.map(\.path), registry: registry, log: &log)
        guard let contract else {
            throw Failure(
                description: log.sorted.filter { $0.severity == .error }.map { "\($0.location): \($0.message)" }.joined(
                    separator: "\n"
                )
            )
        }
        let emitter = FileEmitter(contract)
        var texts = emitter.files(displayPath: "suite")
        texts.append(("Routes.swift", emitter.routes(displayPath: "suite")))
        texts.append(("Examples.swift", emitter.examples(displayPath: "suite")))
        texts.append(("main.swift", driver))
        for (name, text) in texts { try Data(text.utf8).write(to: folder.appending(path: name)) }
        var numbers: [Int: Int] = [:]
        for (number, example) in contract.examples.enumerated() where example.pointer == "/examples/0" {
            guard let index = Int(example.file.dropFirst("case-".count).prefix { $0 != "." }) else { continue }
            numbers[index] = number
        }
        return numbers
    }

    private static let driver = """
        import ContractRuntime
        import Foundation

        let examples = ContractExamples.all()
        var answers: [UInt8] = []
        for line in try String(contentsOfFile: "questions", encoding: .utf8).split(separator: "\\n") {
            let parts = line.split(separator: "\\t", maxSplits: 1)
            answers.append(examples[Int(parts[0])!].accepts(Array(parts[1].utf8)) ? 49 : 48)
        }
        try Data(answers).write(to: URL(fileURLWithPath: "answers"))
        """

    private static func compile(_ folder: URL) async throws {
        // The modules and objects are beside the test bundle.
        let build = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        var objects: [String] = []
        for module in ["ContractRuntime", "Formats", "Patterns"] {
            let folder = build.appending(path: "\(module).build")
            objects += try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
                $0.hasSuffix(".swift.o")
            }
            .map { folder.appending(path: $0).path }
        }
        let sources = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        let options = [
            "-swift-version", "6", "-Onone", "-j2", "-enable-upcoming-feature", "MemberImportVisibility",
            "-enable-upcoming-feature", "InternalImportsByDefault", "-enable-upcoming-feature",
            "NonisolatedNonsendingByDefault",
            "-I", build.appending(path: "Modules").path, "-module-name", "Suite", "-o", "ask",
        ]
        _ = try await run("swiftc", options + sources + objects, in: folder)
    }

    private static func run(_ tool: String, _ arguments: [String], in folder: URL) async throws -> String {
        let result = try await Subprocess.run(
            tool.hasPrefix("/") ? .path(FilePath(tool)) : .name(tool),
            arguments: Arguments(arguments),
            workingDirectory: FilePath(folder.path),
            output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22)
        )
        let output = result.standardOutput + result.standardError
        guard case .exited(0) = result.terminationStatus else {
            throw Failure(description: "\(tool): \(output.prefix(8_000))")
        }
        return output
    }
}
