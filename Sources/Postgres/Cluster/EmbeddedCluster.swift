import ContractRuntime
public import Logging

/// A PostgreSQL cluster owned by the server: created, started and stopped by the program that needs it.
///
/// It listens on a Unix socket in a directory that only its user can enter, so it needs no password. PostgreSQL refuses to run as root; in
/// that case it runs as `postgres` or `nobody`.
public struct EmbeddedCluster: Sendable {
    let installation: Installation
    let directory: ClusterDirectory
    let programs: ClusterPrograms
    let lock: ClusterLock
    let logger: Logger

    /// Creates the cluster in `path` unless it exists, and starts it unless it is running: a cluster that outlived a killed server is taken
    /// over. Throws if a running server uses the cluster.
    ///
    /// - Parameters:
    ///   - path: The directory for data, log and socket.
    ///   - mayMove: Whether, as root, a directory under `/var/lib/flotilla` replaces one that the cluster's user cannot reach.
    ///   - folders: Where to look for PostgreSQL's programs; nil for the usual places.
    public static func start(
        in path: String,
        mayMove: Bool = false,
        programsIn folders: [String]? = nil,
        logger: Logger
    ) async throws -> EmbeddedCluster {
        let (cluster, _) = try await open(path, mayMove: mayMove, programsIn: folders, logger: logger)
        do {
            if try cluster.directory.majorVersion() == nil { try await cluster.create() }
            try await cluster.launch()
            return cluster
        } catch {
            cluster.lock.release()
            throw error
        }
    }

    /// The libpq connection string of a database in the cluster that another process runs in a directory.
    public static func url(in path: String, mayMove: Bool = false, database: String) throws -> String {
        url(database: database, of: try ClusterDirectory.prepare(path, owner: try .current(), mayMove: mayMove))
    }

    /// The directory of the cluster that another process runs in `path`.
    public static func path(in path: String, mayMove: Bool = false) throws -> String {
        try ClusterDirectory.prepare(path, owner: try .current(), mayMove: mayMove).path
    }

    /// Locks the cluster for this process and finds all installed versions of PostgreSQL.
    static func open(
        _ path: String,
        mayMove: Bool,
        programsIn folders: [String]?,
        logger: Logger
    ) async throws -> (EmbeddedCluster, [Installation]) {
        let owner = try ClusterOwner.current()
        let directory = try ClusterDirectory.prepare(path, owner: owner, mayMove: mayMove)
        let lock = try ClusterLock(directory)
        do {
            let programs = ClusterPrograms(owner: owner)
            let installations = await Installation.all(in: folders, by: programs)
            let cluster = EmbeddedCluster(
                installation: try Installation.choose(for: directory, among: installations),
                directory: directory,
                programs: programs,
                lock: lock,
                logger: logger
            )
            return (cluster, installations)
        } catch {
            lock.release()
            throw error
        }
    }

    /// The libpq connection string of a database in the cluster, with the role that owns everything.
    public func url(database: String) -> String { Self.url(database: database, of: directory) }

    /// The libpq connection string of a database in the cluster, with the role of servers.
    public func url(database: String, role: RuntimeRole) -> String {
        Self.url(database: database, of: directory, user: role.name)
    }

    private static func url(database: String, of directory: ClusterDirectory, user: String = "flotilla") -> String {
        let (host, user) = (ConnectionText.quoted(directory.socket), ConnectionText.quoted(user))
        // Without a port, libpq would use PGPORT.
        return "port=5432 host=\(host) user=\(user) dbname=\(ConnectionText.quoted(database))"
    }

    /// The directory of the cluster.
    public var path: String { directory.path }

    /// Creates a database unless it exists.
    public func createDatabase(_ name: String) async throws(PostgresError) {
        do throws(PostgresError) {
            try await Connection.runScript("CREATE DATABASE \"\(name)\"", at: url(database: "postgres"))
        } catch  where error.state == .duplicateDatabase {
            return
        }
    }

    /// Stops the cluster: open transactions are rolled back, committed data is on disk.
    public func stop() async throws {
        // A killed cluster needs no stop; the next start recovers it.
        if try await !halt() { logger.warning("the embedded PostgreSQL had already ended before it was stopped") }
        directory.removeOwnSocketFolder()
        lock.release()
        logger.info("embedded PostgreSQL stopped")
    }

    // MARK: - Creation

    private func create() async throws {
        logger.info("creating an embedded PostgreSQL cluster", metadata: ["path": "\(directory.path)"])
        try await initialize("data.new", options: ["--data-checksums"])
        try directory.move("data.new", to: "data")
    }

    /// Creates an empty cluster's data in a temporary directory. It is renamed once it is complete.
    func initialize(_ name: String, options: [String]) async throws {
        let folder = "\(directory.path)/\(name)"
        try await remove(name)
        // Every start passes the access rules again; these are for a manual start.
        let access = ["--auth-local=trust", "--auth-host=reject"]
        let arguments = ["-D", folder, "-U", "flotilla", "--encoding=UTF8", "--locale=C"] + access + options
        _ = try await programs.run(installation.program("initdb"), arguments)
        // No other setting is changed: fsync and synchronous_commit stay on.
        try directory.append("listen_addresses = ''\nmax_connections = 100\n", to: "\(name)/postgresql.conf")
    }

    /// Removes an entry of the directory, as the user that owns it.
    func remove(_ name: String) async throws {
        _ = try await programs.run("rm", ["-rf", "--", "\(directory.path)/\(name)"])
    }

    // MARK: - Start and stop

    /// Starts the cluster unless it is already running with the right version and settings.
    func launch() async throws {
        if Postmaster.number(in: directory) != nil {
            if try await isTakenOver() { return }
            _ = try await halt()
        }
        try await waitForRemains()
        Postmaster.removeForeignLocks(of: directory)
        try directory.replace(directory.accessRules, with: ClusterSettings.accessRules, owner: programs.owner)
        do {
            let options = ClusterSettings(directory).postmasterOptions
            let arguments = ["start", "-D", directory.data, "-l", directory.log, "-w", "-t", "60", "-o", options]
            _ = try await programs.run(installation.program("pg_ctl"), arguments, in: directory.path)
        } catch let error as PostgresError {
            throw PostgresError(.configuration, "\(error.message)\n\(directory.tail(of: directory.log))")
        }
        logger.info("embedded PostgreSQL started", metadata: ["path": "\(directory.path)"])
    }

    /// Whether a running cluster is kept. A cluster of another version, or one that accepts TCP connections, is restarted.
    private func isTakenOver() async throws -> Bool {
        guard let facts = try await factsOnceItResponds() else { return false }
        if facts.version.hasSameScalars(as: installation.version), facts.addresses.isEmpty {
            logger.notice("taking over the embedded PostgreSQL of a server that ended without stopping it")
            return true
        }
        logger.notice(
            "restarting the embedded PostgreSQL: its version or its addresses are not the expected ones",
            metadata: ["version": "\(facts.version)", "addresses": "\(facts.addresses)"]
        )
        return false
    }

    /// Waits for up to 30 s until the processes of a killed cluster have ended. They end when they notice that the postmaster is gone.
    private func waitForRemains() async throws {
        guard let memory = ClusterMemory(of: directory), memory.isAttached else { return }
        logger.notice("waiting for the processes of a killed PostgreSQL")
        let deadline = ContinuousClock.now + .seconds(30)
        while memory.isAttached, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(50)) }
    }

    /// Reads the cluster's properties once it has recovered from a kill. Returns nil if its programs were replaced or if it has ended: a
    /// killed process remains in the process list for a moment.
    private func factsOnceItResponds() async throws -> ClusterFacts? {
        let deadline = ContinuousClock.now + .seconds(60)
        while Postmaster.number(in: directory) != nil {
            switch await ClusterFacts.read(at: url(database: "postgres")) {
            case .success(let facts): return facts
            case .failure(let error) where error.isLibraryFailure: return nil
            case .failure(let error) where !error.isTransient || ContinuousClock.now >= deadline: throw error
            case .failure: try await Task.sleep(for: .milliseconds(100))
            }
        }
        return nil
    }

    /// Stops the cluster's own process and no other, regardless of the lock files. Returns false if there is none.
    func halt() async throws -> Bool {
        guard Postmaster.number(in: directory) != nil else { return false }
        let arguments = ["stop", "-D", directory.data, "-m", "fast", "-w", "-t", "30"]
        do {
            _ = try await programs.run(installation.program("pg_ctl"), arguments, in: directory.path)
        } catch {
            // It may have ended before pg_ctl looked.
            if Postmaster.number(in: directory) != nil { throw error }
        }
        return true
    }
}
