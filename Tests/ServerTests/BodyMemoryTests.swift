import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Handlers
@testable import Server

/// The memory for the request bodies of all clients.
@Suite struct BodyMemoryTests {
    /// The value of a metric.
    private func figure(_ name: String, of server: RunningServer) async throws -> Int {
        let text = try await server.get("/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
    }

    /// Waits until a condition holds.
    private func wait(_ isMet: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            if try await isMet() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test func `unfinished bodies share their memory, and small ones are still accepted`() async throws {
        var limits = HTTPLimits()
        limits.bodyTime = .seconds(120)
        try await RunningServer.with(limits: limits, settings: ["BODY_MEBIBYTES": "4"]) { server in
            try await server.waitUntilReady()
            #expect(try await figure("flotilla_body_bytes_limit", of: server) == 4_194_304)
            let head = "POST /ingest/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            let part = Array("\(head)Content-Length: 1000000\r\n\r\n".utf8) + Array(repeating: 32, count: 900_000)
            let large = String(repeating: " ", count: 900_000)
            var clients: [KeepAliveHTTP] = []
            var refusal: RawHTTP.Response?
            let isFull = try await wait {
                let client = try KeepAliveHTTP(port: server.api.port)
                client.send(part)
                clients.append(client)
                let answer = try await server.post("/ingest/metrics", large)
                if answer.status == 503 { refusal = answer }
                return refusal != nil
            }
            #expect(isFull)
            #expect(refusal?.headers["retry-after"] == "5")
            #expect(refusal?.headers["connection"] == "close")
            #expect(try refusal?.json()["code"] as? String == "TOO_MANY_BODIES")
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            #expect(try await figure("flotilla_body_bytes", of: server) <= 4_194_304)
            #expect(try await figure(#"flotilla_bound_refusals_total{bound="bodies"}"#, of: server) >= 1)
            clients = []
            #expect(try await wait { try await figure("flotilla_body_bytes", of: server) == 0 })
            let malformed = try await server.post("/ingest/metrics", large).status
            #expect([400, 422].contains(malformed), "\(malformed)")
        }
    }

    @Test func `a body counts until its response, and so does one that waits behind it`() async throws {
        try await withListener { port, telemetry, responder in
            let client = try KeepAliveHTTP(port: port)
            client.send(Self.request(bytes: 100_000))
            #expect(try await wait { responder.count == 1 })
            let first = telemetry.bodyBytes
            #expect((100_000...262_144).contains(first), "\(first)")
            client.send(Self.request(bytes: 30_000))
            // The second request is read, and waits for the first response.
            #expect(try await wait { telemetry.bodyBytes > first })
            responder.answer()
            #expect(try client.receive().status == 200)
            #expect(try await wait { responder.count == 2 })
            #expect((30_000..<100_000).contains(telemetry.bodyBytes), "\(telemetry.bodyBytes)")
            responder.answer()
            #expect(try client.receive().status == 200)
            #expect(try await wait { telemetry.bodyBytes == 0 })
        }
    }

    @Test func `a small body costs nothing, and a client that disconnects releases its memory`() async throws {
        try await withListener { port, telemetry, responder in
            var client: KeepAliveHTTP? = try KeepAliveHTTP(port: port)
            client?.send(Self.request(bytes: 4_096))
            #expect(try await wait { responder.count == 1 })
            #expect(telemetry.bodyBytes == 0)
            responder.answer()
            #expect(try client?.receive().status == 200)
            client?.send(Self.request(bytes: 100_000))
            #expect(try await wait { responder.count == 2 && telemetry.bodyBytes >= 100_000 })
            client?.send(Self.request(bytes: 20_000))
            client = nil
            // The server notices the end of the connection when it writes the response.
            responder.answer()
            #expect(try await wait { telemetry.bodyBytes == 0 })
        }
    }

    @Test func `a body without room is rejected, and the others get responses`() async throws {
        var limits = ConnectionLimits()
        limits.bodyBytes = 50_000
        try await withListener(connectionLimits: limits) { port, telemetry, responder in
            let first = try KeepAliveHTTP(port: port)
            first.send(Self.request(bytes: 30_000))
            #expect(try await wait { responder.count == 1 })
            let second = try KeepAliveHTTP(port: port)
            second.send(Self.request(bytes: 40_000))
            let refusal = try second.receive()
            #expect(refusal.status == 503)
            #expect(refusal.body.contains("TOO_MANY_BODIES"))
            responder.answer()
            #expect(try first.receive().status == 200)
            #expect(try await wait { telemetry.bodyBytes == 0 })
        }
    }

    @Test func `a body without room behind a response is dropped, and that response is the last one`()
        async throws
    {
        var limits = ConnectionLimits()
        limits.bodyBytes = 1
        try await withListener(connectionLimits: limits) { port, telemetry, responder in
            let client = try KeepAliveHTTP(port: port)
            client.send(Self.request(bytes: 0))
            #expect(try await wait { responder.count == 1 })
            client.send(Self.request(bytes: 60_000))
            #expect(try await wait { telemetry.value(of: "flotilla_bound_refusals_total", ("bound", "bodies")) == 1 })
            #expect(telemetry.bodyBytes == 0)
            responder.answer()
            let answer = try client.receive()
            #expect(answer.status == 200)
            #expect(answer.headers["connection"] == "close")
            #expect(responder.count == 1)
        }
    }

    private static func request(bytes: Int) -> [UInt8] {
        Array("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(bytes)\r\n\r\n".utf8)
            + Array(repeating: 32, count: bytes)
    }

    /// Responds when the test allows it.
    private final class PatientResponder: OpenResponder {
        private let begun = Atomic(0)
        private let allowed = Atomic(0)

        /// The number of requests in progress.
        var count: Int { begun.load(ordering: .sequentiallyConsistent) }

        /// Allows one more response.
        func answer() { allowed.wrappingAdd(1, ordering: .sequentiallyConsistent) }

        func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
            let number = begun.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            while allowed.load(ordering: .sequentiallyConsistent) < number {
                try? await Task.sleep(for: .milliseconds(5))
                if Task.isCancelled { break }
            }
            return ServerResponse(status: 200, contentType: nil, body: [], requestID: "r")
        }
    }

    /// Runs `body` with a listener.
    private func withListener(
        connectionLimits: ConnectionLimits = ConnectionLimits(),
        _ body: (_ port: Int, Telemetry, PatientResponder) async throws -> Void
    ) async throws {
        let telemetry = Telemetry()
        let responder = PatientResponder()
        let listener = try await HTTPListener.start(
            at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            tls: nil,
            limits: .withoutGrace,
            responder: responder,
            connectionLimits: connectionLimits,
            telemetry: telemetry,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let result = await Result { try await body(port, telemetry, responder) }
        await listener.stop()
        try result.get()
    }
}
