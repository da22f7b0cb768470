import ArgumentParser
import ContractCompiler
import Foundation

struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds errors of structure and references in a contract.",
        discussion:
            "Everything that would stop the build is found, and printed as FILE:LINE:COLUMN with the line itself."
    )

    @Argument(help: "The OpenAPI document.")
    var document = "openapi/openapi.yaml"

    @Option(help: "The folder that references must not leave; by default the one above the document's.")
    var root: String?

    func run() throws {
        guard let source = SourceFile(reading: document) else {
            Findings.couldNotRun("'\(document)' cannot be read")
        }
        let folder = root.map(SourceFile.realPath) ?? ContractFiles.folder(above: source.path)
        let registry = Registry { path in path.hasPrefix(folder + "/") ? SourceFile(reading: path) : nil }
        var log = DiagnosticLog()
        let contract = ContractBuilder.build(
            root: source.path,
            schemas: ContractFiles.schemas(below: folder),
            registry: registry,
            log: &log
        )
        let summary =
            contract.map { "\(document), \($0.operations.count) operations, \($0.models.count) schemas" } ?? document
        try Findings.report(log, checked: summary)
    }
}

/// The files of a contract on disk.
enum ContractFiles {
    /// The folder that holds the folder of a file.
    static func folder(above path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// The schema files of a contract, referenced or not: those in `jsonschema` below its folder.
    static func schemas(below folder: String) -> [String] {
        files(below: folder + "/jsonschema", suffix: ".schema.json")
    }

    /// The files below a folder, links followed, in the order of their paths.
    static func files(below folder: String, suffix: String) -> [String] {
        let names =
            FileManager.default.enumerator(atPath: SourceFile.realPath(folder))?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { SourceFile.realPath(folder) + "/" + $0 }
    }
}
