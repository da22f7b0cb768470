import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Wrong clocks, several processes for one instance, instances that are lost and return.
@Suite struct ClockTests {
    private func alerts(_ source: String, in fleet: Fleet) async throws(Problem) -> [Alert] {
        switch try await fleet.api.listAlerts(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let page): return page.items.filter { $0.source == source }
        }
    }

    private func check(in fleet: Fleet) async throws(Problem) -> Int {
        let input = CheckHeartbeats.Input(staleAfterSeconds: 90, principal: fleet.operatorPrincipal)
        switch try await fleet.api.checkHeartbeats(input) {
        case .ok(let check): return check.alertsCreated
        }
    }

    @Test func `a slow clock causes at most one loss, then a warning, and the instance counts as running`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat(at: .now.adding(seconds: -300))
            #expect(try await check(in: fleet) == 1)
            for beat in 1...3 {
                try await fleet.beat(at: .now.adding(seconds: -300), version: "1.\(beat)")
                #expect(try await check(in: fleet) == 0)
            }
            #expect(try await alerts("heartbeat_monitor", in: fleet).map(\.status) == [.resolved])
            let warning = try #require(try await alerts("clock_skew", in: fleet).first)
            #expect(warning.severity == .warning)
            #expect(warning.message == "The clock of instance i1 is 300 seconds behind")
            let bot = try #require(try await fleet.bots().items.first)
            #expect(bot.version == "1.3")
            #expect(bot.lastSeen == bot.lastReceivedAt)
            // The clock is corrected.
            try await fleet.beat(version: "1.4")
            #expect(try await alerts("clock_skew", in: fleet).map(\.status) == [.resolved])
            #expect(try await fleet.bots().items.first?.version == "1.4")
        }
    }

    @Test func `a bot that does not respond has an alert until it does, also after a person resolved it`() async throws
    {
        try await Fleet.with { fleet in
            func beat(_ state: AgentState) async throws(Problem) {
                let heartbeat = Heartbeat(
                    instanceID: "i1",
                    botID: "b1",
                    runtimeMode: .live,
                    exchange: "binance",
                    symbol: "BTCUSDT",
                    version: "1.0",
                    timestamp: .now,
                    metadata: JSONObject { $0.member("bot_failure", "timed out") },
                    state: state
                )
                _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
            }
            try await beat(.normal)
            #expect(try await alerts("bot_monitor", in: fleet) == [])
            try await beat(.unresponsive)
            try await beat(.unresponsive)
            let alert = try #require(try await alerts("bot_monitor", in: fleet).first)
            #expect(alert.severity == .critical)
            #expect(alert.message == "The bot of instance i1 does not respond to its agent")
            #expect(alert.metadata.description == #"{"bot_id": "b1", "reason": "timed out"}"#)
            let queued = "SELECT count(*)::text FROM notifications WHERE alert_id = '\(alert.alertID.text)'"
            #expect(try await fleet.text(queued) == "1")
            let input = ResolveAlert.Input(alertID: alert.alertID, principal: fleet.operatorPrincipal)
            _ = try await fleet.api.resolveAlert(input)
            try await beat(.unresponsive)
            #expect(try await alerts("bot_monitor", in: fleet).map(\.status).count { $0 == .open } == 1)
            try await beat(.safeMode)
            #expect(try await alerts("bot_monitor", in: fleet).allSatisfy { $0.status == .resolved })
        }
    }

    @Test func `a fast clock hides nothing`() async throws {
        try await Fleet.with { fleet in
            for _ in 1...3 { try await fleet.beat(at: .now.adding(seconds: 31_536_000)) }
            let warning = try #require(try await alerts("clock_skew", in: fleet).first)
            #expect(warning.message == "The clock of instance i1 is 31536000 seconds ahead")
            _ = try await fleet.database.run(
                Query(sql: "UPDATE instance_live SET last_seen = last_seen - interval '91 s'")
            )
            #expect(try await check(in: fleet) == 1)
        }
    }

    @Test func `a repeated packet does not indicate a wrong clock`() async throws {
        try await Fleet.with { fleet in
            let old = Timestamp.now.adding(seconds: -200)
            for _ in 1...5 { try await fleet.beat(at: old) }
            #expect(try await alerts("clock_skew", in: fleet) == [])
            #expect(try await check(in: fleet) == 1)
        }
    }

    @Test func `heartbeats in any order leave the values of the newest one`() async throws {
        var configuration = API.Configuration()
        // On a busy machine the last of them arrive long after their times, which must not look like a wrong clock.
        configuration.policy.clockToleranceSeconds = 3_600
        try await Fleet.with(configuration) { fleet in
            let start = Timestamp.now.adding(seconds: -9)
            let beats = (1...200).map { ($0, start.microsecondsSinceEpoch + Int64($0) * 40_000) }
            var random = SplitMix()
            for (number, time) in beats.shuffled(using: &random) {
                try await fleet.beat(at: Timestamp(microsecondsSinceEpoch: time), version: "v\(number)")
            }
            let bot = try #require(try await fleet.bots().items.first)
            #expect(bot.version == "v200")
            #expect(bot.lastSeen?.microsecondsSinceEpoch == beats[199].1)
        }
    }

    @Test func `if two processes report for one instance, the last one owns it`() async throws {
        try await Fleet.with { fleet in
            func beat(_ boot: String?, _ version: String) async throws(Problem) {
                var heartbeat = Heartbeat(
                    instanceID: "i1",
                    botID: "b1",
                    runtimeMode: .live,
                    exchange: "binance",
                    symbol: "BTCUSDT",
                    version: version,
                    timestamp: .now
                )
                heartbeat.bootID = boot
                _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
            }
            try await beat("first", "1")
            try await beat("first", "2")
            try await beat("second", "3")
            let lost = await #expect(throws: Problem.self) { try await beat("first", "4") }
            #expect(lost?.status == 409)
            #expect(lost?.code == "LEASE_LOST")
            try await beat("second", "5")
            #expect(try await fleet.bots().items.first?.version == "5")
            // A process without a boot id cannot be newer than one that reports.
            let unnamed = await #expect(throws: Problem.self) { try await beat(nil, "6") }
            #expect(unnamed?.code == "LEASE_LOST")
            #expect(try await fleet.audit().first?.action == "HEARTBEAT")
        }
    }

    @Test(arguments: [
        (AgentState?.none, InstanceStatus.running, InstanceStatus.lost), (.normal, .running, .lost),
        (.degraded, .degraded, .lost), (.safeMode, .safeMode, .lost), (.flattened, .flattened, .lost),
        (.stopped, .stopped, .stopped),
    ])
    func `an instance has the status that it reports, until it is silent without having stopped`(
        state: AgentState?,
        alive: InstanceStatus,
        silent: InstanceStatus
    ) async throws {
        try await Fleet.with { fleet in
            var heartbeat = Heartbeat(
                instanceID: "i1",
                botID: "b1",
                runtimeMode: .live,
                exchange: "binance",
                symbol: "BTCUSDT",
                version: "1",
                timestamp: .now
            )
            heartbeat.state = state
            _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
            #expect(try await fleet.bots().items.first?.status == alive)
            _ = try await fleet.database.run(Query(sql: "UPDATE instance_live SET last_seen = now() - interval '91 s'"))
            #expect(try await fleet.bots().items.first?.status == silent)
            #expect(try await check(in: fleet) == (silent == .lost ? 1 : 0))
        }
    }

    @Test func `an instance that is lost three times in a quarter of an hour is flapping`() async throws {
        try await Fleet.with { fleet in
            for round in 1...4 {
                try await fleet.beat()
                _ = try await fleet.database.run(
                    Query(
                        sql:
                            "UPDATE instance_live SET last_seen = now() - interval '100 s', sent_at = now() - interval '100 s'"
                    )
                )
                #expect(try await check(in: fleet) == 1, "round \(round)")
            }
            let flapping = try await alerts("flapping", in: fleet)
            #expect(flapping.map(\.occurrences) == [2])
            #expect(flapping.first?.message == "Instance i1 is flapping: lost 3 times within 15 min")
            // Notifications: two losses, and the flapping.
            let count = Query(sql: "UPDATE notifications SET title = title")
            #expect(try await fleet.database.run(count) == 3)
            try await fleet.beat()
            try await fleet.api.runScheduledChecks()
            #expect(try await alerts("flapping", in: fleet).map(\.status) == [.open])
            // A quarter of an hour later.
            _ = try await fleet.database.run(
                Query(
                    sql:
                        "UPDATE alerts SET last_at = last_at - interval '16 min', resolved_at = resolved_at - interval '16 min'"
                )
            )
            try await fleet.api.runScheduledChecks()
            #expect(try await alerts("flapping", in: fleet).map(\.status) == [.resolved])
        }
    }
}
