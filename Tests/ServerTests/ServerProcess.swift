import Foundation

/// A running `flotilla-server`.
struct ServerProcess {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()

    /// - Parameter launcher: A program and its arguments that run the server.
    init(_ arguments: [String] = [], environment: [String: String], under launcher: [String] = []) throws {
        // The programs are beside the test bundle.
        let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = launcher + [tools.appending(path: "flotilla-server").path] + arguments
        process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""].merging(environment) {
            _,
            new in new
        }
        // This directory has no .env file.
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    /// The exit status, and the text on standard error.
    func end() async -> (status: Int32, errors: String) {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: (process.terminationStatus, text))
            }
        }
    }

    /// The rest of the first line that starts with `prefix`.
    func line(after prefix: String) async -> String { await lines(after: [prefix])[0] }

    /// The rest of the first line that starts with each of the prefixes. Lines that were read for this are not read again.
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
