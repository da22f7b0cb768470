public import Logging
import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A PostgreSQL cluster of our own: made, started and stopped with the program that needs it.
///
/// It listens on a Unix socket in a folder that only its user enters, so it needs no password. PostgreSQL refuses to run as root:
/// then it runs as `postgres`, or as `nobody`.
public struct EmbeddedCluster: Sendable {
    private let tools: String
    private let directory: ClusterDirectory
    private let owner: ClusterOwner?
    private let lock: ClusterLock
    private let logger: Logger

    /// Makes the cluster in `path` unless it is there already, and starts it unless it runs: one that outlived a killed server
    /// is taken over. A cluster that a living server uses is not: it would end with either of the two.
    ///
    /// - Parameters:
    ///   - path: The folder of data, log and socket.
    ///   - mayMove: Whether, as root, a folder that the cluster's user cannot reach is exchanged for one under `/var/lib/flotilla`.
    public static func start(in path: String, mayMove: Bool = false, logger: Logger) async throws -> EmbeddedCluster {
        let owner = try ClusterOwner.current()
        let directory = try ClusterDirectory.prepare(path, owner: owner, mayMove: mayMove)
        let cluster = EmbeddedCluster(
            tools: try ClusterTools.find(),
            directory: directory,
            owner: owner,
            lock: try ClusterLock(directory),
            logger: logger
        )
        do {
            if !directory.exists("data/PG_VERSION") { try await cluster.create() }
            try await cluster.launch()
            return cluster
        } catch {
            cluster.lock.release()
            throw error
        }
    }

    /// The libpq connection string of a database of the cluster.
    public func url(database: String) -> String {
        "host=\(Self.quoted(directory.socket)) user=flotilla dbname=\(Self.quoted(database))"
    }

    /// Where the cluster keeps its files.
    public var path: String { directory.path }

    /// Makes a database unless it exists.
    public func createDatabase(_ name: String) async throws(PostgresError) {
        do throws(PostgresError) {
            try await Connection.runScript("CREATE DATABASE \"\(name)\"", at: url(database: "postgres"))
        } catch  where error.state == .duplicateDatabase {
            return
        }
    }

    /// Stops the cluster: open transactions are rolled back, what is committed is on disk.
    public func stop() async throws {
        do {
            try await run("pg_ctl", ["stop", "-D", directory.data, "-m", "fast", "-w", "-t", "30"])
        } catch {
            // One that was killed before has nothing to stop; the next start recovers it.
            if directory.isServerAlive { throw error }
            logger.warning("the embedded PostgreSQL was gone before it was stopped")
        }
        directory.removeOwnSocketFolder()
        lock.release()
        logger.info("embedded PostgreSQL stopped")
    }

    /// Starts the cluster again whenever it is gone, until it is cancelled: nobody else does, and everything that was committed is still
    /// there.
    public func keepRunning() async {
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            if directory.isServerAlive { continue }
            logger.error("the embedded PostgreSQL is gone; starting it again")
            do { try await launch() } catch { logger.error("it does not start", metadata: ["error": "\(error)"]) }
        }
    }

    private func create() async throws {
        logger.info("making an embedded PostgreSQL cluster", metadata: ["path": "\(directory.path)"])
        let arguments = ["-D", directory.data, "-U", "flotilla", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        try await run("initdb", arguments)
        // Nothing else is set: fsync and synchronous_commit stay on.
        try directory.append("listen_addresses = ''\nmax_connections = 100\n", to: "data/postgresql.conf")
    }

    private func launch() async throws {
        if try await status("pg_ctl", ["status", "-D", directory.data]) == 0 {
            logger.notice("taking over the embedded PostgreSQL of a server that did not stop it")
            return
        }
        let socket = "-k \(Self.quoted(directory.socket))"
        do {
            try await run(
                "pg_ctl",
                ["start", "-D", directory.data, "-l", directory.log, "-w", "-t", "60", "-o", socket]
            )
        } catch let error as PostgresError {
            throw PostgresError(.configuration, "\(error.message)\n\(directory.tail(of: directory.log))")
        }
        logger.info("embedded PostgreSQL started", metadata: ["path": "\(directory.path)"])
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] } + "'"
    }

    // MARK: - Programs

    private func run(_ tool: String, _ arguments: [String]) async throws {
        let result = try await result(of: tool, arguments)
        guard result.terminationStatus.isSuccess else {
            let output = result.standardOutput + result.standardError
            throw PostgresError(.configuration, "\(tool) failed: \(output)")
        }
    }

    private func status(_ tool: String, _ arguments: [String]) async throws -> Int32? {
        if case .exited(let code) = try await result(of: tool, arguments).terminationStatus { code } else { nil }
    }

    private func result(
        of tool: String,
        _ arguments: [String]
    ) async throws -> ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>> {
        var options = PlatformOptions()
        // A Ctrl-C at the terminal is the server's to handle; it stops the cluster itself.
        options.processGroupID = 0
        let program = tools + "/" + tool
        return try await Subprocess.run(
            owner == nil ? .path(FilePath(program)) : .name(ClusterOwner.program),
            arguments: Arguments((owner?.arguments(running: program) ?? []) + arguments),
            environment: ClusterEnvironment.current,
            // The server may stand in a folder that the cluster's user cannot enter.
            workingDirectory: FilePath(directory.path),
            platformOptions: options,
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
    }
}
