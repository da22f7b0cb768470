import CZlib
import Foundation
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import Server

/// Compressed responses, over real connections.
@Suite struct CompressionTests {
    /// A response with its body as bytes.
    private struct Received {
        let headers: [String: String]
        let body: [UInt8]
    }

    private static func send(
        _ method: String = "GET",
        _ path: String,
        _ headers: [String: String] = ["Accept-Encoding": "gzip, deflate, br"],
        to http: RawHTTP
    ) async throws -> Received {
        let bytes = Mutex<[UInt8]>([])
        let fields = headers.map { "\($0): \($1)\r\n" }.joined()
        let request = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(fields)\r\n"
        let response = try await RawHTTP(port: http.port).send(bytes: Array(request.utf8)) { received in
            bytes.withLock { $0 = received }
        }
        let all = bytes.withLock { $0 }
        let end = try #require(all.firstRange(of: Array("\r\n\r\n".utf8))).upperBound
        return Received(headers: response.headers, body: Array(all[end...]))
    }

    /// Decompresses gzip, whose checksum zlib verifies.
    private static func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: 8 * 1_024 * 1_024)
        let status = bytes.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        try #require(status == Z_STREAM_END)
        return Array(output.prefix(Int(stream.total_out)))
    }

    @Test func `a large response is compressed for a client that accepts gzip, without a change of its content`()
        async throws
    {
        try await RunningServer.with { server in
            let documents = [
                (server.web, "/reference", "text/html; charset=utf-8"),
                (server.web, "/assets/style.css", "text/css; charset=utf-8"),
                (server.api, "/openapi.json", "application/json"), (server.api, "/openapi.yaml", "application/yaml"),
            ]
            for (http, path, mediaType) in documents {
                let plain = try await Self.send("GET", path, [:], to: http)
                #expect(plain.headers["content-encoding"] == nil)
                #expect(plain.headers["vary"] == "Accept-Encoding")
                let small = try await Self.send("GET", path, to: http)
                #expect(small.headers["content-type"] == mediaType)
                #expect(small.headers["content-encoding"] == "gzip")
                #expect(small.headers["vary"] == "Accept-Encoding")
                #expect(small.headers["content-length"] == String(small.body.count))
                #expect(small.body.count * 2 < plain.body.count)
                #expect(try Self.inflated(small.body) == plain.body)
                let head = try await Self.send("HEAD", path, to: http)
                #expect(head.headers["content-encoding"] == "gzip")
                #expect(head.headers["content-length"] == String(small.body.count))
                #expect(head.body.isEmpty)
            }
        }
    }

    @Test func `small responses and event streams are not compressed`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let health = try await Self.send("GET", "/healthz", to: server.api)
            #expect(health.headers["content-encoding"] == nil)
            #expect(health.headers["vary"] == nil)
            let events = try KeepAliveHTTP(port: server.api.port)
            let fields = "X-Admin-Token: \(RunningServer.token)\r\nAccept-Encoding: gzip\r\n"
            events.send(Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n".utf8))
            let head = try events.receive().headers
            #expect(head["content-type"] == "text/event-stream")
            #expect(head["content-encoding"] == nil)
        }
    }

    @Test(arguments: [
        ("gzip", true), ("deflate, GZIP;q=0.5", true), ("x-gzip", true), ("*", true), ("br, * ; q=0.1", true),
        ("gzip ; Q=0.001", true), ("", false), ("br", false), ("gzip;q=0", false), ("gzip;q=0.0, *", false),
        ("*;q=0", false), ("identity", false), ("gzip;q=x", false), ("gzipped", false),
    ])
    func `the client's preference decides`(field: String, isAccepted: Bool) {
        #expect(ResponseCompression.acceptsGzip(["Accept-Encoding": field]) == isAccepted)
    }

    @Test func `a client that names no encoding gets none`() {
        #expect(!ResponseCompression.acceptsGzip([:]))
    }

    @Test func `the form token of a session is different in each page, and valid only in its session`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let login = try await server.logIn(RunningServer.token)
            let cookie = try #require(login.headers["set-cookie"]?.split(separator: ";").first.map(String.init))
            let headers = ["Cookie": cookie, "Accept-Encoding": "gzip"]
            var tokens: [String] = []
            for _ in 0..<2 {
                let page = try await Self.send("GET", "/dashboard", headers, to: server.web)
                #expect(page.headers["content-encoding"] == "gzip")
                let text = String(decoding: try Self.inflated(page.body), as: UTF8.self)
                let fields = text.components(separatedBy: #"name="csrf" value=""#).dropFirst()
                let values = fields.map { String($0.prefix { $0 != "\"" }) }
                #expect(Set(values).count == 1)
                tokens.append(try #require(values.first))
            }
            #expect(tokens[0] != tokens[1])
            func setPreference(_ token: String, _ cookie: String) async throws -> Int {
                let headers = ["Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"]
                let body = "csrf=\(token)&back=/"
                return try await server.web.send("POST", "/preferences", headers: headers, body: body).status
            }
            for token in tokens { #expect(try await setPreference(token, cookie) == 303) }
            let other = try await server.logIn(RunningServer.token)
            let otherCookie = try #require(other.headers["set-cookie"]?.split(separator: ";").first.map(String.init))
            #expect(try await setPreference(tokens[0], otherCookie) == 403)
            // Neither half alone is valid, nor is a mask of nothing.
            #expect(try await setPreference(String(tokens[0].prefix(64)), cookie) == 403)
            #expect(try await setPreference(String(tokens[0].suffix(64)), cookie) == 403)
            #expect(try await setPreference(String(repeating: "0", count: 128), cookie) == 403)
            #expect(try await setPreference("", cookie) == 403)
        }
    }
}
