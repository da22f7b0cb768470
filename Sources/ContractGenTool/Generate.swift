import ContractCompiler
import Foundation

/// `contract-gen generate` and `contract-gen explain`, for any document and outside of a build.
struct Generate {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let document: String
    private var options: [String: String] = [:]
    private var flags: Set<String> = []
    private var log: DiagnosticLog
    /// The roots of the files read.
    private var documents: [Node] = []

    init(_ arguments: ArraySlice<String>) throws {
        var documents: [String] = []
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "--output", "--module", "--python", "--root":
                guard let value = rest.popFirst() else { throw Failure(description: "'\(argument)' lacks its value") }
                options[argument] = value
            case "--examples", "--strict", "--quiet": flags.insert(argument)
            case let option where option.hasPrefix("-"): throw Failure(description: "unknown option '\(option)'")
            default: documents.append(argument)
            }
        }
        guard documents.count == 1, let document = documents.first else {
            throw Failure(description: "expected one document, found \(documents.count)")
        }
        self.document = document
        log = DiagnosticLog(isStrict: flags.contains("--strict"))
    }

    /// Writes Swift for the document. Returns false if it has errors, which are printed to standard error.
    mutating func generate() throws -> Bool {
        guard options["--output"] ?? options["--python"] != nil else {
            throw Failure(description: "'generate' needs '--output DIR', '--python FILE' or both")
        }
        guard let contract = try contract() else { return false }
        let display = (document as NSString).lastPathComponent
        if let directory = options["--output"] {
            let emitter = FileEmitter(contract, module: options["--module"])
            var files = emitter.files(displayPath: display)
            files.append(("Routes.swift", emitter.routes(displayPath: display)))
            files.append(("ContractDocument.swift", emitter.document(displayPath: display)))
            if flags.contains("--examples") {
                files.append(("ContractExamples.swift", emitter.examples(displayPath: display)))
            }
            try removeStale(in: directory, keeping: files.map(\.name))
            for file in files { try Build.write(file.text, to: "\(directory)/\(file.name)") }
        }
        if let file = options["--python"] {
            try Build.write(PythonEmitter(contract).text(displayPath: display), to: file)
        }
        return true
    }

    /// Deletes files of an earlier run that had more parts.
    private func removeStale(in directory: String, keeping names: [String]) throws {
        let known = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in known where name.firstMatch(of: /^Contract[0-9]*\.swift$/) != nil && !names.contains(name) {
            try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        }
    }

    /// Prints the use of every keyword and field of the document.
    mutating func explain() throws -> Bool {
        log = DiagnosticLog(isStrict: flags.contains("--strict"), recordsUsage: true)
        guard try contract() != nil, let keywordUsage = log.keywordUsage else { return false }
        print(keywordUsage.text(of: documents), terminator: "")
        return keywordUsage.unread(in: documents).isEmpty
    }

    private mutating func contract() throws -> Contract? {
        guard let file = SourceFile(reading: document) else {
            throw Failure(description: "'\(document)' cannot be read")
        }
        // Nothing outside of the document's folder is read unless --root names another folder.
        let root = options["--root"].map(SourceFile.realPath) ?? (file.path as NSString).deletingLastPathComponent
        let registry = Registry { path in
            path == file.path ? file : path.hasPrefix(root + "/") ? SourceFile(reading: path) : nil
        }
        let contract = ContractBuilder.build(root: file.path, schemas: [], registry: registry, log: &log)
        documents = contract?.documents ?? []
        for diagnostic in log.sorted
        where diagnostic.severity != .note && (diagnostic.severity == .error || !flags.contains("--quiet")) {
            FileHandle.standardError.write(Data(diagnostic.rendered.utf8))
        }
        return contract
    }
}
