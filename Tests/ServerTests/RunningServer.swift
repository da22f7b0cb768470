import Foundation
import Handlers
import Logging
import Postgres
import TestSupport

@testable import Server

extension HTTPLimits {
    /// Limits for tests that are not about deadlines, which share the machine with others: a response may take 20 s.
    static var patient: HTTPLimits {
        var limits = HTTPLimits()
        limits.responseTime = .seconds(20)
        return limits
    }
}

/// A server on free ports of this machine, in this process, as `flotilla-server` runs it.
struct RunningServer {
    let api: RawHTTP
    let web: RawHTTP
    static let token = "test-token"

    /// Runs `body` with a server over a new database.
    static func with<R: Sendable>(
        limits: HTTPLimits = .patient,
        settings: [String: String] = [:],
        _ body: @Sendable (RunningServer) async throws -> R
    ) async throws -> R {
        try await TestDatabase.empty { url in
            try await with(databaseURL: url, limits: limits, settings: settings, body)
        }
    }

    /// Runs `body` with a server over the database at `databaseURL`.
    static func with<R: Sendable>(
        databaseURL: String,
        migrates: Bool = true,
        limits: HTTPLimits = .patient,
        settings: [String: String] = [:],
        _ body: @Sendable (RunningServer) async throws -> R
    ) async throws -> R {
        let (stopping, stop) = AsyncStream<Void>.makeStream()
        let (started, start) = AsyncStream<[String]>.makeStream()
        let application = Application(
            try configuration(databaseURL, settings),
            limits: limits,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { start.finish() }
                try await application.serve(
                    try application.bind(),
                    schema: migrates ? .migrate : .refuse,
                    started: { start.yield($0.map(\.address)) },
                    until: { for await _ in stopping {} }
                )
            }
            var addresses: [String] = []
            for await found in started {
                addresses = found
                break
            }
            if addresses.isEmpty { try await group.waitForAll() }
            let server = RunningServer(
                api: RawHTTP(port: port(addresses[0]), isRecorded: true),
                web: RawHTTP(port: port(addresses[1]))
            )
            let result = await Result { try await body(server) }
            stop.finish()
            try await group.waitForAll()
            return try result.get()
        }
    }

    static func configuration(_ databaseURL: String, _ settings: [String: String] = [:]) throws
        -> ServerConfiguration
    {
        let standard = [
            "DATABASE_URL": databaseURL, "ADMIN_TOKEN": token, "API_ADDRESS": "127.0.0.1:0",
            "WEB_ADDRESS": "127.0.0.1:0", "RESPONSE_VALIDATION": "always", "CHECK_INTERVAL_SECONDS": "0",
        ]
        return try ServerConfiguration(Variables(values: standard.merging(settings) { _, new in new }))
    }

    private static func port(_ address: String) -> Int {
        address.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    /// Waits until the server reports that it is ready.
    func waitUntilReady(within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        while try await api.send("GET", "/readyz").status != 200, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func get(_ path: String, token: String? = RunningServer.token) async throws -> RawHTTP.Response {
        try await api.send("GET", path, headers: token.map { ["X-Admin-Token": $0] } ?? [:])
    }

    func post(
        _ path: String,
        _ body: String,
        token: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> RawHTTP.Response {
        var headers = ["Content-Type": "application/json"].merging(headers) { _, new in new }
        if let token { headers["X-Admin-Token"] = token }
        return try await api.send("POST", path, headers: headers, body: body)
    }

    /// Logs in at the dashboard with its form.
    func logIn(_ token: String) async throws -> RawHTTP.Response {
        let headers = ["Content-Type": "application/x-www-form-urlencoded"]
        return try await web.send("POST", "/login", headers: headers, body: "token=\(token)")
    }

    static func heartbeat(_ instanceID: String = "i1", at time: String = "2026-03-01T09:30:00Z") -> String {
        """
        {"instance_id":"\(instanceID)","bot_id":"b1","runtime_mode":"LIVE","exchange":"binance","symbol":"BTCUSDT",\
        "version":"1.0","timestamp":"\(time)"}
        """
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
