import ContractRuntime
import Foundation
import Generated
import Postgres
import TestSupport
import Testing

@testable import Handlers

/// Alerts about operations whose requests fail.
@Suite struct RequestWatchTests {
    private func failing(_ counts: [(total: Int, failed: Int)]) -> [RequestWatch.Failing] {
        var watch = RequestWatch()
        return counts.flatMap { total, failed in
            watch.failing([.postPosition: RequestCount(total: total, failed: failed)])
        }
    }

    @Test(
        arguments: [
            // Too few failures, and too small a share.
            (total: 4, failed: 4, severity: nil), (total: 1_000, failed: 49, severity: nil),
            (total: 5, failed: 5, severity: .critical), (total: 100, failed: 5, severity: .warning),
            (total: 100, failed: 19, severity: .warning), (total: 100, failed: 20, severity: .critical),
        ] as [(total: Int, failed: Int, severity: Severity?)]
    )
    func `failures count from five and a twentieth of the requests on`(
        total: Int,
        failed: Int,
        severity: Severity?
    ) {
        #expect(failing([(total, failed)]).map(\.severity) == [severity].compactMap(\.self))
    }

    @Test func `only what failed since the previous look counts`() {
        let found = failing([(100, 0), (200, 50), (300, 50), (310, 60)])
        #expect(found.map(\.count) == [RequestCount(total: 100, failed: 50), RequestCount(total: 10, failed: 10)])
    }

    @Test func `an operation that fails has an alert until it has succeeded for five minutes`() async throws {
        try await Fleet.with { fleet in
            var watch = RequestWatch()
            func look() async throws {
                for operation in watch.failing(fleet.api.telemetry.requestCounts) {
                    try await fleet.api.raise(operation)
                }
            }
            func answer(_ status: Int, _ count: Int) {
                for _ in 0..<count {
                    fleet.api.telemetry.recordRequest(.postPosition, status: status, duration: .milliseconds(1))
                }
            }
            let alert = """
                SELECT string_agg(concat_ws(' ', severity, status, target_id, occurrences, message), ', ') FROM alerts
                """
            answer(202, 20)
            answer(500, 10)
            answer(503, 10)
            try await look()
            let first = "postPosition: 10 of 40 requests failed in 60 s"
            #expect(try await fleet.text(alert) == "CRITICAL OPEN postPosition 1 \(first)")
            #expect(try await fleet.text("SELECT title FROM notifications") == "Requests Failing")
            answer(202, 90)
            answer(500, 10)
            try await look()
            let second = "postPosition: 10 of 100 requests failed in 60 s"
            #expect(try await fleet.text(alert) == "CRITICAL OPEN postPosition 2 \(second)")
            try await look()
            try await fleet.api.runScheduledChecks()
            #expect(try await fleet.text(alert) == "CRITICAL OPEN postPosition 2 \(second)")
            let later = "UPDATE alerts SET last_at = last_at - interval '301 seconds'"
            _ = try await fleet.database.run(Query(sql: later))
            try await fleet.api.runScheduledChecks()
            #expect(try await fleet.text(alert) == "CRITICAL RESOLVED postPosition 2 \(second)")
        }
    }

    @Test func `the reports of agents are counted by server, and unknown without a recent count`() async throws {
        try await Fleet.with { fleet in
            func ingest() async throws -> ServiceHealthIngest? {
                try await fleet.api.getServiceHealth(.init(principal: fleet.operatorPrincipal)).body.ingest
            }
            #expect(try await ingest() == nil)
            var watch = RequestWatch()
            let requests = [
                Route.postPosition: RequestCount(total: 7, failed: 2),
                .postHeartbeat: RequestCount(total: 100, failed: 0),
                .getFleet: RequestCount(total: 50, failed: 50),
            ]
            _ = watch.failing(requests)
            #expect(watch.ingest == RequestCount(total: 107, failed: 2))
            _ = watch.failing(requests)
            #expect(watch.ingest == RequestCount(total: 0, failed: 0))
            let servers = [UUID(), UUID()]
            try await fleet.api.note(RequestCount(total: 10, failed: 0), of: servers[0])
            try await fleet.api.note(RequestCount(total: 107, failed: 2), of: servers[0])
            try await fleet.api.note(RequestCount(total: 3, failed: 1), of: servers[1])
            let found = try #require(try await ingest())
            #expect((found.servers, found.requests, found.failures) == (2, 110, 3))
            let age = """
                WITH aged AS (UPDATE ingest_counts SET noted_at = now() - interval '151 seconds' RETURNING 1)
                SELECT count(*)::text FROM aged
                """
            #expect(try await fleet.text(age) == "2")
            #expect(try await ingest() == nil)
        }
    }

    @Test func `pending, repeated and failed deliveries are counted`() async throws {
        try await Fleet.with { fleet in
            func deliveries() async throws -> ServiceHealthDeliveries {
                try await fleet.api.getServiceHealth(.init(principal: fleet.operatorPrincipal)).body.deliveries
            }
            #expect(try await deliveries() == ServiceHealthDeliveries(pending: 0, retrying: 0, failed: 0))
            let add = """
                WITH notification AS (
                    INSERT INTO notifications (severity, title, message) VALUES ('INFO', 't', 'm') RETURNING notification_id
                ),
                added AS (
                    INSERT INTO notification_deliveries (notification_id, target, status, last_error)
                    SELECT notification_id, 'webhook', status, error
                    FROM notification
                    CROSS JOIN (VALUES ('PENDING', NULL), ('PENDING', '503'), ('DEAD', '503'), ('SENT', NULL)) AS state (status, error)
                    RETURNING 1
                )
                SELECT count(*)::text FROM added
                """
            let added = try await fleet.text(add)
            #expect(added == "4")
            #expect(try await deliveries() == ServiceHealthDeliveries(pending: 2, retrying: 1, failed: 1))
        }
    }
}
