import ContractRuntime
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

import struct Foundation.UUID

/// Policy that is decided in Swift and followed by the database.
@Suite struct PolicyTests {
    private func lose(_ instance: String, in fleet: Fleet) async throws {
        try await fleet.beat(instance)
        let silent = """
            UPDATE instance_live
            SET last_seen = now() - interval '100 s', sent_at = now() - interval '100 s'
            WHERE instance_id = '\(instance)'
            """
        _ = try await fleet.database.run(Query(sql: silent))
        try await fleet.api.runScheduledChecks()
    }

    @Test func `titles, reminders and flapping are those of the servers`() async throws {
        var configuration = API.Configuration()
        configuration.policy.alertTitles["heartbeat_monitor"] = "Gone"
        configuration.policy.reminderSeconds = 60
        configuration.policy.flappingLosses = 2
        configuration.policy.flappingSeconds = 30
        try await Fleet.with(configuration) { fleet in
            try await lose("i1", in: fleet)
            try await lose("i1", in: fleet)
            let titles = "SELECT string_agg(title, ', ' ORDER BY created_at, title) FROM notifications"
            #expect(try await fleet.text(titles) == "Gone, Instance Flapping")
            // The losses of the last 30 seconds count.
            let age = "UPDATE alerts SET first_at = now() - interval '31 s', last_at = now() - interval '31 s'"
            _ = try await fleet.database.run(Query(sql: age))
            try await lose("i1", in: fleet)
            #expect(try await fleet.text(titles) == "Gone, Instance Flapping, Gone")
            // Raised again: the first is older than a minute.
            let raise = """
                UPDATE alerts
                SET occurrences = occurrences + 1, last_at = now(), last_queued_at = now() - interval '61 s'
                WHERE source = 'heartbeat_monitor' AND status = 'OPEN'
                """
            #expect(try await fleet.database.run(Query(sql: raise)) == 1)
            #expect(try await fleet.text(titles) == "Gone, Instance Flapping, Gone, Gone")
            _ = try await fleet.database.run(Query(sql: raise.replacing("61 s", with: "59 s")))
            #expect(try await fleet.text(titles) == "Gone, Instance Flapping, Gone, Gone")
        }
    }

    @Test func `a clock is wrong after the servers' number of heartbeats beyond their tolerance`() async throws {
        var configuration = API.Configuration()
        configuration.policy.clockToleranceSeconds = 40
        configuration.policy.skewedHeartbeats = 2
        try await Fleet.with(configuration) { fleet in
            let warnings = "SELECT count(*)::text FROM alerts WHERE source = 'clock_skew'"
            for beat in 1...4 { try await fleet.beat("near", at: .now.adding(seconds: -20), version: "\(beat)") }
            #expect(try await fleet.text(warnings) == "0")
            // Beyond the tolerance by nearly the same. Before the second heartbeat 0.5 s of variation are tolerated, then 5 s.
            for (known, lag, beats) in [
                (0, "45", "1"), (1, "45.4", "2"), (1, "45.6", "1"), (2, "49", "3"), (2, "51", "1"),
            ] {
                let skewed = "SELECT skewed_beats(\(lag), now(), \(known), 45, now() - interval '1 s')::text"
                #expect(try await fleet.text(skewed) == beats)
            }
            // A slow machine varies the lag.
            for beat in 1...10 {
                if try await fleet.text(warnings) == "1" { break }
                try await fleet.beat("far", at: .now.adding(seconds: -60), version: "\(beat)")
            }
            #expect(try await fleet.text(warnings) == "1")
            #expect(
                try await fleet.text("SELECT skewed_beats::text FROM instance_live WHERE instance_id = 'far'") == "2"
            )
        }
    }

    @Test func `a session without the servers' policy follows that of 1.2.0`() async throws {
        try await TestDatabase.migrated { (url) async throws in
            let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
            defer { database.close() }
            let fleet = Fleet(over: database)
            #expect(try await fleet.text("SELECT alert_title('heartbeat_monitor')") == "Heartbeat Lost")
            #expect(try await fleet.text("SELECT alert_title('audit_log')") == "Audit Log")
            #expect(try await fleet.text("SELECT skewed_beats(10, now(), 0, 0, now())::text") == "0")
            #expect(try await fleet.text("SELECT skewed_beats(10.1, now(), 0, 0, now())::text") == "1")
        }
    }

    @Test func `commands of earlier servers are classified alike`() async throws {
        var configuration = API.Configuration()
        configuration.needsApproval = true
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat("live", mode: .live)
            try await fleet.beat("paper", mode: .paper, hasToken: true)
            let payloads = [
                "{}", #"{"mode": "LIVE"}"#, #"{"mode": "live"}"#, #"{"mode": "PAPER"}"#, #"{"mode": null}"#,
                #"{"mode": 1}"#, #"{"runtime_mode": "Live"}"#, #"{"mode": {"mode": "LIVE"}}"#,
            ]
            for type in CommandType.allCases {
                for payload in payloads {
                    for instance in ["live", "paper"] {
                        let request = CommandRequest(
                            commandID: UUID(),
                            instanceID: instance,
                            commandType: type,
                            payload: try #require(JSONObject(payload)),
                            ttlSeconds: 600
                        )
                        _ = try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal))
                    }
                }
            }
            let different = """
                SELECT count(*) || ' of ' || (SELECT count(*) FROM commands)
                FROM commands
                JOIN instance_live USING (instance_id)
                WHERE is_critical <> coalesce(is_critical_command(command_type, payload), false)
                    OR (status = 'AWAITING_APPROVAL') <> coalesce(is_grave_command(command_type, payload, runtime_mode), false)
                """
            #expect(try await fleet.text(different) == "0 of 144")
            let earlier = """
                WITH stored AS (
                    INSERT INTO commands
                        (command_id, instance_id, command_type, issued_at, expires_at, payload, status, created_by)
                    SELECT gen_random_uuid(), 'live', type, now(), now() + interval '1 minute', '{}', 'PENDING', 'a'
                    FROM unnest(ARRAY ['STOP', 'SET_MODE']) AS type
                    RETURNING command_type, is_critical
                )
                SELECT string_agg(command_type || ' ' || is_critical, ', ' ORDER BY command_type) FROM stored
                """
            #expect(try await fleet.text(earlier) == "SET_MODE true, STOP true")
        }
    }
}
