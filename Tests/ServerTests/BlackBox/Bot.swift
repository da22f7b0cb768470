import Foundation
import Testing

/// The SDKs, each with the bot for its tests.
enum SDK: String, CaseIterable, CustomTestStringConvertible {
    case swift, python

    var testDescription: String { rawValue }

    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()
    private static let python3 = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// The SDKs that this machine can run.
    static let here: [SDK] = python3 == nil || !isGenerated ? [.swift] : [.swift, .python]

    /// Generates the module that the Python package needs from the contract.
    private static let isGenerated: Bool = {
        let process = Process()
        process.executableURL = tools.appending(path: "contract-gen")
        process.arguments = [
            "generate", "openapi/openapi.yaml", "--root", ".", "--python", "sdk/python/src/flotilla_agent/contract.py",
        ]
        process.currentDirectoryURL = package
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs the SDK's command that enrolls the instance of a bot. Returns the exit status.
    func enroll(_ arguments: [String], in folder: URL) throws -> Int32 {
        let process = Process()
        var environment = ["INSTANCE_ID": "i1", "BOT_ID": "b1", "AGENT_DATA_DIR": folder.path]
        prepare(process, &environment)
        process.environment = environment
        switch self {
        case .swift:
            process.executableURL = Self.tools.appending(path: "example-bot")
            process.arguments = ["enroll"] + arguments
        case .python: process.arguments = ["-m", "flotilla_agent.runner", "enroll"] + arguments
        }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func prepare(_ process: Process, _ environment: inout [String: String]) {
        switch self {
        case .swift: process.executableURL = Self.tools.appending(path: "RecordingBot")
        case .python:
            process.executableURL = URL(fileURLWithPath: Self.python3 ?? "")
            process.arguments = [Self.package.appending(path: "sdk/python/tests/recording_bot.py").path]
            environment["PYTHONPATH"] = Self.package.appending(path: "sdk/python/src").path
        }
    }
}

/// A running bot, in its own directory.
final class Bot {
    /// An event of the bot.
    struct Event {
        /// Seconds since the machine was started.
        let time: Double
        /// `EFFECT` with type and id of the command, or `STATE` with the state and whether orders are permitted.
        let words: [String]
    }

    let sdk: SDK
    private let folder: URL
    private var environment: [String: String]
    private var process: Process?
    private let errors = Pipe()

    init(_ sdk: SDK, folder: URL, environment: [String: String]) throws {
        self.sdk = sdk
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        self.environment = [
            "PATH": path, "INSTANCE_ID": "i1", "BOT_ID": "b1", "EXCHANGE": "binance", "SYMBOL": "BTCUSDT",
            "AGENT_DATA_DIR": folder.appending(path: "data").path, "EVENTS_FILE": folder.appending(path: "events").path,
            "CLOCK_FILE": folder.appending(path: "clock").path, "HEARTBEAT_INTERVAL_SECONDS": "0.5",
        ].merging(environment) { _, new in new }
    }

    func start() throws {
        let process = Process()
        var environment = environment
        sdk.prepare(process, &environment)
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = environment["SHOW_ERRORS"] == nil ? FileHandle.nullDevice : errors
        try process.run()
        self.process = process
    }

    /// Kills the bot, like a crash.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The exit status and the errors of a bot that ends on its own.
    func end() -> (status: Int32, errors: String) {
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process?.waitUntilExit()
        return (process?.terminationStatus ?? -1, text)
    }

    func setClock(off seconds: Int) throws {
        try Data("\(seconds)".utf8).write(to: folder.appending(path: "clock"))
    }

    var events: [Event] {
        let text = (try? String(contentsOf: folder.appending(path: "events"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            return Double(words[0]).map { Event(time: $0, words: Array(words.dropFirst())) }
        }
    }

    /// The types of the commands whose handlers were called.
    var effects: [String] { events.filter { $0.words[0] == "EFFECT" }.map { $0.words[1] } }

    func effects(of id: String) -> Int { events.count { $0.words[0] == "EFFECT" && $0.words[2] == id } }

    /// The last state, and whether orders are permitted in it.
    var state: String {
        events.last { $0.words[0] == "STATE" }.map { $0.words.dropFirst().joined(separator: " ") } ?? ""
    }

    /// Waits until a condition holds; fails after half a minute.
    func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < end, "\(what): \(events.map(\.words))")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Runs `body` with bots of one SDK; none outlives the test.
    static func with(
        _ sdk: SDK,
        _ settings: [[String: String]],
        _ body: ([Bot], URL) async throws -> Void
    ) async throws {
        try await with(settings.map { (sdk, $0) }, body)
    }

    /// Runs `body` with bots, each with its SDK and settings; none outlives the test.
    static func with(_ kinds: [(SDK, [String: String])], _ body: ([Bot], URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bot-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let bots = try kinds.enumerated().map { index, kind in
            try Bot(kind.0, folder: folder.appending(path: "\(index)"), environment: kind.1)
        }
        defer { for bot in bots { bot.kill() } }
        try await body(bots, folder)
    }

    /// The current time on the clock of events.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
