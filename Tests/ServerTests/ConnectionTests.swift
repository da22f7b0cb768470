import ContractRuntime
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Handlers
@testable import Server

/// The limits of connections, and the responses beyond them.
@Suite struct ConnectionTests {
    /// The value of a metric.
    private func figure(_ name: String, of server: RunningServer) async throws -> Int? {
        let text = try await server.get("/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) }
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

    @Test
    func `a client that sends requests without reading is disconnected, and uses little memory until then`()
        async throws
    {
        var limits = HTTPLimits()
        limits.sendTime = .seconds(1)
        try await RunningServer.with(limits: limits) { server in
            let closed = #"flotilla_connections_closed_total{reason="unread"}"#
            #expect(try await figure(closed, of: server) == 0)
            let client = try KeepAliveHTTP(port: server.api.port, receiveBuffer: 4_096)
            // Several hundred megabytes of responses, if they were all created. The last of these requests may not even be read.
            let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let requests = Array(String(repeating: request, count: 1_000).utf8)
            client.send(requests, flags: Int32(MSG_DONTWAIT))
            var largest = 0
            let isClosed = try await wait {
                largest = max(largest, try await figure("flotilla_unread_bytes", of: server) ?? 0)
                return try await figure(closed, of: server) == 1
            }
            #expect(isClosed)
            // One response at most.
            #expect(largest < 2_000_000)
            #expect(try await wait { try await figure("flotilla_unread_bytes", of: server) == 0 })
            withExtendedLifetime(client) {}
        }
    }

    @Test(arguments: ["", "Connection: close\r\n"])
    func `an unread response is abandoned, even if it is the last one`(field: String) async throws {
        let large = ServerResponse(
            status: 200,
            contentType: nil,
            body: Array(repeating: 120, count: 4_000_000),
            requestID: "r"
        )
        try await withListener(answering: large) { port, telemetry in
            let client = try KeepAliveHTTP(port: port, receiveBuffer: 4_096)
            client.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n".utf8))
            var largest = 0.0
            let isClosed = try await wait {
                largest = max(largest, telemetry.value(of: "flotilla_unread_bytes"))
                return telemetry.value(of: "flotilla_connections_closed_total", ("reason", "unread")) == 1
            }
            #expect(isClosed)
            #expect(largest < 4_000_000)
            #expect(try await wait { telemetry.value(of: "flotilla_connections") == 0 })
            #expect(telemetry.value(of: "flotilla_unread_bytes") == 0)
            withExtendedLifetime(client) {}
        }
    }

    @Test func `a slow reader gets everything`() async throws {
        var limits = HTTPLimits()
        limits.sendTime = .seconds(2)
        try await RunningServer.with(limits: limits) { server in
            let whole = try await server.get("/openapi.json", token: nil).body.utf8.count
            let client = try KeepAliveHTTP(port: server.api.port, receiveBuffer: 4_096)
            let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"
            client.send(Array((request + "\r\n" + request + "\r\n" + request + "Connection: close\r\n\r\n").utf8))
            for _ in 0..<3 {
                try await Task.sleep(for: .milliseconds(700))
                #expect(try client.receive().body.utf8.count == whole)
            }
        }
    }

    @Test func `clients share the memory for unread responses, and small ones are still sent`() async throws {
        var limits = HTTPLimits()
        limits.sendTime = .seconds(60)
        try await RunningServer.with(limits: limits, settings: ["UNREAD_MEBIBYTES": "1"]) { server in
            let request = Array("GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            var clients: [KeepAliveHTTP] = []
            let isFull = try await wait {
                let client = try KeepAliveHTTP(port: server.api.port, receiveBuffer: 4_096)
                for _ in 0..<4 { client.send(request) }
                clients.append(client)
                return try await figure("flotilla_unread_bytes", of: server) ?? 0 > 1_048_576
            }
            #expect(isFull)
            let large = try await server.get("/openapi.json", token: nil)
            #expect(large.status == 503)
            #expect(large.headers["retry-after"] == "5")
            #expect(try large.json()["code"] as? String == "TOO_MANY_UNREAD_ANSWERS")
            #expect(try await server.get("/healthz", token: nil).status == 200)
            clients = []
            let isFree = try await wait { try await server.get("/openapi.json", token: nil).status == 200 }
            #expect(isFree)
        }
    }

    @Test func `beyond the limit clients get an explanation, and operators are served`() async throws {
        try await RunningServer.with(settings: ["CONNECTIONS": "8"]) { server in
            try await server.waitUntilReady()
            // The connections of the previous probes are closed when the server has noticed their end.
            #expect(try await wait { try await figure("flotilla_connections", of: server) == 1 })
            var held: [KeepAliveHTTP] = []
            for _ in 0..<8 { held.append(try KeepAliveHTTP(port: server.api.port)) }
            for client in held { #expect(try client.request("GET", "/healthz").status == 200) }
            let late = try await server.get("/healthz", token: nil)
            #expect(late.status == 503)
            #expect(late.headers["retry-after"] == "5")
            #expect(late.headers["connection"] == "close")
            #expect(try late.json()["code"] as? String == "TOO_MANY_CONNECTIONS")
            #expect(try await server.get("/bots").status == 200)
            #expect(try await server.get("/bots", token: "wrong").status == 401)
            held.removeLast()
            #expect(try await wait { try await server.get("/healthz", token: nil).status == 200 })
            let figures = try await server.get("/metrics").body
            #expect(figures.contains(#"flotilla_connections_surplus_total{limit="total"}"#))
            #expect(figures.contains("\nflotilla_connections_limit 8\n"))
            #expect(figures.contains("\nflotilla_unread_bytes_limit 268435456\n"))
            withExtendedLifetime(held) {}
        }
    }

    @Test func `an unread stream ends`() async throws {
        let endless = ServerEvents<JSONValue> {
            AsyncThrowingStream { ServerEvent(.string(String(repeating: "x", count: 65_536))) }
        }
        let answer = ServerResponse(Response(status: 200, .events(endless)), requestID: "r")
        try await withListener(answering: answer) { port, telemetry in
            let client = try KeepAliveHTTP(port: port, receiveBuffer: 4_096)
            client.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(
                try await wait { telemetry.value(of: "flotilla_connections_closed_total", ("reason", "unread")) == 1 }
            )
            #expect(try await wait { telemetry.value(of: "flotilla_connections") == 0 })
            withExtendedLifetime(client) {}
        }
    }

    /// Sends the same response to every request.
    private struct FixedResponder: OpenResponder {
        let answer: ServerResponse

        func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse { answer }
    }

    /// Runs `body` with a listener whose clients have a second to read.
    private func withListener(
        answering answer: ServerResponse,
        _ body: (_ port: Int, Telemetry) async throws -> Void
    ) async throws {
        var limits = HTTPLimits.withoutGrace
        limits.sendTime = .seconds(1)
        let telemetry = Telemetry()
        let listener = try await HTTPListener.start(
            at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            tls: nil,
            limits: limits,
            responder: FixedResponder(answer: answer),
            telemetry: telemetry,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let result = await Result { try await body(port, telemetry) }
        await listener.stop()
        try result.get()
    }

    @Test func `a server without file descriptors neither ends nor spins, and recovers`() async throws {
        #if canImport(Glibc)
        try await TestDatabase.migrated { url in
            let process = try ServerProcess(["serve", "--only", "api"], environment: Site.environment(url, [:]))
            let port = try #require(Int(await process.line(after: "API  http://127.0.0.1:")))
            let http = RawHTTP(port: port)
            while try await http.send("GET", "/readyz").status != 200 {
                try await Task.sleep(for: .milliseconds(20))
            }
            let pid = process.process.processIdentifier
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
            // util-linux
            let limiting = Process()
            limiting.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
            limiting.arguments = ["--pid", "\(pid)", "--nofile=\(open + 10)"]
            try limiting.run()
            limiting.waitUntilExit()
            #expect(limiting.terminationStatus == 0)
            var clients: [KeepAliveHTTP] = []
            for _ in 0..<40 { clients.append(try KeepAliveHTTP(port: port)) }
            try await Task.sleep(for: .seconds(1))
            let before = try Self.processorTime(of: pid)
            try await Task.sleep(for: .seconds(2))
            // Two seconds of spinning would be 200 hundredths.
            #expect(try Self.processorTime(of: pid) - before < 100)
            clients = []
            let isBack = try await wait { (try? await http.send("GET", "/healthz").status) == 200 }
            #expect(isBack)
            process.process.terminate()
            #expect(await process.end().status == 0)
        }
        #endif
    }

    /// The processor time of a process, in hundredths of a second.
    private static func processorTime(of pid: Int32) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = text.split(separator: ") ").last?.split(separator: " ").compactMap { Int($0) } ?? []
        // Without the command and the state, so that user and system time are the fields 10 and 11 (proc(5)).
        return fields.count > 11 ? fields[10] + fields[11] : 0
    }
}

/// Counting connections.
@Suite struct ConnectionCountTests {
    private var limits: ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.total, limits.perAddress, limits.surplus) = (6, 3, 4)
        return limits
    }

    private func places(_ addresses: [String], proxies: TrustedProxies = TrustedProxies()) -> [ConnectionPlace] {
        var counts = ConnectionCounts(proxies: proxies)
        return addresses.map { counts.add(IPAddress($0), limits) }
    }

    @Test func `an address has a limit, and others are served`() {
        let many = Array(repeating: "203.0.113.7", count: 6)
        let open = Array(repeating: ConnectionPlace.open, count: 3)
        let beyond: [ConnectionPlace] = [.surplus(.address), .surplus(.address), .rejected(.address)]
        #expect(places(many + ["203.0.113.8"]) == open + beyond + [.open])
    }

    @Test func `an IPv6 network counts as one address`() {
        let many = (1...4).map { "2001:db8:1:2::\($0)" }
        #expect(places(many + ["2001:db8:1:3::1"]) == [.open, .open, .open, .surplus(.address), .open])
        // An IPv4-mapped IPv6 address is the same client.
        #expect(
            places(["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.1"]).last == .surplus(.address)
        )
    }

    @Test func `loopback has no limit per address, but counts towards the total`() {
        let places = places(Array(repeating: "127.0.0.1", count: 11))
        let open = Array(repeating: ConnectionPlace.open, count: 6)
        let beyond = Array(repeating: ConnectionPlace.surplus(.total), count: 4)
        #expect(places == open + beyond + [.rejected(.total)])
    }

    @Test func `a trusted proxy carries the connections of all its clients, and has no limit per address`() throws {
        let proxies = TrustedProxies([try #require(TrustedProxies.Network("10.0.0.0/8"))])
        let open = Array(repeating: ConnectionPlace.open, count: 6)
        #expect(places(Array(repeating: "10.1.2.3", count: 6), proxies: proxies) == open)
        // Another address keeps its limit, and the total applies to proxies, too.
        let many = Array(repeating: "203.0.113.7", count: 4) + Array(repeating: "10.1.2.3", count: 4)
        #expect(
            places(many, proxies: proxies)
                == [.open, .open, .open, .surplus(.address), .open, .open, .open, .surplus(.total)]
        )
        var counts = ConnectionCounts(proxies: proxies)
        for _ in 0..<6 { _ = counts.add(IPAddress("10.1.2.3"), limits) }
        counts.remove(IPAddress("10.1.2.3"), .open)
        #expect(counts.add(IPAddress("10.1.2.3"), limits) == .open)
    }

    @Test func `a closed connection makes room`() {
        var counts = ConnectionCounts()
        let address = IPAddress("203.0.113.7")
        for _ in 0..<3 { #expect(counts.add(address, limits) == .open) }
        #expect(counts.add(address, limits) == .surplus(.address))
        counts.remove(address, .surplus(.address))
        counts.remove(address, .open)
        #expect(counts.add(address, limits) == .open)
    }

    @Test func `limits fit within the limit of open files`() {
        #expect(ConnectionLimits().fitting(files: 1_048_576).total == 40_000)
        #expect(ConnectionLimits().fitting(files: 1_048_576).perAddress == 30_000)
        #expect(ConnectionLimits().fitting(files: 1_024).total == 512)
        #expect(ConnectionLimits().fitting(files: 1_024).perAddress == 384)
    }
}
