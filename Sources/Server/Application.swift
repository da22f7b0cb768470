import Dashboard
import Generated
import Handlers
import Logging
import NIOPosix
import NIOSSL
import Postgres

/// The server, from its start to its end.
struct Application {
    private let configuration: ServerConfiguration
    private let limits: HTTPLimits
    private let logger: Logger

    init(_ configuration: ServerConfiguration, limits: HTTPLimits = HTTPLimits(), logger: Logger) {
        self.configuration = configuration
        self.limits = limits
        self.logger = logger
    }

    /// Serves until `shutdown` ends, then finishes what is in flight.
    ///
    /// - Parameters:
    ///   - migrates: Whether a schema that is behind is brought up to date; our own cluster's always is.
    ///   - started: Called with the addresses once both listeners listen.
    func serve(
        migrates: Bool,
        started: ([(name: String, address: String)]) -> Void = { _ in },
        until shutdown: @escaping @Sendable () async -> Void
    ) async throws {
        let tls = try tlsContext()
        try await withDatabase { url, cluster in
            let database = Database(.init(url: url, connections: configuration.databaseConnections), logger: logger)
            defer { database.close() }
            let standby = configuration.analyticsDatabaseURL.map { url in
                Database(.init(url: url, connections: max(configuration.databaseConnections / 2, 1)), logger: logger)
            }
            defer { standby?.close() }
            let schema = SchemaState()
            var settings = API.Configuration(
                heartbeatStaleSeconds: configuration.heartbeatStaleSeconds,
                moduleRunStuckSeconds: configuration.moduleRunStuckSeconds
            )
            settings.targets = configuration.targets
            settings.reconcileTolerance = configuration.reconcileTolerance
            settings.reconcileToleranceBps = configuration.reconcileToleranceBps
            settings.acceptsWrongDifferences = configuration.acceptsWrongDifferences
            settings.needsApproval = configuration.needsApproval
            settings.commandMaxSeconds = configuration.commandMaxSeconds
            settings.metricDays = configuration.metricDays
            settings.executionDays = configuration.executionDays
            settings.bounds = configuration.bounds
            let api = API(
                database: database,
                analytics: standby.map { AnalyticsDatabase($0) },
                schema: schema,
                configuration: settings,
                logger: logger
            )
            let denials = DenialLog(api)
            let listeners = try await listen(api, denials: denials, tls: tls)
            started(listeners.map { ($0.name, $0.listener.address) })
            let keeper = SchemaKeeper(
                migrator: Migrator(url: url, migrations: Migration.all),
                migrates: migrates || configuration.databaseURL == nil,
                schema: schema,
                logger: logger
            )
            let scheduler = configuration.checkInterval.map { Scheduler(api: api, interval: $0, logger: logger) }
            var jobs: [@Sendable () async -> Void] = [{ [logger] in await denials.run(logger: logger) }]
            jobs.append { await api.recordCountedRefusals() }
            jobs.append { await api.wakeWaitingPolls() }
            jobs.append { await api.deliverNotifications() }
            jobs.append { await api.tellOfEvents() }
            jobs.append { await LoopProbe(telemetry: api.telemetry).run() }
            if let cluster { jobs.append { await cluster.keepRunning() } }
            if let scheduler { jobs.append { await scheduler.run() } }
            let end = await Self.end(of: keeper, beside: jobs, or: shutdown)
            api.endWaiting()
            for (_, listener) in listeners { await listener.stop(patience: .seconds(10)) }
            await api.recordCountedRefusals(isLast: true)
            try end.get()
        }
    }

    /// Waits for the shutdown while the schema is confirmed and the jobs run; a schema that cannot be used ends the wait.
    private static func end(
        of keeper: SchemaKeeper,
        beside jobs: [@Sendable () async -> Void],
        or shutdown: @escaping @Sendable () async -> Void
    ) async -> Result<Void, any Error> {
        await withTaskGroup(of: Result<Bool, any Error>.self) { group in
            group.addTask {
                do {
                    try await keeper.confirm()
                    return .success(false)
                } catch {
                    return .failure(error)
                }
            }
            for job in jobs {
                group.addTask {
                    await job()
                    return .success(false)
                }
            }
            group.addTask {
                await shutdown()
                return .success(true)
            }
            defer { group.cancelAll() }
            for await result in group {
                switch result {
                case .success(false): continue
                case .success(true): return .success(())
                case .failure(let error): return .failure(error)
                }
            }
            return .success(())
        }
    }

    /// Brings the database up to date and ends.
    func migrate() async throws {
        try await withDatabase { url, _ in
            let version = try await Migrator(url: url, migrations: Migration.all).migrate(logger: logger)
            logger.notice("schema is up to date", metadata: ["version": "\(version)"])
        }
    }

    /// The database that is configured, or a cluster of our own for as long as `body` runs.
    private func withDatabase(
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

    private func listen(_ api: API, denials: DenialLog, tls: NIOSSLContext?) async throws -> [(
        name: String, listener: HTTPListener
    )] {
        var listeners: [(name: String, listener: HTTPListener)] = []
        func add(
            _ name: String,
            at address: ListenAddress?,
            _ responder: any Responder,
            _ content: RequestGuard.Content
        ) async throws {
            guard let address else { return }
            let listener: HTTPListener
            do {
                listener = try await HTTPListener.start(
                    at: address,
                    on: MultiThreadedEventLoopGroup.singleton,
                    tls: tls,
                    limits: limits,
                    responder: responder,
                    content: content,
                    publicHosts: configuration.publicHosts,
                    logger: logger
                )
            } catch {
                let found = "'\(address.host):\(address.port)' (\(error))"
                throw ConfigurationError(
                    variable: "\(name)_ADDRESS",
                    found: found,
                    expected: "an address that is free"
                )
            }
            listeners.append((name, listener))
            logger.info("listening", metadata: ["\(name)": "\(listener.address)"])
        }
        let authenticator = Authenticator(
            adminToken: configuration.adminToken,
            tokens: configuration.namedTokens,
            requiresAgents: configuration.requiresAgentTokens
        )
        try await add(
            "API",
            at: configuration.apiAddress,
            APIResponder(
                api: api,
                authenticator: authenticator,
                denials: denials,
                validation: configuration.responseValidation,
                logger: logger
            ),
            .api
        )
        let isExposed = listeners.first?.listener.isLoopback == false && !configuration.requiresAgentTokens
        if isExposed {
            logger.warning("agents need no credentials, and the API is reachable from other machines")
        }
        let warning = isExposed ? "Agents need no credentials, and other machines reach the API." : nil
        let doorkeeper = Doorkeeper(api: api, authenticator: authenticator)
        let dashboard = Dashboard(
            api: api,
            environment: configuration.environment,
            warnings: warning.map { [$0] } ?? [],
            holder: { try? await doorkeeper.holder(of: $0) }
        )
        let responder = WebResponder(
            api: api,
            dashboard: dashboard,
            doorkeeper: doorkeeper,
            environment: configuration.environment,
            warning: warning
        )
        try await add("WEB", at: configuration.webAddress, responder, .pages)
        return listeners
    }

    private func tlsContext() throws -> NIOSSLContext? {
        guard let files = configuration.tls else { return nil }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            )
        } catch {
            throw ConfigurationError(
                variable: "TLS_CERTIFICATE, TLS_KEY",
                found: "files that cannot be used (\(error))",
                expected: "a PEM chain and its key"
            )
        }
    }
}
