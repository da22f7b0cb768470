import Foundation
import TestSupport
import Testing

/// S4: bots of both SDKs, as processes, with a real server.
@Suite struct AgentCriteria {
    private func url(_ site: Site) -> String { "http://127.0.0.1:\(site.servers[0].port)" }

    private func entry(
        _ type: String,
        id: UUID = UUID(),
        instance: String = "i1",
        ttl: Double = 600,
        payload: String = "{}"
    ) -> String {
        """
        {"command_id":"\(id.uuidString.lowercased())","instance_id":"\(instance)","command_type":"\(type)",\
        "expires_at":"\(Site.time(ttl))","payload":\(payload)}
        """
    }

    /// Writes a file atomically, as an operator should.
    private func put(_ text: String, _ file: URL) throws { try Data(text.utf8).write(to: file, options: .atomic) }

    private func text(_ file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    private func acknowledgements(_ file: URL) throws -> [[String: Any]] {
        try text(URL(fileURLWithPath: file.path + ".acks")).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    // MARK: - S4.1, S4.3

    @Test(arguments: SDK.here)
    func `S4_1 and S4_3 a command file is executed once per command, whatever else it contains`(_ sdk: SDK)
        async throws
    {
        try await Bot.with(sdk, [["COMMAND_FILE": "/dev/null/none"]]) { _, folder in
            let file = folder.appending(path: "commands.json")
            let bot = try Bot(sdk, folder: folder, environment: ["COMMAND_FILE": file.path])
            defer { bot.kill() }
            let flatten = entry("FLATTEN")
            let id = UUID()
            try put("[\(flatten),\(entry("CANCEL_ALL", id: id))]", file)
            try bot.start()
            try await bot.wait("effects") { try acknowledgements(file).count == 2 }
            #expect(Set(bot.effects) == ["FLATTEN", "CANCEL_ALL"])
            #expect(text(file) == "[]")
            // The same again; another with a used id; an expired one; one for another instance; one of an unknown type; a valid one.
            let others = [
                flatten, entry("SYNC_BALANCE", id: id), entry("FLATTEN", ttl: -1), entry("FLATTEN", instance: "i2"),
                entry("DANCE"), entry("SAFE_MODE"),
            ]
            try put("[\(others.joined(separator: ","))]", file)
            try await bot.wait("six more") { try acknowledgements(file).count == 8 }
            let said = try acknowledgements(file)
            let reasons = said.dropFirst(2).map { acknowledgement in
                let reason = (acknowledgement["reason"] as? String)?.split(separator: ":").first.map(String.init) ?? ""
                return "\(acknowledgement["status"] as? String ?? "") \(reason)"
            }
            #expect(
                reasons.sorted() == [
                    "COMPLETED ", "COMPLETED ", "FAILED UNKNOWN_COMMAND", "FAILED WRONG_INSTANCE",
                    "REJECTED_DUPLICATE a different command has the same ID",
                    "REJECTED_EXPIRED the command has expired",
                ]
            )
            let first = said.filter { flatten.contains($0["command_id"] as? String ?? "?") }
            #expect(first.count == 2)
            #expect(first[0]["timestamp"] as? String == first[1]["timestamp"] as? String)
            #expect(bot.effects.sorted() == ["CANCEL_ALL", "FLATTEN", "SAFE_MODE"])
            // An unreadable file is kept, and the loop continues, also after a restart.
            try put("{not json", file)
            try await bot.wait("the bad file") { text(URL(fileURLWithPath: file.path + ".bad")) == "{not json" }
            bot.kill()
            try put("[\(flatten),\(entry("SYNC_BALANCE"))]", file)
            try bot.start()
            try await bot.wait("after the restart") { try acknowledgements(file).count == 10 }
            #expect(bot.effects.sorted() == ["CANCEL_ALL", "FLATTEN", "SAFE_MODE", "SYNC_BALANCE"])
        }
    }

    @Test(arguments: SDK.here)
    func `S4_1 and S4_3 commands are pulled, executed once and acknowledged with evidence`(_ sdk: SDK)
        async throws
    {
        try await Site.with(1) { site in
            let settings = ["CONTROL_PLANE_URL": url(site), "SYNC_SECONDS": "3", "HANDLER_SECONDS": "0.01"]
            try await Bot.with(sdk, [settings]) { bots, _ in
                let bot = bots[0]
                try bot.start()
                try await bot.wait("registration") {
                    try await site.list("/bots").first?["status"] as? String == "RUNNING"
                }
                // Protective commands do not wait for slow ones, and heartbeats wait for neither.
                let slow = try await site.command("SYNC_BALANCE").id
                try await bot.wait("the slow one") { bot.effects == ["SYNC_BALANCE"] }
                let flatten = try await site.command("FLATTEN").id
                try await bot.wait("FLATTEN") { try await status(flatten, site) == "COMPLETED" }
                #expect(try await status(slow, site) == "ACCEPTED")
                try await bot.wait("the state") {
                    try await site.list("/bots").first?["status"] as? String == "FLATTENED"
                }
                try await bot.wait("the gate") { bot.state == "FLATTENED refused" }
                #expect(try await site.list("/instances").first?["state_cause"] as? String == "COMMAND")
                try await bot.wait("the end of the slow command") { try await status(slow, site) == "COMPLETED" }
                let shown = try await site.ask("GET", "/commands/\(flatten)").json()
                let said = try #require(shown["acknowledgements"] as? [[String: Any]])
                #expect(said.map { $0["status"] as? String } == ["ACCEPTED", "COMPLETED"])
                #expect((said[1]["evidence"] as? [String: String]) == ["done": "FLATTEN"])
                // A restart repeats nothing, and keeps the state until START.
                bot.kill()
                try bot.start()
                let start = try await site.command("START").id
                try await bot.wait("START") { try await status(start, site) == "COMPLETED" }
                try await bot.wait("orders") { bot.state == "NORMAL permitted" }
                #expect(bot.effects.sorted() == ["FLATTEN", "SYNC_BALANCE"])
                // A command without a handler in the bot fails.
                let restart = try await site.command("RESTART").id
                try await bot.wait("RESTART") { try await status(restart, site) == "FAILED" }
            }
        }
    }

    @Test(arguments: SDK.here)
    func `D7 where agents need tokens, one without is rejected and one with its own is accepted`(_ sdk: SDK)
        async throws
    {
        try await Site.with(1, settings: ["AGENT_AUTH": "required"]) { site in
            let issued = try await site.ask("POST", "/instances/i1/tokens", "{}").json()
            let secret = try #require(issued["token"] as? String, "\(issued)")
            let settings = ["CONTROL_PLANE_URL": url(site), "DEADMAN_TIMEOUT_SECONDS": "1"]
            try await Bot.with(sdk, [settings, settings.merging(["AGENT_TOKEN": secret]) { $1 }]) { bots, _ in
                try bots[0].start()
                try await bots[0].wait("the switch") { bots[0].state == "SAFE_MODE refused" }
                #expect(try await site.list("/bots").isEmpty)
                try bots[1].start()
                try await bots[1].wait("registration") { try await !site.list("/bots").isEmpty }
                let flatten = try await site.command("FLATTEN").id
                try await bots[1].wait("FLATTEN") { try await status(flatten, site) == "COMPLETED" }
            }
        }
    }

    @Test(arguments: SDK.here)
    func `D8 an enrolled instance needs no other setting, whichever SDK enrolled it, and rotates its credential`(
        _ sdk: SDK
    ) async throws {
        try await Site.with(1, settings: ["AGENT_AUTH": "required"]) { site in
            let code = try await site.ask("POST", "/enrolment-codes", #"{"bot_ids":["b1"]}"#).json()
            let secret = try #require(code["code"] as? String, "\(code)")
            try await Bot.with(sdk, [["CONTROL_PLANE_URL": url(site)]]) { bots, folder in
                let data = folder.appending(path: "0/data")
                // The other SDK enrolls, where there is one: both use the same file.
                let other = SDK.here.first { $0 != sdk } ?? sdk
                #expect(try other.enroll([url(site), secret], in: data) == 0)
                #expect(try other.enroll([url(site), secret], in: data) == 0)
                #expect(try sdk.enroll([url(site), secret], in: folder.appending(path: "elsewhere")) == 2)
                let file = data.appending(path: "i1/credential.json")
                let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                let first = try #require(try stored(file)["token"] as? String)
                try put(#"{"token":"\#(first)","rotate_at":0}"#, file)
                try bots[0].start()
                try await bots[0].wait("registration") { try await !site.list("/bots").isEmpty }
                try await bots[0].wait("rotation") { try stored(file)["token"] as? String != first }
                let flatten = try await site.command("FLATTEN").id
                try await bots[0].wait("FLATTEN") { try await status(flatten, site) == "COMPLETED" }
                #expect(try await site.list("/enrolment-codes").first?["used"] as? Int == 1)
            }
        }
    }

    private func stored(_ file: URL) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: try Data(contentsOf: file)) as? [String: Any])
    }

    private func status(_ id: String, _ site: Site) async throws -> String {
        try await site.ask("GET", "/commands/\(id)").json()["status"] as? String ?? ""
    }

    // MARK: - The example

    @Test func `the example bot trades on paper, obeys commands and ends in order`() async throws {
        try await Site.with(1) { site in
            let folder = FileManager.default.temporaryDirectory.appending(path: "example-\(UUID())")
            defer { try? FileManager.default.removeItem(at: folder) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
                .deletingLastPathComponent().appending(path: "example-bot")
            process.environment = [
                "CONTROL_PLANE_URL": url(site), "INSTANCE_ID": "i1", "BOT_ID": "b1", "EXCHANGE": "binance",
                "SYMBOL": "BTCUSDT", "AGENT_DATA_DIR": folder.path, "PAPER_STEP_SECONDS": "0.02",
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer { process.terminate() }
            try await Self.wait { try await number(site, "/analytics/net-pnl", "fees") > 0 }
            try await Self.wait { try await number(site, "/analytics/execution-quality", "samples") > 3 }
            let flatten = try await site.command("FLATTEN").id
            try await Self.wait { try await status(flatten, site) == "COMPLETED" }
            try await Self.wait { try await number(site, "/portfolio/exposure", "total_gross_exposure") == 0 }
            let acknowledged = try await site.ask("GET", "/commands/\(flatten)").json()["acknowledgements"]
            let evidence = try #require((acknowledged as? [[String: Any]])?.last?["evidence"] as? [String: String])
            #expect(evidence["residual"] == "0")
            process.terminate()
            try await Self.wait { !process.isRunning }
            #expect(process.terminationStatus == 0)
            #expect(try await site.list("/bots").first?["status"] as? String == "STOPPED")
        }
    }

    private func number(_ site: Site, _ path: String, _ member: String) async throws -> Double {
        (try await site.ask("GET", path).json()[member] as? NSNumber)?.doubleValue ?? -1
    }

    private static func wait(until condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: - H50

    @Test(arguments: SDK.here)
    func `H50 if an instance has two processes, the older one stops sending orders`(_ sdk: SDK) async throws {
        try await Site.with(1) { site in
            let settings = ["CONTROL_PLANE_URL": url(site)]
            try await Bot.with(sdk, [settings, settings]) { bots, _ in
                try bots[0].start()
                try await bots[0].wait("permission") { bots[0].state == "NORMAL permitted" }
                try await bots[0].wait("registration") { try await !site.list("/bots").isEmpty }
                try bots[1].start()
                try await bots[0].wait("the lease") { bots[0].state == "SAFE_MODE refused" }
                let flatten = try await site.command("FLATTEN").id
                try await bots[1].wait("FLATTEN") { try await status(flatten, site) == "COMPLETED" }
                #expect(bots[0].effects == [])
                #expect(bots[1].effects == ["FLATTEN"])
            }
        }
    }

    // MARK: - H23

    /// The number of rounds in every run; set `KILL_ROUNDS` for more.
    private static let rounds = ProcessInfo.processInfo.environment["KILL_ROUNDS"].flatMap(Int.init) ?? 12

    @Test(arguments: SDK.here)
    func `H23 a bot that is killed around the effect carries nothing out twice`(_ sdk: SDK) async throws {
        try await Site.with(1) { site in
            let settings = ["CONTROL_PLANE_URL": url(site), "HANDLER_SECONDS": "0.03"]
            try await Bot.with(sdk, [settings]) { bots, _ in
                let bot = bots[0]
                var outcomes: [String: Int] = [:]
                try bot.start()
                try await bot.wait("registration") { try await !site.list("/bots").isEmpty }
                for round in 0..<Self.rounds {
                    let id = try await site.command("SYNC_BALANCE", ttl: 300).id
                    try await bot.wait("the effect of round \(round)") { bot.effects(of: id) > 0 }
                    // From right after the effect to a while after the acknowledgement.
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...45)))
                    bot.kill()
                    try bot.start()
                    try await bot.wait("the acknowledgement of round \(round)") {
                        ["COMPLETED", "FAILED"].contains(try await status(id, site))
                    }
                    let shown = try await site.ask("GET", "/commands/\(id)").json()
                    let last = try #require((shown["acknowledgements"] as? [[String: Any]])?.last)
                    let reason = (last["reason"] as? String)?.split(separator: ":").first.map(String.init)
                    outcomes[reason ?? "COMPLETED", default: 0] += 1
                    #expect(bot.effects(of: id) == 1)
                }
                #expect(Set(outcomes.keys).isSubset(of: ["COMPLETED", "UNKNOWN_OUTCOME"]))
                if ProcessInfo.processInfo.environment["KILL_ROUNDS"] != nil { print("\(sdk): \(outcomes)") }
            }
        }
    }
}
