import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Alerts over HTTP, and the scheduler of the checks.
@Suite struct AlertHTTPTests {
    private let token = RunningServer.token

    @Test func `a loss is found, acknowledged and resolved`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            // Its only heartbeat is old.
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            let check = try await server.post("/alerts/heartbeat-check?stale_after_seconds=60", "", token: token).json()
            #expect(check["stale_threshold_seconds"] as? Int == 60)
            #expect(check["stale_instances"] as? Int == 1)
            #expect(check["alerts_created"] as? Int == 1)
            let standard = try await server.post("/alerts/heartbeat-check", "", token: token).json()
            #expect(standard["stale_threshold_seconds"] as? Int == 90)
            let list = try await server.get("/alerts?status=OPEN&severity=CRITICAL").json()
            let id = try #require((list["items"] as? [[String: Any]])?.first?["alert_id"] as? String)
            #expect(try await server.post("/alerts/\(id)/ack", "", token: token).json()["status"] as? String == "ACKED")
            #expect(try await server.post("/alerts/\(id)/resolve", "", token: token).status == 200)
            #expect(try await server.post("/alerts/\(id)/resolve", "", token: token).status == 409)
            #expect(try await server.get("/alerts/\(id)").json()["resolved_by"] as? String == "admin-token-user")
            #expect(try await server.get("/alerts/\(UUID().uuidString)").status == 404)
        }
    }

    @Test(arguments: [
        "/alerts/heartbeat-check?stale_after_seconds=29", "/alerts/heartbeat-check?stale_after_seconds=3601",
        "/alerts/module-runs/stuck-check?stale_after_seconds=59",
        "/alerts/module-runs/stuck-check?stale_after_seconds=86401",
    ])
    func `bounds are those of the contract, and checks need a token`(path: String) async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.post(path, "", token: token).status == 422)
            #expect(try await server.post(path, "").status == 401)
        }
    }

    @Test func `comparisons are transferred exactly`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let report = """
                {"instance_id":"i1","exchange_equity":10250.75,"internal_equity":"10250.7","difference":0.05,"status":"MISMATCH",\
                "timestamp":"2026-03-01T09:30:00Z"}
                """
            let stored = try await server.post("/reconcile", report, token: token)
            #expect(stored.status == 202)
            #expect(stored.body.contains(#""exchange_equity":10250.75,"internal_equity":10250.7,"difference":0.05"#))
            #expect(try await server.get("/reconcile/results?status=MISMATCH").json()["total"] as? Int == 1)
            #expect(try await server.get("/reconcile/results?status=OK").json()["total"] as? Int == 0)
            #expect(try await server.get("/reconcile/results?status=FINE").status == 422)
            #expect(try await server.get("/alerts?target_id=i1").json()["total"] as? Int == 1)
        }
    }

    @Test func `the scheduler runs checks until it is stopped`() async throws {
        try await TestDatabase.migrated { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let database = Database(.init(url: url, connections: 2, deadline: .seconds(10)), logger: logger)
            defer { database.close() }
            let schema = SchemaState()
            schema.confirm(version: Migration.all.count)
            let api = API(database: database, schema: schema, logger: logger)
            for sql in [
                "INSERT INTO bots (bot_id, name, strategy_name) VALUES ('b', 'b', 'unknown')",
                "INSERT INTO instances (instance_id, bot_id) VALUES ('i', 'b')",
                "INSERT INTO instance_live VALUES ('i', 'LIVE', 'x', 's', '1', '{}', '2026-01-01', '2026-01-01')",
            ] { _ = try await database.run(Query(sql: sql)) }
            let scheduler = Scheduler(api: api, interval: .milliseconds(20), isNeeded: { true }, logger: logger)
            let running = Task { await scheduler.run(Job.checks) }
            let marked = Query(sql: "UPDATE alerts SET acked_by = 'test' WHERE status = 'OPEN'")
            while try await database.run(marked) == 0 { try await Task.sleep(for: .milliseconds(20)) }
            running.cancel()
            await running.value
        }
    }
}
