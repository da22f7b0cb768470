import ContractRuntime
public import Logging

/// A PostgreSQL cluster of our own: made, started and stopped with the program that needs it.
///
/// It listens on a Unix socket in a folder that only its user enters, so it needs no password. PostgreSQL refuses to run as root:
/// then it runs as `postgres`, or as `nobody`.
public struct EmbeddedCluster: Sendable {
    let installation: Installation
    let directory: ClusterDirectory
    let programs: ClusterPrograms
    let lock: ClusterLock
    let logger: Logger

    /// Makes the cluster in `path` unless it is there already, and starts it unless it runs: one that outlived a killed server
    /// is taken over. A cluster that a living server uses is not: it would end with either of the two.
    ///
    /// - Parameters:
    ///   - path: The folder of data, log and socket.
    ///   - mayMove: Whether, as root, a folder that the cluster's user cannot reach is exchanged for one under `/var/lib/flotilla`.
    ///   - folders: Where PostgreSQL's programs are looked for; nil for the usual places.
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

    /// The libpq connection string of a database of the cluster that another process runs in the folder.
    public static func url(in path: String, mayMove: Bool = false, database: String) throws -> String {
        url(database: database, of: try ClusterDirectory.prepare(path, owner: try .current(), mayMove: mayMove))
    }

    /// A cluster that this process alone uses from now on, and all versions of PostgreSQL that are installed.
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

    /// The libpq connection string of a database of the cluster.
    public func url(database: String) -> String { Self.url(database: database, of: directory) }

    private static func url(database: String, of directory: ClusterDirectory) -> String {
        // Without a port PGPORT would count.
        "port=5432 host=\(ConnectionText.quoted(directory.socket)) user=flotilla dbname=\(ConnectionText.quoted(database))"
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
            // One that was killed before has nothing to stop; the next start recovers it.
            if try await !halt() { logger.warning("the embedded PostgreSQL was gone before it was stopped") }
        } catch {
            if Postmaster.number(in: directory) != nil { throw error }
        }
        directory.removeOwnSocketFolder()
        lock.release()
        logger.info("embedded PostgreSQL stopped")
    }

    // MARK: - Making it

    private func create() async throws {
        logger.info("making an embedded PostgreSQL cluster", metadata: ["path": "\(directory.path)"])
        try await initialize("data.new", options: ["--data-checksums"])
        try directory.move("data.new", to: "data")
    }

    /// Makes the data of an empty cluster in a folder of its own, which becomes the cluster's by its name once it is complete.
    func initialize(_ name: String, options: [String]) async throws {
        let folder = "\(directory.path)/\(name)"
        try await remove(name)
        // Every start says again who may connect; these are for a start by hand.
        let access = ["--auth-local=trust", "--auth-host=reject"]
        let arguments = ["-D", folder, "-U", "flotilla", "--encoding=UTF8", "--locale=C"] + access + options
        _ = try await programs.run(installation.program("initdb"), arguments)
        // Nothing else is set: fsync and synchronous_commit stay on.
        try directory.append("listen_addresses = ''\nmax_connections = 100\n", to: "\(name)/postgresql.conf")
    }

    /// Removes an entry of the folder, as the user that it belongs to.
    func remove(_ name: String) async throws {
        _ = try await programs.run("rm", ["-rf", "--", "\(directory.path)/\(name)"])
    }

    // MARK: - Starting and stopping it

    /// Starts the cluster unless it runs as we would start it.
    func launch() async throws {
        if Postmaster.number(in: directory) != nil {
            if try await isTakenOver() { return }
            _ = try await halt()
        }
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

    /// Whether a cluster that runs already is left running: one of another version, or one that takes TCP connections, is not.
    private func isTakenOver() async throws -> Bool {
        guard let facts = try await factsOnceItResponds() else { return false }
        if facts.version.hasSameScalars(as: installation.version), facts.addresses.isEmpty {
            logger.notice("taking over the embedded PostgreSQL of a server that did not stop it")
            return true
        }
        logger.notice(
            "starting the embedded PostgreSQL again: its version or its addresses are not as they should be",
            metadata: ["version": "\(facts.version)", "addresses": "\(facts.addresses)"]
        )
        return false
    }

    /// What the cluster says once it has recovered from a kill; nil when its programs were exchanged.
    private func factsOnceItResponds() async throws -> ClusterFacts? {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            switch await ClusterFacts.read(at: url(database: "postgres")) {
            case .success(let facts): return facts
            case .failure(let error) where error.isLibraryFailure: return nil
            case .failure(let error) where !error.isTransient || ContinuousClock.now >= deadline: throw error
            case .failure: try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Stops the cluster's own process and no other, whatever the files say; false when there is none.
    func halt() async throws -> Bool {
        guard Postmaster.number(in: directory) != nil else { return false }
        let arguments = ["stop", "-D", directory.data, "-m", "fast", "-w", "-t", "30"]
        _ = try await programs.run(installation.program("pg_ctl"), arguments, in: directory.path)
        return true
    }
}
