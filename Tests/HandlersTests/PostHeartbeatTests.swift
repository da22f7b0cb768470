import ContractRuntime
import Generated
import Handlers
import TestSupport
import Testing

@Suite struct PostHeartbeatTests {
    @Test func `the first heartbeat registers the bot and the instance`() async throws {
        try await Fleet.with { fleet in
            let time = Timestamp.now.adding(seconds: -1)
            try await fleet.beat(at: time, mode: .live)
            let page = try await fleet.bots()
            #expect(page.total == 1)
            #expect(page.totalBots == 1)
            let bot = try #require(page.items.first)
            #expect(bot.botID == "b1")
            #expect(bot.name == "b1")
            #expect(bot.strategyName == "unknown")
            #expect(bot.instanceID == "i1")
            #expect(bot.runtimeMode == .live)
            #expect(bot.exchange == "binance")
            #expect(bot.symbol == "BTCUSDT")
            #expect(bot.version == "1.0")
            #expect(bot.status == .running)
            #expect(bot.lastSeen == time)
            #expect(try await fleet.audit() == [])
        }
    }

    @Test func `a change of any property is stored`() async throws {
        try await Fleet.with { fleet in
            var beat = Heartbeat(
                instanceID: "i1",
                botID: "b1",
                runtimeMode: .paper,
                exchange: "binance",
                symbol: "BTCUSDT",
                version: "1.0",
                timestamp: Timestamp.now.adding(seconds: -9)
            )
            _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(beat)))
            let changes: [(stored: String, change: (inout Heartbeat) -> Void)] = [
                ("runtime_mode = 'LIVE'", { $0.runtimeMode = .live }),
                ("exchange = 'kraken'", { $0.exchange = "kraken" }),
                ("symbol = 'ETHUSDT'", { $0.symbol = "ETHUSDT" }),
                ("version = '2.0'", { $0.version = "2.0" }),
                ("state = 'SAFE_MODE'", { $0.state = .safeMode }),
                (#"metadata = '{"a": 1}'"#, { $0.metadata = JSONObject { json in json.member("a", 1) } }),
            ]
            for (stored, change) in changes {
                change(&beat)
                beat.timestamp = beat.timestamp.adding(seconds: 1)
                _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(beat)))
                #expect(
                    try await fleet.text("SELECT count(*)::text FROM instance_live WHERE \(stored)") == "1",
                    "\(stored)"
                )
            }
        }
    }

    @Test func `500 concurrent first heartbeats create one row`() async throws {
        try await Fleet.with { fleet in
            let time = Timestamp.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        try await fleet.beat(at: time.adding(seconds: Int64(-index)), version: "1.\(index)")
                    }
                }
                try await group.waitForAll()
            }
            let page = try await fleet.bots()
            #expect(page.total == 1)
            #expect(page.items.first?.version == "1.0")
            #expect(page.items.first?.lastSeen == time)
        }
    }

    @Test func `with heartbeats in any order, the newest one is kept`() async throws {
        try await Fleet.with { fleet in
            let start = Timestamp.now.adding(seconds: -2_000)
            var random = SplitMix()
            for index in (0..<1_000).shuffled(using: &random) {
                try await fleet.beat(
                    at: start.adding(seconds: Int64(index)),
                    mode: index == 999 ? .live : .paper,
                    version: "1.\(index)"
                )
            }
            let bot = try #require(try await fleet.bots().items.first)
            #expect(bot.version == "1.999")
            #expect(bot.runtimeMode == .live)
            #expect(bot.lastSeen == start.adding(seconds: 999))
        }
    }

    @Test func `a late heartbeat changes nothing backwards and is still recorded`() async throws {
        try await Fleet.with { fleet in
            let time = Timestamp.now.adding(seconds: -5)
            try await fleet.beat(at: time, mode: .live, version: "2.0")
            let before = try #require(try await fleet.bots().items.first?.lastReceivedAt)
            try await fleet.beat(at: time.adding(seconds: -3_600), mode: .paper, version: "1.0")
            let bot = try #require(try await fleet.bots().items.first)
            #expect(bot.lastSeen == time)
            #expect(bot.version == "2.0")
            #expect(bot.runtimeMode == .live)
            #expect(try #require(bot.lastReceivedAt) > before)
        }
    }

    @Test func `a future timestamp counts as the time of arrival`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat(at: .now.adding(seconds: 365 * 86_400))
            let bot = try #require(try await fleet.bots().items.first)
            #expect(bot.lastSeen == bot.lastReceivedAt)
            #expect(try #require(bot.lastSeen) < .now.adding(seconds: 1))
        }
    }

    @Test func `a first heartbeat with an old time is lost immediately`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat(at: .now.adding(seconds: -91))
            #expect(try await fleet.bots().items.first?.status == .lost)
        }
    }

    @Test func `an instance stays with its bot, and the attempt is audited`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat(bot: "b1", version: "1.0")
            let problem = await #expect(throws: Problem.self) { try await fleet.beat(bot: "b2", version: "9.9") }
            #expect(problem?.status == 409)
            #expect(problem?.code == "INSTANCE_OF_ANOTHER_BOT")
            let page = try await fleet.bots()
            #expect(page.items.map(\.botID) == ["b1"])
            #expect(page.items.first?.version == "1.0")
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "HEARTBEAT")
            #expect(entry.targetID == "i1")
            #expect(entry.result == .rejected)
        }
    }

    @Test func `concurrent registrations of many instances and bots do not conflict`() async throws {
        try await Fleet.with { fleet in
            var random = SplitMix()
            let order = (0..<300).shuffled(using: &random)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in order {
                    for _ in 0..<3 { group.addTask { try await fleet.beat("i\(index)", bot: "b\(index % 7)") } }
                }
                try await group.waitForAll()
            }
            let first = try await fleet.bots(pageSize: 200)
            #expect(first.items.count == 200)
            #expect(first.nextCursor != nil)
            let page = try await fleet.bots(page: 2, pageSize: 200)
            #expect(page.total == 300)
            #expect(page.totalBots == 7)
            #expect(page.items.count == 100)
        }
    }

    @Test func `metadata that PostgreSQL cannot store is rejected alone`() async throws {
        try await Fleet.with { fleet in
            // The reader would reject it, so it is built by hand.
            let poison = JSONObject { json in json.raw(#""n":1e200000"#.utf8) }
            let heartbeat = Heartbeat(
                instanceID: "poison",
                botID: "b",
                runtimeMode: .paper,
                exchange: "x",
                symbol: "s",
                version: "1",
                timestamp: .now,
                metadata: poison
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 { group.addTask { try await fleet.beat("i\(index)") } }
                let problem = await #expect(throws: Problem.self) {
                    try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
                }
                #expect(problem?.status == 422)
                try await group.waitForAll()
            }
            #expect(try await fleet.bots().total == 50)
        }
    }
}
