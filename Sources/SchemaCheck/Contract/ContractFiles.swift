import ContractCompiler
import Foundation

/// The file system that a contract is read from.
struct ContractFiles {
    /// The path of the document; references to the document are resolved by it.
    let root: String
    /// The folder that references must not leave.
    let folder: String
    /// The file at a path; nil if it does not exist or must not be read.
    let open: (String) -> SourceFile?
    /// The schema files of the contract, whether or not the document refers to them.
    let schemas: [String]

    /// The files around a document on disk.
    ///
    /// - Parameter folder: The folder that references must not leave. Nil means the parent of the document's folder.
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
    /// - Parameter path: The document to read when `git:REV` has no path.
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

    /// Whether the contract has its schema files beside the document's folder, as `openapi/` does.
    private static func hasSchemas(_ document: String) -> Bool {
        URL(fileURLWithPath: document).deletingLastPathComponent().lastPathComponent == "openapi"
    }

    /// The parent of a file's folder.
    private static func folder(above path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// The files below a folder, sorted by path. Links are followed.
    static func files(below folder: String, suffix: String) -> [String] {
        let names =
            FileManager.default.enumerator(atPath: SourceFile.realPath(folder))?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { SourceFile.realPath(folder) + "/" + $0 }
    }
}

/// A git revision cannot be read.
struct GitError: Error, CustomStringConvertible {
    let description: String
}

/// The files of a commit.
struct GitRevision {
    private let name: String
    private let top: String

    /// - Parameter name: A revision as git-rev-parse accepts it, in the repository of the working directory.
    init(_ name: String) throws(GitError) {
        guard let top = Self.git(["rev-parse", "--show-toplevel"]) else {
            throw GitError(
                description: "'git:\(name)' cannot be read: the working directory is not in a git repository"
            )
        }
        // git would read a name that starts with a dash as an option.
        guard !name.hasPrefix("-"), let commit = Self.git(["rev-parse", "--verify", "--quiet", name + "^{commit}"])
        else {
            throw GitError(description: "git revision '\(name)' does not exist")
        }
        self.top = SourceFile.realPath(Self.line(top)) + "/"
        self.name = Self.line(commit)
    }

    /// A file by its path in the working tree. The file need not exist there.
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

    /// The output of git; nil if git fails.
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
