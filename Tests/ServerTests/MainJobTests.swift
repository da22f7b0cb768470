import Foundation
import TestSupport
import Testing

@testable import Server

/// The main tasks of agents and operators, over real HTTP.
@Suite struct MainJobTests {
    @Test func `agents report, and an operator sees the fleet and sends commands`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let accepted = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            #expect(accepted.status == 202)
            #expect(accepted.body == #"{"status":"accepted"}"#)
            let metric =
                #"{"instance_id":"i1","symbol":"BTC","metric_type":"equity","value":0.1,"timestamp":"2026-03-01T09:30:00Z"}"#
            #expect(try await server.post("/ingest/metrics", metric).status == 202)

            let bots = try await server.get("/bots")
            #expect(bots.status == 200)
            #expect(
                bots.body.contains(
                    #""bot_id":"b1","name":"b1","strategy_name":"unknown","instance_id":"i1","runtime_mode":"LIVE""#
                )
            )
            #expect(bots.body.contains(#""last_seen":"2026-03-01T09:30:00Z""#))

            let id = "0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"
            let command =
                #"{"command_id":"\#(id)","instance_id":"i1","command_type":"FLATTEN","issued_at":"2026-03-01T09:30:00Z","expires_at":"2126-03-01T09:30:00Z"}"#
            let created = try await server.post("/commands", command, token: RunningServer.token)
            #expect(created.status == 202)
            #expect(created.body.contains(#""payload":{},"status":"PENDING","created_by":"admin-token-user""#))
            for _ in 0..<2 {
                let pending = try await server.get("/instances/i1/commands/pending", token: nil)
                #expect(pending.status == 200)
                #expect(pending.body.hasPrefix("[{\"command_id\":\"\(id)\""))
            }
            let acknowledgement =
                #"{"command_id":"\#(id)","instance_id":"i1","status":"COMPLETED","timestamp":"2026-03-01T09:30:02Z"}"#
            let receipt = try await server.post("/commands/\(id)/ack", acknowledgement)
            #expect(receipt.status == 202)
            #expect(try receipt.json()["command_status"] as? String == "COMPLETED")
            #expect(try await server.get("/instances/i1/commands/pending", token: nil).body == "[]")
            let audit = try await server.get("/audit/logs")
            #expect(try audit.json()["total"] as? Int == 2)
            #expect(audit.body.contains("COMMAND_ACK") && audit.body.contains("COMMAND_CREATE"))
        }
    }

    @Test func `500 concurrent first heartbeats over HTTP get 202 and create one row`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<500 {
                    group.addTask { try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [202: 500])
            #expect(try await server.get("/bots").json()["total"] as? Int == 1)
        }
    }

    @Test func `a body with four mistakes gets one response that lists all four`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let body =
                #"{"instance_id":"","bot_id":"b1","runtime_mode":"SIM","exchange":"x","symbol":"s","version":1,"timestamp":"noon"}"#
            let response = try await server.post("/ingest/heartbeat", body)
            #expect(response.status == 422)
            #expect(response.headers["content-type"] == "application/problem+json")
            let problem = try response.json()
            #expect(problem["code"] as? String == "VALIDATION_FAILED")
            #expect(problem["request_id"] as? String == response.headers["x-request-id"])
            let errors = try #require(problem["errors"] as? [[String: String]])
            #expect(errors.compactMap { $0["pointer"] } == ["/instance_id", "/runtime_mode", "/version", "/timestamp"])
        }
    }

    @Test func `the contract is served in both forms`() async throws {
        try await RunningServer.with { server in
            let json = try await server.get("/openapi.json", token: nil)
            #expect(json.headers["content-type"] == "application/json")
            #expect(try json.json()["openapi"] as? String == "3.1.1")
            let yaml = try await server.get("/openapi.yaml", token: nil)
            #expect(yaml.headers["content-type"] == "application/yaml")
            #expect(yaml.body.hasPrefix("openapi: \"3.1.1\"\n"))
        }
    }
}
