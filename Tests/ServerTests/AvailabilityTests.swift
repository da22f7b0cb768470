import Foundation
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

@testable import Server

/// The server while its database is unavailable.
@Suite struct AvailabilityTests {
    /// Longer than a loaded machine needs for a response, and shorter than a server would take that waits for its database.
    private static let patience: Duration = .seconds(30)

    @Test func `it starts without its database, responds with 503, and recovers automatically`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-away-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        // The cluster's address is known before it runs.
        let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
        let url = cluster.url(database: "postgres")
        try await cluster.stop()
        try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { server in
            #expect(try await server.get("/healthz").status == 200)
            let start = ContinuousClock.now
            for response in [
                try await server.get("/readyz"), try await server.post("/ingest/heartbeat", RunningServer.heartbeat()),
                try await server.get("/bots"),
            ] {
                #expect(response.status == 503)
                #expect(response.headers["retry-after"] == "1")
                #expect(try response.json()["code"] as? String == "DATABASE_UNAVAILABLE")
            }
            #expect(ContinuousClock.now - start < Self.patience)
            let back = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await server.waitUntilReady()
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)

            // Stop the database again, now that the schema is known.
            try await back.stop()
            let lost = ContinuousClock.now
            #expect(try await server.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 503)
            #expect(ContinuousClock.now - lost < Self.patience)
            #expect(try await server.get("/healthz").status == 200)
            let again = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await server.waitUntilReady()
            #expect(try await server.get("/bots").json()["total"] as? Int == 1)
            try await again.stop()
        }
    }

    @Test func `an outdated schema ends the start unless it may be migrated`() async throws {
        try await TestDatabase.empty { url in
            let error = await #expect(throws: SchemaKeeper.NotMigrated.self) {
                try await RunningServer.with(databaseURL: url, migrates: false, limits: HTTPLimits()) { server in
                    for _ in 0..<200 where try await server.get("/readyz").status != 200 {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
            }
            #expect(error?.found.version == 0)
        }
    }

    @Test func `routines of an earlier release end the start unless they may be replaced`() async throws {
        try await TestDatabase.empty { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            _ = try await Migrator(url: url, migrations: Migration.all).migrate(logger: logger)
            let error = await #expect(throws: SchemaKeeper.NotMigrated.self) {
                try await RunningServer.with(databaseURL: url, migrates: false, limits: HTTPLimits()) { server in
                    for _ in 0..<200 where try await server.get("/readyz").status != 200 {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
            }
            let reason =
                "the database's routines are older than this server's: run './flotilla migrate' or start with --migrate"
            #expect(error?.description == reason)
        }
    }

    @Test func `requests before the schema check wait for it`() async throws {
        try await TestDatabase.empty { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let application = Application(
                try RunningServer.configuration(url),
                schemaPatience: .seconds(600),
                logger: logger
            )
            let sockets = try application.bind()
            let api = RawHTTP(port: try #require(sockets[.api]).address.port)
            let (stopping, stop) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await application.serve(sockets, schema: .wait) { for await _ in stopping {} }
                }
                let (headers, body) = (["Content-Type": "application/json"], RunningServer.heartbeat())
                let early = Task { try await api.send("POST", "/ingest/heartbeat", headers: headers, body: body) }
                let result = await Result {
                    _ = try await Migrator(url: url, schema: .current).migrate(logger: logger)
                    #expect(try await early.value.status == 202)
                }
                stop.finish()
                try await group.waitForAll()
                try result.get()
            }
        }
    }

    @Test func `several servers share one database`() async throws {
        try await TestDatabase.empty { url in
            try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { first in
                try await RunningServer.with(databaseURL: url, limits: HTTPLimits()) { second in
                    try await first.waitUntilReady()
                    try await second.waitUntilReady()
                    #expect(try await first.post("/ingest/heartbeat", RunningServer.heartbeat()).status == 202)
                    #expect(try await second.get("/bots").json()["total"] as? Int == 1)
                }
            }
        }
    }
}
