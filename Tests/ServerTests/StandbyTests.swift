import ContractRuntime
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Analytics are read from another database than the primary. Replication is PostgreSQL's task; here the second database has different
/// content, which shows which of the two was used.
@Suite struct StandbyTests {
    private static func report(_ server: RunningServer, _ net: String) async throws {
        try await server.waitUntilReady()
        #expect(
            try await server.post("/ingest/heartbeat", RunningServer.heartbeat(at: "\(Timestamp.now)")).status == 202
        )
        let position =
            #"{"instance_id":"i1","symbol":"BTCUSDT","net_exposure":"\#(net)","gross_exposure":"9","updated_at":"\#(Timestamp.now)"}"#
        #expect(try await server.post("/ingest/positions", position).status == 202)
    }

    private static func exposure(_ server: RunningServer) async throws -> Double? {
        try await server.get("/portfolio/exposure").json()["total_net_exposure"] as? Double
    }

    @Test func `analytics are read from the standby, and its lag is reported`() async throws {
        try await TestDatabase.empty { standby in
            try await RunningServer.with(databaseURL: standby) { try await Self.report($0, "2") }
            // No server writes there any more.
            let settings = ["ANALYTICS_DATABASE_URL": standby, "ANALYTICS_LAG_SECONDS": "3600"]
            try await RunningServer.with(settings: settings) { server in
                try await Self.report(server, "1")
                #expect(try await Self.exposure(server) == 2)
                #expect(try await Self.lag(server) < 600)
            }
        }
    }

    private static func lag(_ server: RunningServer) async throws -> Double {
        let metrics = try await server.get("/metrics").body
        let sample = try #require(metrics.firstMatch(of: /\nflotilla_analytics_lag_seconds ([0-9.]+)\n/))
        return try #require(Double(sample.1))
    }

    @Test func `a standby that lags too far behind is not used`() async throws {
        try await TestDatabase.empty { standby in
            try await RunningServer.with(databaseURL: standby) { try await Self.report($0, "2") }
            let database = Database(
                .init(url: standby, connections: 1, deadline: .seconds(10)),
                logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            )
            _ = try await database.run(Query(sql: "UPDATE listening SET until = now() - interval '100 seconds'"))
            database.close()
            let settings = ["ANALYTICS_DATABASE_URL": standby, "ANALYTICS_LAG_SECONDS": "60"]
            try await RunningServer.with(settings: settings) { server in
                try await Self.report(server, "1")
                #expect(try await Self.exposure(server) == 1)
                #expect(try await Self.lag(server) >= 100)
            }
        }
    }

    @Test func `while the standby is unavailable the primary responds, and only the first query waits for it`()
        async throws
    {
        let unreachable = "postgres://flotilla@127.0.0.1:1/nothing?connect_timeout=1"
        try await RunningServer.with(settings: ["ANALYTICS_DATABASE_URL": unreachable]) { server in
            try await Self.report(server, "1")
            #expect(try await Self.exposure(server) == 1)
            let started = ContinuousClock.now
            for _ in 1...5 { #expect(try await Self.exposure(server) == 1) }
            // Each of them would have waited for its deadline of 1.8 s.
            #expect(ContinuousClock.now - started < .seconds(5))
            #expect(try await !server.get("/metrics").body.contains("flotilla_analytics_lag_seconds"))
        }
    }
}
