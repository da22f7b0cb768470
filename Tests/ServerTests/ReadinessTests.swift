import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// Probes of load balancers get an immediate response, whatever the database does.
@Suite struct ReadinessTests {
    /// Probes commonly time out after a second. A check of the database itself takes 1.8 s while it does not respond.
    private static let patience = Duration.milliseconds(500)

    /// Probes twenty times. The fastest response counts: the others may have waited for a processor.
    private func probe(_ server: RunningServer, _ check: (RawHTTP.Response) throws -> Void) async throws {
        var fastest = Duration.seconds(60)
        for _ in 0..<20 {
            let start = ContinuousClock.now
            let answer = try await server.get("/readyz", token: nil)
            fastest = min(fastest, ContinuousClock.now - start)
            try check(answer)
        }
        #expect(fastest < Self.patience)
    }

    private func wait(for status: Int, of server: RunningServer) async throws {
        try await wait(for: server, until: "status \(status)") { $0.status == status }
    }

    private func wait(for code: String, of server: RunningServer) async throws {
        try await wait(for: server, until: "code \(code)") { try $0.json()["code"] as? String == code }
    }

    private func wait(
        for server: RunningServer,
        until condition: String,
        _ holds: (RawHTTP.Response) throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try holds(try await server.get("/readyz", token: nil)) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("no response with \(condition)")
    }

    @Test func `readiness responds immediately while the database's port is closed`() async throws {
        let closed = "postgres://flotilla@127.0.0.1:1/nothing"
        try await RunningServer.with(databaseURL: closed, limits: HTTPLimits()) { server in
            // Until the first check of the database has ended, the code is READINESS_UNKNOWN.
            try await wait(for: "DATABASE_UNAVAILABLE", of: server)
            try await probe(server) { answer in
                #expect(answer.status == 503)
                #expect(answer.headers["retry-after"] == "1")
                // On a busy machine, the last check may be too old for more information.
                let code = try answer.json()["code"] as? String
                #expect(["DATABASE_UNAVAILABLE", "READINESS_UNKNOWN"].contains(code))
            }
        }
    }

    @Test func `readiness responds immediately while the database accepts connections and never responds`() async throws
    {
        try await TestDatabase.migrated { url in
            try await StallingProxy.with(databaseURL: url) { proxy, url in
                try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { server in
                    try await wait(for: 200, of: server)
                    proxy.isStalled = true
                    try await wait(for: 503, of: server)
                    try await probe(server) { #expect($0.status == 503) }
                    proxy.isStalled = false
                    try await wait(for: 200, of: server)
                }
            }
        }
    }

    @Test(.enabled(if: CopiedInstallation.isPossible, "PostgreSQL is not laid out as Debian does"))
    func `writes that fail because PostgreSQL's files were replaced get 503, and readiness fails`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-exchange-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let installation = try CopiedInstallation(below: folder)
        let cluster = try await EmbeddedCluster.start(
            in: folder + "/cluster",
            programsIn: [installation.programs],
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        let result = await Result {
            try await cluster.createDatabase("flotilla")
            try await RunningServer.with(databaseURL: cluster.url(database: "flotilla"), limits: HTTPLimits()) {
                server in
                try await expectFailuresOfWrites(server, installation, cluster.url(database: "flotilla"))
            }
        }
        try await cluster.stop()
        try result.get()
    }

    private func expectFailuresOfWrites(
        _ server: RunningServer,
        _ installation: CopiedInstallation,
        _ url: String
    ) async throws {
        try await wait(for: 200, of: server)
        #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat("i1")).status == 202)
        let session = try await server.logIn(RunningServer.token).headers["set-cookie"]
        let cookie = String((session ?? "").prefix { $0 != ";" })
        try installation.breakLibrary()
        try await wait(for: "DATABASE_LIBRARIES_UNUSABLE", of: server)
        // Old connections have loaded the library; new ones cannot.
        let database = Database(
            .init(url: url, connections: 1),
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        defer { database.close() }
        let others = """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND datname = 'flotilla'
            """
        _ = try await database.run(Query(sql: others))
        var codes: Set<String> = []
        while !codes.contains("DATABASE_LIBRARIES_UNUSABLE") {
            // A new instance runs triggers.
            let answer = try await server.post("/ingest/heartbeat", RunningServer.heartbeat("i2"))
            #expect(answer.status == 503)
            codes.insert(try answer.json()["code"] as? String ?? "")
        }
        let page = try await server.web.send("GET", "/dashboard", headers: ["Cookie": cookie])
        #expect(page.body.contains("The server cannot store data: PostgreSQL&#39;s files were replaced"))
        try installation.repairLibrary()
        try await wait(for: 200, of: server)
        #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat("i2")).status == 202)
    }

    @Test func `a read-only database is not ready`() async throws {
        try await TestDatabase.migrated { url in
            let readOnly = url + " options='-c default_transaction_read_only=on'"
            try await RunningServer.with(databaseURL: readOnly, migrates: false, limits: HTTPLimits()) { server in
                try await wait(for: "DATABASE_NOT_WRITABLE", of: server)
            }
        }
    }
}
