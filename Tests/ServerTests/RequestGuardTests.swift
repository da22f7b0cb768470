import Foundation
import TestSupport
import Testing

@testable import Server

/// The listeners' responses to pages of other sites, and to host names that only look like ours.
@Suite struct RequestGuardTests {
    /// Sends a request with exactly these lines before the empty one.
    private func send(
        _ lines: [String],
        _ body: String = "",
        to http: RawHTTP
    ) async throws -> RawHTTP.Response {
        var lines = lines + ["Connection: close"]
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        return try await http.send(bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8))
    }

    private let post = "POST /ingest/heartbeat HTTP/1.1"
    private let json = "Content-Type: application/json"

    @Test func `a page of another site cannot send a heartbeat`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let foreign = [
                ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: Cross-Site"],
                ["Sec-Fetch-Site: "], ["sec-fetch-site: same-origin", "SEC-FETCH-SITE: cross-site"],
                ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
                ["Origin: https://evil.example"], ["Origin: null"], ["Origin: "], ["Origin: localhost"],
                ["Origin: http://localhost:9"], ["Origin: http://localhost.evil.example"],
                ["Origin: http://evil.example\u{00}localhost"], ["Origin: http://localhost@evil.example"],
                ["Origin: file://localhost"], ["Origin: http://localhost", "Origin: http://evil.example"],
                ["Origin: http://127.0.0.1"],
            ]
            for fields in foreign {
                let answer = try await send(
                    [post, "Host: localhost", json] + fields,
                    RunningServer.heartbeat(),
                    to: server.api
                )
                // The parser rejects U+0000 itself.
                if fields[0].contains("\u{00}") {
                    #expect(answer.status == 400)
                    continue
                }
                #expect(answer.status == 403, "\(fields)")
                #expect(try answer.json()["code"] as? String == "CROSS_SITE_REQUEST")
            }
            #expect(try await server.get("/bots").json()["total"] as? Int == 0)
            let own = [
                [], ["Sec-Fetch-Site: none"], ["Sec-Fetch-Site: same-origin", "Origin: http://localhost"],
                ["Origin: https://LOCALHOST"],
            ]
            for fields in own {
                let answer = try await send(
                    [post, "Host: localhost", json] + fields,
                    RunningServer.heartbeat(),
                    to: server.api
                )
                #expect(answer.status == 202, "\(fields)")
            }
        }
    }

    @Test func `a DNS name that an attacker points at this server reads no commands`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let path = "GET /instances/i1/commands/pending HTTP/1.1"
            let answer = try await send([path, "Host: rebind.evil.example:\(server.api.port)"], to: server.api)
            #expect(answer.status == 421)
            #expect(try answer.json()["code"] as? String == "UNKNOWN_HOST")
            #expect(answer.body.contains("PUBLIC_HOSTS"))
            #expect(try await send([path, "Host: localhost:\(server.api.port)"], to: server.api).status == 200)
            // Other sites cannot read the metrics either.
            #expect(try await send(["GET /metrics HTTP/1.1", "Host: evil.example"], to: server.api).status == 421)
            #expect(try await send(["GET /login HTTP/1.1", "Host: evil.example"], to: server.web).status == 421)
        }
    }

    @Test func `each spelling of a host is judged by its bytes`() async throws {
        let cases: [(fields: [String], status: Int)] = [
            (["Host: localhost"], 200), (["Host: LocalHost:1"], 200), (["host: 127.0.0.1:65535"], 200),
            (["Host: [::1]"], 200), (["Host: [0:0:0:0:0:0:0:1]:8000"], 200), (["Host: flotilla.example"], 200),
            (["Host: FLOTILLA.example:443"], 200), (["Host: api.example:8443"], 200), (["Host: 192.0.2.7"], 200),
            (["Host: [2001:DB8::1]:80"], 200),
            (["Host: localhost."], 421), (["Host: flotilla.example."], 421), (["Host: xflotilla.example"], 421),
            (["Host: flotilla.example.evil.example"], 421), (["Host: api.example"], 421),
            (["Host: api.example:443"], 421), (["Host: 127.0.0.2"], 421), (["Host: 127.1"], 421),
            (["Host: 2130706433"], 421), (["Host: [::2]"], 421), (["Host: 0.0.0.0"], 421),
            ([], 400), (["Host:"], 400), (["Host: localhost", "Host: localhost"], 400),
            (["Host: localhost", "host: evil.example"], 400), (["Host: user@localhost"], 400),
            (["Host: user:pass@localhost"], 400), (["Host: localhost:"], 400), (["Host: localhost:65536"], 400),
            (["Host: localhost:80x"], 400), (["Host: localhost:99999999999999999999"], 400),
            (["Host: localhost, evil.example"], 400), (["Host: localhost/evil"], 400), (["Host: ::1"], 400),
            (["Host: [::1"], 400), (["Host: []"], 400), (["Host: [::1]x"], 400), (["Host: [::1%25lo]"], 400),
            (["Host: :80"], 400), (["Host: local\u{212A}host"], 400), (["Host: loc\u{301}alhost"], 400),
            (["Host: %6cocalhost"], 400), (["Host: local host"], 400), (["Host: http://localhost"], 400),
            (["Host: \(String(repeating: "a", count: 254))"], 400),
            (["Host: \(String(repeating: "a", count: 253))"], 421),
        ]
        let names = "flotilla.example, api.example:8443,192.0.2.7,[2001:db8::1]"
        try await RunningServer.with(settings: ["PUBLIC_HOSTS": names]) { server in
            for (fields, status) in cases {
                let answer = try await send(["GET /openapi.json HTTP/1.1"] + fields, to: server.api)
                #expect(answer.status == status, "\(fields)")
            }
            // HTTP/1.0 has no Host field, but that does not open other paths to other sites.
            #expect(try await send(["GET /openapi.json HTTP/1.0"], to: server.api).status == 400)
            #expect(try await send(["GET /openapi.json HTTP/1.0", "Host: localhost"], to: server.api).status == 200)
        }
    }

    @Test func `probes may use any address, and HTTP 1.0 none`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for path in ["/healthz", "/readyz", "/healthz?x=1"] {
                #expect(try await send(["GET \(path) HTTP/1.0"], to: server.api).status == 200)
                #expect(try await send(["GET \(path) HTTP/1.1", "Host: 10.0.0.5:8000"], to: server.api).status == 200)
                #expect(try await send(["GET \(path) HTTP/1.1"], to: server.api).status == 400)
                let twice = ["GET \(path) HTTP/1.1", "Host: a", "Host: b"]
                #expect(try await send(twice, to: server.api).status == 400)
            }
            #expect(try await send(["GET /healthz/x HTTP/1.1", "Host: 10.0.0.5"], to: server.api).status == 421)
            #expect(try await send(["GET /api/healthz HTTP/1.0"], to: server.web).status == 200)
        }
    }

    @Test func `a target in absolute form must name a served host, too`() async throws {
        let cases: [(line: String, status: Int)] = [
            ("GET http://localhost/healthz HTTP/1.1", 200), ("GET HTTPS://[::1]:9/healthz?x HTTP/1.1", 200),
            ("GET http://localhost HTTP/1.1", 404), ("GET http://localhost?x HTTP/1.1", 404),
            ("GET http://evil.example/openapi.json HTTP/1.1", 421),
            ("GET http://localhost@evil.example/openapi.json HTTP/1.1", 400),
            ("GET http:///openapi.json HTTP/1.1", 400), ("GET ftp://localhost/openapi.json HTTP/1.1", 400),
            ("GET http:/localhost/openapi.json HTTP/1.1", 400), ("OPTIONS * HTTP/1.1", 404),
            ("GET //evil.example/openapi.json HTTP/1.1", 404),
        ]
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            for (line, status) in cases {
                #expect(try await send([line, "Host: localhost"], to: server.api).status == status, "\(line)")
            }
            let other = ["GET http://localhost/openapi.json HTTP/1.1", "Host: evil.example"]
            #expect(try await send(other, to: server.api).status == 421)
        }
    }

    @Test func `each request of a connection is judged by its own host`() async throws {
        try await RunningServer.with { server in
            let hosts = ["localhost", "localhost", "evil.example", "localhost", "LOCALHOST", "evil.example"]
            let requests = hosts.enumerated().map { index, host in
                "GET /openapi.json HTTP/1.1\r\nHost: \(host)\r\n\(index == 5 ? "Connection: close\r\n" : "")\r\n"
            }
            let answer = try await server.api.send(bytes: Array(requests.joined().utf8))
            let statuses = "HTTP/1.1 \(answer.status) ".appending(answer.body).matches(of: #/HTTP/1\.1 (\d+) /#)
            #expect(statuses.map { String($0.1) } == ["200", "200", "421", "200", "200", "421"])
        }
    }

    @Test func `links to pages work from any site, and nothing else of the dashboard does`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let session = try #require(try await server.logIn(RunningServer.token).headers["set-cookie"])
            let cookie = "Cookie: " + (session.split(separator: ";").first ?? "")
            func status(_ line: String, _ fields: [String], _ body: String = "") async throws -> Int {
                try await send(["\(line) HTTP/1.1", "Host: localhost", cookie] + fields, body, to: server.web).status
            }
            let link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
            #expect(try await status("GET /alerts", link) == 200)
            #expect(try await status("HEAD /alerts", link) == 200)
            let form = "Content-Type: application/x-www-form-urlencoded"
            #expect(try await status("POST /logout", link + [form], "csrf=x") == 403)
            #expect(try await status("GET /alerts", ["Sec-Fetch-Site: cross-site"]) == 403)
            #expect(try await status("GET /alerts", [link[0], link[1], "Sec-Fetch-Dest: iframe"]) == 403)
            let image = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"]
            #expect(try await status("GET /alerts", image) == 403)
            #expect(try await status("GET /alerts", ["Origin: https://evil.example"]) == 403)
            #expect(try await status("POST /login", ["Origin: http://localhost:1", form], "token=x") == 403)
            #expect(try await status("POST /login", ["Content-Type: text/plain"], "token=x") == 415)
            #expect(try await status("POST /login", [], "token=x") == 415)
            #expect(try await status("POST /login", ["Origin: http://localhost", form], "token=x") == 401)
        }
    }

    @Test func `where a proxy terminates TLS, cookies are for TLS only`() async throws {
        try await RunningServer.with(settings: ["PUBLIC_HOSTS": "https://flotilla.example"]) { server in
            try await server.waitUntilReady()
            func logIn(_ fields: [String]) async throws -> RawHTTP.Response {
                let form = "Content-Type: application/x-www-form-urlencoded"
                let lines = ["POST /login HTTP/1.1", form] + fields
                return try await send(lines, "token=\(RunningServer.token)", to: server.web)
            }
            let secure = try await logIn(["Host: flotilla.example", "Origin: https://flotilla.example"])
            #expect(secure.status == 303)
            let cookie = secure.headers["set-cookie"] ?? ""
            #expect(cookie.hasPrefix("__Host-flotilla_session="))
            #expect(cookie.hasSuffix("; Path=/; Max-Age=43200; SameSite=Lax; Secure; HttpOnly"))
            #expect(secure.headers["strict-transport-security"] == "max-age=31536000")
            // A page without TLS may come from anyone.
            #expect(try await logIn(["Host: flotilla.example", "Origin: http://flotilla.example"]).status == 403)
            // A proxy that uses the server's own name.
            #expect(try await logIn(["Host: localhost", "Origin: https://flotilla.example"]).status == 303)
            let plain = try await logIn(["Host: localhost", "Origin: http://localhost"])
            #expect(plain.headers["set-cookie"]?.hasPrefix("flotilla_session=") == true)
            #expect(plain.headers["set-cookie"]?.contains("Secure") == false)
            #expect(plain.headers["strict-transport-security"] == nil)
        }
    }

    @Test func `a body needs a media type to be read`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let beat = RunningServer.heartbeat()
            func status(_ fields: [String], _ body: String) async throws -> Int {
                try await send([post, "Host: localhost"] + fields, body, to: server.api).status
            }
            for fields in [
                [], ["Content-Type:"], ["Content-Type: text/plain"], ["Content-Type: application/jsonx"],
                ["Content-Type: application/x-www-form-urlencoded"], ["Content-Type: multipart/form-data; boundary=x"],
                ["Content-Type: text/plain;application/json"], [json, "Content-Type: text/plain"],
                ["Content-Type: text/plain", json], [json, json],
            ] {
                #expect(try await status(fields, beat) == 415, "\(fields)")
            }
            let chunked =
                "\(post)\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\n{}\r\n0\r\n\r\n"
            #expect(try await server.api.send(bytes: Array(chunked.utf8)).status == 415)
            #expect(try await status([json], beat) == 202)
            #expect(try await status(["Content-Type: application/json; charset=utf-8"], beat) == 202)
            // Without a body, no media type is needed.
            #expect(try await status([], "") == 422)
            #expect(try await status(["Content-Length: 0"], "") == 422)
            #expect(try await server.post("/alerts/heartbeat-check", "", token: RunningServer.token).status == 200)
        }
    }

    @Test(arguments: [
        ("evil example", "'evil example'"), ("https://", "'https://'"), ("a,,b", "''"), ("http://a", "'http://a'"),
        ("a/b", "'a/b'"), ("*.example", "'*.example'"), ("u@a", "'u@a'"),
    ])
    func `an invalid name stops the start`(text: String, found: String) {
        let values = ["ADMIN_TOKEN": "t", "PUBLIC_HOSTS": text]
        let error = #expect(throws: ConfigurationError.self) { try ServerConfiguration(Variables(values: values)) }
        let expected = "PUBLIC_HOSTS: found \(found), expected [https://]HOST[:PORT], comma-separated"
        #expect(error?.description == expected)
    }
}
