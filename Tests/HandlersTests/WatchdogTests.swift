import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Lost instances are always found.
@Suite struct WatchdogTests {
    /// Adds instances that were last seen the given number of seconds ago.
    private func add(_ count: Int, seen seconds: Int, to fleet: Fleet) async throws {
        try await fleet.beat("first", bot: "b")
        for sql in [
            "INSERT INTO instances (instance_id, bot_id) SELECT 'i' || n, 'b' FROM generate_series(1, \(count)) AS n",
            """
            INSERT INTO instance_live (instance_id, runtime_mode, exchange, symbol, version, metadata, last_seen, last_received_at, fingerprint)
            SELECT 'i' || n, 'LIVE', 'x', 's', '1', '{}', now() - \(seconds) * interval '1 second', now(), n
            FROM generate_series(1, \(count)) AS n
            """,
        ] { _ = try await fleet.database.run(Query(sql: sql)) }
    }

    private func count(_ rows: String, in fleet: Fleet) async throws -> Int {
        try #require(Int(try await fleet.text("SELECT count(*)::text FROM \(rows)")))
    }

    @Test func `each of 2,500 instances that are lost at once has one alert, event and notification`() async throws {
        try await Fleet.with { fleet in
            try await add(2_500, seen: 91, to: fleet)
            try await fleet.api.runScheduledChecks()
            try await fleet.api.runScheduledChecks()
            let lost = "source = 'heartbeat_monitor' AND status = 'OPEN' AND is_audited AND last_queued_at IS NOT NULL"
            #expect(try await count("alerts WHERE \(lost)", in: fleet) == 2_500)
            #expect(try await count("alerts", in: fleet) == 2_500)
            #expect(try await count("notifications", in: fleet) == 2_500)
            #expect(try await count("event_log WHERE kind = 'alert'", in: fleet) == 2_500)
            #expect(try await count("instance_live WHERE fingerprint IS NULL", in: fleet) == 2_500)
            #expect(try await count("audit_log WHERE action = 'HEARTBEAT_LOSS_ALERT'", in: fleet) == 2_500)
        }
    }

    @Test func `a part that cannot be checked stops neither other parts nor other jobs`() async throws {
        try await Fleet.with { fleet in
            try await add(1_500, seen: 91, to: fleet)
            try await fleet.command(to: "first")
            let expire = "UPDATE commands SET issued_at = '2026-01-01', expires_at = now() - interval '1 second'"
            _ = try await fleet.database.run(Query(sql: expire))
            let hold = """
                DO $$ BEGIN
                    PERFORM FROM instance_live WHERE instance_id = 'i999' FOR UPDATE;
                    PERFORM pg_sleep(15);
                END $$
                """
            async let held = fleet.database.transaction(within: .seconds(60)) { try $0.run(Query(sql: hold)) }
            while try await count("pg_stat_activity WHERE wait_event = 'PgSleep'", in: fleet) == 0 {}
            await #expect(throws: Problem.self) { try await fleet.api.runScheduledChecks() }
            // In the order of the ids, i999 is the last but one of the second part.
            #expect(try await count("alerts WHERE source = 'heartbeat_monitor'", in: fleet) == 999)
            #expect(try await count("commands WHERE status = 'EXPIRED'", in: fleet) == 1)
            #expect(try await count("jobs WHERE name = 'check_heartbeats'", in: fleet) == 0)
            #expect(try await count("jobs WHERE name = 'expire_commands'", in: fleet) == 1)
            #expect(!(await fleet.api.areChecksDone()))
            _ = try await held
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts WHERE source = 'heartbeat_monitor'", in: fleet) == 1_500)
            #expect(await fleet.api.areChecksDone())
        }
    }

    @Test func `checks that succeeded more than a minute ago do not count`() async throws {
        try await Fleet.with { fleet in
            try await fleet.api.runScheduledChecks()
            #expect(await fleet.api.areChecksDone())
            let age = "UPDATE jobs SET succeeded_at = now() - interval '61 seconds' WHERE name = 'check_heartbeats'"
            _ = try await fleet.database.run(Query(sql: age))
            #expect(!(await fleet.api.areChecksDone()))
        }
    }

    @Test func `silence counts only while a server was listening`() async throws {
        try await Fleet.with { fleet in
            try await add(1, seen: 130, to: fleet)
            let note = Query(sql: "SELECT note_listening()")
            // No server for 45 s, and 130 s without a heartbeat: 85 s of silence.
            _ = try await fleet.database.run(Query(sql: "UPDATE listening SET until = now() - interval '45 seconds'"))
            _ = try await fleet.database.run(note)
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 0)
            #expect(try await fleet.bots().items.first { $0.instanceID == "i1" }?.status == .running)
            // Ten seconds later, it is lost.
            let later = "UPDATE instance_live SET last_seen = last_seen - interval '10 seconds' WHERE symbol = 's'"
            _ = try await fleet.database.run(Query(sql: later))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 1)
            #expect(try await fleet.bots().items.first { $0.instanceID == "i1" }?.status == .lost)
        }
    }

    @Test func `silence does not count while no server listens`() async throws {
        try await Fleet.with { fleet in
            try await add(1, seen: 130, to: fleet)
            // The last server listened 45 s ago: 85 s of silence.
            _ = try await fleet.database.run(Query(sql: "UPDATE listening SET until = now() - interval '45 seconds'"))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 0)
            _ = try await fleet.database.run(Query(sql: "UPDATE listening SET until = now() - interval '35 seconds'"))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 1)
        }
    }

    @Test func `servers that stop repeatedly do not hide a lost instance`() async throws {
        try await Fleet.with { fleet in
            try await add(1, seen: 400, to: fleet)
            // In each 40 s, the servers listened for 20 s: for 200 of the last 400 s.
            let gaps = """
                INSERT INTO listening_gaps
                SELECT now() - n * interval '40 seconds', now() - n * interval '40 seconds' + interval '20 seconds'
                FROM generate_series(1, 10) AS n
                """
            _ = try await fleet.database.run(Query(sql: gaps))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 1)
        }
    }

    @Test func `a failover to a standby whose clock is ahead loses no instance`() async throws {
        try await Fleet.with { fleet in
            // The clock of the promoted standby is ten minutes ahead: all times of the old primary are that much older.
            try await add(3, seen: 605, to: fleet)
            let ahead = "UPDATE listening SET until = now() - interval '602 seconds'"
            _ = try await fleet.database.run(Query(sql: ahead))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 0)
            _ = try await fleet.database.run(Query(sql: "SELECT note_listening()"))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts", in: fleet) == 0)
            // 90 seconds after the promotion without a heartbeat, they are.
            let later = "UPDATE instance_live SET last_seen = last_seen - interval '90 seconds' WHERE symbol = 's'"
            _ = try await fleet.database.run(Query(sql: later))
            try await fleet.api.runScheduledChecks()
            #expect(try await count("alerts WHERE source = 'heartbeat_monitor'", in: fleet) == 3)
        }
    }

    @Test func `an instance seen in the future counts as seen now`() async throws {
        try await Fleet.with { fleet in
            try await add(3, seen: -3_600, to: fleet)
            _ = try await fleet.database.run(Query(sql: "UPDATE listening SET until = now() + interval '1 hour'"))
            _ = try await fleet.database.run(Query(sql: "SELECT note_listening()"))
            #expect(try await count("instance_live WHERE last_seen > now() OR sent_at > now()", in: fleet) == 0)
            #expect(try await count("listening_gaps", in: fleet) == 0)
        }
    }

    @Test func `heartbeats, deliveries and the audit log lock alerts in the same order`() async throws {
        var random = SplitMix()
        try await Fleet.with { fleet in
            try await add(400, seen: 300, to: fleet)
            for _ in 0..<5 {
                let silent = """
                    UPDATE instance_live SET last_seen = now() - interval '300 seconds', sent_at = last_seen
                    WHERE instance_id <> 'first'
                    """
                _ = try await fleet.database.run(Query(sql: silent))
                try await fleet.api.runScheduledChecks()
                _ = try await fleet.database.run(Query(sql: "UPDATE alerts SET is_audited = false"))
                let ids = (1...400).map { "i\($0)" }.shuffled(using: &random)
                async let audited: Void = fleet.api.runScheduledChecks()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for id in ids { group.addTask { try await fleet.beat(id, bot: "b", mode: .live) } }
                    try await group.waitForAll()
                }
                _ = try? await audited
            }
            #expect(
                try await count("alerts WHERE source = 'heartbeat_monitor' AND status <> 'RESOLVED'", in: fleet) == 0,
                "seed \(random)"
            )
            let deadlocks = "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()"
            #expect(try await fleet.text(deadlocks) == "0", "seed \(random)")
        }
    }
}
