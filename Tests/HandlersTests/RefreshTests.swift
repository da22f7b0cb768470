import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Heartbeats with unchanged content take a shorter path, which must lose nothing.
@Suite struct RefreshTests {
    private func beat(
        _ fleet: Fleet,
        boot: String = "first",
        bot: String = "b1",
        late seconds: Int64 = 0
    ) async throws(Problem) {
        var heartbeat = Heartbeat(
            instanceID: "i1",
            botID: bot,
            runtimeMode: .live,
            exchange: "binance",
            symbol: "BTCUSDT",
            version: "1",
            timestamp: Timestamp.now.adding(seconds: -seconds)
        )
        heartbeat.bootID = boot
        _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
    }

    private func alerts(_ fleet: Fleet) async throws -> [String] {
        try await fleet.database.run(
            Query(
                Statement(name: "statuses", parameterTypes: [], sql: "SELECT status FROM alerts ORDER BY first_at"),
                bind: { _ in },
                read: { (rows) throws(PostgresError) in try rows.many { (row) throws(PostgresError) in try row.read(0) }
                }
            )
        )
    }

    @Test func `the second of two equal heartbeats takes one statement, and updates the time`() async throws {
        try await Fleet.with { fleet in
            try await beat(fleet, late: 5)
            let first = try await fleet.bots().items.first?.lastSeen
            let rows = fleet.database.statistics.batchRows
            try await beat(fleet)
            #expect(fleet.database.statistics.batchRows == rows + 1)
            let second = try await fleet.bots().items.first?.lastSeen
            #expect(try #require(second) > #require(first))
            // A late one changes nothing backwards.
            try await beat(fleet, late: 3)
            #expect(try await fleet.bots().items.first?.lastSeen == second)
        }
    }

    @Test func `a lost instance is back with an unchanged heartbeat, and can be lost again`() async throws {
        try await Fleet.with { fleet in
            for _ in 1...2 {
                for _ in 1...3 { try await beat(fleet) }
                _ = try await fleet.database.run(
                    Query(sql: "UPDATE instance_live SET last_seen = last_seen - interval '2 min'")
                )
                try await fleet.api.runScheduledChecks()
                #expect(try await alerts(fleet).last == "OPEN")
                try await beat(fleet)
                #expect(try await alerts(fleet).last == "RESOLVED")
            }
            #expect(try await alerts(fleet) == ["RESOLVED", "RESOLVED"])
        }
    }

    @Test func `an alert that a heartbeat did not see is resolved by the next check`() async throws {
        try await Fleet.with { fleet in
            try await beat(fleet)
            _ = try await fleet.database.run(
                Query(
                    sql: """
                        INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, last_at)
                        VALUES ('heartbeat_monitor', 'CRITICAL', 'instance', 'i1', '', '{}', now() - interval '1 min')
                        """
                )
            )
            try await fleet.api.runScheduledChecks()
            #expect(try await alerts(fleet) == ["RESOLVED"])
        }
    }

    @Test func `an older process learns that it no longer owns the instance, even if the newer one's clock is slow`()
        async throws
    {
        try await Fleet.with { fleet in
            for _ in 1...2 { try await beat(fleet) }
            try await beat(fleet, boot: "second", late: 5)
            let lost = await #expect(throws: Problem.self) { try await beat(fleet) }
            #expect(lost?.code == "LEASE_LOST")
            for _ in 1...2 { try await beat(fleet, boot: "second") }
            let again = await #expect(throws: Problem.self) { try await beat(fleet) }
            #expect(again?.code == "LEASE_LOST")
        }
    }

    @Test func `a moved instance must name its new bot`() async throws {
        try await Fleet.with { fleet in
            for _ in 1...2 { try await beat(fleet) }
            _ = try await fleet.database.run(
                Query(sql: "INSERT INTO bots (bot_id, name, strategy_name) VALUES ('b2', '', '')")
            )
            _ = try await fleet.database.run(Query(sql: "UPDATE instances SET bot_id = 'b2'"))
            let foreign = await #expect(throws: Problem.self) { try await beat(fleet) }
            #expect(foreign?.code == "INSTANCE_OF_ANOTHER_BOT")
            try await beat(fleet, bot: "b2")
        }
    }

    @Test func `an array uses the short path where possible, and returns a result for each element`() async throws {
        try await Fleet.with { fleet in
            try await beat(fleet)
            let text = { (id: String, bot: String) in
                #"{"instance_id":"\#(id)","bot_id":"\#(bot)","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT","#
                    + #""version":"1","timestamp":"\#(Timestamp.now)","boot_id":"first"}"#
            }
            let array = try [text("i1", "b1"), text("i2", "b1"), text("i1", "b9")].map {
                try JSONObject(json: Array($0.utf8))
            }
            let receipt =
                switch try await fleet.api.postHeartbeat(.init(body: .array(array))) {
                case .accepted(let receipt): receipt
                }
            #expect(receipt.items?.map(\.status) == [.accepted, .accepted, .rejected])
            #expect(receipt.items?.last?.code == .instanceOfAnotherBot)
            #expect(try await fleet.bots().items.map(\.instanceID) == ["i1", "i2"])
        }
    }
}
