import ContractRuntime
import TestSupport
import Testing

@testable import Server

/// The watchdog as operators see it.
@Suite struct WatchdogHTTPTests {
    private func wait(_ limit: Duration = .seconds(120), until holds: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while !(try await holds()) {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test func `while checks succeed the watchdog is requested, and metrics contain their times`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            let settings = ["WATCHDOG_URL": url, "CHECK_INTERVAL_SECONDS": "1"]
            try await RunningServer.with(settings: settings) { server in
                try await wait { target.attempts > 0 }
                let metrics = try await server.get("/metrics").body
                for job in [
                    "check_heartbeats", "resolve_losses", "expire_commands", "start_runs", "check_runs",
                    "resolve_alerts",
                    "audit_alerts", "seal_audit", "anchor_audit", "remove_expired",
                ] {
                    let sample = #"flotilla_job_success_age_seconds{name="\#(job)"} "#
                    #expect(metrics.contains(sample))
                }
                let offset = try #require(metrics.firstMatch(of: /\nflotilla_clock_offset_seconds (-?[0-9.e-]+)\n/))
                // Server and database share a clock here.
                let seconds = try #require(Double(offset.1))
                #expect(abs(seconds) < 1)
            }
        }
    }

    @Test func `without checks the watchdog is not requested`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            try await RunningServer.with(settings: ["WATCHDOG_URL": url]) { server in
                try await server.waitUntilReady()
                try await Task.sleep(for: .seconds(5))
                #expect(target.attempts == 0)
            }
        }
    }

    @Test func `a fleet that is lost at once sends a few messages, and its return resolves every alert`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            let settings = ["DISCORD_WEBHOOK_URL": url, "CHECK_INTERVAL_SECONDS": "1"]
            try await RunningServer.with(settings: settings) { server in
                try await server.waitUntilReady()
                func report(at time: String) async throws {
                    for part in 0..<5 {
                        let beats = (0..<500).map { RunningServer.heartbeat("i\(part * 500 + $0)", at: time) }
                        let answer = try await server.post("/ingest/heartbeat", "[\(beats.joined(separator: ","))]")
                        #expect(answer.status == 202)
                    }
                }
                try await report(at: "2026-03-01T09:30:00Z")
                try await wait {
                    try await server.get("/alerts?status=OPEN&page_size=1").json()["total"] as? Int == 2_500
                }
                try await wait {
                    try await server.get("/notifications?status=SENT&page_size=1").json()["total"] as? Int == 2_500
                }
                #expect(target.messages.count <= 5)
                try await report(at: "\(Timestamp.now)")
                try await wait {
                    try await server.get("/alerts?status=RESOLVED&page_size=1").json()["total"] as? Int == 2_500
                }
                #expect(try await server.get("/alerts?status=OPEN&page_size=1").json()["total"] as? Int == 0)
            }
        }
    }
}
