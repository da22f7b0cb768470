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

/// Clients of a server process that shuts down.
@Suite struct ShutdownTests {
    /// Runs `body`, which ends the process, with a server process and its port.
    private func withProcess(
        settings: [String: String] = [:],
        _ body: (ServerProcess, Int) async throws -> Void
    ) async throws {
        try await TestDatabase.migrated { url in
            let process = try ServerProcess(environment: Site.environment(url, settings))
            let port = try #require(Int(await process.line(after: "API  http://127.0.0.1:")))
            let http = RawHTTP(port: port)
            while try await http.send("GET", "/readyz").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
            let result = await Result { try await body(process, port) }
            if case .failure = result { process.process.terminate() }
            let (status, errors) = await process.end()
            #expect(status == 0, "\(errors)")
            try result.get()
        }
    }

    @Test func `an open connection gets one more response, which announces that it is the last`() async throws {
        try await withProcess { process, port in
            let (agent, probe, silent) = (
                try KeepAliveHTTP(port: port), try KeepAliveHTTP(port: port), try KeepAliveHTTP(port: port)
            )
            for connection in [agent, probe, silent] {
                #expect(try connection.request("GET", "/healthz").headers["connection"] == nil)
            }
            process.process.terminate()
            try await Task.sleep(for: .milliseconds(400))
            let ready = try probe.request("GET", "/readyz")
            #expect(ready.status == 503)
            #expect(try ready.json()["code"] as? String == "SHUTTING_DOWN")
            #expect(ready.headers["connection"] == "close")
            let beat = try agent.request("POST", "/ingest/heartbeat", body: RunningServer.heartbeat())
            #expect(beat.status == 202)
            #expect(beat.headers["connection"] == "close")
            #expect(throws: KeepAliveHTTP.Failure.refused) { try KeepAliveHTTP(port: port) }
            // The grace period ends for a client that sends nothing.
            #expect(silent.waitForEnd())
        }
    }

    @Test func `no request is lost at a shutdown`() async throws {
        try await withProcess { process, port in
            let counts = Counts()
            let pid = process.process.processIdentifier
            // Agents that send repeatedly on persistent connections, and stop when connections are refused.
            await withTaskGroup(of: Void.self) { group in
                for agent in 0..<40 {
                    group.addTask {
                        await withCheckedContinuation { continuation in
                            Thread.detachNewThread {
                                Self.send(as: agent, to: port, counts)
                                continuation.resume()
                            }
                        }
                    }
                }
                group.addTask {
                    while counts.answered < 4_000 { try? await Task.sleep(for: .milliseconds(5)) }
                    kill(pid, SIGTERM)
                }
            }
            #expect(counts.answered >= 4_000)
            #expect(counts.lost == 0)
        }
    }

    private final class Counts: Sendable {
        private let state = Mutex((answered: 0, lost: 0))

        var answered: Int { state.withLock { $0.answered } }
        var lost: Int { state.withLock { $0.lost } }

        func noteAnswer() { state.withLock { $0.answered += 1 } }
        func noteLoss() { state.withLock { $0.lost += 1 } }
    }

    private static func send(as agent: Int, to port: Int, _ counts: Counts) {
        let body = RunningServer.heartbeat("i\(agent)")
        while let connection = try? KeepAliveHTTP(port: port) {
            var isLast = false
            while !isLast {
                do {
                    let answer = try connection.request("POST", "/ingest/heartbeat", body: body)
                    isLast = answer.headers["connection"] == "close"
                    if answer.status == 202 { counts.noteAnswer() }
                    Thread.sleep(forTimeInterval: .random(in: 0...0.004))
                } catch {
                    counts.noteLoss()
                    isLast = true
                }
            }
        }
    }

    @Test func `waiting polls and event streams end immediately`() async throws {
        try await withProcess { process, port in
            let beat = try KeepAliveHTTP(port: port)
            #expect(try beat.request("POST", "/ingest/heartbeat", body: RunningServer.heartbeat()).status == 202)
            let (poll, stream) = (try KeepAliveHTTP(port: port), try KeepAliveHTTP(port: port))
            poll.send(Array("GET /instances/i1/commands/pending?wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            let token = "X-Admin-Token: \(Site.token)\r\n"
            stream.send(Array("GET /events HTTP/1.1\r\nHost: localhost\r\n\(token)\r\n".utf8))
            try await Task.sleep(for: .milliseconds(400))
            let start = ContinuousClock.now
            process.process.terminate()
            let answer = try poll.receive()
            #expect(answer.body == "[]")
            #expect(answer.headers["connection"] == "close")
            #expect(stream.waitForEnd())
            // Long before the poll would have timed out.
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    /// Never responds.
    private struct SilentResponder: OpenResponder {
        func respond(to head: HTTPRequestHead, _ body: [UInt8]) async -> ServerResponse {
            try? await Task.sleep(for: .seconds(60))
            return ServerResponse(status: 204, contentType: nil, body: [], requestID: "r")
        }
    }

    @Test func `idle connections are closed after the grace period, and all others at the deadline`() async throws {
        var limits = HTTPLimits()
        limits.shutdownGrace = .milliseconds(200)
        limits.shutdownTime = .seconds(3)
        let telemetry = Telemetry()
        let listener = try await HTTPListener.start(
            at: ListeningSocket(at: ListenAddress(host: "127.0.0.1", port: 0)),
            on: MultiThreadedEventLoopGroup.singleton,
            tls: nil,
            limits: limits,
            responder: SilentResponder(),
            telemetry: telemetry,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let port = listener.address.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let (idle, busy) = (try KeepAliveHTTP(port: port), try KeepAliveHTTP(port: port))
        busy.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        while telemetry.value(of: "flotilla_connections") < 2 { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        let end = await listener.stopAccepting()
        #expect(idle.waitForEnd())
        let idleTime = ContinuousClock.now - start
        #expect(idleTime >= .milliseconds(200))
        #expect(idleTime < .seconds(3))
        try await end.get()
        #expect(ContinuousClock.now - start >= .seconds(3))
        #expect(busy.waitForEnd())
    }
}
