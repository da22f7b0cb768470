import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// The delivery of notifications, with any behaviour of the target.
@Suite struct NotificationTests {
    private let token = RunningServer.token

    /// Waits until `condition` holds; the limit only catches a hang.
    private func wait(_ condition: () async throws -> Bool) async throws -> Bool {
        let limit = ContinuousClock.now + .seconds(180)
        while ContinuousClock.now < limit {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func deliveries(_ status: String, on server: RunningServer) async throws -> Int {
        try #require(try await server.get("/notifications?status=\(status)").json()["total"] as? Int)
    }

    private func lose(_ instances: [String], on server: RunningServer) async throws {
        for id in instances {
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat(id)).status == 202)
        }
    }

    @Test(arguments: ["INFO", "WARNING", "CRITICAL", "AUDIT"])
    func `each severity goes to its target, and a test returns the result`(severity: String) async throws {
        let (own, other) = (FakeTarget(), FakeTarget())
        try await own.listen { ownURL in
            try await other.listen { otherURL in
                let settings = ["DISCORD_WEBHOOK_URL": otherURL, "DISCORD_WEBHOOK_URL_\(severity)": ownURL]
                try await RunningServer.with(settings: settings) { server in
                    try await server.waitUntilReady()
                    let answer = try await server.post("/notifications/test?severity=\(severity)", "", token: token)
                    #expect(answer.status == 200)
                    #expect(try answer.json()["notified"] as? Bool == true)
                    let lines = try #require(own.messages.first).split(separator: "\n")
                    #expect(lines.count == 3)
                    #expect(lines[0] == "[\(severity)] Test Notification")
                    #expect(lines[1] == "A test requested by admin-token-user")
                    #expect(lines[2].wholeMatch(of: /time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z/) != nil)
                    #expect(other.messages.isEmpty)
                    #expect(try await server.post("/notifications/test?severity=LOUD", "", token: token).status == 422)
                }
            }
        }
    }

    @Test func `a loss sends one notification, and the audit log records it`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            try await RunningServer.with(settings: ["DISCORD_WEBHOOK_URL": url]) { server in
                try await server.waitUntilReady()
                try await lose(["i1"], on: server)
                // Twenty concurrent checks.
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let path = "/alerts/heartbeat-check?stale_after_seconds=60"
                            return try await server.post(path, "", token: token).json()["alerts_created"] as? Int ?? -1
                        }
                    }
                    let created = try await group.reduce(0, +)
                    #expect(created == 1)
                }
                #expect(target.messages.count == 1)
                let message = try #require(target.messages.first)
                #expect(message.hasPrefix("[CRITICAL] Heartbeat Lost\nHeartbeat lost for instance i1\ntime="))
                let entries = try #require(try await server.get("/audit/logs").json()["items"] as? [[String: Any]])
                let losses = entries.filter { $0["action"] as? String == "HEARTBEAT_LOSS_ALERT" }
                #expect(losses.count == 1)
                #expect((losses.first?["details"] as? [String: Any])?["notified"] as? Bool == true)
                let alert = (try await server.get("/alerts").json()["items"] as? [[String: Any]])?.first
                #expect(alert?["last_notified_at"] is String)
            }
        }
    }

    @Test(arguments: ["hangs", "refuses", "fails"])
    func `a failing target delays nothing else, and nothing is lost`(fault: String) async throws {
        let target = FakeTarget { attempt in
            if attempt > 2 { return .takes }
            switch fault {
            case "hangs": return .hangs(.seconds(30))
            case "refuses": return .answers(429, headers: ["Retry-After": "1"])
            default: return .answers(500)
            }
        }
        try await target.listen { url in
            try await RunningServer.with(settings: ["DISCORD_WEBHOOK_URL": url]) { server in
                try await server.waitUntilReady()
                try await lose(["i1"], on: server)
                let start = ContinuousClock.now
                let check = try await server.post("/alerts/heartbeat-check?stale_after_seconds=60", "", token: token)
                // 1.8 s for the target, which hangs for 30 s; the rest of the limit is for a busy machine.
                #expect(ContinuousClock.now - start < .seconds(25))
                #expect(check.status == 200)
                let entry = (try await server.get("/audit/logs").json()["items"] as? [[String: Any]])?.first
                #expect((entry?["details"] as? [String: Any])?["notified"] as? Bool == false)
                #expect(try await deliveries("PENDING", on: server) == 1)
                #expect(try await wait { target.messages.count == 1 })
                #expect(try await wait { try await deliveries("SENT", on: server) == 1 })
                // Nothing is delivered twice.
                try await Task.sleep(for: .milliseconds(1_200))
                #expect(target.messages.count == 1)
            }
        }
    }

    @Test func `a storm is one message of each kind, and none of it is lost`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            try await RunningServer.with(settings: ["DISCORD_WEBHOOK_URL": url]) { server in
                try await server.waitUntilReady()
                let ids = (0..<1_000).map { "i\($0)" }
                for chunk in stride(from: 0, to: 1_000, by: 50) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for id in ids[chunk..<chunk + 50] { group.addTask { try await lose([id], on: server) } }
                        try await group.waitForAll()
                    }
                }
                // A busy machine may not finish the check within the time of one request.
                let path = "/alerts/heartbeat-check?stale_after_seconds=60"
                #expect(try await wait { try await server.post(path, "", token: token).status == 200 })
                #expect(try await wait { try await deliveries("SENT", on: server) == 1_000 })
                // On a busy machine, they arrive in several messages.
                #expect((1...5).contains(target.messages.count))
                let counts = target.messages.map { message in
                    message.firstMatch(of: #/^\[CRITICAL\] Heartbeat Lost \((\d+)\)\n/#).flatMap { Int($0.1) } ?? 1
                }
                #expect(counts.reduce(0, +) == 1_000)
                let message = try #require(target.messages.max { $0.utf16.count < $1.utf16.count })
                #expect(message.contains("more: see GET /alerts"))
                #expect(message.utf16.count <= 2_000)
            }
        }
    }

    @Test func `an instance's name mentions no user in a chat`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            try await RunningServer.with(settings: ["DISCORD_WEBHOOK_URL": url]) { server in
                try await server.waitUntilReady()
                try await lose(["@everyone", "[x](http://a)"], on: server)
                _ = try await server.post("/alerts/heartbeat-check?stale_after_seconds=60", "", token: token)
                #expect(target.messages.count == 1)
                let message = try #require(target.messages.first)
                // A message without `allowed_mentions: {parse: []}` would start differently.
                #expect(message.hasPrefix("[CRITICAL] Heartbeat Lost (2)\n"))
                #expect(message.contains("instance @\u{200B}everyone"))
                #expect(message.contains(#"instance \[x\](http://a)"#))
            }
        }
    }

    @Test func `a silenced alert is raised and sends no notification`() async throws {
        let target = FakeTarget()
        try await target.listen { url in
            try await RunningServer.with(settings: ["WEBHOOK_URL": url]) { server in
                try await server.waitUntilReady()
                let report = """
                    {"instance_id":"i1","exchange_equity":1000,"internal_equity":950,"difference":50,"status":"MISMATCH",\
                    "timestamp":"2026-03-01T09:30:00Z"}
                    """
                let agreement = report.replacing("950", with: "1000").replacing(":50", with: ":0").replacing(
                    "MISMATCH",
                    with: "OK"
                )
                try await lose(["i1"], on: server)
                _ = try await server.post("/reconcile", report, token: token)
                // A second mismatch is counted; the next notification follows after an hour at the earliest.
                _ = try await server.post("/reconcile", report, token: token)
                #expect(target.messages == ["Reconciliation mismatch for i1: exchange=1000, internal=950, diff=50"])
                let alert = (try await server.get("/alerts").json()["items"] as? [[String: Any]])?.first
                #expect(alert?["occurrences"] as? Int == 2)
                let id = try #require(alert?["alert_id"] as? String)
                let path = "/alerts/\(id)/silence"
                let silenced = try await server.post(path, #"{"duration_seconds":600,"reason":"known"}"#, token: token)
                #expect(try silenced.json()["silenced_until"] is String)
                #expect(try await server.post("/reconcile", agreement, token: token).status == 202)
                _ = try await server.post("/reconcile", report, token: token)
                #expect(try await server.get("/alerts?status=OPEN").json()["total"] as? Int == 1)
                #expect(target.messages.count == 1)
                _ = try await server.post(path, #"{"duration_seconds":0}"#, token: token)
                _ = try await server.post("/reconcile", agreement, token: token)
                _ = try await server.post("/reconcile", report, token: token)
                #expect(target.messages.count == 2)
            }
        }
    }

    @Test func `redirects are not followed, and a dead delivery can be replayed`() async throws {
        let elsewhere = FakeTarget()
        try await elsewhere.listen { elsewhereURL in
            let target = FakeTarget { $0 == 1 ? .answers(307, headers: ["Location": elsewhereURL]) : .takes }
            try await target.listen { url in
                try await TestDatabase.empty { database in
                    try await RunningServer.with(databaseURL: database, settings: ["DISCORD_WEBHOOK_URL": url]) {
                        server in
                        try await server.waitUntilReady()
                        let test = try await server.post("/notifications/test?severity=INFO", "", token: token).json()
                        #expect(test["notified"] as? Bool == false)
                        let item = try #require((test["items"] as? [[String: Any]])?.first)
                        #expect(item["last_error"] as? String == "HTTP status 307")
                        #expect(elsewhere.attempts == 0)
                        let id = try #require(item["delivery_id"] as? String)
                        #expect(try await server.post("/notifications/\(id)/replay", "", token: token).status == 409)
                        try await kill(id, at: database)
                        #expect(try await deliveries("DEAD", on: server) == 1)
                        #expect(try await server.post("/notifications/\(id)/replay", "", token: token).status == 200)
                        #expect(try await wait { target.messages.count == 1 })
                    }
                }
            }
        }
    }

    /// Twelve attempts take most of an hour.
    private func kill(_ delivery: String, at url: String) async throws {
        let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
        defer { database.close() }
        _ = try await database.run(
            Query(sql: "UPDATE notification_deliveries SET status = 'DEAD' WHERE delivery_id = '\(delivery)'")
        )
    }
}
