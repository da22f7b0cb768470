import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Which process owns an instance.
@Suite struct LeaseHTTPTests {
    private func beat(_ boot: String?, _ mode: String = "LIVE", on server: RunningServer) async throws -> String {
        let plain = RunningServer.heartbeat(at: Site.time(0)).replacing("LIVE", with: mode)
        let body = boot.map { plain.dropLast() + #","boot_id":"\#($0)"}"# } ?? plain
        let response = try await server.post("/ingest/heartbeat", body)
        return try response.json()["code"] as? String ?? "\(response.status)"
    }

    @Test func `a heartbeat without a boot is rejected while a process with one reports`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
                defer { database.close() }
                // A script that names no boot, alone, then a process, and the script again.
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat("first", on: server) == "202")
                #expect(try await beat(nil, on: server) == "LEASE_LOST")
                #expect(try await beat(nil, "PAPER", on: server) == "LEASE_LOST")
                #expect(try await beat("first", on: server) == "202")
                let instance = try await server.get("/instances?instance_id=i1").json()["items"] as? [[String: Any]]
                #expect(instance?.first?["runtime_mode"] as? String == "LIVE")
                // The process has ended: the script owns the instance until another process starts.
                let silence = "UPDATE instance_live SET last_received_at = now() - interval '91 s', fingerprint = NULL"
                _ = try await database.run(Query(sql: silence))
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat(nil, on: server) == "202")
                #expect(try await beat(nil, "PAPER", on: server) == "202")
                #expect(try await beat("second", on: server) == "202")
                #expect(try await beat("first", on: server) == "LEASE_LOST")
                #expect(try await beat(nil, on: server) == "LEASE_LOST")
            }
        }
    }

    @Test(arguments: ["open", "required"])
    func `only the identity of an instance takes over its lease`(authentication: String) async throws {
        try await Registry.with(["AGENT_AUTH": authentication]) { registry in
            let anonymous = authentication == "open" ? "LEASE_LOST" : "UNAUTHORIZED"
            if authentication == "open" { #expect(try await registry.beat("i1", nil, boot: "zero") == "202") }
            let code = try await registry.code("{}")
            _ = try await registry.enroll("i1", "one", with: code.secret)
            let other = try await registry.token("i1")
            #expect(try await registry.beat("i1", "one", boot: "first") == "202")
            for _ in 0..<2 {
                #expect(try await registry.beat("i1", nil) == anonymous)
                #expect(try await registry.beat("i1", nil, boot: "stranger") == anonymous)
                #expect(try await registry.beat("i1", nil, boot: "first") == anonymous)
                #expect(try await registry.beat("i1", other) == "LEASE_LOST")
                #expect(try await registry.beat("i1", other, boot: "rival") == "LEASE_LOST")
            }
            // The refused processes hold nothing: the agent continues, also under its next secret and as its next process.
            #expect(try await registry.beat("i1", "one", boot: "first") == "202")
            #expect(try await registry.rotate("one", to: "two").status == 201)
            #expect(try await registry.beat("i1", "two", boot: "first") == "202")
            #expect(try await registry.beat("i1", "two", boot: "second") == "202")
            #expect(try await registry.beat("i1", "one", boot: "first") == "LEASE_LOST")
            // Silence, a loss and a retirement do not end its claim.
            try await registry.sql(
                "UPDATE instance_live SET last_received_at = now() - interval '2 h', last_seen = now() - interval '2 h', fingerprint = NULL"
            )
            #expect(try await registry.beat("i1", nil) == anonymous)
            #expect(try await registry.beat("i1", nil, boot: "stranger") == anonymous)
            let retired = try await registry.server.post(
                "/instances/i1/retire",
                #"{"reason":"moved"}"#,
                token: RunningServer.token
            )
            #expect(retired.status == 200, "\(retired.body)")
            #expect(try await registry.beat("i1", nil, boot: "stranger") == anonymous)
            #expect(try await registry.server.get("/instances?instance_id=i1").json()["total"] as? Int == 0)
            #expect(try await registry.beat("i1", "two", boot: "second") == "202")
            // The other token that an admin issued takes over from an agent that has stopped.
            #expect(try await registry.beat("i1", "two", boot: "second", state: "STOPPED") == "202")
            #expect(try await registry.beat("i1", other, boot: "rival") == "202")
            #expect(try await registry.beat("i1", "two", boot: "third") == "LEASE_LOST")
            // Revoked, any agent may take the instance over.
            try await registry.revoke("i1")
            #expect(try await registry.beat("i1", nil, boot: "free") == (authentication == "open" ? "202" : anonymous))
        }
    }

    @Test func `a token is checked where none is required`() async throws {
        try await Registry.with([:]) { registry in
            #expect(try await registry.beat("i1", nil) == "202")
            #expect(try await registry.beat("i1", "unknown") == "UNAUTHORIZED")
            #expect(try await registry.beat("i1", RunningServer.token) == "UNAUTHORIZED")
            let token = try await registry.token("i2")
            #expect(try await registry.beat("i1", token) == "TOKEN_OF_ANOTHER_INSTANCE")
            #expect(try await registry.beat("i2", token) == "202")
            let path = "/instances/i1/commands/pending"
            let foreign = try await registry.server.api.send("GET", path, headers: ["X-Agent-Token": token])
            #expect(foreign.status == 403)
            #expect(try await registry.server.api.send("GET", path).status == 200)
        }
    }
}
