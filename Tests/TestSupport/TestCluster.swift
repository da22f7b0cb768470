import Foundation
import Handlers
import Logging
public import Postgres

/// The PostgreSQL cluster of a test run, stopped when the process ends; fsync and synchronous_commit are on, as in production.
public actor TestCluster {
    /// The cluster of this process.
    public static let shared = TestCluster()

    private var running: Task<EmbeddedCluster, any Error>?
    private var template: Task<Void, any Error>?

    /// The cluster, started on first use.
    public func cluster() async throws -> EmbeddedCluster {
        if let running { return try await running.value }
        let task = Task {
            let folder = FileManager.default.temporaryDirectory.appending(path: "flotilla-tests-\(getpid())").path
            let first = try await EmbeddedCluster.start(in: folder, logger: Self.logger)
            ClusterEnd.arrange(folder: first.path)
            // Six tests at once, some with three server processes, open more than the 100 connections of an installation.
            let database = Database(.init(url: first.url(database: "postgres"), connections: 1), logger: Self.logger)
            _ = try await database.run(Query(sql: "ALTER SYSTEM SET max_connections = 300"))
            database.close()
            try await first.stop()
            return try await EmbeddedCluster.start(in: folder, logger: Self.logger)
        }
        running = task
        return try await task.value
    }

    /// The name of a database with the current schema.
    public func migratedTemplate() async throws -> String {
        let name = "template_migrated"
        if let template {
            try await template.value
            return name
        }
        let task = Task {
            let cluster = try await cluster()
            try await cluster.createDatabase(name)
            let url = cluster.url(database: name)
            _ = try await Migrator(url: url, schema: .current).migrate(logger: Self.logger)
            let database = Database(.init(url: url, connections: 1), logger: Self.logger)
            defer { database.close() }
            // Without a server, tests count silence as if a server were listening.
            _ = try await database.run(Query(sql: "UPDATE listening SET until = 'infinity'"))
        }
        template = task
        try await task.value
        return name
    }

    // Tests run concurrently, and the cluster has connections for only some of them.
    private var free = 6
    private var waiting: [CheckedContinuation<Void, Never>] = []

    fileprivate func enter() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    fileprivate func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    private static var logger: Logger {
        var logger = Logger(label: "tests")
        logger.logLevel = .error
        return logger
    }
}

/// Databases for single tests.
public enum TestDatabase {
    /// Runs `body` with the connection string of an empty database.
    public static func empty<Result>(_ body: (_ url: String) async throws -> Result) async throws -> Result {
        try await lend(template: nil, body)
    }

    /// Runs `body` with the connection string of a migrated database.
    public static func migrated<Result>(_ body: (_ url: String) async throws -> Result) async throws -> Result {
        try await lend(template: try await TestCluster.shared.migratedTemplate(), body)
    }

    private static func lend<Result>(
        template: String?,
        _ body: (_ url: String) async throws -> Result
    ) async throws -> Result {
        let cluster = try await TestCluster.shared.cluster()
        await TestCluster.shared.enter()
        do {
            let result = try await ScratchDatabase.with(at: cluster.url(database: "postgres"), template: template, body)
            await TestCluster.shared.leave()
            return result
        } catch {
            await TestCluster.shared.leave()
            throw error
        }
    }
}

/// Stops the cluster when the process ends: a test runner does not know its last test.
private enum ClusterEnd {
    // Written once, before `atexit` can read it.
    nonisolated(unsafe) private static var folder = ""

    static func arrange(folder: String) {
        Self.folder = folder
        atexit {
            let file = ClusterEnd.folder + "/data/postmaster.pid"
            guard let text = try? String(contentsOfFile: file, encoding: .utf8),
                let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) })
            else { return }
            // "Immediate shutdown" (PostgreSQL manual, 19.5): the data is deleted anyway.
            kill(pid, SIGQUIT)
            for _ in 0..<200 where kill(pid, 0) == 0 { usleep(20_000) }
            try? FileManager.default.removeItem(atPath: ClusterEnd.folder)
        }
    }
}
