import ContractRuntime
import Foundation
import Generated
import Handlers
import Testing

@Suite struct FleetTimelineTests {
    private func timeline(
        _ mode: RuntimeMode? = nil,
        from: Timestamp? = nil,
        limit: Int = 12,
        in fleet: Fleet
    ) async throws -> FleetTimeline {
        try await fleet.api.getFleetTimeline(.init(mode: mode, from: from, limit: limit)).body
    }

    private func texts(_ timeline: FleetTimeline) -> [String] {
        timeline.events.map { "\($0.kind.rawValue) \($0.text) \($0.targetID ?? "—")" }
    }

    @Test func `commands, bulks and severe alerts of a mode are listed, newest first`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", mode: .live)
            try await fleet.beat("i3", mode: .paper)
            let bulk = UUID()
            for (place, instance) in ["i1", "i1", "i2", "i3"].enumerated() {
                let id = UUID()
                try await fleet.command(id, .safeMode, to: instance)
                let isMember = place == 1 || place == 2
                let member = isMember ? "bulk_id = '\(bulk)', " : ""
                _ = try await fleet.text(
                    "UPDATE commands SET \(member)created_at = now() - interval '\(9 - place) min' WHERE command_id = '\(id)' RETURNING 'x'"
                )
            }
            let alerts: [(String, String, String, String)] = [
                ("books", "CRITICAL", "instance", "i1"), ("books", "WARNING", "instance", "i2"),
                ("heartbeat_monitor", "WARNING", "instance", "i3"), ("requests", "CRITICAL", "operation", "getFleet"),
            ]
            for (place, alert) in alerts.enumerated() {
                _ = try await fleet.text(
                    """
                    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata, first_at)
                    VALUES ('\(alert.0)', '\(alert.1)', '\(alert.2)', '\(alert.3)', 'm\(place)', '{}', now() - interval '\(4 - place) min')
                    RETURNING 'x'
                    """
                )
            }
            let live = try await timeline(.live, in: fleet)
            #expect(
                texts(live) == ["ALERT m3 getFleet", "ALERT m0 i1", "BULK SAFE_MODE —", "COMMAND SAFE_MODE i1"]
            )
            #expect(live.events[2].id == bulk)
            #expect((live.total, live.totalIsExact) == (4, true))
            #expect(
                texts(try await timeline(in: fleet)) == [
                    "ALERT m3 getFleet", "ALERT m2 i3", "ALERT m0 i1", "COMMAND SAFE_MODE i3", "BULK SAFE_MODE —",
                    "COMMAND SAFE_MODE i1",
                ]
            )
            let two = try await timeline(limit: 2, in: fleet)
            #expect(texts(two) == ["ALERT m3 getFleet", "ALERT m2 i3"])
            #expect((two.total, two.totalIsExact) == (6, true))
            let recent = try await timeline(from: .now.adding(seconds: -150), in: fleet)
            #expect(texts(recent) == ["ALERT m3 getFleet", "ALERT m2 i3"])
            let none = try await timeline(from: .now.adding(seconds: 60), in: fleet)
            #expect((none.total, none.totalIsExact, none.events.count) == (0, true, 0))
        }
    }

    @Test func `the total is a lower bound if there are more commands than are considered`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", mode: .live)
            let id = UUID()
            try await fleet.command(id, .safeMode, to: "i1")
            _ = try await fleet.text(
                """
                WITH copied AS (
                    INSERT INTO commands (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)
                    SELECT gen_random_uuid(), instance_id, command_type, issued_at, expires_at, payload, 'EXPIRED', created_by
                    FROM commands, generate_series(1, 1000) RETURNING 1
                )
                SELECT count(*)::text FROM copied
                """
            )
            let timeline = try await timeline(.live, in: fleet)
            #expect((timeline.total, timeline.totalIsExact, timeline.events.count) == (1_000, false, 12))
        }
    }

    private func beat(
        _ instance: String,
        _ version: String,
        strategy: String? = nil,
        hash: String? = nil,
        exchange: String = "binance",
        mode: RuntimeMode = .live,
        in fleet: Fleet
    ) async throws {
        let heartbeat = Heartbeat(
            instanceID: instance,
            botID: "b-\(instance)",
            runtimeMode: mode,
            exchange: exchange,
            symbol: "BTCUSDT",
            version: version,
            timestamp: .now,
            strategyVersion: strategy,
            strategyHash: hash
        )
        _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(heartbeat)))
    }

    @Test func `other versions of a bot and its strategy are a deployment, those of several instances are one`()
        async throws
    {
        try await Fleet.with { fleet in
            for instance in ["i1", "i2", "i3"] {
                try await beat(instance, "1.0", strategy: "3", hash: "aaaa", in: fleet)
            }
            try await beat("i4", "1.0", mode: .paper, in: fleet)
            #expect(texts(try await timeline(in: fleet)) == [])
            for instance in ["i1", "i2"] { try await beat(instance, "1.1", strategy: "4", hash: "bbbb", in: fleet) }
            // The same content again, and a strategy that was not reported before.
            try await beat("i1", "1.1", strategy: "4", hash: "bbbb", in: fleet)
            try await beat("i4", "1.0", strategy: "4", hash: "bbbb", mode: .paper, in: fleet)
            let text = "DEPLOYMENT version 1.0 → 1.1, strategy 3 → 4 on 2 instances —"
            #expect(texts(try await timeline(in: fleet)) == [text])
            try await beat("i3", "1.0", strategy: "3", hash: "0123456789abcdef", in: fleet)
            try await beat("i4", "2.0", mode: .paper, in: fleet)
            let all = try await timeline(in: fleet)
            #expect(
                texts(all) == [
                    "DEPLOYMENT version 1.0 → 2.0 i4", "DEPLOYMENT strategy hash aaaa → 01234567 i3", text,
                ]
            )
            #expect(texts(try await timeline(.paper, in: fleet)) == ["DEPLOYMENT version 1.0 → 2.0 i4"])
            try await fleet.command(UUID(), .safeMode, to: "i3")
            let input = GetFleetTimeline.Input(instanceID: "i3", kind: .deployment)
            #expect(
                texts(try await fleet.api.getFleetTimeline(input).body) == [
                    "DEPLOYMENT strategy hash aaaa → 01234567 i3"
                ]
            )
            let one = GetFleetTimeline.Input(instanceID: "i3")
            #expect(texts(try await fleet.api.getFleetTimeline(one).body).first == "COMMAND SAFE_MODE i3")
        }
    }

    @Test func `spellings of an exchange are one exchange`() async throws {
        try await Fleet.with { fleet in
            for (instance, exchange) in [
                ("i1", "binance"), ("i2", "BINANCE"), ("i3", "Okx"), ("i4", "ÖKX"), ("i5", "öKX"),
            ] {
                try await beat(instance, "1", exchange: exchange, in: fleet)
                let position = PositionReport(
                    instanceID: instance,
                    symbol: "BTC",
                    netExposure: Decimal(1),
                    grossExposure: Decimal(2),
                    updatedAt: .now
                )
                _ = try await fleet.api.postPosition(.init(body: .positionReport(position)))
            }
            let groups = try await fleet.api.getFleet(.init(principal: fleet.operatorPrincipal)).body.groups
            #expect(groups.map { "\($0.exchange) \($0.instances)" } == ["BINANCE 2", "Okx 1", "ÖKX 1", "öKX 1"])
            let exposure = try await fleet.api.listExposureGroups(
                .init(groupBy: .exchange, exchange: "Binance", principal: fleet.operatorPrincipal)
            ).body
            #expect(exposure.items.map { "\($0.key ?? "") \($0.netExposure)" } == ["BINANCE 2"])
            let listed = try await fleet.api.listInstances(
                .init(exchange: "okX", principal: fleet.operatorPrincipal)
            ).body
            #expect(listed.items.map { "\($0.instanceID) \($0.exchange)" } == ["i3 Okx"])
        }
    }
}
