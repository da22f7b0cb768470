import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Server

/// The part of a response that has arrived.
private final class Seen: Sendable {
    let text = Mutex("")
}

/// Events and metrics over HTTP.
@Suite struct EventHTTPTests {
    @Test func `events are sent as they happen, until the server ends`() async throws {
        try await TestDatabase.empty { url in
            let stream = try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                let seen = Seen()
                let api = server.api
                let stream = Task {
                    try await api.send("GET", "/events", headers: ["X-Admin-Token": RunningServer.token]) { bytes in
                        seen.text.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
                    }
                }
                func wait(for text: String) async throws {
                    // An event waits for older transactions in the whole cluster, which all tests share.
                    let end = ContinuousClock.now + .seconds(60)
                    while !seen.text.withLock({ $0.contains(text) }) {
                        try #require(ContinuousClock.now < end, "no \(text)")
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                try await wait(for: "event: tick\n")
                _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
                try await wait(for: #""key":"i1""#)
                #expect(try await server.get("/events", token: nil).status == 401)
                let wrong = ["X-Admin-Token": RunningServer.token, "Last-Event-ID": "yesterday"]
                #expect(try await server.api.send("GET", "/events", headers: wrong).status == 422)
                return stream
            }
            let answer = try await stream.value
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/event-stream")
            #expect(answer.body.contains("event: instance\nid: "))
        }
    }

    @Test func `metrics contain request counts and the state of the fleet`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            _ = try await server.post("/ingest/heartbeat", "{}")
            _ = try await server.get("/bots", token: nil)
            _ = try await server.post("/alerts/heartbeat-check", "", token: RunningServer.token)
            let answer = try await server.get("/metrics", token: nil)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/plain")
            let lines = Set(answer.body.split(separator: "\n").map(String.init))
            for line in [
                #"flotilla_requests_total{operation="postHeartbeat",status="202"} 1"#,
                #"flotilla_requests_total{operation="postHeartbeat",status="422"} 1"#,
                #"flotilla_requests_total{operation="listBots",status="401"} 1"#,
                #"flotilla_request_seconds_bucket{operation="postHeartbeat",le="+Inf"} 2"#,
                "flotilla_batch_rows_total 2", "flotilla_database_up 1", #"flotilla_alerts{severity="CRITICAL"} 1"#,
                #"flotilla_instances{runtime_mode="LIVE"} 1"#, "# TYPE flotilla_request_seconds histogram",
            ] { #expect(lines.contains(line), "\(line)") }
        }
    }
}
