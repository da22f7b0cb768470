import Foundation
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Agents exchange codes for credentials, and replace them.
@Suite struct EnrolmentTests {
    @Test func `a code is exchanged for a credential, once per instance, and every use is audited`() async throws {
        try await Registry.with { registry in
            let code = try await registry.code(#"{"count":2,"bot_ids":["b1"]}"#)
            let first = try await registry.enroll("i1", "secret-1", with: code.secret)
            #expect(first.status == 201, "\(first.body)")
            #expect(try first.json()["rotate_in_seconds"] as? Int == 864_000)
            #expect(try await registry.beat("i1", "secret-1") == "202")
            #expect(try await registry.beat("i2", "secret-1") == "TOKEN_OF_ANOTHER_INSTANCE")
            #expect(try await registry.beat("i1", nil) == "UNAUTHORIZED")
            // The agent repeats a request whose response was lost.
            let again = try await registry.enroll("i1", "secret-1", with: code.secret)
            #expect(again.status == 201)
            let id = try #require(try first.json()["token_id"] as? String)
            #expect(try again.json()["token_id"] as? String == id)
            #expect(try await registry.codes().first?["used"] as? Int == 1)
            // Another secret for the same instance, a secret in use, another bot, the bot of another instance.
            #expect(try await registry.refusal("i1", "secret-2", code.secret) == "INSTANCE_ENROLLED")
            #expect(try await registry.refusal("i2", "secret-1", code.secret) == "INSTANCE_ENROLLED")
            #expect(try await registry.refusal("i2", "secret-2", code.secret, bot: "b2") == "BOT_NOT_ALLOWED")
            let any = try await registry.code(#"{"count":3}"#)
            #expect(try await registry.enroll("i2", "secret-2", with: code.secret).status == 201)
            try await registry.revoke("i2")
            _ = try await registry.beat("i3", try await registry.token("i3"))
            #expect(try await registry.refusal("i3", "secret-3", any.secret) == "INSTANCE_ENROLLED")
            try await registry.revoke("i3")
            #expect(try await registry.refusal("i3", "secret-3", any.secret, bot: "b2") == "INSTANCE_OF_ANOTHER_BOT")
            // Both uses are gone; the credential of i2 was revoked, so its secret is not one again.
            #expect(try await registry.refusal("i4", "secret-4", code.secret) == "ENROLMENT_CODE_USED_UP")
            #expect(try await registry.refusal("i2", "secret-2", any.secret) == "INSTANCE_ENROLLED")
            // A code that was revoked, one that is unknown, and other secrets in its place.
            let path = "/enrolment-codes/\(any.id)"
            let headers = ["X-Admin-Token": RunningServer.token]
            #expect(try await registry.server.api.send("DELETE", path, headers: headers).status == 204)
            for wrong in [any.secret, "enr_unknown", RunningServer.token, "secret-1"] {
                #expect(try await registry.refusal("i5", "secret-5", wrong) == "UNAUTHORIZED")
            }
            #expect(try await registry.beat("i5", code.secret) == "UNAUTHORIZED")
            let audit = try await registry.audit("AGENT_ENROLL")
            #expect(audit.filter { $0 == "enrolment:\(code.id) agent:i1 SUCCESS" }.count == 1)
            #expect(audit.filter { $0.hasSuffix("SUCCESS") }.count == 2)
            #expect(audit.contains("enrolment:\(code.id) agent:i4 REJECTED"))
            #expect(try await registry.audit("ENROLMENT_CODE_CREATE").count == 2)
            #expect(
                try await registry.audit("ENROLMENT_CODE_REVOKE") == ["admin-token-user \(any.id) SUCCESS"]
            )
        }
    }

    @Test func `an expired code is rejected, and only admins manage codes`() async throws {
        try await Registry.with { registry in
            let code = try await registry.code("{}")
            try await registry.sql("UPDATE enrolment_codes SET expires_at = now()")
            #expect(try await registry.refusal("i1", "secret-1", code.secret) == "UNAUTHORIZED")
            let body = #"{"name":"otto","roles":["operator","approver"]}"#
            let otto = try #require(
                try await registry.server.post("/tokens", body, token: RunningServer.token).json()["token"] as? String
            )
            #expect(try await registry.server.post("/enrolment-codes", "{}", token: otto).status == 403)
            #expect(try await registry.server.get("/enrolment-codes", token: otto).status == 403)
            #expect(try await !registry.server.get("/enrolment-codes").body.contains(code.secret))
            #expect(try await !registry.server.get("/audit/logs").body.contains(code.secret))
            let forged = #"{"name":"Enrolment: x","roles":["viewer"]}"#
            let refused = try await registry.server.post("/tokens", forged, token: RunningServer.token)
            #expect(try refused.json()["code"] as? String == "TOKEN_NAME_RESERVED")
        }
    }

    @Test func `concurrent enrolments count exactly, and an instance gets one credential`() async throws {
        try await Registry.with { registry in
            let code = try await registry.code(#"{"count":5}"#)
            let results = try await registry.concurrently(20) { number in
                try await registry.refusal("i\(number)", "secret-\(number)", code.secret)
            }
            #expect(results.filter { $0 == "201" }.count == 5)
            #expect(results.filter { $0 == "ENROLMENT_CODE_USED_UP" }.count == 15)
            #expect(try await registry.codes().first?["used"] as? Int == 5)
            // Different codes do not wait for each other.
            let one = try await registry.code(#"{"count":100}"#)
            let other = try await registry.code(#"{"count":100}"#)
            let rivals = try await registry.concurrently(20) { number in
                let secret = (number.isMultiple(of: 2) ? one : other).secret
                return try await registry.refusal("shared", "rival-\(number)", secret)
            }
            #expect(rivals.filter { $0 == "201" }.count == 1)
            #expect(rivals.filter { $0 == "INSTANCE_ENROLLED" }.count == 19)
            // The same request many times is one enrolment.
            let repeated = try await registry.concurrently(20) { _ in
                try await registry.refusal("repeated", "repeated", one.secret)
            }
            #expect(repeated == Array(repeating: "201", count: 20))
            #expect(try await registry.codes().reduce(0) { $0 + ($1["used"] as? Int ?? 0) } == 7)
        }
    }

    @Test func `a credential rotates with an overlap, and a lost response changes nothing`() async throws {
        try await Registry.with { registry in
            let code = try await registry.code("{}")
            _ = try await registry.enroll("i1", "old", with: code.secret)
            #expect(try await registry.beat("i1", "old") == "202")
            let first = try await registry.rotate("old", to: "new")
            #expect(first.status == 201, "\(first.body)")
            let again = try await registry.rotate("old", to: "new")
            let id = try #require(try first.json()["token_id"] as? String)
            #expect(try again.json()["token_id"] as? String == id)
            #expect(try await registry.rotate("new", to: "new").status == 201)
            for secret in ["old", "new"] { #expect(try await registry.beat("i1", secret, boot: secret) == "202") }
            // The old secret has been used up: another successor would be a copy's.
            #expect(try await registry.rotate("old", to: "thief").json()["code"] as? String == "TOKEN_ENDED")
            #expect(try await registry.beat("i1", "thief") == "UNAUTHORIZED")
            try await registry.sql("UPDATE access_tokens SET revoked_at = now() WHERE revoked_at > now()")
            #expect(try await registry.beat("i1", "old") == "UNAUTHORIZED")
            #expect(try await registry.beat("i1", "new", boot: "newest") == "202")
            #expect(try await registry.rotate("new", to: "newer").status == 201)
            #expect(try await registry.audit("TOKEN_ROTATE").filter { $0 == "agent:i1 agent:i1 SUCCESS" }.count == 2)
            #expect(try await registry.audit("TOKEN_ROTATE").contains("agent:i1 agent:i1 REJECTED"))
            // A request that the network has duplicated is one rotation.
            let copies = try await registry.concurrently(8) { _ in
                try await registry.rotate("newer", to: "newest").status
            }
            #expect(copies == Array(repeating: 201, count: 8))
            // Revoking any of them ends all.
            let tokens = try await registry.tokens("i1")
            #expect(tokens.count == 4)
            let oldest = try #require(tokens.last?["token_id"] as? String)
            let headers = ["X-Admin-Token": RunningServer.token]
            #expect(try await registry.server.api.send("DELETE", "/tokens/\(oldest)", headers: headers).status == 204)
            for secret in ["old", "new", "newer", "newest"] {
                #expect(try await registry.beat("i1", secret) == "UNAUTHORIZED")
            }
        }
    }

    @Test func `an agent rotates only its own credential, and may enroll again when it has expired`() async throws {
        try await Registry.with { registry in
            let issued = try await registry.token("i2")
            #expect(try await registry.rotate(issued, to: "x").json()["code"] as? String == "CREDENTIAL_NOT_ROTATING")
            let code = try await registry.code(#"{"count":2}"#)
            _ = try await registry.enroll("i1", "one", with: code.secret)
            #expect(try await registry.rotate("one", to: "next").status == 201)
            try await registry.sql("UPDATE access_tokens SET expires_at = now() WHERE instance_id = 'i1'")
            #expect(try await registry.beat("i1", "one") == "UNAUTHORIZED")
            #expect(try await registry.enroll("i1", "two", with: code.secret).status == 201)
            #expect(try await registry.beat("i1", "two") == "202")
            // An admin's rotation keeps the identity and the ability to rotate.
            let current = try #require(try await registry.tokens("i1").first?["token_id"] as? String)
            let rotated = try await registry.server.post("/tokens/\(current)/rotate", "{}", token: RunningServer.token)
            let secret = try #require(try rotated.json()["token"] as? String)
            #expect(try await registry.rotate(secret, to: "three").status == 201)
            #expect(try await registry.beat("i1", "three", boot: "b") == "202")
        }
    }

    @Test func `an admin creates a code at the dashboard, which shows it once and never compressed`() async throws {
        try await Registry.with { registry in
            let browser = try await Browser(registry.server)
            let page = try await browser.post(
                "/settings?tab=tokens",
                "count=3&hours=2&bots=b1+b2",
                headers: ["Accept-Encoding": "gzip"]
            )
            #expect(page.status == 200)
            #expect(page.headers["content-encoding"] == nil)
            let code = try #require(page.body.firstMatch(of: #/enr_[0-9A-Za-z]{45}/#).map { String($0.output) })
            #expect(try await registry.enroll("i1", "secret-1", with: code, bot: "b2").status == 201)
            let stored = try #require(try await registry.codes().first)
            #expect(stored["count"] as? Int == 3 && stored["used"] as? Int == 1)
            #expect(stored["bot_ids"] as? [String] == ["b1", "b2"])
            let list = try await browser.get("/settings?tab=tokens")
            #expect(!list.body.contains("enr_") && list.body.contains("1 of 3"))
            let id = try #require(stored["code_id"] as? String)
            #expect(try await browser.post("/enrolment-codes/\(id)/revoke", "").status == 303)
            #expect(try await registry.refusal("i2", "secret-2", code, bot: "b2") == "UNAUTHORIZED")
            for fields in ["count=0&hours=1", "count=x&hours=1", "count=1&hours=9223372036854775807", "count=1"] {
                #expect(try await browser.post("/settings?tab=tokens", fields).status == 422, "\(fields)")
            }
            let body = #"{"name":"vera","roles":["viewer"]}"#
            let vera = try await registry.server.post("/tokens", body, token: RunningServer.token).json()
            let viewer = try await Browser(registry.server, token: try #require(vera["token"] as? String))
            #expect(try await viewer.post("/settings?tab=tokens", "count=1&hours=1").status == 403)
        }
    }

    @Test func `invalid codes are slowed like invalid tokens, and a valid one never is`() async throws {
        try await Registry.with { registry in
            let code = try await registry.code("{}")
            let isSlowed = try await registry.concurrently(8) { worker -> Bool in
                for number in 0..<1_000 {
                    let start = ContinuousClock.now
                    let refusal = try await registry.refusal("i1", "s", "enr_\(worker)_\(number)")
                    #expect(refusal == "UNAUTHORIZED")
                    if ContinuousClock.now - start >= .seconds(1) { return true }
                }
                return false
            }
            #expect(isSlowed == Array(repeating: true, count: 8))
            #expect(try await registry.enroll("i1", "secret-1", with: code.secret).status == 201)
        }
    }
}

/// A server that requires agents' tokens, and the requests of an admin and of agents. A secret's hash is all that the server learns.
struct Registry {
    let server: RunningServer
    let database: Database

    static func with(
        _ settings: [String: String] = ["AGENT_AUTH": "required"],
        _ body: @Sendable (Registry) async throws -> Void
    ) async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url, settings: settings) { server in
                try await server.waitUntilReady()
                let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
                defer { database.close() }
                try await body(Registry(server: server, database: database))
            }
        }
    }

    func code(_ body: String) async throws -> (id: String, secret: String) {
        let response = try await server.post("/enrolment-codes", body, token: RunningServer.token)
        #expect(response.status == 201, "\(response.body)")
        let json = try response.json()
        return (try #require(json["code_id"] as? String), try #require(json["code"] as? String))
    }

    func codes() async throws -> [[String: Any]] {
        try #require(try await server.get("/enrolment-codes").json()["items"] as? [[String: Any]])
    }

    func enroll(_ instance: String, _ secret: String, with code: String, bot: String = "b1") async throws
        -> RawHTTP.Response
    {
        let body =
            #"{"instance_id":"\#(instance)","bot_id":"\#(bot)","secret_hash":"\#(TokenSecret.hash(secret))"}"#
        return try await server.post("/agents/enroll", body, headers: ["X-Enrolment-Code": code])
    }

    /// The code of the problem, or the status.
    func refusal(_ instance: String, _ secret: String, _ code: String, bot: String = "b1") async throws -> String {
        let response = try await enroll(instance, secret, with: code, bot: bot)
        return try response.json()["code"] as? String ?? "\(response.status)"
    }

    func rotate(_ secret: String, to successor: String) async throws -> RawHTTP.Response {
        let body = #"{"secret_hash":"\#(TokenSecret.hash(successor))"}"#
        return try await server.post("/agents/rotate", body, headers: ["X-Agent-Token": secret])
    }

    /// Issues the token of an instance, as an admin.
    func token(_ instance: String) async throws -> String {
        let issued = try await server.post("/instances/\(instance)/tokens", "{}", token: RunningServer.token)
        return try #require(try issued.json()["token"] as? String, "\(issued.body)")
    }

    /// The tokens of an instance, newest first.
    func tokens(_ instance: String) async throws -> [[String: Any]] {
        try #require(try await server.get("/tokens?instance_id=\(instance)").json()["items"] as? [[String: Any]])
    }

    func revoke(_ instance: String) async throws {
        for token in try await tokens(instance) {
            let path = "/tokens/\(try #require(token["token_id"] as? String))"
            let response = try await server.api.send("DELETE", path, headers: ["X-Admin-Token": RunningServer.token])
            #expect(response.status == 204)
        }
    }

    /// Sends a heartbeat. Returns the code of the problem, or the status.
    func beat(_ instance: String, _ secret: String?, boot: String? = nil, state: String = "NORMAL") async throws
        -> String
    {
        let boot = boot.map { #","boot_id":"\#($0)""# } ?? ""
        let body = RunningServer.heartbeat(instance, at: Site.time(0)).dropLast() + #"\#(boot),"state":"\#(state)"}"#
        let headers = secret.map { ["X-Agent-Token": $0] } ?? [:]
        let response = try await server.post("/ingest/heartbeat", String(body), headers: headers)
        return try response.json()["code"] as? String ?? "\(response.status)"
    }

    /// `ACTOR TARGET RESULT` of the entries of an action.
    func audit(_ action: String) async throws -> [String] {
        let page = try await server.get("/audit/logs?action=\(action)&page_size=200").json()
        return try #require(page["items"] as? [[String: Any]]).map {
            "\($0["actor"] ?? "") \($0["target_id"] ?? "") \($0["result"] ?? "")"
        }
    }

    func concurrently<Result: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            for number in 0..<count { group.addTask { try await body(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    func sql(_ text: String) async throws { _ = try await database.run(Query(sql: text)) }
}
