import ContractCompiler
import Foundation

/// One run of `contract-gen build`.
struct Build {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private var options: [String: String] = [:]
    private var pairs: [(input: String, output: String)] = []
    private var log = DiagnosticLog()

    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let argument = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw Failure(description: "'\(argument)' lacks its value")
            }
            if ["--root", "--routes", "--document"].contains(argument) {
                options[argument] = value
            } else {
                pairs.append((argument, value))
            }
        }
    }

    /// Writes all outputs. Returns false if the contract has errors, which are printed to standard error.
    mutating func run() throws -> Bool {
        // The working directory is the package's, so paths below it are shown relative to it.
        let sources = try pairs.map { (source: try Self.source($0.input), output: $0.output) }
        let texts =
            try contractFiles(sources) + queryFiles(sources) + migrationFiles(sources)
            + schemaFiles(sources)
        for diagnostic in log.sorted where diagnostic.severity != .note {
            FileHandle.standardError.write(Data(diagnostic.rendered.utf8))
        }
        guard !log.hasErrors else { return false }
        for (path, text) in texts { try Self.write(text, to: path) }
        return true
    }

    private mutating func contractFiles(_ sources: [(source: SourceFile, output: String)]) throws -> [(String, String)]
    {
        guard let root = options["--root"] else { return [] }
        guard let routes = options["--routes"], let document = options["--document"] else {
            throw Failure(description: "'--root' needs '--routes' and '--document'")
        }
        let files = Dictionary(sources.map { ($0.source.path, $0.source) }) { first, _ in first }
        let rootFile = try Self.source(root)
        let schemas = sources.map(\.source.path).filter { $0.hasSuffix(".schema.json") }.sorted()
        let registry = Registry { files[$0] }
        guard let contract = ContractBuilder.build(root: rootFile.path, schemas: schemas, registry: registry, log: &log)
        else { return [] }
        let emitter = FileEmitter(contract)
        let own = sources.filter { !$0.source.path.hasSuffix(".sql") }.map {
            ($0.output, emitter.file(from: $0.source.path, displayPath: $0.source.displayPath))
        }
        return own + [
            (routes, emitter.routes(displayPath: rootFile.displayPath)),
            (document, emitter.document(displayPath: rootFile.displayPath)),
        ]
    }

    private mutating func queryFiles(_ sources: [(source: SourceFile, output: String)]) -> [(String, String)] {
        let own = sources.filter {
            $0.source.path.hasSuffix(".sql") && !$0.source.isMigration && !$0.source.isSchema
        }
        let files = QueryFileReader.read(own.map(\.source), log: &log)
        return zip(own, files).map { ($0.output, QueryEmitter.file($1)) }
    }

    private mutating func migrationFiles(_ sources: [(source: SourceFile, output: String)]) -> [(String, String)] {
        let migrations = sources.filter(\.source.isMigration)
        guard let output = migrations.first?.output else { return [] }
        return [(output, MigrationEmitter.file(MigrationFile.read(migrations.map(\.source), log: &log)))]
    }

    private mutating func schemaFiles(_ sources: [(source: SourceFile, output: String)]) -> [(String, String)] {
        let files = sources.filter(\.source.isSchema)
        guard let output = files.first?.output, let schema = SchemaFiles.read(files.map(\.source), log: &log) else {
            return []
        }
        return [(output, SchemaEmitter.file(schema))]
    }

    private static func source(_ path: String) throws -> SourceFile {
        guard let source = SourceFile(reading: path) else { throw Failure(description: "'\(path)' cannot be read") }
        return source
    }

    /// Writes a file only if its content changes: the build uses the modification time to decide what to compile.
    static func write(_ text: String, to path: String) throws {
        let data = Data(text.utf8)
        if FileManager.default.contents(atPath: path) == data { return }
        let folder = (path as NSString).deletingLastPathComponent
        // A name without a folder means the working directory, which exists.
        if !folder.isEmpty {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
