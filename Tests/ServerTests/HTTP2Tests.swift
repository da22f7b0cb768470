import ContractRuntime
import Foundation
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Handlers
@testable import Server

/// HTTP/2 over TLS: the same requests, responses and limits as over HTTP/1.1.
@Suite struct HTTP2Tests {
    @Test func `the client chooses the version of HTTP, for the API and the dashboard`() async throws {
        try await CertificateFolder.with("localhost") { folder in
            try await RunningServer.with(settings: folder.settings) { server in
                func curl(_ port: Int, _ path: String, _ options: [String]) async throws -> String {
                    let url = "https://localhost:\(port)\(path)"
                    let shown = [
                        "-sk", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_version} %{response_code}",
                    ]
                    return try await Program.run("curl", shown + options + [url]).output
                }
                let heartbeat = ["--json", RunningServer.heartbeat()]
                for (version, name) in [("--http2", "2"), ("--http1.1", "1.1")] {
                    let isReady = try await HTTP2Listener.wait {
                        try await curl(server.api.port, "/readyz", [version]) == "\(name) 200"
                    }
                    #expect(isReady)
                    let accepted = try await curl(server.api.port, "/ingest/heartbeat", [version] + heartbeat)
                    #expect(accepted == "\(name) 202")
                    #expect(try await curl(server.api.port, "/bots", [version]) == "\(name) 401")
                    #expect(try await curl(server.web.port, "/login", [version, "--compressed"]) == "\(name) 200")
                    #expect(try await curl(server.web.port, "/bots", [version, "-d", "a=1"]) == "\(name) 303")
                }
            }
        }
    }

    @Test func `events reach a client of HTTP/2 as they happen`() async throws {
        try await CertificateFolder.with("localhost") { folder in
            try await RunningServer.with(settings: folder.settings) { server in
                let client = try await HTTP2Client(port: server.api.port)
                #expect(try await HTTP2Listener.wait { try await client.send("GET", "/readyz").status == 200 })
                let token = [("x-admin-token", RunningServer.token)]
                let events = try await client.open("GET", "/events", headers: token)
                let heartbeat = try await client.send(
                    "POST",
                    "/ingest/heartbeat",
                    headers: [("content-type", "application/json")],
                    body: Array(RunningServer.heartbeat("over-http2").utf8)
                )
                #expect(heartbeat.status == 202)
                #expect(heartbeat.headers.first(name: "strict-transport-security") == "max-age=31536000")
                #expect(try await client.send("GET", "/bots", headers: token).text.contains("\"b1\""))
                try await Task.sleep(for: .seconds(2))
                try? await events.channel.close().get()
                let received = try await events.response.get()
                #expect(received.status == 200)
                #expect(received.headers.first(name: "content-type") == "text/event-stream")
                #expect(received.headers.first(name: "transfer-encoding") == nil)
                #expect(received.text.contains("over-http2"), "\(received.text)")
            }
        }
    }

    @Test func `the streams of a connection are handled at the same time`() async throws {
        let responder = PatientResponder()
        try await HTTP2Listener.with(responder) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            var streams: [HTTP2Client.Stream] = []
            for _ in 0..<50 { streams.append(try await client.open("GET", "/")) }
            #expect(try await HTTP2Listener.wait { responder.count == 50 })
            // Each stream counts as a connection.
            #expect(telemetry.value(of: "flotilla_connections") == 51)
            responder.answer(50)
            for stream in streams { #expect(try await stream.response.get().status == 200) }
            #expect(try await HTTP2Listener.wait { telemetry.value(of: "flotilla_connections") == 1 })
        }
    }

    @Test func `a client that resets its stream cancels the request`() async throws {
        let responder = PatientResponder()
        try await HTTP2Listener.with(responder) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            let stream = try await client.open("POST", "/", body: Array(repeating: 32, count: 50_000))
            #expect(try await HTTP2Listener.wait { responder.count == 1 && telemetry.bodyBytes >= 50_000 })
            try? await stream.channel.close().get()
            #expect(try await HTTP2Listener.wait { responder.cancelled == 1 && telemetry.bodyBytes == 0 })
        }
    }

    @Test func `a shutdown lets the streams finish`() async throws {
        let responder = PatientResponder()
        try await HTTP2Listener.with(responder, limits: HTTPLimits()) { port, telemetry, listener in
            let client = try await HTTP2Client(port: port)
            let stream = try await client.open("GET", "/")
            #expect(try await HTTP2Listener.wait { responder.count == 1 })
            let stopped = Task { await listener.stop() }
            try await Task.sleep(for: .milliseconds(300))
            #expect(client.channel.isActive)
            responder.answer(1)
            #expect(try await stream.response.get().status == 200)
            try await client.channel.closeFuture.get()
            await stopped.value
        }
    }

    @Test func `the host of a stream is judged by its authority`() async throws {
        try await HTTP2Listener.with(FixedResponder(body: [120])) { port, _, _ in
            let client = try await HTTP2Client(port: port)
            #expect(try await client.send("GET", "/", authority: "localhost:\(port)").status == 200)
            #expect(try await client.send("GET", "/", authority: nil, headers: [("host", "localhost")]).status == 200)
            #expect(try await client.send("GET", "/", headers: [("host", "localhost")]).status == 200)
            #expect(try await client.send("GET", "/", authority: "attacker.example").status == 421)
            #expect(try await client.send("GET", "/", authority: nil).status == 400)
            #expect(try await client.send("GET", "/", headers: [("host", "attacker.example")]).status == 400)
            #expect(try await client.send("GET", "http://localhost/").status == 400)
            #expect(try await client.send("GET", "/", headers: [("origin", "https://attacker.example")]).status == 403)
        }
    }
}

/// The limits of streams.
@Suite struct HTTP2LimitTests {
    @Test func `an unread response holds back only its stream, and is abandoned`() async throws {
        var limits = HTTPLimits.withoutGrace
        limits.sendTime = .seconds(2)
        let large = FixedResponder(body: Array(repeating: 120, count: 1_000_000))
        try await HTTP2Listener.with(large, limits: limits) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            let unread = try await client.open("GET", "/", reads: false)
            #expect(try await HTTP2Listener.wait { telemetry.value(of: "flotilla_unread_bytes") > 800_000 })
            #expect(try await client.send("GET", "/").body.count == 1_000_000)
            #expect(
                try await HTTP2Listener.wait {
                    telemetry.value(of: "flotilla_connections_closed_total", ("reason", "unread")) == 1
                }
            )
            #expect(try await HTTP2Listener.wait { telemetry.value(of: "flotilla_unread_bytes") == 0 })
            #expect(try await client.send("GET", "/").body.count == 1_000_000)
            #expect(try await unread.response.get().reset == .cancel)
        }
    }

    @Test func `bodies have limits of size, time and memory`() async throws {
        var limits = HTTPLimits.withoutGrace
        limits.bodyTime = .milliseconds(500)
        var connectionLimits = ConnectionLimits()
        connectionLimits.bodyBytes = 200_000
        let responder = FixedResponder(body: [120])
        try await HTTP2Listener.with(responder, limits: limits, connectionLimits) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            let announced = try await client.send(
                "POST",
                "/",
                headers: [("content-length", "2000000")],
                body: Array(repeating: 32, count: 2_000_000)
            )
            #expect(announced.status == 413)
            let full = try await client.send("POST", "/", body: Array(repeating: 32, count: 300_000))
            #expect(full.status == 503)
            #expect(full.text.contains("TOO_MANY_BODIES"))
            #expect(try await client.send("POST", "/", body: Array(repeating: 32, count: 4_096)).status == 200)
            let polite = try await client.send("POST", "/", headers: [("expect", "100-continue")], body: [32])
            #expect(polite.status == 200)
            let slow = try await client.open("POST", "/", body: [32], isOpen: true)
            #expect(try await slow.response.get().status == 408)
            #expect(try await client.send("GET", "/" + String(repeating: "y", count: 9_000)).status == 414)
            #expect(try await client.send("GET", "/").status == 200)
            #expect(telemetry.bodyBytes == 0)
        }
    }

    @Test func `beyond the limit of connections a stream gets an explanation`() async throws {
        var limits = ConnectionLimits()
        limits.total = 3
        let responder = PatientResponder()
        try await HTTP2Listener.with(responder, limits: .withoutGrace, limits) { port, _, _ in
            let client = try await HTTP2Client(port: port)
            let held = [try await client.open("GET", "/"), try await client.open("GET", "/")]
            #expect(try await HTTP2Listener.wait { responder.count == 2 })
            let late = try await client.send("GET", "/")
            #expect(late.status == 503)
            #expect(late.text.contains("TOO_MANY_CONNECTIONS"))
            responder.answer(3)
            for stream in held { #expect(try await stream.response.get().status == 200) }
            #expect(try await client.send("GET", "/").status == 200)
        }
    }

    @Test func `a large header block ends the connection`() async throws {
        try await HTTP2Listener.with(FixedResponder(body: [120])) { port, _, _ in
            let client = try await HTTP2Client(port: port)
            let fits = try await client.send("GET", "/", headers: [("x-long", String(repeating: "y", count: 16_000))])
            #expect(fits.status == 200)
            // The fields are compressed: each but the first one is a byte.
            let field = ("x-long", String(repeating: "y", count: 3_900))
            _ = try await client.send("GET", "/", headers: Array(repeating: field, count: 10))
            try await client.channel.closeFuture.get()
        }
    }

    @Test func `floods of resets and of continuations end the connection`() async throws {
        try await HTTP2Listener.with(PatientResponder()) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            for _ in 0..<1_500 where client.channel.isActive {
                guard let stream = try? await client.open("GET", "/") else { break }
                try? await stream.channel.close().get()
            }
            try await client.channel.closeFuture.get()
            // The preface, SETTINGS, and a HEADERS frame without its end, then ten CONTINUATION frames (RFC 9113, section 4.1).
            var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
            bytes += [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]
            for _ in 0..<10 { bytes += [0, 0, 1, 9, 0, 0, 0, 0, 1, 0x84] }
            let flood = try await HTTP2Client.connect(port: port) { _ in }
            try? await flood.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            try await flood.closeFuture.get()
            #expect(try await HTTP2Listener.wait { telemetry.value(of: "flotilla_connections") == 0 })
        }
    }

    @Test func `a connection without streams is closed, and so is one that sends no request`() async throws {
        var limits = HTTPLimits.withoutGrace
        limits.idleTime = .milliseconds(500)
        limits.headTime = .seconds(2)
        try await HTTP2Listener.with(FixedResponder(body: [120]), limits: limits) { port, telemetry, _ in
            let client = try await HTTP2Client(port: port)
            #expect(try await client.send("GET", "/").status == 200)
            try await client.channel.closeFuture.get()
            let silent = try await HTTP2Client(port: port)
            try await silent.channel.closeFuture.get()
            #expect(telemetry.value(of: "flotilla_connections_closed_total", ("reason", "head")) == 1)
        }
    }
}

/// Sends the same response to every request.
private struct FixedResponder: OpenResponder {
    let body: [UInt8]

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        ServerResponse(status: 200, contentType: nil, body: self.body, requestID: "r")
    }
}

/// Responds when the test allows it.
private final class PatientResponder: OpenResponder {
    private let begun = Atomic(0)
    private let allowed = Atomic(0)
    private let ended = Atomic(0)

    /// The number of requests so far.
    var count: Int { begun.load(ordering: .sequentiallyConsistent) }

    /// The number of requests that the client abandoned.
    var cancelled: Int { ended.load(ordering: .sequentiallyConsistent) }

    /// Allows more responses.
    func answer(_ number: Int) { allowed.wrappingAdd(number, ordering: .sequentiallyConsistent) }

    func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
        let number = begun.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        while allowed.load(ordering: .sequentiallyConsistent) < number {
            try? await Task.sleep(for: .milliseconds(5))
            if Task.isCancelled {
                ended.wrappingAdd(1, ordering: .sequentiallyConsistent)
                break
            }
        }
        return ServerResponse(status: 200, contentType: nil, body: [], requestID: "r")
    }
}

/// A listener with TLS.
private enum HTTP2Listener {
    static func with(
        _ responder: some Responder,
        limits: HTTPLimits = .withoutGrace,
        _ connectionLimits: ConnectionLimits = ConnectionLimits(),
        _ body: (_ port: Int, Telemetry, HTTPListener) async throws -> Void
    ) async throws {
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        try await CertificateFolder.with("localhost") { folder in
            let telemetry = Telemetry()
            let listener = try await HTTPListener.start(
                at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
                on: MultiThreadedEventLoopGroup.singleton,
                tls: CertificateStore(folder.files, logger: logger),
                limits: limits,
                responder: responder,
                connectionLimits: connectionLimits,
                telemetry: telemetry,
                logger: logger
            )
            let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
            let result = await Result { try await body(port, telemetry, listener) }
            await listener.stop()
            try result.get()
        }
    }

    /// Waits until a condition holds.
    static func wait(_ isMet: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try await isMet() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
