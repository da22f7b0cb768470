import ContractRuntime
import Logging

extension EmbeddedCluster {
    /// Starts the cluster again whenever it is gone, or its programs were exchanged for those of another minor version, until it is
    /// cancelled: nobody else does, and everything that was committed is still there.
    public func keepRunning() async {
        var watch = ClusterWatch(self)
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { await watch.look() }
    }
}

/// Looks after a running cluster.
struct ClusterWatch {
    /// With every how many probes the programs are asked for their version, which starts a process: once a minute.
    private static let probesPerVersion = 6

    private let cluster: EmbeddedCluster
    /// How often a new connection is made.
    private let interval: Duration
    private var restarts = ClusterRestarts()
    private var lines = LogLimit()
    private var isDiskFull = false
    private var isLibraryMissing = false
    private var nextProbe = ContinuousClock.now
    private var probes = 0
    /// The version on the disk that the cluster was started again for.
    private var triedVersion: String?

    private var logger: Logger { cluster.logger }

    init(_ cluster: EmbeddedCluster, probingEvery interval: Duration = .seconds(10)) {
        self.cluster = cluster
        self.interval = interval
    }

    mutating func look() async {
        let now = ContinuousClock.now
        if Postmaster.number(in: cluster.directory) == nil { return await revive(at: now) }
        guard now >= nextProbe else { return }
        nextProbe = now + interval
        noteDiskSpace()
        await probe()
    }

    // MARK: - A cluster that is gone

    private mutating func revive(at now: ContinuousClock.Instant) async {
        guard restarts.takesTurn(at: now) else { return }
        log(.error, "the embedded PostgreSQL is gone; starting it again")
        do {
            try await cluster.launch()
            restarts.noteStart(at: .now)
            logger.notice("the embedded PostgreSQL runs again")
        } catch {
            noteDiskSpace()
            if !isDiskFull { log(.error, "the embedded PostgreSQL does not start", ["error": "\(error)"]) }
        }
    }

    /// Says once that the disk is full, and what to do, and once that it is over.
    private mutating func noteDiskSpace() {
        guard let space = DiskSpace(at: cluster.path) else { return }
        if space.isFull {
            let advice = "delete other files on it or enlarge it; the server recovers by itself"
            log(
                .error,
                "the disk of the embedded PostgreSQL is full, so nothing can be stored: \(advice)",
                ["path": "\(cluster.path)", "free_bytes": "\(space.free)"]
            )
        } else if isDiskFull {
            logger.notice(
                "the disk of the embedded PostgreSQL has room again",
                metadata: ["free_bytes": "\(space.free)"]
            )
        }
        isDiskFull = space.isFull
    }

    // MARK: - Programs that were exchanged

    /// Makes a connection: it shows the version that runs, and whether PostgreSQL's files still belong to it.
    private mutating func probe() async {
        let isVersionDue = probes % Self.probesPerVersion == 0
        probes += 1
        let running: String?
        switch await ClusterFacts.read(at: cluster.url(database: "postgres")) {
        case .success(let facts): running = facts.version
        case .failure(let error) where error.isLibraryFailure: running = nil
        case .failure: return
        }
        if isLibraryMissing, running != nil { logger.notice("the embedded PostgreSQL loads its libraries again") }
        isLibraryMissing = running == nil
        if isVersionDue || running == nil { await compareVersions(running) }
    }

    /// - Parameter running: The version that runs; nil where new connections cannot load its libraries.
    private mutating func compareVersions(_ running: String?) async {
        let folder = cluster.installation.folder
        let installed = await Installation.version(in: folder, by: cluster.programs)
        let started = running ?? triedVersion ?? cluster.installation.version
        if let installed, !installed.hasSameScalars(as: started), triedVersion?.hasSameScalars(as: installed) != true {
            triedVersion = installed
            return await restart(from: started, to: installed)
        }
        guard running == nil else { return }
        let advice = "install the packages of PostgreSQL \(cluster.installation.major) again"
        log(
            .error,
            "the embedded PostgreSQL cannot load its libraries: \(advice)",
            ["folder": "\(folder)", "running": "\(started)", "installed": "\(installed ?? "nothing that runs")"]
        )
    }

    private func restart(from old: String, to new: String) async {
        logger.notice(
            "PostgreSQL was upgraded while it ran; starting it again",
            metadata: ["from": "\(old)", "to": "\(new)"]
        )
        do {
            _ = try await cluster.halt()
            try await cluster.launch()
        } catch {
            // The next look finds it gone.
            logger.error("the embedded PostgreSQL does not start", metadata: ["error": "\(error)"])
        }
    }

    /// Writes a line unless the last one like it is less than a minute old.
    private mutating func log(_ level: Logger.Level, _ line: String, _ metadata: Logger.Metadata = [:]) {
        if lines.admits(line) { logger.log(level: level, "\(line)", metadata: metadata) }
    }
}
