import ContractRuntime
import Foundation
import TestSupport
import Testing

@testable import Server

/// The listener's responses to invalid requests.
@Suite struct HTTPTests {
    @Test func `credentials are checked before the body is read`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for token in [nil, "wrong", "test-toke", "test-token2", ""] {
                #expect(try await server.post("/commands", "", token: token).status == 401)
                #expect(try await server.get("/bots", token: token).status == 401)
            }
            #expect(try await server.post("/commands", "", token: RunningServer.token).status == 422)
            let twice = try await server.api.send(
                bytes: Array(
                    "GET /bots HTTP/1.1\r\nHost: localhost\r\nX-Admin-Token: test-token\r\nX-Admin-Token: wrong\r\nConnection: close\r\n\r\n"
                        .utf8
                )
            )
            #expect(twice.status == 401)
        }
    }

    @Test func `paths, methods and media types are checked in that order`() async throws {
        try await RunningServer.with { server in
            #expect(try await server.get("/nowhere").status == 404)
            let other = try await server.api.send("PUT", "/modules")
            #expect(other.status == 405)
            #expect(other.headers["allow"] == "GET, HEAD, POST, OPTIONS")
            let options = try await server.api.send("OPTIONS", "/ingest/heartbeat")
            #expect(options.status == 204)
            #expect(options.headers["allow"] == "POST, OPTIONS")
            let form = try await server.api.send(
                "POST",
                "/ingest/heartbeat",
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: "a=1"
            )
            #expect(form.status == 415)
            let head = try await server.api.send("HEAD", "/healthz")
            #expect(head.status == 200)
            #expect(head.body == "")
            #expect(head.headers["content-length"] != "0")
        }
    }

    @Test func `oversized requests are rejected`() async throws {
        try await RunningServer.with { server in
            let body = String(repeating: " ", count: 1_100_000)
            #expect(try await server.post("/ingest/heartbeat", body).status == 413)
            let chunked =
                "POST /ingest/heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "20000\r\n\(String(repeating: " ", count: 0x20000))\r\n", count: 10) + "0\r\n\r\n"
            #expect(try await server.api.send(bytes: Array(chunked.utf8)).status == 413)
            #expect(try await server.get("/bots?x=\(String(repeating: "y", count: 9_000))").status == 414)
            let field = try await server.api.send(
                "GET",
                "/healthz",
                headers: ["X-Long": String(repeating: "y", count: 40_000)]
            )
            #expect(field.status == 431)
            #expect(field.headers["content-type"] == "application/problem+json")
        }
    }

    @Test func `bytes that are not HTTP get a response and a closed connection`() async throws {
        try await RunningServer.with { server in
            let response = try await server.api.send(bytes: Array("HELLO\r\n\r\n".utf8))
            #expect(response.status == 400)
            #expect(try response.json()["code"] as? String == "MALFORMED_REQUEST")
            #expect(try await server.get("/healthz").status == 200)
        }
    }

    @Test func `the server does not wait for a client that is too slow`() async throws {
        var limits = HTTPLimits()
        limits.headTime = .milliseconds(300)
        limits.bodyTime = .milliseconds(300)
        limits.idleTime = .milliseconds(300)
        try await RunningServer.with(limits: limits) { server in
            let start = ContinuousClock.now
            // With nothing, or half of a head, the connection is closed without a response.
            for bytes in ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"] {
                await #expect(throws: RawHTTP.NoResponse.self) { try await server.api.send(bytes: Array(bytes.utf8)) }
            }
            let body = try await server.api.send(
                bytes: Array(
                    "POST /ingest/heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
                        .utf8
                )
            )
            #expect(body.status == 408)
            let idle = try await server.api.send(bytes: Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(idle.status == 200)
            #expect(ContinuousClock.now - start < .seconds(30))
        }
    }

    @Test func `requests on one connection are answered in order`() async throws {
        try await RunningServer.with { server in
            let requests = (1...20).map {
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: r\($0)\r\n\($0 == 20 ? "Connection: close\r\n" : "")\r\n"
            }
            let response = try await server.api.send(bytes: Array(requests.joined().utf8))
            let all = "x-request-id: r1\r\n" + response.body.lowercased()
            let ids = all.matches(of: /x-request-id: (r\d+)/).map { String($0.1) }
            #expect(response.headers["x-request-id"] == "r1")
            let date = try #require(response.headers["date"].flatMap { Timestamp(httpDate: $0) })
            #expect(abs(date.microsecondsSinceEpoch - Timestamp.now.microsecondsSinceEpoch) < 30_000_000)
            #expect(ids == (1...20).map { "r\($0)" })
        }
    }

    @Test func `no random body makes the server fail`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let paths = ["/ingest/heartbeat", "/ingest/metrics", "/commands", "/modules"]
            let seeds = [
                RunningServer.heartbeat(), "{}", "[]", "null", #"{"instance_id":"\u0000"}"#, #"{"a":"\ud800"}"#,
            ]
            for round in 0..<300 {
                var bytes = Array(seeds[round % seeds.count].utf8)
                for _ in 0..<Int.random(in: 0...6) where !bytes.isEmpty {
                    bytes[Int.random(in: bytes.indices)] = UInt8.random(in: 0...255)
                }
                let head =
                    "POST \(paths[round % paths.count]) HTTP/1.1\r\nHost: localhost\r\nX-Admin-Token: \(RunningServer.token)\r\n"
                    + "Connection: close\r\nContent-Type: application/json\r\nContent-Length: \(bytes.count)\r\n\r\n"
                let response = try await server.api.send(bytes: Array(head.utf8) + bytes)
                #expect(response.status < 500, "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    @Test func `the web listener shows nothing of the fleet before login`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat("secret-instance"))
            for path in ["/", "/bots", "/bots/b1", "/commands", "/nonsense"] {
                let page = try await server.web.send("GET", path, headers: ["X-Admin-Token": RunningServer.token])
                #expect(page.status == 303)
                #expect(page.headers["location"]?.hasPrefix("/login?next=") == true)
                #expect(!page.body.contains("secret-instance"))
            }
            let loginPage = try await server.web.send("GET", "/login")
            #expect(loginPage.status == 200)
            #expect(
                loginPage.headers["content-security-policy"]?.hasPrefix("default-src 'none'; script-src 'self'") == true
            )
            #expect(try await server.web.send("GET", "/api/healthz").status == 200)
            #expect(try await server.web.send("GET", "/api/bots").status == 401)
            #expect(try await server.web.send("DELETE", "/bots").status == 405)
        }
    }

    @Test func `invalid tokens at the dashboard are slowed after five, and the valid one never is`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            func logIn(_ token: String) async throws -> Int {
                try await server.logIn(token).status
            }
            // A valid token in between resets the count.
            for _ in 1...4 { #expect(try await logIn("wrong") == 401) }
            #expect(try await logIn(RunningServer.token) == 303)
            for _ in 1...5 { #expect(try await logIn("wrong") == 401) }
            #expect(try await logIn("wrong") == 429)
            #expect(try await logIn(RunningServer.token) == 303)
            // The audit log counts repeated failures.
            let entries = try await server.get("/audit/logs?action=AUTHENTICATE").json()
            #expect(entries["total"] as? Int ?? 0 >= 1)
        }
    }

    @Test func `a session ends with the token that opened it, on every server`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { first in
                try await first.waitUntilReady()
                let issued = try await first.post(
                    "/tokens",
                    #"{"name":"ann","roles":["viewer"]}"#,
                    token: RunningServer.token
                ).json()
                let (token, id) = (issued["token"] as? String ?? "", issued["token_id"] as? String ?? "")
                let login = try await first.logIn(token)
                let cookie = login.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? ""
                #expect(!cookie.contains(token))
                try await RunningServer.with(databaseURL: url) { second in
                    try await second.waitUntilReady()
                    func status() async throws -> Int {
                        try await second.web.send("GET", "/bots", headers: ["Cookie": cookie]).status
                    }
                    #expect(try await status() == 200)
                    _ = try await first.api.send(
                        "DELETE",
                        "/tokens/\(id)",
                        headers: ["X-Admin-Token": RunningServer.token]
                    )
                    #expect(try await status() == 303)
                }
            }
        }
    }
}
