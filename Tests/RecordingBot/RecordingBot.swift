import AgentKit
import ContractRuntime
import Foundation
import Generated
import Synchronization

/// A bot for the server tests. `sdk/python/tests/recording_bot.py` is the same bot in Python.
///
/// It appends one line per event to `EVENTS_FILE`: the monotonic time in seconds, the event and its details. Its handlers take
/// `HANDLER_SECONDS`, except SYNC_BALANCE, which takes `SYNC_SECONDS`. `CLOCK_FILE` contains the offset of its wall clock in seconds.
@main
enum RecordingBot {
    static func main() async {
        do {
            let environment = ProcessInfo.processInfo.environment
            let events = try Events(environment["EVENTS_FILE"] ?? "events")
            let clockFile = environment["CLOCK_FILE"]
            var clock = AgentClock.system
            clock.wall = {
                let text = clockFile.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
                return Timestamp.now.adding(seconds: text.flatMap { Int64($0) } ?? 0)
            }
            let agent = try Agent(AgentConfiguration(environment: environment), clock: clock)
            let pause = environment["HANDLER_SECONDS"].flatMap(Double.init) ?? 0
            let syncPause = environment["SYNC_SECONDS"].flatMap(Double.init) ?? pause
            for type in [CommandType.flatten, .safeMode, .cancelAll, .syncBalance] {
                agent.on(type) { command in
                    events.write("EFFECT \(type.rawValue) \(command.commandID.text)")
                    try await Task.sleep(for: .seconds(type == .syncBalance ? syncPause : pause))
                    return JSONObject { $0.member("done", type.rawValue) }
                }
            }
            try await agent.run { try await watch(agent, events) }
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("\(error)\n".utf8))
            exit(2)
        }
    }

    private static func watch(_ agent: Agent, _ events: Events) async throws {
        var last = ""
        while true {
            let orders = (try? agent.permitOrders()) == nil ? "refused" : "permitted"
            let now = "STATE \(agent.state.rawValue) \(orders)"
            if now != last { events.write(now) }
            last = now
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Appends each line with a single write.
private final class Events: Sendable {
    private let file: FileHandle

    init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        file = FileHandle(fileDescriptor: descriptor)
    }

    func write(_ text: String) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        try? file.write(contentsOf: Data("\(seconds) \(text)\n".utf8))
    }
}
