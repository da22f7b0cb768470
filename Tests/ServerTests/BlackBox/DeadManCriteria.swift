import Foundation
import TestSupport
import Testing

/// S4.2: the dead-man switch of both SDKs. These tests know when a switch must act, so no other test may keep the processors from the bots.
@Suite struct DeadManCriteria {
    /// The ways in which the control plane becomes silent.
    enum Silence: String, CaseIterable, CustomTestStringConvertible {
        /// It is stopped.
        case down
        /// It accepts connections and never responds.
        case hanging

        var testDescription: String { rawValue }
    }

    @Test(arguments: Silence.allCases)
    func `S4_2a the dead-man switch stops a bot in time, once, whatever the wall clock does`(_ silence: Silence)
        async throws
    {
        try await stopInTime(silence, ["DEADMAN_TIMEOUT_SECONDS": "3"], effects: ["SAFE_MODE"], state: "SAFE_MODE")
    }

    @Test func `S4_2a in file mode too`() async throws {
        let settings = ["DEADMAN_TIMEOUT_SECONDS": "3", "COMMAND_FILE": "/dev/null/none"]
        try await stopInTime(.down, settings, effects: ["SAFE_MODE"], state: "SAFE_MODE")
    }

    @Test func `S4_2b FLATTEN, once in an outage`() async throws {
        let settings = ["DEADMAN_TIMEOUT_SECONDS": "3", "DEADMAN_ACTION": "FLATTEN"]
        try await stopInTime(.down, settings, effects: ["FLATTEN"], state: "FLATTENED")
    }

    /// A bot of each SDK has one server.
    private func stopInTime(
        _ silence: Silence,
        _ settings: [String: String],
        effects: [String],
        state: String
    ) async throws {
        let port = try FreePort.find()
        try await TestDatabase.migrated { database in
            let settings = settings.merging(["CONTROL_PLANE_URL": "http://127.0.0.1:\(port)"]) { _, new in new }
            let server = try await Self.server(database, port)
            defer { server.process.interrupt() }
            try await Self.withBots(settings) { bots in
                for bot in bots {
                    try bot.start()
                    try await bot.wait("permission") { bot.state == "NORMAL permitted" }
                }
                try await Task.sleep(for: .seconds(1))
                // The wall clock jumps by an hour, forth and back.
                for bot in bots { try bot.setClock(off: 3600) }
                try await Task.sleep(for: .seconds(2.5))
                for bot in bots {
                    try bot.setClock(off: -3600)
                    #expect(bot.state == "NORMAL permitted", "\(bot.sdk)")
                }
                let silent = Bot.now
                switch silence {
                case .down: kill(server.process.processIdentifier, SIGKILL)
                case .hanging: kill(server.process.processIdentifier, SIGSTOP)
                }
                defer { if silence == .hanging { kill(server.process.processIdentifier, SIGCONT) } }
                for bot in bots { try await bot.wait("the switch") { bot.effects == effects } }
                try await Task.sleep(for: .seconds(2))
                for bot in bots {
                    // The last success was up to one heartbeat (0.5 s) before the silence, or more on a busy machine; half of the timeout is
                    // still no alarm.
                    let refused = try #require(
                        bot.events.first { $0.time > silent && $0.words.last == "refused" },
                        "\(bot.sdk)"
                    )
                    #expect(refused.time - silent > 1.5, "\(bot.sdk)")
                    let effect = try #require(bot.events.first { $0.words[0] == "EFFECT" }, "\(bot.sdk)")
                    if ProcessInfo.processInfo.environment["DEADMAN_TIMES"] != nil {
                        let times = [refused.time, effect.time].map { (($0 - silent) * 1000).rounded() / 1000 }
                        print(
                            "\(bot.sdk) \(silence) \(settings): orders refused after \(times[0]) s, handler called after \(times[1]) s"
                        )
                    }
                    #expect(bot.effects == effects, "\(bot.sdk)")
                    #expect(bot.state == "\(state) refused", "\(bot.sdk)")
                }
            }
        }
    }

    @Test func `S4_2a a control plane that responds slowly stops no bot`() async throws {
        let port = try FreePort.find()
        try await TestDatabase.migrated { database in
            let settings = [
                "CONTROL_PLANE_URL": "http://127.0.0.1:\(port)", "DEADMAN_TIMEOUT_SECONDS": "10",
                "HEARTBEAT_INTERVAL_SECONDS": "2",
            ]
            let server = try await Self.server(database, port)
            defer { kill(server.process.processIdentifier, SIGKILL) }
            try await Self.withBots(settings) { bots in
                for bot in bots {
                    try bot.start()
                    try await bot.wait("permission") { bot.state == "NORMAL permitted" }
                }
                // It works only a third of the time. The pool's own threads may be busy for longer than a pause lasts.
                let number = server.process.processIdentifier
                await withCheckedContinuation { continuation in
                    Thread.detachNewThread {
                        for _ in 0..<20 {
                            kill(number, SIGSTOP)
                            Thread.sleep(forTimeInterval: 0.4)
                            kill(number, SIGCONT)
                            Thread.sleep(forTimeInterval: 0.2)
                        }
                        continuation.resume()
                    }
                }
                for bot in bots { #expect(!bot.events.contains { $0.words.last == "refused" }, "\(bot.sdk)") }
            }
        }
    }

    @Test func `S4_2b FLATTEN again in the next outage`() async throws {
        let port = try FreePort.find()
        try await TestDatabase.migrated { database in
            let settings = [
                "CONTROL_PLANE_URL": "http://127.0.0.1:\(port)", "DEADMAN_TIMEOUT_SECONDS": "2",
                "DEADMAN_ACTION": "FLATTEN",
            ]
            try await Self.withBots(settings) { bots in
                for outage in 1...2 {
                    let server = try await Self.server(database, port)
                    defer { kill(server.process.processIdentifier, SIGKILL) }
                    let site = Site(servers: [RawHTTP(port: port)], databaseURL: database)
                    while try await site.ask("GET", "/readyz").status != 200 {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    for bot in bots {
                        if outage == 1 { try bot.start() }
                        try await bot.wait("contact \(outage)") {
                            try await Self.status(of: bot, site) == (outage == 1 ? "RUNNING" : "FLATTENED")
                        }
                        let instance = try await site.list("/instances?instance_id=\(bot.sdk.rawValue)").first
                        #expect(instance?["state_cause"] as? String == (outage == 1 ? nil : "DEAD_MAN"))
                        let start = try await site.command("START", to: bot.sdk.rawValue).id
                        try await bot.wait("permission \(outage)") {
                            let command = try await site.ask("GET", "/commands/\(start)").json()
                            return command["status"] as? String == "COMPLETED" && bot.state == "NORMAL permitted"
                        }
                    }
                    kill(server.process.processIdentifier, SIGKILL)
                    for bot in bots { try await bot.wait("outage \(outage)") { bot.effects.count == outage } }
                }
                for bot in bots { #expect(bot.effects == ["FLATTEN", "FLATTEN"], "\(bot.sdk)") }
            }
        }
    }

    @Test(arguments: SDK.here)
    func `S4_2b an unknown action stops the start`(_ sdk: SDK) async throws {
        let settings = ["CONTROL_PLANE_URL": "http://127.0.0.1:1", "DEADMAN_ACTION": "FOO", "SHOW_ERRORS": "1"]
        try await Bot.with(sdk, [settings]) { bots, _ in
            try bots[0].start()
            let (status, errors) = bots[0].end()
            #expect(status == 2)
            #expect(errors == "DEADMAN_ACTION: found 'FOO', expected one of SAFE_MODE, FLATTEN\n")
        }
    }

    // MARK: - Parts

    /// A bot of each SDK, whose instance has the SDK's name.
    private static func withBots(_ settings: [String: String], _ body: ([Bot]) async throws -> Void) async throws {
        try await Bot.with(SDK.here.map { ($0, settings.merging(["INSTANCE_ID": $0.rawValue]) { $1 }) }) { bots, _ in
            try await body(bots)
        }
    }

    private static func server(_ database: String, _ port: Int) async throws -> ServerProcess {
        let environment = Site.environment(database, ["API_ADDRESS": "127.0.0.1:\(port)"])
        let server = try ServerProcess(environment: environment)
        _ = await server.line(after: "API  ")
        return server
    }

    private static func status(of bot: Bot, _ site: Site) async throws -> String? {
        try await site.list("/bots").first { $0["instance_id"] as? String == bot.sdk.rawValue }?["status"] as? String
    }
}

/// Finds an unused port.
private enum FreePort {
    static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, size)
                _ = getsockname(descriptor, address, &size)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }
}
