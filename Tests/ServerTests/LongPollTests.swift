import Foundation
import TestSupport
import Testing

@testable import Server

/// Polls that wait for a command.
@Suite struct LongPollTests {
    private let token = RunningServer.token

    private func command(to instanceID: String) -> String {
        #"{"command_id":"\#(UUID().uuidString)","instance_id":"\#(instanceID)","command_type":"STOP","ttl_seconds":60}"#
    }

    @Test func `a waiting poll is answered immediately, whichever server received the command`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url) { first in
                try await first.waitUntilReady()
                try await RunningServer.with(databaseURL: url) { second in
                    try await second.waitUntilReady()
                    _ = try await first.post("/ingest/heartbeat", RunningServer.heartbeat("i1"))
                    _ = try await first.post("/ingest/heartbeat", RunningServer.heartbeat("i2"))
                    async let waiting = first.api.send("GET", "/instances/i1/commands/pending?wait=30s")
                    async let other = first.api.send("GET", "/instances/i2/commands/pending?wait=3s")
                    try await Task.sleep(for: .milliseconds(300))
                    let start = ContinuousClock.now
                    #expect(try await second.post("/commands", command(to: "i1"), token: token).status == 202)
                    let answer = try await waiting
                    #expect(answer.status == 200)
                    #expect(answer.body.contains(#""command_type":"STOP""#))
                    // Well before the poll would have timed out.
                    #expect(ContinuousClock.now - start < .seconds(20))
                    // The other poll receives nothing.
                    #expect(try await other.body == "[]")
                }
            }
        }
    }

    @Test func `a poll returns pending commands without waiting, and waits only as long as allowed`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            #expect(try await server.api.send("GET", "/instances/ghost/commands/pending?wait=1s").body == "[]")
            _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
            _ = try await server.post("/commands", command(to: "i1"), token: token)
            let answer = try await server.api.send("GET", "/instances/i1/commands/pending?wait=60s")
            #expect(answer.body.contains("STOP"))
            for wait in ["61s", "5m", "-1", "x"] {
                #expect(try await server.api.send("GET", "/instances/i1/commands/pending?wait=\(wait)").status == 422)
            }
        }
    }

    @Test func `a server that shuts down answers waiting polls`() async throws {
        // The response to the first request shows that the server has received the poll behind it.
        let requests =
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            + "GET /instances/i1/commands/pending?wait=60s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        try await TestDatabase.empty { url in
            let answers = try await RunningServer.with(databaseURL: url) { server in
                try await server.waitUntilReady()
                _ = try await server.post("/ingest/heartbeat", RunningServer.heartbeat())
                let (received, receive) = AsyncStream<Void>.makeStream()
                let answers = Task {
                    defer { receive.finish() }
                    return try await server.api.send(bytes: Array(requests.utf8)) { _ in receive.yield() }
                }
                for await _ in received { break }
                return answers
            }
            let body = try await answers.value.body
            #expect(body.contains("HTTP/1.1 200"))
            #expect(body.hasSuffix("\r\n\r\n[]"))
        }
    }

    @Test func `pipelined requests are answered in order, each in its turn`() async throws {
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            func request(_ path: String, _ id: String) -> String {
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: \(id)\r\n"
            }
            let text =
                request("/instances/ghost/commands/pending?wait=1s", "one") + "\r\n" + request("/healthz", "two")
                + "\r\n"
                + request("/nowhere", "three") + "\r\n" + request("/readyz", "four") + "Connection: close\r\n\r\n"
            let start = ContinuousClock.now
            let first = try await server.api.send(bytes: Array(text.utf8))
            #expect(ContinuousClock.now - start >= .seconds(1))
            #expect(first.headers["x-request-id"] == "one")
            let rest = first.body.split(separator: "\r\n").filter { $0.hasPrefix("X-Request-ID: ") }
            #expect(rest == ["X-Request-ID: two", "X-Request-ID: three", "X-Request-ID: four"])
            let statuses = first.body.split(whereSeparator: \.isNewline).compactMap { line in
                line.range(of: "HTTP/1.1 ").map { line[$0.upperBound...].prefix(3) }
            }
            #expect(statuses == ["200", "404", "200"])
            // Thousands that are rejected immediately, behind one that waits.
            let many =
                request("/instances/ghost/commands/pending?wait=1s", "first") + "\r\n"
                + String(repeating: request("/nowhere", "x") + "\r\n", count: 5_000)
                + request("/healthz", "last") + "Connection: close\r\n\r\n"
            let answers = try await server.api.send(bytes: Array(many.utf8)).body
            #expect(answers.split(separator: "HTTP/1.1 404").count == 5_001)
            #expect(answers.contains("X-Request-ID: last"))
        }
    }
}
