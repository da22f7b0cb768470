import ContractCompiler
import Foundation
import TestSupport

/// The official JSON Schema test suite, if it is on this machine.
enum Suite {
    /// One schema of the suite with its instances.
    struct Case {
        let description: String
        let schema: Node
        let tests: [(description: String, instance: Node, isValid: Bool)]
    }

    static let folder = SuiteFolder.jsonSchema

    static let isAvailable = folder != nil

    /// The suite's tests of the output format. Some copies lack them.
    static let outputs = folder?.appending(path: "output-tests/draft2020-12").existing

    static func node(_ url: URL) throws -> Node {
        try node(
            SourceFile(path: url.path, displayPath: url.lastPathComponent, bytes: Array(try Data(contentsOf: url)))
        )
    }

    static func node(text: String) throws -> Node {
        try node(SourceFile(path: "instance.json", displayPath: "instance.json", bytes: Array(text.utf8)))
    }

    private static func node(_ file: SourceFile) throws -> Node {
        var log = DiagnosticLog()
        guard let node = Node.read(file, log: &log) else {
            throw SuiteError(description: "\(log.sorted.map(\.message))")
        }
        return node
    }

    struct SuiteError: Error, CustomStringConvertible {
        let description: String
    }

    /// The names of the files in a folder below `tests/draft2020-12`.
    static func files(in name: String) throws -> [String] {
        guard let folder else { return [] }
        let path = folder.appending(path: "tests/draft2020-12/\(name)").path
        return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
            .map { name.isEmpty ? $0 : "\(name)/\($0)" }
    }

    static func cases(in file: String) throws -> [Case] {
        guard let folder else { return [] }
        return try node(folder.appending(path: "tests/draft2020-12/\(file)")).items?.compactMap { entry in
            guard let schema = entry["schema"], let tests = entry["tests"]?.items else { return nil }
            let judged = tests.compactMap { test in
                test["data"].map { (test["description"]?.string ?? "", $0, test["valid"]?.boolean == true) }
            }
            return Case(description: entry["description"]?.string ?? "", schema: schema, tests: judged)
        } ?? []
    }

    /// The schemas that the suite expects at `http://localhost:1234`.
    static let remotes: [String: Node] = {
        guard let root = folder?.appending(path: "remotes") else { return [:] }
        var remotes: [String: Node] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: root.path) ?? .init()
        where path.hasSuffix(".json") {
            remotes["http://localhost:1234/\(path)"] = try? node(root.appending(path: path))
        }
        return remotes
    }()
}

extension URL {
    /// The folder, if it exists.
    fileprivate var existing: URL? { FileManager.default.fileExists(atPath: path) ? self : nil }
}
