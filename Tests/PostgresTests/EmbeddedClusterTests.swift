import Foundation
import Logging
import Postgres
import Testing

@Suite struct EmbeddedClusterTests {
    private let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-cluster-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test func `stored data survives a stop, and only the cluster's user can reach its socket`() async throws {
        try await withFolder { folder in
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await first.createDatabase("kept")
            try await first.createDatabase("kept")
            try await first.stop()
            let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            let second = try await EmbeddedCluster.start(in: folder, logger: logger)
            let version = try await Migrator(url: second.url(database: "kept"), migrations: []).version()
            #expect(version == 0)
            try await second.stop()
        }
    }

    @Test func `a killed cluster can be stopped, and started again`() async throws {
        try await withFolder { folder in
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            try await first.createDatabase("kept")
            let file = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
            let pid = try #require(file.split(separator: "\n").first.flatMap { pid_t($0) })
            kill(pid, SIGKILL)
            // The process exists until its parent has reaped it.
            while kill(pid, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
            try await first.stop()
            let second = try await EmbeddedCluster.start(in: folder, logger: logger)
            #expect(try await Migrator(url: second.url(database: "kept"), migrations: []).version() == 0)
            try await second.stop()
        }
    }

    @Test func `a cluster that a running server uses is not taken over`() async throws {
        try await withFolder { folder in
            let first = try await EmbeddedCluster.start(in: folder, logger: logger)
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.start(in: folder, logger: logger)
            }
            #expect(error?.description.hasPrefix("another server is using the cluster in '\(folder)'") == true)
            let version = try await Migrator(url: first.url(database: "postgres"), migrations: []).version()
            #expect(version == 0)
            try await first.stop()
        }
    }

    @Test func `a long directory path gets a socket elsewhere`() async throws {
        try await withFolder { folder in
            let deep = folder + "/" + String(repeating: "deep", count: 30)
            // The parent directory must be one that the cluster's user can enter.
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let cluster = try await EmbeddedCluster.start(in: deep, logger: logger)
            let version = try await Migrator(url: cluster.url(database: "postgres"), migrations: []).version()
            #expect(version == 0)
            try await cluster.stop()
        }
    }

    @Test func `an existing directory is closed to other users at each start`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755]
            )
            for _ in 0..<2 {
                let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
                let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
                #expect(mode == 0o700)
                try await cluster.stop()
                // PostgreSQL's user may no longer own it, for example after a copy by root.
                try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
                if geteuid() == 0 { chown(folder, 0, 0) }
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a directory of another user is rejected and left unchanged`() async throws
    {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            chmod(folder, 0o755)
            chown(folder, 4_242, 4_242)
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.start(in: folder, logger: logger)
            }
            #expect(error?.description == "'\(folder)' belongs to another user; choose another DATA_DIR")
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.ownerAccountID] as? Int == 4_242)
            #expect(attributes[.posixPermissions] as? Int == 0o755)
        }
    }

    @Test func `a directory with other files is rejected and left unchanged`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            chmod(folder, 0o755)
            _ = FileManager.default.createFile(atPath: folder + "/letter", contents: nil)
            let error = await #expect(throws: PostgresError.self) {
                try await EmbeddedCluster.start(in: folder, logger: logger)
            }
            #expect(
                error?.description
                    == "'\(folder)' contains 'letter' and no cluster; choose a DATA_DIR that is empty or does not exist"
            )
            let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
            #expect(mode == 0o755)
        }
    }
}
