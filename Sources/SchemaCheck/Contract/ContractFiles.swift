import ContractCompiler
import Foundation

/// Where the files of a contract are read from.
struct ContractFiles {
    /// The path of the document, by which references to it are resolved.
    let root: String
    /// The folder that references must not leave.
    let folder: String
    /// A file by its path; nil when there is none, or none that may be read.
    let open: (String) -> SourceFile?
    /// The schema files of the contract, referenced or not.
    let schemas: [String]

    /// The files around a document on disk.
    ///
    /// - Parameter folder: The folder that references must not leave; the one above the document's when nil.
    init(document: String, folder: String? = nil) {
        let path = SourceFile.realPath(document)
        let root = folder.map(SourceFile.realPath) ?? Self.folder(above: path)
        self.init(
            root: path,
            folder: root,
            open: { path in Self.isInside(path, root) ? SourceFile(reading: path) : nil },
            schemas: Self.hasSchemas(path) ? Self.files(below: root + "/jsonschema", suffix: ".schema.json") : []
        )
    }

    /// The files of one side of a comparison: a path, or `git:REV[:PATH]`.
    ///
    /// - Parameter path: The document of a revision that names none.
    static func side(_ side: String, otherwise path: String) throws(GitError) -> ContractFiles {
        guard side.hasPrefix("git:") else { return ContractFiles(document: side) }
        let parts = side.dropFirst("git:".count).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let revision = try GitRevision(String(parts.first ?? ""))
        let document = SourceFile.realPath(parts.count > 1 ? String(parts[1]) : path)
        let folder = Self.folder(above: document)
        return ContractFiles(
            root: document,
            folder: folder,
            open: { path in isInside(path, folder) ? revision.file(at: path) : nil },
            schemas: hasSchemas(document)
                ? revision.files(below: folder + "/jsonschema").filter { $0.hasSuffix(".schema.json") } : []
        )
    }

    init(root: String, folder: String, open: @escaping (String) -> SourceFile?, schemas: [String]) {
        self.root = root
        self.folder = folder
        self.open = open
        self.schemas = schemas
    }

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }

    /// Whether the schema files beside a document's folder belong to it, referenced or not: those of `openapi/` do.
    private static func hasSchemas(_ document: String) -> Bool {
        URL(fileURLWithPath: document).deletingLastPathComponent().lastPathComponent == "openapi"
    }

    /// The folder that holds the folder of a file.
    private static func folder(above path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// The files below a folder, links followed, in the order of their paths.
    static func files(below folder: String, suffix: String) -> [String] {
        let names =
            FileManager.default.enumerator(atPath: SourceFile.realPath(folder))?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { SourceFile.realPath(folder) + "/" + $0 }
    }
}

/// A revision that cannot be read.
struct GitError: Error, CustomStringConvertible {
    let description: String
}

/// The files of a commit, as they were.
struct GitRevision {
    private let name: String
    private let top: String

    /// A revision in the words of git-rev-parse, of the repository around the working directory.
    init(_ name: String) throws(GitError) {
        guard let top = Self.git(["rev-parse", "--show-toplevel"]) else {
            throw GitError(description: "'git:\(name)' needs a git repository around the working directory")
        }
        // What begins with a dash would be an option.
        guard !name.hasPrefix("-"), let commit = Self.git(["rev-parse", "--verify", "--quiet", name + "^{commit}"])
        else {
            throw GitError(description: "git knows no revision '\(name)'")
        }
        self.top = SourceFile.realPath(Self.line(top)) + "/"
        self.name = Self.line(commit)
    }

    /// A file, by the path that it has or would have in the working tree.
    func file(at path: String) -> SourceFile? {
        guard path.hasPrefix(top), let data = Self.git(["show", "\(name):\(path.dropFirst(top.count))"]) else {
            return nil
        }
        return SourceFile(path: path, displayPath: "\(name.prefix(8)):\(path.dropFirst(top.count))", bytes: Array(data))
    }

    /// The paths of the files below a folder.
    func files(below folder: String) -> [String] {
        guard folder.hasPrefix(top) else { return [] }
        let arguments = [
            "-C", top, "ls-tree", "-r", "-z", "--name-only", name, "--", String(folder.dropFirst(top.count)),
        ]
        let names = Self.git(arguments).map { String(decoding: $0, as: UTF8.self).split(separator: "\0") } ?? []
        return names.map { top + $0 }
    }

    private static func line(_ data: Data) -> String {
        String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// What git prints; nil when it fails.
    private static func git(_ arguments: [String]) -> Data? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data : nil
    }
}
