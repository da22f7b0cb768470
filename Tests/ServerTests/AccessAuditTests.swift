import Foundation
import TestSupport
import Testing

@testable import Server

/// Every use and every refusal of access is in the audit log with its address, and a flood stays bounded.
@Suite struct AccessAuditTests {
    private static let proxied = ["TRUSTED_PROXIES": "127.0.0.1"]

    /// The entries of an action, newest first, as `actor result target address`.
    private func entries(_ action: String, on server: RunningServer) async throws -> [String] {
        let page = try await server.get("/audit/logs?action=\(action)&page_size=200").json()
        return try #require(page["items"] as? [[String: Any]]).map { item in
            let details = item["details"] as? [String: Any] ?? [:]
            return ["actor", "result", "target_id"].map { item[$0] as? String ?? "" }.joined(separator: " ")
                + " \(details["address"] as? String ?? "none")"
        }
    }

    private func issue(_ name: String, _ role: String, on server: RunningServer) async throws -> (
        id: String, token: String
    ) {
        let body = #"{"name":"\#(name)","roles":["\#(role)"]}"#
        let issued = try await server.post("/tokens", body, token: RunningServer.token).json()
        return (try #require(issued["token_id"] as? String), try #require(issued["token"] as? String))
    }

    @Test func `a login and a logout are audited with the session and the address`() async throws {
        try await RunningServer.with(settings: Self.proxied) { server in
            try await server.waitUntilReady()
            let eve = try await issue("eve", "viewer", on: server)
            let browser = try await Browser(server, token: eve.token)
            _ = try await browser.post("/logout", "", headers: ["X-Forwarded-For": "203.0.113.7"])
            let logins = try await entries("LOGIN", on: server)
            let logouts = try await entries("LOGOUT", on: server)
            #expect(logins.count == 1 && logouts.count == 1)
            let session = try #require(logins.first?.split(separator: " ").dropLast().last)
            #expect(session.utf8.count == 16)
            #expect(logins == ["eve SUCCESS \(session) 127.0.0.1"])
            #expect(logouts == ["eve SUCCESS \(session) 203.0.113.7"])
        }
    }

    @Test func `a flood of failed logins is an entry and a count`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                for number in 1...40 { _ = try await server.logIn("wrong-\(number)") }
                #expect(try await entries("AUTHENTICATE", on: server) == ["unknown REJECTED login 127.0.0.1"])
            }
            // The end of a server writes the counts.
            try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                let page = try await server.get("/audit/logs?action=AUTHENTICATE").json()
                let items = try #require(page["items"] as? [[String: Any]])
                #expect(items.map { ($0["details"] as? [String: Any])?["count"] as? Int } == [39, nil])
            }
        }
    }

    @Test func `what the dashboard denies is audited`() async throws {
        try await RunningServer.with(settings: Self.proxied) { server in
            try await server.waitUntilReady()
            let eve = try await issue("eve", "viewer", on: server)
            let browser = try await Browser(server, token: eve.token)
            let address = ["X-Forwarded-For": "203.0.113.7"]
            let form = "type=STOP&instance=i1&reason=because+of+it&ttl=60&preview=0-0"
            #expect(try await browser.post("/commands", form, headers: address).status == 403)
            #expect(try await browser.get("/api/tokens").status == 403)
            #expect(try await browser.post("/tokens/\(eve.id)/revoke", "").status == 403)
            let foreign = try await browser.post("/commands", "csrf=wrong&\(form)", headers: address)
            #expect(foreign.status == 403)
            let end = ContinuousClock.now + .seconds(60)
            var found: [String] = []
            // Denials are written in the background.
            while found.count < 4, ContinuousClock.now < end {
                found = try await entries("AUTHORIZE", on: server)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(found.contains("eve REJECTED createCommands 203.0.113.7"))
            #expect(found.contains("eve REJECTED listTokens 127.0.0.1"))
            #expect(found.contains("eve REJECTED revokeToken 127.0.0.1"))
        }
    }

    @Test func `an agent that speaks for another instance is audited, alone and in an array`() async throws {
        try await RunningServer.with(settings: Self.proxied.merging(["AGENT_AUTH": "required"]) { $1 }) { server in
            try await server.waitUntilReady()
            let issued = try await server.post("/instances/i1/tokens", "{}", token: RunningServer.token).json()
            let headers = ["X-Agent-Token": try #require(issued["token"] as? String), "X-Forwarded-For": "203.0.113.9"]
            let other = RunningServer.heartbeat("i2")
            #expect(try await server.post("/ingest/heartbeat", other, headers: headers).status == 403)
            _ = try await server.post("/ingest/heartbeat", "[\(other)]", headers: headers)
            let poll = try await server.api.send("GET", "/instances/i2/commands/pending", headers: headers)
            #expect(poll.status == 403)
            #expect(
                try await entries("AUTHORIZE", on: server)
                    == Array(repeating: "agent:i1 REJECTED i2 203.0.113.9", count: 3)
            )
        }
    }

    @Test func `a refused bulk command and an export are audited with their address`() async throws {
        let settings = Self.proxied.merging(["COMMAND_MAX_TTL_SECONDS": "100"]) { $1 }
        try await RunningServer.with(settings: settings) { server in
            try await server.waitUntilReady()
            let olga = try await issue("olga", "operator", on: server).token
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let address = ["X-Forwarded-For": "203.0.113.7"]
            func bulk(_ seconds: Int) async throws -> Int {
                let body = #"{"command_type":"STOP","target":{"all":true},"ttl_seconds":\#(seconds)}"#
                return try await server.post("/commands/bulk", body, token: olga, headers: address).status
            }
            #expect(try await bulk(101) == 400)
            #expect(try await entries("COMMAND_CREATE", on: server) == ["olga REJECTED * 203.0.113.7"])
            #expect(try await bulk(100) == 202)
            let created = try #require(try await entries("COMMAND_CREATE", on: server).first)
            #expect(created.hasPrefix("olga SUCCESS ") && created.hasSuffix(" 203.0.113.7"))
            let export = ["X-Admin-Token": olga].merging(address) { $1 }
            for path in ["/instances.csv", "/analytics/costs.csv", "/trades.csv"] {
                #expect(try await server.api.send("GET", path, headers: export).status == 200)
            }
            #expect(
                try await entries("EXPORT", on: server) == [
                    "olga SUCCESS exportTrades 203.0.113.7", "olga SUCCESS exportCosts 203.0.113.7",
                    "olga SUCCESS exportInstances 203.0.113.7",
                ]
            )
        }
    }

    @Test func `the names of the audit log's own actors and of configured tokens cannot be issued`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID())")
        try Data("ann approver \(String(repeating: "0", count: 64))".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningServer.with(settings: ["ADMIN_TOKENS_FILE": file.path]) { server in
            try await server.waitUntilReady()
            let names = [
                "scheduler", "Scheduler", "ｓcheduler", "admin-token-user", "agent", "unknown", "auto", "agent:i1",
                "ann",
                "ANN", "sch eduler",
            ]
            for name in names {
                let body = #"{"name":"\#(name)","roles":["viewer"]}"#
                let response = try await server.post("/tokens", body, token: RunningServer.token)
                #expect(response.status == 409, "\(name)")
                #expect(try response.json()["code"] as? String == "TOKEN_NAME_RESERVED")
            }
            #expect(try await entries("TOKEN_ISSUE", on: server).count == names.count)
            #expect(try await issue("annabel", "viewer", on: server).token.hasPrefix("flt_"))
        }
    }

    @Test func `event streams and waiting polls end with their token, on every server`() async throws {
        try await TestDatabase.empty { url in
            let settings = ["AGENT_AUTH": "required"]
            try await RunningServer.with(databaseURL: url, settings: settings) { server in
                try await RunningServer.with(databaseURL: url, settings: settings) { other in
                    for server in [server, other] { try await server.waitUntilReady() }
                    let eve = try await issue("eve", "viewer", on: server)
                    let issued = try await server.post("/instances/i1/tokens", "{}", token: RunningServer.token).json()
                    let agent = try #require(issued["token"] as? String)
                    let agentID = try #require(issued["token_id"] as? String)
                    _ = try await server.post(
                        "/ingest/heartbeat",
                        RunningServer.heartbeat(),
                        headers: ["X-Agent-Token": agent]
                    )
                    let stream = Task {
                        try await other.api.send("GET", "/events", headers: ["X-Admin-Token": eve.token])
                    }
                    let browser = try await Browser(other, token: eve.token)
                    let ofSession = Task { try await browser.get("/api/stream") }
                    let poll = Task {
                        try await other.api.send(
                            "GET",
                            "/instances/i1/commands/pending?wait=60s",
                            headers: ["X-Agent-Token": agent]
                        )
                    }
                    try await Task.sleep(for: .seconds(1))
                    for id in [eve.id, agentID] {
                        let path = "/tokens/\(id)"
                        let headers = ["X-Admin-Token": RunningServer.token]
                        #expect(try await server.api.send("DELETE", path, headers: headers).status == 204)
                    }
                    let start = ContinuousClock.now
                    #expect(try await poll.value.status == 401)
                    #expect(try await stream.value.body.contains("event: tick"))
                    #expect(try await ofSession.value.status == 200)
                    // A stream lasts ten minutes, and a poll a minute, unless it is ended.
                    #expect(ContinuousClock.now - start < .seconds(50))
                }
            }
        }
    }

    @Test func `only operators and admins see the configuration of modules`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let id = UUID().uuidString.lowercased()
            let module = """
                {"module_id":"\(id)","name":"m","description":null,"enabled":true,"execution_mode":"MANUAL","schedule_cron":null,\
                "config":{"api_key":"hidden"},"created_at":"2026-03-01T09:30:00Z","updated_at":"2026-03-01T09:30:00Z"}
                """
            #expect(try await server.post("/modules", module, token: RunningServer.token).status == 201)
            for (role, isHidden) in [("viewer", true), ("approver", true), ("operator", false)] {
                let token = try await issue("a-\(role)", role, on: server).token
                for path in ["/modules", "/modules/\(id)"] {
                    let response = try await server.get(path, token: token)
                    #expect(response.status == 200)
                    #expect(response.body.contains("api_key") != isHidden, "\(role) \(path)")
                    #expect(response.body.contains(#""is_config_hidden":true"#) == isHidden, "\(role) \(path)")
                }
            }
        }
    }

    @Test func `a browser's request for pending commands delivers none`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let id = UUID().uuidString.lowercased()
            let command = #"{"command_id":"\#(id)","instance_id":"i1","command_type":"STOP","ttl_seconds":600}"#
            #expect(try await server.post("/commands", command, token: RunningServer.token).status == 202)
            let path = "/instances/i1/commands/pending"
            let browsers: [[String: String]] = [
                ["Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"],
                ["Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"],
                ["Accept": "image/avif,image/webp,*/*;q=0.8"], ["Accept": "text/html,application/xhtml+xml"],
                ["User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept": "*/*"],
            ]
            for headers in browsers {
                let response = try await server.api.send("GET", path, headers: headers)
                #expect(response.status == 403, "\(headers)")
                #expect(try response.json()["code"] as? String == "AGENTS_ONLY")
            }
            #expect(try await server.api.send("HEAD", path).status == 403)
            let stored = try await server.get("/commands/\(id)").json()
            #expect(stored["delivery_count"] as? Int == 0 && stored["first_delivered_at"] is NSNull)
            let agents: [[String: String]] = [
                ["User-Agent": "curl/8.5.0", "Accept": "*/*"], ["User-Agent": "flotilla-agent"], [:],
                ["User-Agent": "node", "Sec-Fetch-Mode": "cors", "Accept": "*/*"],
            ]
            for headers in agents {
                #expect(try await server.api.send("GET", path, headers: headers).body.contains(id))
            }
        }
    }
}
