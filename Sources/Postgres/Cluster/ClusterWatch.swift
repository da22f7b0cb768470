import ContractRuntime
import Logging

extension EmbeddedCluster {
    /// Restarts the cluster whenever it has ended or its programs were replaced by those of another minor version, until it is cancelled.
    /// Nothing else restarts it, and committed data survives.
    public func keepRunning() async {
        var watch = ClusterWatch(self)
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { await watch.check() }
    }
}

/// Watches a running cluster.
struct ClusterWatch {
    /// The number of probes between two version checks, which start a process: once per minute.
    private static let probesPerVersion = 6

    private let cluster: EmbeddedCluster
    /// The time between two probes.
    private let interval: Duration
    private var restarts = ClusterRestarts()
    private var lines = LogLimit()
    private var isDiskFull = false
    private var isLibraryMissing = false
    private var nextProbe = ContinuousClock.now
    private var probes = 0
    /// The version on disk for which the cluster was last restarted.
    private var triedVersion: String?

    private var logger: Logger { cluster.logger }

    init(_ cluster: EmbeddedCluster, probingEvery interval: Duration = .seconds(10)) {
        self.cluster = cluster
        self.interval = interval
    }

    /// Restarts the cluster if it has ended. Probes it if a probe is due.
    mutating func check() async {
        let now = ContinuousClock.now
        if Postmaster.number(in: cluster.directory) == nil { return await revive(at: now) }
        guard now >= nextProbe else { return }
        nextProbe = now + interval
        noteDiskSpace()
        await probe()
    }

    // MARK: - Restart after the cluster has ended

    private mutating func revive(at now: ContinuousClock.Instant) async {
        guard restarts.takesTurn(at: now) else { return }
        log(.error, "the embedded PostgreSQL has ended; restarting it")
        do {
            try await cluster.launch()
            restarts.noteStart(at: .now)
            logger.notice("the embedded PostgreSQL is running again")
        } catch {
            noteDiskSpace()
            if !isDiskFull { log(.error, "the embedded PostgreSQL could not be started", ["error": "\(error)"]) }
        }
    }

    /// Logs once that the disk is full and what to do, and once that it has space again.
    private mutating func noteDiskSpace() {
        guard let space = DiskSpace(at: cluster.path) else { return }
        if space.isFull {
            let advice = "delete other files on it or enlarge it; the server recovers automatically"
            log(
                .error,
                "the disk of the embedded PostgreSQL is full and no data can be stored: \(advice)",
                ["path": "\(cluster.path)", "free_bytes": "\(space.free)"]
            )
        } else if isDiskFull {
            logger.notice(
                "the disk of the embedded PostgreSQL has free space again",
                metadata: ["free_bytes": "\(space.free)"]
            )
        }
        isDiskFull = space.isFull
    }

    // MARK: - Restart after the programs were replaced

    /// Opens a connection to find the running version and whether PostgreSQL's files still match it.
    private mutating func probe() async {
        let isVersionDue = probes % Self.probesPerVersion == 0
        probes += 1
        let running: String?
        switch await ClusterFacts.read(at: cluster.url(database: "postgres")) {
        case .success(let facts): running = facts.version
        case .failure(let error) where error.isLibraryFailure: running = nil
        case .failure: return
        }
        if isLibraryMissing, running != nil { logger.notice("the embedded PostgreSQL can load its libraries again") }
        isLibraryMissing = running == nil
        if isVersionDue || running == nil { await compareVersions(running) }
    }

    /// - Parameter running: The running version; nil if new connections cannot load its libraries.
    private mutating func compareVersions(_ running: String?) async {
        let folder = cluster.installation.folder
        let installed = await Installation.version(in: folder, by: cluster.programs)
        let started = running ?? triedVersion ?? cluster.installation.version
        if let installed, !installed.hasSameScalars(as: started), triedVersion?.hasSameScalars(as: installed) != true {
            triedVersion = installed
            return await restart(from: started, to: installed)
        }
        guard running == nil else { return }
        let advice = "reinstall the packages of PostgreSQL \(cluster.installation.major)"
        log(
            .error,
            "the embedded PostgreSQL cannot load its libraries: \(advice)",
            ["folder": "\(folder)", "running": "\(started)", "installed": "\(installed ?? "no working program")"]
        )
    }

    private func restart(from old: String, to new: String) async {
        logger.notice(
            "PostgreSQL was upgraded while it was running; restarting it",
            metadata: ["from": "\(old)", "to": "\(new)"]
        )
        do {
            _ = try await cluster.halt()
            try await cluster.launch()
        } catch {
            // The next probe finds it stopped.
            logger.error("the embedded PostgreSQL could not be started", metadata: ["error": "\(error)"])
        }
    }

    /// Writes a line unless the same line was written within the last minute.
    private mutating func log(_ level: Logger.Level, _ line: String, _ metadata: Logger.Metadata = [:]) {
        if lines.admits(line) { logger.log(level: level, "\(line)", metadata: metadata) }
    }
}
