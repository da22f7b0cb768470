import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// The maximum duration of a request, whatever its database does, and the priority of operators.
@Suite struct DeadlineTests {
    @Test func `each operation responds in time while the database accepts connections and never responds`()
        async throws
    {
        try await TestDatabase.migrated { url in
            try await StallingProxy.with(databaseURL: url) { proxy, url in
                try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { server in
                    try await server.waitUntilReady()
                    #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
                    proxy.isStalled = true
                    let answers = try await askEverything(of: server)
                    proxy.isStalled = false
                    for (request, status, duration) in answers {
                        #expect(status == 503, "\(request)")
                        // 1.8 s and a little more; two deadlines in a row would be 3.6 s.
                        #expect(duration < .seconds(3), "\(request)")
                    }
                }
            }
        }
    }

    private func command() -> String {
        #"{"command_id":"\#(UUID().uuidString)","instance_id":"i1","command_type":"STOP","ttl_seconds":60}"#
    }

    /// Sends requests without waiting for responses, so that some wait for the statements of others.
    private func askEverything(
        of server: RunningServer
    ) async throws -> [(request: String, status: Int, duration: Duration)] {
        let beats = (0..<20).map { ("/ingest/heartbeat", RunningServer.heartbeat("new\($0)")) }
        let time = "2026-03-01T09:30:00Z"
        let metric = #"{"instance_id":"i1","symbol":"B","metric_type":"equity","value":1,"timestamp":"\#(time)"}"#
        let cost = #"{"instance_id":"i1","symbol":"B","cost_type":"FEE","amount":1,"timestamp":"\#(time)"}"#
        let position =
            #"{"instance_id":"i1","symbol":"B","net_exposure":"1","gross_exposure":"1","updated_at":"\#(time)"}"#
        let stop = command()
        let writes =
            beats + [
                ("/ingest/heartbeat", "[\(RunningServer.heartbeat("a")),\(RunningServer.heartbeat("b"))]"),
                ("/ingest/metrics", metric), ("/ingest/metrics", "[\(metric)]"), ("/ingest/costs", cost),
                ("/ingest/positions", position), ("/commands", stop),
                ("/alerts/heartbeat-check", ""),
            ]
        let reads = [
            "/bots", "/fleet", "/instances", "/commands", "/alerts", "/audit/logs", "/portfolio/exposure",
            "/portfolio/positions",
            "/instances/i1/commands/pending?wait=30s", "/modules", "/module-runs",
        ]
        return try await withThrowingTaskGroup(of: (String, Int, Duration).self) { group in
            func ask(_ name: String, _ request: @escaping @Sendable () async throws -> Int) async throws {
                group.addTask {
                    let start = ContinuousClock.now
                    return (name, try await request(), ContinuousClock.now - start)
                }
                try await Task.sleep(for: .milliseconds(40))
            }
            for (path, body) in writes {
                try await ask("POST \(path)") { try await server.post(path, body, token: RunningServer.token).status }
            }
            for path in reads { try await ask("GET \(path)") { try await server.get(path).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `a page shows the outage in time`() async throws {
        try await TestDatabase.migrated { url in
            try await StallingProxy.with(databaseURL: url) { proxy, url in
                try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { server in
                    try await server.waitUntilReady()
                    let login = try await server.logIn(RunningServer.token)
                    let cookie = login.headers["set-cookie"]?.split(separator: ";").first.map(String.init) ?? ""
                    #expect(try await server.web.send("GET", "/dashboard", headers: ["Cookie": cookie]).status == 200)
                    proxy.isStalled = true
                    let start = ContinuousClock.now
                    let page = try await server.web.send("GET", "/dashboard", headers: ["Cookie": cookie])
                    let duration = ContinuousClock.now - start
                    proxy.isStalled = false
                    #expect(page.status == 503)
                    #expect(page.body.contains("The dashboard cannot load data"))
                    #expect(duration < .seconds(4))
                }
            }
        }
    }

    @Test func `operators send commands while agents occupy every other connection`() async throws {
        try await TestDatabase.migrated { url in
            try await RunningServer.with(
                databaseURL: url,
                limits: HTTPLimits(),
                settings: ["DATABASE_CONNECTIONS": "3"]
            ) { server in
                try await server.waitUntilReady()
                #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
                async let locking: Void = lockPositions(at: url)
                try await Task.sleep(for: .milliseconds(500))
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<600 {
                        group.addTask {
                            let body = """
                                {"instance_id":"i1","symbol":"S\(number)","net_exposure":"1","gross_exposure":"1",\
                                "updated_at":"2026-03-01T09:30:00Z"}
                                """
                            return try await server.post("/ingest/positions", body).status
                        }
                    }
                    try await Task.sleep(for: .milliseconds(800))
                    for (path, body) in [
                        ("/commands", command()),
                        (
                            "/commands/bulk",
                            #"{"target":{"instance_ids":["i1"]},"command_type":"STOP","ttl_seconds":60}"#
                        ),
                    ] {
                        let start = ContinuousClock.now
                        let answer = try await server.post(path, body, token: RunningServer.token)
                        #expect(answer.status == 202, "\(path) \(answer.body)")
                        #expect(ContinuousClock.now - start < .seconds(5), "\(path)")
                    }
                    // Positions wait for the lock; late ones may find it released.
                    let statuses = try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
                    #expect(Set(statuses.keys).isSubset(of: [202, 503]))
                    #expect(statuses[503] ?? 0 >= 100)
                }
                try await locking
            }
        }
    }

    /// Holds a lock for four seconds that blocks the storage of positions.
    private func lockPositions(at url: String) async throws {
        let database = Database(.init(url: url, connections: 1, deadline: .seconds(20)), logger: Logger(label: "tests"))
        defer { database.close() }
        try await database.transaction { transaction in
            for sql in ["LOCK TABLE positions IN ACCESS EXCLUSIVE MODE", "SELECT pg_sleep(4)"] {
                let statement = Statement(name: "lock", parameterTypes: [], sql: sql)
                try transaction.run(Query(statement, bind: { _ in }, read: { _ in }))
            }
        }
    }

    @Test func `operators send commands while thousands of heartbeats arrive`() async throws {
        try await RunningServer.with(limits: HTTPLimits()) { server in
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
            // 200 agents at once, which every machine accepts.
            try await withThrowingTaskGroup(of: [Int].self) { group in
                for agent in 0..<200 {
                    group.addTask {
                        var statuses: [Int] = []
                        for number in 0..<10 {
                            let heartbeat = RunningServer.heartbeat("i\(agent * 10 + number)")
                            statuses.append(try await server.post("/ingest/heartbeat", heartbeat).status)
                        }
                        return statuses
                    }
                }
                for _ in 0..<5 {
                    let start = ContinuousClock.now
                    let stop = command()
                    #expect(try await server.post("/commands", stop, token: RunningServer.token).status == 202)
                    #expect(ContinuousClock.now - start < .seconds(10))
                }
                let statuses = try await group.reduce(into: []) { $0 += $1 }
                #expect(statuses == Array(repeating: 202, count: 2_000))
            }
        }
    }
}
