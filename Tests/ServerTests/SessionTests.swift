import Foundation
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Sessions are listed and ended, end when they are idle, and high-risk commands need a recent authentication.
@Suite struct SessionTests {
    /// A server, its database, and the secrets of tokens by name.
    private struct Desk {
        let server: RunningServer
        let database: Database

        static func with(_ settings: [String: String] = [:], _ body: @Sendable (Desk) async throws -> Void) async throws
        {
            try await TestDatabase.empty { url in
                try await RunningServer.with(databaseURL: url, settings: settings) { server in
                    try await server.waitUntilReady()
                    let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
                    defer { database.close() }
                    try await body(Desk(server: server, database: database))
                }
            }
        }

        func issue(_ name: String, _ role: String) async throws -> String {
            let body = #"{"name":"\#(name)","roles":["\#(role)"]}"#
            let issued = try await server.post("/tokens", body, token: RunningServer.token).json()
            return try #require(issued["token"] as? String)
        }

        func sql(_ text: String) async throws { _ = try await database.run(Query(sql: text)) }

        func sessions(_ browser: Browser) async throws -> [[String: Any]] {
            try #require(try await browser.get("/api/sessions").json()["items"] as? [[String: Any]])
        }

        /// The entries of an action, newest first, as `actor result`.
        func audit(_ action: String) async throws -> [String] {
            let page = try await server.get("/audit/logs?action=\(action)&page_size=200").json()
            return try #require(page["items"] as? [[String: Any]]).map {
                "\($0["actor"] as? String ?? "") \($0["result"] as? String ?? "")"
            }
        }
    }

    @Test func `people list and end their own sessions, and admins all`() async throws {
        try await Desk.with { desk in
            let token = try await desk.issue("eve", "viewer")
            let eve = try await Browser(desk.server, token: token)
            let other = try await Browser(desk.server, token: token)
            let admin = try await Browser(desk.server)
            let own = try await desk.sessions(eve)
            #expect(own.map { $0["principal"] as? String } == ["eve", "eve"])
            #expect(own.map { $0["is_current"] as? Bool } == [false, true])
            #expect(own.map { $0["kind"] as? String } == ["TOKEN", "TOKEN"])
            #expect(own.map { $0["address"] as? String } == ["127.0.0.1", "127.0.0.1"])
            let all = try await desk.sessions(admin)
            #expect(all.map { $0["principal"] as? String } == ["admin-token-user", "eve", "eve"])
            let ids = try all.map { try #require($0["session_id"] as? String) }
            // Sessions of other people do not exist for her.
            #expect(try await eve.post("/sessions/\(ids[0])/end", "").status == 404)
            #expect(try await eve.post("/sessions/\(ids[1])/end", "").status == 303)
            #expect(try await other.get("/dashboard").headers["location"] == "/login?next=%2Fdashboard")
            #expect(try await eve.get("/settings?tab=sessions").body.contains("this browser"))
            #expect(try await admin.post("/sessions/\(ids[2])/end", "").status == 303)
            #expect(try await eve.get("/dashboard").status == 303)
            #expect(try await admin.get("/dashboard").status == 200)
            #expect(
                try await desk.audit("SESSION_REVOKE") == [
                    "admin-token-user SUCCESS", "eve SUCCESS", "eve REJECTED",
                ]
            )
        }
    }

    @Test func `a session ends when it is idle, and updates of an open page are no use`() async throws {
        try await Desk.with(["SESSION_IDLE_MINUTES": "30"]) { desk in
            let browser = try await Browser(desk.server)
            try await desk.sql("UPDATE web_sessions SET used_at = now() - interval '29 minutes'")
            #expect(try await browser.get("/dashboard", headers: ["Flotilla-Blocks": "a=1"]).status == 200)
            #expect(try await browser.get("/api/sessions").status == 200)
            try await desk.sql("UPDATE web_sessions SET used_at = used_at - interval '2 minutes'")
            #expect(try await browser.get("/dashboard").status == 303)
            let next = try await Browser(desk.server)
            #expect(try await desk.sessions(next).count == 1)
            try await desk.sql("UPDATE web_sessions SET used_at = now() - interval '29 minutes'")
            #expect(try await next.get("/dashboard").status == 200)
            try await desk.sql("UPDATE web_sessions SET used_at = used_at - interval '2 minutes'")
            #expect(try await next.get("/dashboard").status == 200)
        }
    }

    @Test func `an event stream ends with its idle session`() async throws {
        try await Desk.with(["SESSION_IDLE_MINUTES": "30"]) { desk in
            let browser = try await Browser(desk.server)
            let stream = Task { try await browser.get("/api/stream") }
            try await Task.sleep(for: .seconds(1))
            try await desk.sql("UPDATE web_sessions SET used_at = now() - interval '31 minutes'")
            let start = ContinuousClock.now
            #expect(try await stream.value.status == 200)
            // A stream lasts ten minutes unless it is ended.
            #expect(ContinuousClock.now - start < .seconds(50))
        }
    }

    /// The fields of the form that confirms FLATTEN on an instance, as its page has them.
    private func confirmation(_ browser: Browser, of instance: String) async throws -> (page: String, fields: String) {
        let page = try await browser.get("/commands/new?type=FLATTEN&instance=\(instance)").body
        func value(_ name: String) throws -> Substring {
            let rest = try #require(page.split(separator: "name=\"\(name)\" value=\"", maxSplits: 1).last)
            return rest.prefix { $0 != "\"" }
        }
        let fields =
            "type=FLATTEN&instance=\(instance)&key=\(try value("key"))&preview=\(try value("preview"))"
            + "&reason=because+of+it&ttl=300&phrase=FLATTEN+\(instance)"
        return (page, fields)
    }

    @Test func `a high-risk command needs a token that was entered recently`() async throws {
        try await Desk.with(["STEP_UP_MINUTES": "10"]) { desk in
            for instance in ["i1", "i2", "i3"] {
                _ = try await desk.server.post("/ingest/heartbeat", RunningServer.heartbeat(instance))
            }
            let token = try await desk.issue("olga", "operator")
            let olga = try await Browser(desk.server, token: token)
            let fresh = try await confirmation(olga, of: "i1")
            #expect(!fresh.page.contains("Your token"))
            #expect(try await olga.post("/commands", fresh.fields).status == 303)
            try await desk.sql("UPDATE web_sessions SET authenticated_at = now() - interval '11 minutes'")
            let stale = try await confirmation(olga, of: "i2")
            #expect(stale.page.contains("Your token"))
            let without = try await olga.post("/commands", stale.fields)
            #expect(without.status == 403 && without.body.contains("REAUTHENTICATION_REQUIRED"))
            let wrong = try await olga.post("/commands", stale.fields + "&token=\(RunningServer.token)")
            #expect(wrong.status == 403 && wrong.body.contains("REAUTHENTICATION_FAILED"))
            #expect(try await desk.audit("AUTHORIZE") == ["olga REJECTED"])
            #expect(try await olga.post("/commands", stale.fields + "&token=\(token)").status == 303)
            // The token was entered recently again.
            let third = try await confirmation(olga, of: "i3")
            #expect(try await olga.post("/commands", third.fields).status == 303)
            let commands = try await desk.server.get("/commands?command_type=FLATTEN").json()
            #expect(commands["total"] as? Int == 3)
            // Other commands need no recent authentication.
            try await desk.sql("UPDATE web_sessions SET authenticated_at = now() - interval '1 day'")
            let page = try await olga.get("/commands/new?type=SYNC_BALANCE&instance=i1").body
            #expect(!page.contains("Your token"))
        }
    }
}
