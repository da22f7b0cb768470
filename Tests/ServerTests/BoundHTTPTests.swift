import Foundation
import TestSupport
import Testing

@testable import Server

/// Limits over HTTP.
@Suite struct BoundHTTPTests {
    private func count(_ filter: String, on server: RunningServer) async throws -> Int? {
        try await server.get("/audit/logs?\(filter)").json()["total"] as? Int
    }

    @Test func `an anonymous flood of new instances ends in 429, and known instances and metrics keep working`()
        async throws
    {
        try await RunningServer.with(settings: ["REGISTRATIONS_PER_HOUR": "20"]) { server in
            try await server.waitUntilReady()
            var statuses: [Int: Int] = [:]
            for index in 0..<60 {
                let answer = try await server.post("/ingest/heartbeat", RunningServer.heartbeat("i\(index)"))
                statuses[answer.status, default: 0] += 1
                if answer.status == 429 {
                    #expect(answer.headers["retry-after"] == "60")
                    #expect(try answer.json()["code"] as? String == "TOO_MANY_REGISTRATIONS")
                }
            }
            #expect(statuses == [202: 20, 429: 40])
            let known = try await server.post(
                "/ingest/heartbeat",
                RunningServer.heartbeat("i3", at: "2026-03-01T09:30:10Z")
            )
            #expect(known.status == 202)
            #expect(try await server.get("/bots").json()["total"] as? Int == 20)
            let alerts = try await server.get("/alerts").json()["items"] as? [[String: Any]]
            #expect(
                alerts?.compactMap { $0["source"] as? String }.filter { $0 == "registrations" } == ["registrations"]
            )
            let metrics = try await server.get("/metrics", token: nil).body
            #expect(metrics.contains("flotilla_bound_refusals_total{bound=\"registrations\"} 40\n"))
            #expect(metrics.contains("flotilla_registrations 20\n"))
            #expect(metrics.contains("flotilla_registrations_limit 20\n"))
        }
    }

    @Test func `endless invalid tokens write few audit entries, and a rejected principal has an entry per rejection`()
        async throws
    {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let viewer = try await server.post(
                "/tokens",
                #"{"name":"eve","roles":["viewer"]}"#,
                token: RunningServer.token
            )
            let token = try #require(try viewer.json()["token"] as? String)
            for _ in 0..<10 { #expect(try await server.get("/tokens", token: token).status == 403) }
            for _ in 0..<80 { _ = try await server.get("/bots", token: "wrong") }
            // Entries are written in the background.
            let deadline = ContinuousClock.now + .seconds(30)
            while try await count("actor=eve", on: server) != 10, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await count("actor=eve", on: server) == 10)
            #expect(try await count("action=AUTHENTICATE", on: server) == 1)
        }
    }

    @Test func `a stream beyond a token's limit gets 429`() async throws {
        try await RunningServer.with(settings: ["EVENT_STREAMS_PER_PRINCIPAL": "2"]) { server in
            try await server.waitUntilReady()
            let api = server.api
            let streams = (0..<2).map { _ in
                Task { try await api.send("GET", "/events", headers: ["X-Admin-Token": RunningServer.token]) { _ in } }
            }
            let deadline = ContinuousClock.now + .seconds(30)
            while try await !server.get("/metrics", token: nil).body.contains("flotilla_event_streams 2\n"),
                ContinuousClock.now < deadline
            { try await Task.sleep(for: .milliseconds(50)) }
            let answer = try await server.get("/events")
            #expect(answer.status == 429)
            #expect(answer.headers["retry-after"] == "15")
            #expect(try answer.json()["code"] as? String == "TOO_MANY_STREAMS")
            for stream in streams { stream.cancel() }
        }
    }

    @Test func `evidence beyond its limit gets 413, and the acknowledgement without it is stored`() async throws {
        try await RunningServer.with(settings: ["EVIDENCE_MAX_BYTES": "1024"]) { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let id = "0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"
            let command = #"{"command_id":"\#(id)","instance_id":"i1","command_type":"FLATTEN","ttl_seconds":60}"#
            #expect(try await server.post("/commands", command, token: RunningServer.token).status == 202)
            func acknowledge(_ evidence: String) async throws -> RawHTTP.Response {
                let body = """
                    {"command_id":"\(id)","instance_id":"i1","status":"COMPLETED","timestamp":"2026-03-01T09:30:00Z"\(evidence)}
                    """
                return try await server.post("/commands/\(id)/ack", body)
            }
            let long = String(repeating: "x", count: 1_024)
            let refusal = try await acknowledge(#","evidence":{"x":"\#(long)"}"#)
            #expect(refusal.status == 413)
            #expect(try refusal.json()["code"] as? String == "EVIDENCE_TOO_LARGE")
            #expect(try await acknowledge("").json()["command_status"] as? String == "COMPLETED")
        }
    }
}
