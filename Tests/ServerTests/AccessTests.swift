import Foundation
import Handlers
import TestSupport
import Testing

@testable import Server

/// Authentication and authorization.
@Suite struct AccessTests {
    private let admin = RunningServer.token

    private func issue(_ body: String, on server: RunningServer, at path: String = "/tokens") async throws
        -> (id: String, secret: String)
    {
        let token = try await server.post(path, body, token: admin)
        #expect(token.status == 201)
        let json = try token.json()
        return (try #require(json["token_id"] as? String), try #require(json["token"] as? String))
    }

    @Test func `each role allows the operations that the contract lists, and nothing else`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let viewer = try await issue(#"{"name":"eve","roles":["viewer"]}"#, on: server).secret
            let operatorToken = try await issue(#"{"name":"otto","roles":["operator"]}"#, on: server).secret
            #expect(try await server.get("/bots", token: viewer).status == 200)
            #expect(try await server.post("/alerts/heartbeat-check", "", token: viewer).status == 403)
            #expect(try await server.post("/alerts/heartbeat-check", "", token: operatorToken).status == 200)
            #expect(try await server.get("/tokens", token: operatorToken).status == 403)
            #expect(try await server.get("/tokens").json()["total"] as? Int == 2)
            let refusal = try await server.post("/tokens", #"{"name":"eve","roles":["admin"]}"#, token: admin)
            #expect(try refusal.json()["code"] as? String == "TOKEN_EXISTS")
            // The audit log contains the actors and the denials, which are written after the responses.
            let expected = [
                "admin-token-user TOKEN_ISSUE SUCCESS", "admin-token-user TOKEN_ISSUE REJECTED",
                "eve AUTHORIZE REJECTED", "otto AUTHORIZE REJECTED",
            ]
            var missing = expected
            let end = ContinuousClock.now + .seconds(30)
            while !missing.isEmpty, ContinuousClock.now < end {
                let entries = try #require(try await server.get("/audit/logs").json()["items"] as? [[String: Any]])
                let seen = entries.map { "\($0["actor"] ?? "") \($0["action"] ?? "") \($0["result"] ?? "")" }
                missing = expected.filter { !seen.contains($0) }
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(missing.isEmpty)
        }
    }

    @Test func `a rotated token is replaced, and a revoked one rejected immediately`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let old = try await issue(#"{"name":"eve","roles":["viewer"]}"#, on: server)
            let new = try await issue("{}", on: server, at: "/tokens/\(old.id)/rotate")
            #expect(try await server.get("/bots", token: old.secret).status == 401)
            #expect(try await server.get("/bots", token: new.secret).status == 200)
            let newest = try await issue(#"{"grace_seconds":60}"#, on: server, at: "/tokens/\(new.id)/rotate")
            #expect(try await server.get("/bots", token: new.secret).status == 200)
            #expect(try await server.get("/bots", token: newest.secret).status == 200)
            #expect(try await server.post("/tokens/\(old.id)/rotate", "{}", token: admin).status == 409)
            for id in [new.id, newest.id] {
                let answer = try await server.api.send("DELETE", "/tokens/\(id)", headers: ["X-Admin-Token": admin])
                #expect(answer.status == 204)
            }
            #expect(try await server.get("/bots", token: new.secret).status == 401)
            #expect(try await server.get("/bots", token: newest.secret).status == 401)
            let unknown = "/tokens/0b9f6c1e-2a54-4d55-9f0e-6b6f3f2f6d11"
            #expect(try await server.api.send("DELETE", unknown, headers: ["X-Admin-Token": admin]).status == 404)
        }
    }

    @Test func `an expired token is rejected, and the database contains no secret`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let past = #"{"name":"eve","roles":["viewer"],"expires_at":"2026-01-01T00:00:00Z"}"#
            let token = try await issue(past, on: server).secret
            #expect(try await server.get("/bots", token: token).status == 401)
            #expect(try await !server.get("/tokens").body.contains(token))
            #expect(try await !server.get("/audit/logs").body.contains(token))
        }
    }

    @Test func `where agents need tokens, each acts for its own instance`() async throws {
        try await RunningServer.with(settings: ["AGENT_AUTH": "required"]) { server in
            try await server.waitUntilReady()
            let agent = try await issue("{}", on: server, at: "/instances/i1/tokens").secret
            let headers = ["X-Agent-Token": agent]
            #expect(try await server.post("/ingest/heartbeat", "nonsense").status == 401)
            #expect(
                try await server.post("/ingest/heartbeat", "nonsense", headers: ["X-Agent-Token": "x"]).status == 401
            )
            #expect(try await server.post("/ingest/heartbeat", "nonsense", headers: headers).status == 422)
            #expect(
                try await server.post("/ingest/heartbeat", RunningServer.heartbeat(), headers: headers).status == 202
            )
            let other = try await server.post("/ingest/heartbeat", RunningServer.heartbeat("i2"), headers: headers)
            #expect(other.status == 403)
            #expect(try other.json()["code"] as? String == "TOKEN_OF_ANOTHER_INSTANCE")
            #expect(try await server.api.send("GET", "/instances/i1/commands/pending").status == 401)
            #expect(try await server.api.send("GET", "/instances/i1/commands/pending", headers: headers).status == 200)
            #expect(try await server.api.send("GET", "/instances/i2/commands/pending", headers: headers).status == 403)
            // A token of one kind is not accepted as another kind.
            #expect(try await server.get("/bots", token: agent).status == 403)
            let wrongKind = try await server.post(
                "/ingest/heartbeat",
                RunningServer.heartbeat(),
                headers: ["X-Agent-Token": admin]
            )
            #expect(wrongKind.status == 401)
            #expect(try await server.api.send("GET", "/healthz").status == 200)
        }
    }

    @Test func `tokens in the file have their names and roles`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)")
        // printf %s secret-of-ann | sha256sum
        let hash = "70b418541da77d413246ec0d700eebb8b23852493cfaa4ab4f39009cd68360f0"
        try "# people\nann viewer,approver \(hash)\n".write(
            to: file,
            atomically: true,
            encoding: .utf8
        )
        defer { try? FileManager.default.removeItem(at: file) }
        try await RunningServer.with(settings: ["ADMIN_TOKENS_FILE": file.path]) { server in
            try await server.waitUntilReady()
            #expect(try await server.get("/bots", token: "secret-of-ann").status == 200)
            #expect(try await server.post("/alerts/heartbeat-check", "", token: "secret-of-ann").status == 403)
        }
    }

    @Test(arguments: [
        ("ann viewer", "ADMIN_TOKENS_FILE: found malformed line 1"),
        ("\nann boss \(TokenSecret.hash("x"))", "ADMIN_TOKENS_FILE: found malformed line 2"),
        ("a viewer \(TokenSecret.hash("x"))\na admin \(TokenSecret.hash("y"))", "ADMIN_TOKENS_FILE: found 'a' twice"),
    ])
    func `an unreadable token file stops the start`(text: String, message: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: ConfigurationError.self) { try NamedToken.read(file.path) }
        #expect(error?.description.hasPrefix(message) == true)
    }

    @Test func `invalid credentials are counted per address, and attempts are restored one by one`() {
        let limiter = FailureLimiter<String>(burst: 100, interval: .seconds(1))
        let start = ContinuousClock.now
        for _ in 0..<100 { #expect(limiter.recordFailure(of: "a", now: start) == nil) }
        #expect(limiter.recordFailure(of: "a", now: start) == 2)
        #expect(limiter.recordFailure(of: "b", now: start) == nil)
        #expect(limiter.secondsUntilAllowed("a", now: start + .milliseconds(1_001)) == nil)
        limiter.forget("a")
        #expect(limiter.secondsUntilAllowed("a", now: start) == nil)
    }

    @Test func `a limiter filled by many addresses remembers the latest ones`() {
        let limiter = FailureLimiter<Int>(burst: 1, interval: .seconds(1_000))
        let start = ContinuousClock.now
        for source in 0..<35_000 { limiter.recordFailure(of: source, now: start) }
        #expect((25_000..<35_000).allSatisfy { limiter.secondsUntilAllowed($0, now: start) != nil })
        #expect((0..<10_000).allSatisfy { limiter.secondsUntilAllowed($0, now: start) == nil })
    }

    @Test func `a valid token is accepted whatever else its address sends`() async throws {
        try await RunningServer.with(settings: ["AGENT_AUTH": "required"]) { server in
            try await server.waitUntilReady()
            let viewer = try await issue(#"{"name":"eve","roles":["viewer"]}"#, on: server).secret
            let late = try await issue(#"{"name":"late","roles":["viewer"]}"#, on: server).secret
            let agent = try await issue("{}", on: server, at: "/instances/i1/tokens").secret
            // Different invalid tokens, several at once, until the address has used up its attempts and is delayed.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for number in 0..<1_000 {
                            let start = ContinuousClock.now
                            let refused = try await server.get("/bots", token: "wrong-\(worker)-\(number)")
                            #expect(refused.status == 401)
                            if ContinuousClock.now - start >= .seconds(1) { return }
                        }
                        Issue.record("1,000 invalid tokens were answered without delay")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await server.get("/bots").status == 200)
            #expect(try await server.get("/bots", token: viewer).status == 200)
            // A token that this server has not seen before.
            #expect(try await server.get("/bots", token: late).status == 200)
            let beat = try await server.post(
                "/ingest/heartbeat",
                RunningServer.heartbeat(),
                headers: ["X-Agent-Token": agent]
            )
            #expect(beat.status == 202)
            // Missing credentials are not invalid ones.
            #expect(try await server.get("/bots", token: nil).status == 401)
        }
    }

    @Test func `a repeated invalid token is rarely looked up`() {
        let failures = CredentialFailures()
        for _ in 0..<CredentialFailures.tokenBurst {
            #expect(!failures.isSlowed(tokenWithHash: "stale"))
            #expect(failures.record(tokenWithHash: "stale", from: "192.0.2.1"))
        }
        #expect(failures.isSlowed(tokenWithHash: "stale"))
        #expect(!failures.isSlowed(tokenWithHash: "other"))
    }

    @Test func `failures are counted for the client in front of a trusted proxy`() async throws {
        try await RunningServer.with(settings: ["TRUSTED_PROXIES": "127.0.0.1"]) { server in
            try await server.waitUntilReady()
            @Sendable func logIn(_ token: String, from client: String) async throws -> Int {
                let headers = [
                    "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "192.0.2.1, \(client)",
                ]
                return try await server.web.send("POST", "/login", headers: headers, body: "token=\(token)").status
            }
            for _ in 1...5 { #expect(try await logIn("wrong", from: "2001:db8::1") == 401) }
            // The same IPv6 network.
            #expect(try await logIn("wrong", from: "2001:db8::ffff") == 429)
            #expect(try await logIn("wrong", from: "2001:db8:0:1::1") == 401)
            #expect(try await logIn(RunningServer.token, from: "2001:db8::1") == 303)
        }
    }
}
