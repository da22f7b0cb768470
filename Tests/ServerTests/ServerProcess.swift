import Foundation

/// A running `flotilla-server`.
struct ServerProcess {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()

    /// - Parameter launcher: A program with arguments that runs the server.
    init(_ arguments: [String] = [], environment: [String: String], under launcher: [String] = []) throws {
        // The programs lie beside the test bundle.
        let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = launcher + [tools.appending(path: "flotilla-server").path] + arguments
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""].merging(environment) {
            _,
            new in new
        }
        // No .env lies here.
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// The status, and what was written on standard error.
    func end() async -> (status: Int32, errors: String) {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: (process.terminationStatus, text))
            }
        }
    }

    /// The first line that starts with `prefix`, without it.
    func line(after prefix: String) async -> String { await lines(after: [prefix])[0] }

    /// The first line that starts with each of the prefixes, without it. What is read for that is not read again.
    func lines(after prefixes: [String]) async -> [String] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var text = ""
                func line(_ prefix: String) -> Substring? { text.split(separator: "\n").first { $0.hasPrefix(prefix) } }
                while !text.hasSuffix("\n") || !prefixes.allSatisfy({ line($0) != nil }) {
                    let data = output.fileHandleForReading.availableData
                    if data.isEmpty { break }
                    text += String(decoding: data, as: UTF8.self)
                }
                continuation.resume(returning: prefixes.map { String((line($0) ?? "").dropFirst($0.count)) })
            }
        }
    }
}
