import ContractRuntime
import Dashboard
import Generated
import Handlers
import Logging
import NIOCore
import Postgres

/// The server, from start to shutdown.
struct Application {
    let configuration: ServerConfiguration
    let limits: HTTPLimits
    private let schemaPatience: Duration
    /// The metrics of this process.
    let metrics: PrometheusRegistry
    let logger: Logger

    /// - Parameter schemaPatience: How long new connections wait for the schema check. It usually takes milliseconds; after this time the
    /// server accepts connections and responds with 503.
    init(
        _ configuration: ServerConfiguration,
        limits: HTTPLimits = HTTPLimits(),
        schemaPatience: Duration = .milliseconds(500),
        metrics: PrometheusRegistry = PrometheusRegistry(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.limits = limits
        self.schemaPatience = schemaPatience
        self.metrics = metrics
        self.logger = logger
    }

    /// Binds the addresses of the components that are not switched off.
    func bind(_ components: [Component] = Component.allCases) throws -> [Component: ListeningSocket] {
        try configuration.checkExposure(of: components)
        // Check the certificates now: a supervised child that cannot read them would be restarted forever.
        _ = try certificates()
        var sockets: [Component: ListeningSocket] = [:]
        for component in components {
            guard let address = configuration.address(of: component) else { continue }
            do {
                sockets[component] = try ListeningSocket(at: address)
            } catch {
                for socket in sockets.values { socket.close() }
                throw ConfigurationError(
                    variable: "\(component.name)_ADDRESS",
                    found: "'\(address.text)' (\(error))",
                    expected: "a free address"
                )
            }
        }
        return sockets
    }

    /// The URLs of `sockets`, in the order of the startup output.
    func addresses(of sockets: [Component: ListeningSocket]) -> [(name: String, address: String)] {
        Component.allCases.compactMap { component in
            sockets[component].map { (component.name, $0.address.url(scheme)) }
        }
    }

    private var scheme: String { configuration.tls == nil ? "http" : "https" }

    /// Serves in this process until `shutdown` ends, then finishes requests in flight.
    ///
    /// - Parameters:
    ///   - sockets: The listening sockets of the components to serve.
    ///   - schema: How to handle an outdated schema. The server's own cluster is always migrated.
    ///   - clusterFolder: The directory of the supervisor's cluster, if there is one.
    ///   - started: Called with the addresses once all listeners accept. Not called if the server ends before that.
    func serve(
        _ sockets: [Component: ListeningSocket],
        schema policy: SchemaKeeper.Policy,
        clusterFolder: String? = nil,
        started: ([(name: String, address: String)]) -> Void = { _ in },
        until shutdown: @escaping @Sendable () async -> Void
    ) async throws {
        let certificates = try certificates()
        let isDashboardAlone = sockets[.api] == nil && sockets[.dashboard] != nil
        let monitor = isDashboardAlone ? try monitor() : nil
        try await withDatabase { url, cluster in
            var operations = API.Configuration(configuration)
            operations.clusterFolder = cluster?.path ?? clusterFolder
            // Pages need fewer connections than the reports of a fleet.
            let share = isDashboardAlone ? 2 : 1
            let connections = max(configuration.databaseConnections / share, 1)
            let readConnections = max(configuration.databaseReadConnections / share, 1)
            // Operators must be able to send commands even if a fleet floods the API.
            let reserve = isDashboardAlone ? 0 : 2
            let database = Database(
                .init(
                    url: url,
                    connections: connections,
                    reserve: reserve,
                    readConnections: readConnections,
                    settings: operations.policy.settings
                ),
                logger: logger
            )
            defer { database.close() }
            let standby = configuration.analyticsDatabaseURL.map { url in
                // If the standby does not respond within this time, the primary responds in the rest of the request's time.
                let deadline = Duration.milliseconds(1_000)
                return Database(
                    .init(url: url, connections: 1, readConnections: readConnections, deadline: deadline),
                    logger: logger
                )
            }
            defer { standby?.close() }
            let tracing = configuration.tracing.map {
                ServerTracing($0, environment: configuration.environment, metrics: metrics, logger: logger)
            }
            let schema = SchemaState()
            let api = API(
                database: database,
                analytics: standby.map { AnalyticsDatabase($0, lagLimit: configuration.analyticsLagSeconds) },
                schema: schema,
                configuration: operations,
                messenger: Messenger(tracer: tracing?.tracer),
                metrics: metrics,
                tracer: tracing?.tracer,
                logger: logger
            )
            let denials = DenialLog(api)
            let keeper = SchemaKeeper(
                migrator: Migrator(url: url, schema: .current),
                policy: configuration.databaseURL == nil ? .migrate : policy,
                schema: schema,
                logger: logger
            )
            // While the API responds, its process runs the periodic jobs.
            let isNeeded: @Sendable () -> Bool = { monitor?.isOut ?? true }
            let scheduler = configuration.checkInterval.map {
                Scheduler(api: api, interval: $0, isNeeded: isNeeded, logger: logger)
            }
            var jobs: [@Sendable () async -> Void] = [{ [logger] in await denials.run(logger: logger) }]
            jobs.append { await api.recordCountedRefusals() }
            jobs.append { await api.wakeWaitingPolls() }
            jobs.append { await api.deliverNotifications(while: isNeeded) }
            jobs.append { await api.publishEvents() }
            jobs.append { await api.checkReadiness() }
            jobs.append { await LoopProbe(telemetry: api.telemetry).run() }
            if let certificates { jobs.append { await certificates.run(telemetry: api.telemetry) } }
            if let tracing { jobs.append { await tracing.exporter.run() } }
            if let cluster { jobs.append { await cluster.keepRunning() } }
            if let url = configuration.watchdogURL {
                jobs.append { [logger] in await Watchdog(api: api, url: url, logger: logger).run() }
            }
            if !isDashboardAlone { jobs.append { await api.noteListening() } }
            if let scheduler {
                jobs.append { await scheduler.run(Job.checks) }
                jobs.append { await scheduler.run(Job.maintenance) }
            }
            if let monitor { jobs.append { await monitor.run() } }
            // Until the schema is confirmed, new connections wait in the sockets' backlogs instead of getting 503.
            var listeners: [HTTPListener]?
            let end = await Self.end(of: keeper, within: schemaPatience, beside: jobs, or: shutdown) {
                listeners = []
                listeners = try await listen(
                    sockets,
                    api,
                    denials: denials,
                    monitor: monitor,
                    tracing: tracing?.requests,
                    certificates
                )
                started(addresses(of: sockets))
            } finish: {
                if listeners == nil { for socket in sockets.values { socket.close() } }
                await Self.finish(api, listeners ?? [])
            }
            await api.recordCountedRefusals(isLast: true)
            try end.get()
        }
    }

    /// The monitor of the API in a process that serves only the dashboard; nil if there is no API to monitor.
    private func monitor() throws -> APIMonitor? {
        if let url = configuration.apiHealthURL {
            return try APIMonitor(url: url, verifiesCertificate: true, logger: logger)
        }
        guard let address = configuration.apiAddress, let url = HealthURL(address.localURL(scheme) + "/healthz") else {
            return nil
        }
        // The certificate is for the names that clients use, not for this machine's own address.
        return try APIMonitor(url: url, verifiesCertificate: false, logger: logger)
    }

    /// Finishes requests in flight: announces the shutdown to load balancers and clients, ends polls and streams, closes connections.
    private static func finish(_ api: API, _ listeners: [HTTPListener]) async {
        api.announceShutdown()
        var ends: [EventLoopFuture<Void>] = []
        for listener in listeners { ends.append(await listener.stopAccepting()) }
        api.endWaiting()
        for end in ends { try? await end.get() }
    }

    /// Waits for the shutdown while the schema is checked and the jobs run. An unusable schema ends the wait.
    ///
    /// - Parameters:
    ///   - patience: How long `start` waits for the schema check.
    ///   - jobs: Cancelled after `finish`, because requests in flight may need them.
    ///   - start: Called once. Its failure ends the wait, too.
    static func end(
        of keeper: SchemaKeeper,
        within patience: Duration = .zero,
        beside jobs: [@Sendable () async -> Void],
        or shutdown: @escaping @Sendable () async -> Void,
        start: () async throws -> Void = {},
        finish: () async -> Void = {}
    ) async -> Result<Void, any Error> {
        await withTaskGroup(of: Step.self) { group in
            group.addTask {
                do {
                    try await keeper.confirm()
                    return .start
                } catch {
                    return .end(.failure(error))
                }
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .start
            }
            for job in jobs {
                group.addTask {
                    await job()
                    return .none
                }
            }
            group.addTask {
                await shutdown()
                return .end(.success(()))
            }
            defer { group.cancelAll() }
            let end = await end(of: &group, start: start)
            await finish()
            return end
        }
    }

    /// The result of one task in `end(of:within:beside:or:start:finish:)`.
    private enum Step {
        case start, none
        case end(Result<Void, any Error>)
    }

    private static func end(
        of group: inout TaskGroup<Step>,
        start: () async throws -> Void
    ) async -> Result<Void, any Error> {
        var isStarted = false
        for await step in group {
            switch step {
            case .start where !isStarted:
                isStarted = true
                do { try await start() } catch { return .failure(error) }
            case .start, .none: continue
            case .end(let result): return result
            }
        }
        return .success(())
    }

    /// Migrates the database and exits.
    func migrate() async throws {
        try await withDatabase { url, _ in
            let version = try await Migrator(url: url, schema: .current).migrate(logger: logger)
            logger.notice("schema is up to date", metadata: ["version": "\(version)"])
        }
    }

    /// Exports months of the audit log to a file and records it.
    ///
    /// - Parameters:
    ///   - end: Only months before this one, as `YYYY-MM`; nil for all months that have ended.
    ///   - again: Whether to include months that were exported before.
    ///   - place: The file, or the directory to create it in.
    /// - Returns: The file; nil if there is no month to export.
    func exportAudit(before end: String?, again: Bool, to place: String, by actor: String) async throws
        -> (file: String, summary: AuditFileSummary, sha256: String)?
    {
        let directory = configuration.dataDirectory
        let url =
            try configuration.databaseURL
            ?? EmbeddedCluster.url(in: directory.path, mayMove: !directory.isChosen, database: "flotilla")
        let version = try await SchemaKeeper.usableVersion(Migrator(url: url, schema: .current))
        // Counting the entries of a large month takes longer than the deadline of requests.
        let database = Database(.init(url: url, connections: 1, deadline: .seconds(300)), logger: logger)
        defer { database.close() }
        let schema = SchemaState()
        schema.confirm(version: version)
        let api = API(database: database, schema: schema, logger: logger)
        let months = try await api.auditMonths(before: end, again: again)
        guard let first = months.first, let last = months.last else { return nil }
        let file = try AuditFile(AuditFile.path(in: place, first: first.name, last: last.name))
        let summary: AuditFileSummary
        let sha256: String
        do {
            summary = try await api.exportAudit(months) { try file.append($0) }
            sha256 = try file.finish()
        } catch {
            file.abandon()
            throw error
        }
        // Keep the file from here on: the database may have recorded the export even if its response is lost.
        try await api.noteAuditExport(summary, file: file.path, sha256: sha256, by: actor)
        return (file.path, summary, sha256)
    }

    /// Upgrades the server's own cluster to the newest PostgreSQL version and exits.
    func upgradeCluster() async throws {
        guard configuration.databaseURL == nil else {
            throw ConfigurationError(
                variable: "DATABASE_URL",
                found: "a database",
                expected: "no value: this command upgrades only the server's own cluster"
            )
        }
        let directory = configuration.dataDirectory
        try await EmbeddedCluster.upgrade(in: directory.path, mayMove: !directory.isChosen, logger: logger)
    }

    /// Runs `body` with the configured database, or with the server's own cluster, which runs as long as `body`.
    func withDatabase(
        _ body: (_ url: String, _ cluster: EmbeddedCluster?) async throws -> Void
    ) async throws {
        if let url = configuration.databaseURL { return try await body(url, nil) }
        let directory = configuration.dataDirectory
        let cluster = try await EmbeddedCluster.start(in: directory.path, mayMove: !directory.isChosen, logger: logger)
        do {
            try await cluster.createDatabase("flotilla")
            try await body(cluster.url(database: "flotilla"), cluster)
        } catch {
            try? await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }
}

extension API.Configuration {
    /// Selects the settings that operations use.
    fileprivate init(_ configuration: ServerConfiguration) {
        self.init(
            heartbeatStaleSeconds: configuration.heartbeatStaleSeconds,
            moduleRunStuckSeconds: configuration.moduleRunStuckSeconds
        )
        targets = configuration.targets
        books = configuration.books
        reconcileTolerance = configuration.reconcileTolerance
        reconcileToleranceBps = configuration.reconcileToleranceBps
        acceptsWrongDifferences = configuration.acceptsWrongDifferences
        needsApproval = configuration.needsApproval
        commandMaxSeconds = configuration.commandMaxSeconds
        commandFinishSeconds = configuration.commandFinishSeconds
        metricDays = configuration.metricDays
        executionDays = configuration.executionDays
        historyDays = configuration.historyDays
        auditDays = configuration.auditDays
        bounds = configuration.bounds
        instanceRetireDays = configuration.instanceRetireDays
    }
}
