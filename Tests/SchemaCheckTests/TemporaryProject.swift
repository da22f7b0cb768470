import Foundation
import Subprocess
import SystemPackage

/// A folder with a copy of this project's contract to change, and the built tools.
struct TemporaryProject {
    /// The output of a tool, standard output and error together, and its exit status.
    struct Run {
        let output: String
        let status: Int32?
    }

    let folder: URL

    /// The folder of the package.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Creates a folder with copies of `names`, which are folders or files of the package, and deletes it afterwards.
    static func with<R>(_ names: [String], _ body: (TemporaryProject) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "project-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in names {
            try FileManager.default.copyItem(at: package.appending(path: name), to: folder.appending(path: name))
        }
        return try await body(TemporaryProject(folder: folder))
    }

    /// Replaces text in a file. The text must occur in it.
    func replace(_ old: String, with new: String, in file: String) throws {
        let url = folder.appending(path: file)
        let text = try String(contentsOf: url, encoding: .utf8)
        guard text.contains(old) else { throw CocoaError(.fileReadCorruptFile) }
        try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: url)
    }

    /// Runs git in the folder.
    func git(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder.path] + arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }

    /// Writes a file in the folder.
    func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: file))
    }

    /// Runs a tool of this build in the folder.
    func run(_ tool: String, _ arguments: String..., input: String? = nil) async throws -> Run {
        try await run(tool, arguments, input: input)
    }

    /// Runs a tool of this build in the folder.
    ///
    /// - Parameters:
    ///   - input: The file for standard input.
    ///   - isBounded: Whether to limit the tool to 1 GiB of memory and two minutes of processor time.
    func run(_ tool: String, _ arguments: [String], input: String? = nil, isBounded: Bool = false) async throws -> Run {
        // The tools are beside the test bundle.
        let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let path = tools.appending(path: tool).path
        let shell = ["-c", "ulimit -v 1048576; ulimit -t 120; exec \"$0\" \"$@\"", path]
        let result = try await Subprocess.run(
            .path(FilePath(isBounded ? "/bin/sh" : path)),
            arguments: Arguments(isBounded ? shell + arguments : arguments),
            workingDirectory: FilePath(folder.path),
            input: .fileDescriptor(
                try FileDescriptor.open(
                    input.map { FilePath(folder.appending(path: $0).path) } ?? "/dev/null",
                    .readOnly
                ),
                closeAfterSpawningProcess: true
            ),
            output: .string(limit: 8 << 20),
            error: .string(limit: 8 << 20)
        )
        let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
        return Run(output: result.standardOutput + result.standardError, status: status)
    }
}
