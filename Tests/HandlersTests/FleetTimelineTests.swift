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
}
