import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// Acknowledged data is durable, even if PostgreSQL is configured to guarantee less.
@Suite struct DurabilityTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private func withFleet(
        at url: String,
        deadline: Duration = .seconds(10),
        _ body: (Fleet) async throws -> Void
    ) async throws {
        let database = Database(.init(url: url, connections: 3, deadline: deadline), logger: logger)
        defer { database.close() }
        let schema = SchemaState()
        schema.confirm(version: Migration.all.count)
        try await body(Fleet(api: API(database: database, schema: schema, logger: logger), database: database))
    }

    @Test func `commits wait for the disk even where the database is configured not to`() async throws {
        try await TestDatabase.migrated { url in
            try await withFleet(at: url) { fleet in
                let lose = """
                    DO $$ BEGIN
                        EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
                    END $$
                    """
                _ = try await fleet.database.run(Query(sql: lose))
            }
            try await withFleet(at: url) { fleet in
                let settings = "SELECT concat_ws(' ', current_setting('synchronous_commit'), current_setting('fsync'))"
                let found = try await fleet.text(settings)
                #expect(found == "on on")
            }
        }
    }

    @Test func `a command that no standby has stored is not acknowledged, however often it is sent`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-standby-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
        let url = cluster.url(database: "fleet")
        try await cluster.createDatabase("fleet")
        _ = try await Migrator(url: url, schema: .current).migrate(logger: logger)
        do {
            try await withFleet(at: url, deadline: .seconds(1)) { fleet in
                try await fleet.beat()
                // The standby does not exist: commits wait for its confirmation.
                try await setStandby("ghost", in: fleet)
                for _ in 1...3 {
                    let problem = await #expect(throws: Problem.self) { try await give(in: fleet) }
                    #expect(problem?.status == 503)
                    #expect(try await fleet.text("SELECT count(*)::text FROM commands") == "0")
                }
                try await setStandby("", in: fleet)
                try await give(in: fleet)
                try await give(in: fleet)
                #expect(try await fleet.text("SELECT count(*)::text FROM commands") == "1")
            }
        } catch {
            try await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    private func setStandby(_ name: String, in fleet: Fleet) async throws {
        for sql in ["ALTER SYSTEM SET synchronous_standby_names = '\(name)'", "SELECT pg_reload_conf()"] {
            _ = try await fleet.database.run(Query(sql: sql))
        }
        while try await fleet.text("SELECT current_setting('synchronous_standby_names')") != name {}
    }

    private func give(in fleet: Fleet) async throws(Problem) {
        let request = BulkCommandRequest(
            commandType: .safeMode,
            target: FleetQuery(instanceIDs: ["i1"]),
            ttlSeconds: 600
        )
        _ = try await fleet.api.createCommands(
            .init(idempotencyKey: "once", body: request, principal: fleet.operatorPrincipal)
        )
    }
}
