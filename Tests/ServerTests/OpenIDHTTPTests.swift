import ContractRuntime
import Foundation
import Handlers
import Logging
import NIOHTTP1
import OpenID
import Postgres
import TestSupport
import Testing

@testable import Server

/// A fake provider on a port of this machine.
private struct ProviderResponder: OpenResponder {
    let fake: FakeProvider

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        let answer = fake.respond(
            to: String(head.uri.prefix { $0 != "?" }),
            authorization: head.headers.first(name: "Authorization"),
            form: String(decoding: body, as: UTF8.self)
        )
        return ServerResponse(
            status: answer.status,
            contentType: "application/json",
            body: Array(answer.body.utf8),
            requestID: "fake"
        )
    }
}

/// Two servers with one database, and the provider at which people sign in.
private struct SignInDesk {
    let servers: [RunningServer]
    let fake: FakeProvider
    let database: Database

    static func with(_ settings: [String: String] = [:], _ body: @Sendable (SignInDesk) async throws -> Void)
        async throws
    {
        let fake = FakeProvider()
        let secret = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID())")
        try Data("\(FakeProvider.clientSecret)\n".utf8).write(to: secret)
        defer { try? FileManager.default.removeItem(at: secret) }
        let path = secret.path
        try await ProviderResponder(fake: fake).listening { issuer in
            fake.issuer = issuer
            let settings = [
                "OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": FakeProvider.clientID, "OIDC_CLIENT_SECRET_FILE": path,
                "OIDC_ROLES": "trading:operator, Risk team:approver,staff:viewer,root:admin",
            ].merging(settings) { $1 }
            try await TestDatabase.empty { url in
                try await RunningServer.with(databaseURL: url, settings: settings) { first in
                    try await RunningServer.with(databaseURL: url, settings: settings) { second in
                        for server in [first, second] { try await server.waitUntilReady() }
                        let database = Database(.init(url: url, connections: 1), logger: Logger(label: "tests"))
                        defer { database.close() }
                        try await body(SignInDesk(servers: [first, second], fake: fake, database: database))
                    }
                }
            }
        }
    }

    var server: RunningServer { servers[0] }

    func sql(_ text: String) async throws { _ = try await database.run(Query(sql: text)) }

    /// Begins a sign-in. Returns the URL of the provider and the cookie of the attempt.
    func begin(_ query: String = "", cookie: String = "") async throws -> (url: String, cookie: String) {
        let response = try await server.web.send("GET", "/login/openid\(query)", headers: ["Cookie": cookie])
        #expect(response.status == 303, "\(response.body)")
        let attempt = try #require(response.headers["set-cookie"]?.split(separator: ";").first)
        return (try #require(response.headers["location"]), String(attempt))
    }

    /// Sends the provider's response to another server than the one that began the sign-in.
    func finish(_ response: String, cookie: String) async throws -> RawHTTP.Response {
        try await servers[1].web.send("GET", "/login/openid/callback?\(response)", headers: ["Cookie": cookie])
    }

    /// Signs a person in.
    func signIn(_ subject: String, groups: [String]) async throws -> String {
        fake.change { $0.groups[subject] = groups }
        let (url, attempt) = try await begin()
        let response = try await finish(fake.signIn(subject, at: url), cookie: attempt)
        #expect(response.status == 303 && response.headers["location"] == "/dashboard", "\(response.body)")
        return String(try #require(response.headers["set-cookie"]?.split(separator: ";").first))
    }

    /// The session of a person in a browser at one of the servers.
    func browser(_ cookie: String, at server: Int = 0) -> Browser { Browser(servers[server].web, cookie: cookie) }

    /// Moves the last check of all sessions into the past.
    func age(_ seconds: Int) async throws {
        try await sql(
            """
            UPDATE openid_sessions
            SET checked_at = now() - interval '\(seconds) seconds', claimed_until = NULL, failing_since = NULL
            """
        )
    }

    /// The audit entries of an action, newest first.
    func audit(_ action: String) async throws -> [[String: Any]] {
        let page = try await server.get("/audit/logs?action=\(action)&page_size=200").json()
        return try #require(page["items"] as? [[String: Any]])
    }

    /// Waits until a condition holds.
    func wait(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while try await !condition(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
    }
}

/// People sign in at an OpenID provider and lose access with their groups.
@Suite struct OpenIDHTTPTests {
    @Test func `people have the roles of their groups and stable names, and their logins are audited`() async throws {
        try await SignInDesk.with { desk in
            let ann = try await desk.signIn("ann", groups: ["trading", "other"])
            // Another subject with the same name gets another one.
            desk.fake.change { $0.claims = ["preferred_username": #""Ann""#] }
            let other = try await desk.signIn("0b1c", groups: ["staff"])
            _ = try await desk.signIn("0b1c", groups: ["staff"])
            desk.fake.change { $0.claims = [:] }
            let settings = try await desk.browser(ann).get("/settings").body
            #expect(settings.contains("oidc:ann") && settings.contains("operator, viewer"))
            let logins = try await desk.audit("LOGIN")
            let names = logins.compactMap { $0["actor"] as? String }
            #expect(names.count == 3 && names[2] == "oidc:ann" && names[0] == names[1])
            #expect(names[1].hasPrefix("oidc:ann~") && names[1].utf8.count == "oidc:ann~".utf8.count + 6)
            let details = try #require(logins[1]["details"] as? [String: Any])
            #expect(details["subject"] as? String == "0b1c" && details["roles"] as? [String] == ["viewer"])
            #expect(details["address"] as? String == "127.0.0.1")
            // The API reads only tokens, and a viewer may send nothing.
            #expect(try await desk.server.api.send("GET", "/bots", headers: ["Cookie": other]).status == 401)
            #expect(try await desk.browser(other).post("/commands", "type=STOP&instance=i1").status == 403)
            let sessions = try await desk.browser(ann).get("/api/sessions").json()["items"] as? [[String: Any]]
            #expect(sessions?.map { $0["kind"] as? String } == ["OPENID"])
            for name in ["oidc:ann", "OIDC:bob", "o idc:x"] {
                let body = #"{"name":"\#(name)","roles":["viewer"]}"#
                #expect(try await desk.server.post("/tokens", body, token: RunningServer.token).status == 409)
            }
        }
    }

    @Test func `a response that the browser did not ask for opens no session`() async throws {
        try await SignInDesk.with { desk in
            desk.fake.change { $0.groups["ann"] = ["trading"] }
            let (url, attempt) = try await desk.begin("?next=/bots%3Fq%3Da%26b")
            let (otherURL, _) = try await desk.begin()
            let answer = desk.fake.signIn("ann", at: url)
            let foreign = desk.fake.signIn("ann", at: otherURL)
            for (response, cookie) in [
                (answer, ""), (foreign, attempt), ("error=access_denied&state=x", attempt), ("", attempt),
                (answer + "&iss=https%3A%2F%2Fother.example", attempt), (answer, "flotilla_openid=x"),
                (answer.replacing("code=", with: "code=x"), attempt),
            ] {
                let refused = try await desk.finish(response, cookie: cookie)
                #expect(refused.status == 403 && refused.body.contains("Sign-in failed"), "\(response)")
            }
            let accepted = try await desk.finish(answer, cookie: attempt)
            #expect(accepted.status == 303 && accepted.headers["location"] == "/bots?q=a&b")
            // A code is valid once.
            #expect(try await desk.finish(answer, cookie: attempt).status == 403)
            // The next page is never on another site.
            let (away, cookie) = try await desk.begin("?next=https%3A%2F%2Fevil.example")
            #expect(
                try await desk.finish(desk.fake.signIn("ann", at: away), cookie: cookie).headers["location"]
                    == "/dashboard"
            )
            try await desk.wait { try await !desk.audit("AUTHENTICATE").isEmpty }
            #expect(try await desk.audit("AUTHENTICATE").first?["actor"] as? String == "unknown")
            #expect(try await desk.audit("LOGIN").count == 2)
        }
    }

    @Test func `people without a role, and with a forged token, get no session`() async throws {
        try await SignInDesk.with { desk in
            desk.fake.change { $0.groups["ann"] = ["other", "risk team", "Trading"] }
            let (url, attempt) = try await desk.begin()
            let refused = try await desk.finish(desk.fake.signIn("ann", at: url), cookie: attempt)
            #expect(refused.status == 403 && refused.body.contains("none of your groups has a role here"))
            desk.fake.change { ($0.groups["ann"], $0.header) = (["Risk team"], #"{"alg":"none"}"#) }
            let (second, cookie) = try await desk.begin()
            #expect(try await desk.finish(desk.fake.signIn("ann", at: second), cookie: cookie).status == 403)
            #expect(try await desk.audit("LOGIN").isEmpty)
        }
    }

    @Test func `a removed group loses access on all servers after one check`() async throws {
        try await SignInDesk.with { desk in
            let cookie = try await desk.signIn("ann", groups: ["trading"])
            let browsers = [desk.browser(cookie), desk.browser(cookie, at: 1)]
            let stream = Task { try await browsers[1].get("/api/stream") }
            try await Task.sleep(for: .seconds(1))
            let before = desk.fake.requests("/userinfo")
            for browser in browsers { #expect(try await browser.get("/bots").status == 200) }
            #expect(desk.fake.requests("/userinfo") == before)
            // After half a minute one server asks, while the session is served.
            try await desk.age(31)
            for _ in 0..<5 { for browser in browsers { #expect(try await browser.get("/bots").status == 200) } }
            try await desk.wait { desk.fake.requests("/userinfo") > before }
            #expect(desk.fake.requests("/userinfo") == before + 1)
            desk.fake.change { $0.groups["ann"] = ["other"] }
            // After a minute nothing is served before the check.
            try await desk.age(61)
            for browser in browsers {
                #expect(try await browser.get("/bots").headers["location"] == "/login?next=%2Fbots")
            }
            let start = ContinuousClock.now
            #expect(try await stream.value.status == 200)
            #expect(ContinuousClock.now - start < .seconds(50))
            let ended = try await desk.audit("SESSION_END")
            #expect(ended.map { $0["actor"] as? String } == ["oidc:ann"])
            let details = ended.first?["details"] as? [String: Any]
            #expect(details?["reason"] as? String == "none of the groups has a role")
        }
    }

    @Test func `changed groups change the roles, and a removed person loses access`() async throws {
        try await SignInDesk.with { desk in
            let cookie = try await desk.signIn("ann", groups: ["staff"])
            let browser = desk.browser(cookie, at: 1)
            #expect(try await browser.get("/api/tokens").status == 403)
            desk.fake.change { $0.groups["ann"] = ["root"] }
            try await desk.age(61)
            #expect(try await browser.get("/api/tokens").status == 200)
            desk.fake.change { $0.groups = [:] }
            try await desk.age(61)
            #expect(try await browser.get("/api/tokens").status == 401)
        }
    }

    @Test func `while the provider does not respond, access lasts five minutes`() async throws {
        try await SignInDesk.with { desk in
            let cookie = try await desk.signIn("ann", groups: ["trading"])
            let browser = desk.browser(cookie)
            desk.fake.change { $0.answers = ["/": (503, "")] }
            try await desk.age(61)
            #expect(try await browser.get("/bots").status == 200)
            try await desk.sql("UPDATE openid_sessions SET checked_at = now() - interval '299 seconds'")
            #expect(try await browser.get("/bots").status == 200)
            try await desk.sql("UPDATE openid_sessions SET checked_at = now() - interval '301 seconds'")
            let unavailable = try await browser.get("/bots")
            #expect(unavailable.status == 503 && unavailable.body.contains("Sign-in unavailable"))
            #expect(try await browser.get("/api/bots").status == 503)
            // The provider is asked again after ten seconds.
            desk.fake.change { $0.answers = [:] }
            try await desk.sql("UPDATE openid_sessions SET claimed_until = NULL")
            #expect(try await browser.get("/bots").status == 200)
        }
    }

    @Test func `signing out ends the session here and leads to the provider`() async throws {
        try await SignInDesk.with { desk in
            let browser = desk.browser(try await desk.signIn("ann", groups: ["trading"]))
            let response = try await browser.post("/logout", "")
            #expect(response.status == 200 && response.body.contains("Sign out at the provider"))
            let issuer = desk.fake.issuer
            let refresh = try #require(response.headers["refresh"])
            #expect(
                refresh.hasPrefix(
                    "0; url=\(issuer)/logout?client_id=flotilla&post_logout_redirect_uri=http%3A%2F%2Flocalhost%2Flogin&id_token_hint="
                )
            )
            #expect(try await browser.get("/bots").status == 303)
            #expect(try await desk.audit("LOGOUT").count == 1)
        }
    }

    @Test func `a high-risk command needs a login that the provider dates within the last minutes`() async throws {
        try await SignInDesk.with { desk in
            _ = try await desk.server.post("/ingest/heartbeat", RunningServer.heartbeat())
            desk.fake.change { $0.authenticatedBefore = 1_000 }
            let cookie = try await desk.signIn("ann", groups: ["trading"])
            let path = "/commands/new?type=FLATTEN&instance=i1"
            let page = try await desk.browser(cookie).get(path).body
            #expect(page.contains("Sign in again") && !page.contains("Your token"))
            func value(_ name: String) throws -> Substring {
                try #require(page.split(separator: "name=\"\(name)\" value=\"", maxSplits: 1).last).prefix {
                    $0 != "\""
                }
            }
            let form =
                "type=FLATTEN&instance=i1&key=\(try value("key"))&preview=\(try value("preview"))"
                + "&reason=because+of+it&ttl=300&phrase=FLATTEN+i1"
            let refused = try await desk.browser(cookie).post("/commands", form)
            #expect(refused.status == 403 && refused.body.contains("REAUTHENTICATION_REQUIRED"))
            let (url, attempt) = try await desk.begin("?again=1&next=\(PercentEncoding.encode(path))", cookie: cookie)
            #expect(url.hasSuffix("&prompt=login&max_age=900"))
            // A provider that does not state the time of the login is not trusted.
            desk.fake.change { $0.authenticatedBefore = nil }
            let undated = try await desk.finish(desk.fake.signIn("ann", at: url), cookie: "\(cookie); \(attempt)")
            #expect(undated.status == 403 && undated.body.contains("auth_time"))
            desk.fake.change { $0.authenticatedBefore = 5 }
            let again = try await desk.finish(desk.fake.signIn("ann", at: url), cookie: "\(cookie); \(attempt)")
            #expect(again.headers["location"] == path)
            let renewed = String(try #require(again.headers["set-cookie"]?.split(separator: ";").first))
            // The session before has ended.
            #expect(try await desk.browser(cookie).get("/bots").status == 303)
            #expect(try await desk.browser(renewed).post("/commands", form).status == 303)
            #expect(try await desk.server.get("/commands").json()["total"] as? Int == 1)
        }
    }

    @Test func `people of the provider are independent of each other, and none approves their own command`()
        async throws
    {
        try await SignInDesk.with(["COMMAND_APPROVAL": "required"]) { desk in
            _ = try await desk.server.post("/ingest/heartbeat", RunningServer.heartbeat())
            let ann = desk.browser(try await desk.signIn("ann", groups: ["trading", "Risk team"]))
            let bob = desk.browser(try await desk.signIn("bob", groups: ["Risk team"]), at: 1)
            let page = try await ann.get("/commands/new?type=FLATTEN&instance=i1").body
            func value(_ name: String) throws -> Substring {
                try #require(page.split(separator: "name=\"\(name)\" value=\"", maxSplits: 1).last).prefix {
                    $0 != "\""
                }
            }
            let form =
                "type=FLATTEN&instance=i1&key=\(try value("key"))&preview=\(try value("preview"))"
                + "&reason=because+of+it&ttl=300&phrase=FLATTEN+i1"
            let sent = try #require(try await ann.post("/commands", form).headers["location"])
            let id = try #require(sent.split(separator: "/").last)
            #expect(try await ann.post("/commands/\(id)/decide", "decision=approve").status == 403)
            try await desk.sql("UPDATE web_sessions SET authenticated_at = now() - interval '16 minutes'")
            let stale = try await bob.post("/commands/\(id)/decide", "decision=approve")
            #expect(stale.status == 403 && stale.body.contains("within the last 15 min: sign in again"))
            #expect(try await bob.get("/approvals").body.contains("Sign in again"))
            try await desk.sql("UPDATE web_sessions SET authenticated_at = now()")
            #expect(try await bob.post("/commands/\(id)/decide", "decision=approve").status == 303)
            let command = try await desk.server.get("/commands/\(id)").json()
            #expect(command["status"] as? String == "PENDING" && command["created_by"] as? String == "oidc:ann")
            #expect(try await desk.audit("COMMAND_APPROVE").first?["actor"] as? String == "oidc:bob")
        }
    }

    @Test func `without a provider there is no sign-in at one`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for path in ["/login/openid", "/login/openid/callback?code=x&state=y"] {
                #expect(try await server.web.send("GET", path).status == 404)
            }
            let page = try await server.web.send("GET", "/login").body
            #expect(!page.contains("Sign in with"))
        }
    }

    @Test func `a provider that sends without end, slowly or a redirect is unavailable`() async throws {
        let fake = FakeProvider()
        try await ProviderResponder(fake: fake).listening { issuer in
            fake.change { $0.answers = ["/huge": (200, String(repeating: "a", count: 300_000)), "/moved": (302, "")] }
            await #expect(throws: (any Error).self) {
                try await ProviderClient().send(.init(url: "\(issuer)/huge"))
            }
            let moved = try await ProviderClient().send(.init(url: "\(issuer)/moved"))
            #expect(moved.status == 302)
        }
        let slow = FakeTarget { _ in .hangs(.seconds(60)) }
        try await slow.listen { url in
            let start = ContinuousClock.now
            await #expect(throws: (any Error).self) { try await ProviderClient().send(.init(url: url)) }
            #expect(ContinuousClock.now - start < .seconds(40))
        }
    }
}
