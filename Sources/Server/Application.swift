import ContractRuntime
import Handlers
import Logging
import Postgres

/// The server, from start to shutdown.
struct Application {
    let configuration: ServerConfiguration
    let limits: HTTPLimits
    let schemaPatience: Duration
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
        started: @escaping @Sendable ([(name: String, address: String)]) -> Void = { _ in },
        until shutdown: @escaping @Sendable () async -> Void
    ) async throws {
        let certificates = try certificates()
        let isDashboardAlone = sockets.isDashboardAlone
        let monitor = isDashboardAlone ? try monitor() : nil
        try await withDatabase { url, cluster in
            var operations = API.Configuration(configuration)
            operations.clusterFolder = cluster?.path ?? clusterFolder
            operations.audit = try auditProtection(clusterFolder: cluster?.path)
            if operations.audit.keys == nil, !isDashboardAlone { Self.warnOfMissingKey(logger) }
            operations.warnsOfOwnership = cluster == nil && clusterFolder == nil && !isDashboardAlone
            let database = database(at: url, settings: operations.policy.settings, isDashboardAlone: isDashboardAlone)
            defer { database.close() }
            let standby = standby(isDashboardAlone: isDashboardAlone)
            defer { standby?.close() }
            let clients = ServiceClients(self)
            let schema = SchemaState()
            let api = API(
                database: database,
                analytics: standby.map { AnalyticsDatabase($0, lagLimit: configuration.analyticsLagSeconds) },
                schema: schema,
                configuration: operations,
                messenger: clients.messenger,
                metrics: metrics,
                tracer: clients.tracer,
                logger: logger
            )
            let listeners = Listeners(
                application: self,
                sockets: sockets,
                api: api,
                schema: schema,
                denials: DenialLog(api),
                monitor: monitor,
                tracing: clients.requestTracing,
                certificates: certificates,
                started: started
            )
            var jobs = jobs(of: listeners)
            clients.addJobs(of: api, to: &jobs)
            if let cluster { jobs.add { await cluster.keepRunning() } }
            let services = ProcessServices(
                jobs: jobs,
                keeper: keeper(of: schema, at: url, owner: try self.owner(of: cluster), policy),
                front: listeners,
                logger: logger
            )
            try await services.run(until: shutdown)
        }
    }

    /// The keys and anchors of the audit log. A server with its own cluster creates what is not configured, beside the cluster's folder.
    func auditProtection(clusterFolder: String?) throws -> AuditProtection {
        guard let clusterFolder else { return configuration.audit }
        return try ClusterSecrets(beside: clusterFolder).completing(configuration.audit, logger: logger)
    }

    private static func warnOfMissingKey(_ logger: Logger) {
        logger.warning(
            "the audit log is sealed without a key, so any writer to the database can forge it: set AUDIT_KEY_FILE"
        )
    }

    /// The connections to the primary.
    private func database(at url: String, settings: [String: String], isDashboardAlone: Bool) -> Database {
        let connections = Database.Configuration(
            url: url,
            connections: share(of: configuration.databaseConnections, isDashboardAlone: isDashboardAlone),
            // Operators must be able to send commands even if a fleet floods the API.
            reserve: isDashboardAlone ? 0 : 2,
            readConnections: share(of: configuration.databaseReadConnections, isDashboardAlone: isDashboardAlone),
            settings: settings
        )
        return Database(connections, logger: logger)
    }

    /// The connections to the standby for analytics; nil if there is none.
    private func standby(isDashboardAlone: Bool) -> Database? {
        configuration.analyticsDatabaseURL.map { url in
            let connections = Database.Configuration(
                url: url,
                connections: 1,
                readConnections: share(of: configuration.databaseReadConnections, isDashboardAlone: isDashboardAlone),
                // If the standby does not respond within this time, the primary responds in the rest of the request's time.
                deadline: .milliseconds(1_000)
            )
            return Database(connections, logger: logger)
        }
    }

    /// Pages need fewer connections than the reports of a fleet.
    private func share(of connections: Int, isDashboardAlone: Bool) -> Int {
        max(connections / (isDashboardAlone ? 2 : 1), 1)
    }

    /// The check of the schema at `url`.
    func keeper(
        of schema: SchemaState,
        at url: String,
        owner: SchemaOwner?,
        _ policy: SchemaKeeper.Policy
    ) -> SchemaKeeper {
        SchemaKeeper(
            migrator: Migrator(url: url, schema: .current),
            policy: configuration.databaseURL == nil ? .migrate : policy,
            owner: owner,
            schema: schema,
            logger: logger
        )
    }

    /// The work beside the requests that these listeners accept.
    private func jobs(of listeners: Listeners) -> Jobs {
        let api = listeners.api
        let monitor = listeners.monitor
        // While the API responds, its process runs the periodic jobs.
        let isNeeded: @Sendable () -> Bool = { monitor?.isOut ?? true }
        var jobs = Jobs()
        jobs.add { await listeners.denials.run(logger: logger) }
        jobs.add { await api.recordCountedRejections() }
        jobs.add { await api.warnOfOwnership() }
        jobs.add { await api.wakeWaitingPolls() }
        jobs.add { await api.deliverNotifications(while: isNeeded) }
        jobs.add { await api.publishEvents() }
        jobs.add { await api.endRevokedStreams() }
        jobs.add { await api.checkReadiness() }
        jobs.add { await api.watchRequests(isCounting: !listeners.sockets.isDashboardAlone) }
        jobs.add { await LoopProbe(telemetry: api.telemetry).run() }
        if let certificates = listeners.certificates { jobs.add { await certificates.run(telemetry: api.telemetry) } }
        if !listeners.sockets.isDashboardAlone { jobs.add { await api.noteListening() } }
        if let monitor { jobs.add { await monitor.run() } }
        if let interval = configuration.checkInterval {
            let scheduler = Scheduler(api: api, interval: interval, isNeeded: isNeeded, logger: logger)
            jobs.add { await scheduler.run(Job.checks) }
            jobs.add { await scheduler.run(Job.maintenance) }
        }
        return jobs
    }

    /// The monitor of the API in a process that serves only the dashboard; nil if there is no API to monitor.
    private func monitor() throws -> APIMonitor? {
        if let url = configuration.apiHealthURL {
            let tls = url.isTLS ? try clientEncryption(host: url.host, verifiesCertificate: true) : nil
            return APIMonitor(url: url, tls: tls, logger: logger)
        }
        guard let address = configuration.apiAddress, let url = HealthURL(address.localURL(scheme) + "/healthz") else {
            return nil
        }
        // The certificate is for the names that clients use, not for this machine's own address.
        let tls = url.isTLS ? try clientEncryption(host: url.host, verifiesCertificate: false) : nil
        return APIMonitor(url: url, tls: tls, logger: logger)
    }

    /// Migrates the database and exits.
    func migrate() async throws {
        try await withDatabase { url, cluster in
            let owner = try self.owner(of: cluster) ?? SchemaOwner(url: url, runtime: nil)
            let version = try await owner.migrate(logger: logger)
            logger.notice("schema is up to date", metadata: ["version": "\(version)"])
        }
    }

    /// The months that an export of the audit log includes.
    enum ExportedMonths {
        /// Months that have ended: only those before one, as `YYYY-MM`, and again those that were exported before.
        case ended(before: String?, again: Bool)
        /// The whole log until now.
        case untilNow
    }

    /// The role of servers in their own cluster.
    private static let clusterRole = RuntimeRole(name: "flotilla_server")

    /// The owner of the tables, if it is not the role of servers: in the server's own cluster, and with `MIGRATION_DATABASE_URL`.
    func owner(of cluster: EmbeddedCluster?) throws(ConfigurationError) -> SchemaOwner? {
        if let cluster { return SchemaOwner(url: cluster.url(database: "flotilla"), runtime: Self.clusterRole) }
        guard let url = configuration.migrationDatabaseURL, let runtimeURL = configuration.databaseURL else {
            return nil
        }
        guard let runtime = RuntimeRole(url: runtimeURL) else {
            throw ConfigurationError(
                variable: "DATABASE_URL",
                found: "no user",
                expected: "the role of servers, because MIGRATION_DATABASE_URL is set"
            )
        }
        return SchemaOwner(url: url, runtime: runtime)
    }

    /// Exports months of the audit log to a file, and records the export of months that have ended.
    ///
    /// - Parameter place: The file, or the directory to create it in.
    /// - Returns: The file; nil if there is no month to export.
    func exportAudit(_ exported: ExportedMonths, to place: String, by actor: String) async throws
        -> (file: String, summary: AuditFileSummary, sha256: String)?
    {
        let directory = configuration.dataDirectory
        // Only the owner may record an export, because exported months may be dropped.
        let url =
            try configuration.migrationDatabaseURL ?? configuration.databaseURL
            ?? EmbeddedCluster.url(in: directory.path, mayMove: !directory.isChosen, database: "flotilla")
        return try await withAuditOperations(at: url) { api in
            try await exportAudit(exported, to: place, by: actor, api)
        }
    }

    /// Drops exported months of the audit log that are older than `AUDIT_DAYS`.
    ///
    /// - Returns: The number of entries that were dropped.
    func dropAudit() async throws -> Int {
        guard let days = configuration.auditDays else {
            throw ConfigurationError(
                variable: "AUDIT_DAYS",
                found: "nothing",
                expected: "the days that months are kept"
            )
        }
        let directory = configuration.dataDirectory
        let url =
            try configuration.migrationDatabaseURL ?? configuration.databaseURL
            ?? EmbeddedCluster.url(in: directory.path, mayMove: !directory.isChosen, database: "flotilla")
        return try await withAuditOperations(at: url) { api in try await api.dropAudit(olderThan: days) }
    }

    /// Runs `body` with operations of the owner.
    private func withAuditOperations<Result>(
        at url: String,
        _ body: (API) async throws -> Result
    ) async throws -> Result {
        let directory = configuration.dataDirectory
        let version = try await SchemaKeeper.usableVersion(Migrator(url: url, schema: .current))
        // Counting the entries of a large month takes longer than the deadline of requests.
        let database = Database(.init(url: url, connections: 1, deadline: .seconds(300)), logger: logger)
        defer { database.close() }
        let schema = SchemaState()
        schema.confirm(version: version)
        var operations = API.Configuration()
        operations.audit = try auditProtection(
            clusterFolder: configuration.databaseURL == nil
                ? EmbeddedCluster.path(in: directory.path, mayMove: !directory.isChosen) : nil
        )
        return try await body(API(database: database, schema: schema, configuration: operations, logger: logger))
    }

    private func exportAudit(
        _ exported: ExportedMonths,
        to place: String,
        by actor: String,
        _ api: API
    ) async throws -> (file: String, summary: AuditFileSummary, sha256: String)? {
        let months =
            switch exported {
            case .ended(let end, let again): try await api.auditMonths(before: end, again: again)
            case .untilNow: try await api.auditMonthsUntilNow()
            }
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
        if case .untilNow = exported { return (file.path, summary, sha256) }
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
            let role = Self.clusterRole
            try await role.create(at: cluster.url(database: "flotilla"))
            try await body(cluster.url(database: "flotilla", role: role), cluster)
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
        agentCredentialSeconds = configuration.agentCredentialDays * 86_400
        targets = configuration.targets
        push = configuration.push
        books = configuration.books
        reconcileTolerance = configuration.reconcileTolerance
        reconcileToleranceBps = configuration.reconcileToleranceBps
        acceptsWrongDifferences = configuration.acceptsWrongDifferences
        needsApproval = configuration.needsApproval
        approvers = configuration.approvers
        signing = configuration.signing
        configuredNames = configuration.namedTokens.map(\.name)
        commandMaxSeconds = configuration.commandMaxSeconds
        sessionIdleSeconds = configuration.sessionIdleSeconds
        stepUpSeconds = configuration.stepUpSeconds
        commandFinishSeconds = configuration.commandFinishSeconds
        metricDays = configuration.metricDays
        executionDays = configuration.executionDays
        historyDays = configuration.historyDays
        auditDays = configuration.auditDays
        audit = configuration.audit
        clientLimits = configuration.clientLimits
        instanceRetireDays = configuration.instanceRetireDays
    }
}

extension [Component: ListeningSocket] {
    /// Whether this process serves the dashboard, and another one the API.
    fileprivate var isDashboardAlone: Bool { self[.api] == nil && self[.dashboard] != nil }
}
