import ContractRuntime
import Dashboard
import Generated
import Handlers
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The listeners of a process, from the schema's confirmation to the last response.
struct Listeners: Service {
    let application: Application
    /// The listening sockets of the components to serve.
    let sockets: [Component: ListeningSocket]
    let api: API
    let schema: SchemaState
    let denials: DenialLog
    /// The monitor of the API in a process that serves only the dashboard.
    let monitor: APIMonitor?
    /// Makes the spans of requests; nil without tracing.
    let tracing: RequestTracing?
    /// Encrypts the connections of both listeners; nil without TLS.
    let certificates: (any ConnectionEncryption)?
    /// Called with the addresses once all listeners accept.
    let started: @Sendable ([(name: String, address: String)]) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await waitForSchema() }
        guard !Task.isShuttingDownGracefully else { return sockets.values.forEach { $0.close() } }
        let listeners = try await listen()
        started(application.addresses(of: sockets))
        // A cancellation also ends the wait.
        try? await gracefulShutdown()
        await finish(listeners)
    }

    /// Waits for the schema's confirmation up to `schemaPatience`, so that new connections wait in the sockets' backlogs instead of getting 503.
    private func waitForSchema() async {
        await withTaskGroup { group in
            group.addTask { await schema.waitUntilConfirmed() }
            group.addTask { try? await Task.sleep(for: application.schemaPatience) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Finishes requests in flight: announces the shutdown to load balancers and clients, ends polls and streams, closes connections.
    private func finish(_ listeners: [HTTPListener]) async {
        api.announceShutdown()
        var ends: [EventLoopFuture<Void>] = []
        for listener in listeners { ends.append(await listener.stopAccepting()) }
        api.endWaiting()
        for end in ends { try? await end.get() }
        await api.recordCountedRejections(isLast: true)
    }

    /// Starts the listeners of the components that have a socket.
    private func listen() async throws -> [HTTPListener] {
        let (configuration, logger) = (application.configuration, application.logger)
        let connectionLimits = configuration.connectionLimits.fitting(files: FileLimit.raise())
        if connectionLimits.total < configuration.connectionLimits.total {
            logger.warning(
                "the limit of open files is lower than CONNECTIONS",
                metadata: ["connections": "\(connectionLimits.total)"]
            )
        }
        var listeners: [HTTPListener] = []
        func add(
            _ component: Component,
            _ responder: some Responder,
            _ content: RequestGuard.Content
        ) async throws {
            guard let socket = sockets[component] else { return }
            var limits = application.limits
            // A page calls several operations.
            if content == .pages { limits.responseTime = max(limits.responseTime, .milliseconds(2_500)) }
            let listener = try await HTTPListener.start(
                at: socket,
                on: MultiThreadedEventLoopGroup.singleton,
                tls: certificates,
                limits: limits,
                responder: responder,
                content: content,
                publicHosts: configuration.publicHosts,
                proxies: configuration.trustedProxies,
                connectionLimits: connectionLimits,
                telemetry: api.telemetry,
                tracing: tracing,
                logger: logger
            )
            listeners.append(listener)
            logger.info("listening", metadata: ["\(component.name)": "\(listener.address)"])
        }
        let authorization = Authorization(requiresAgents: configuration.requiresAgentTokens)
        let authenticator = Authenticator(
            adminToken: configuration.adminToken,
            tokens: configuration.namedTokens,
            authorization: authorization
        )
        try await add(
            .api,
            APIResponder(
                api: api,
                authenticator: authenticator,
                denials: denials,
                validation: configuration.responseValidation,
                logger: logger
            ),
            .api
        )
        let isExposed =
            configuration.apiAddress.map { !(sockets[.api]?.address ?? $0).isLoopback } == true
            && !configuration.requiresAgentTokens
        if isExposed, sockets[.api] != nil {
            logger.warning("agents need no credentials, and the API is reachable from other machines")
        }
        let warning = isExposed ? "Agents need no credentials, and other machines can reach the API." : nil
        let openID = configuration.openID.map { OpenIDSessions(api: api, configuration: $0) }
        let sessions = SessionAuthenticator(
            api: api,
            authenticator: authenticator,
            openID: openID,
            stepUpSeconds: configuration.stepUpSeconds
        )
        let dashboard = Dashboard(
            api: api,
            environment: configuration.environment,
            warnings: { [warning, api.writeFailure.map { "The server cannot store data: \($0)." }].compactMap { $0 } },
            availability: { monitor?.availability ?? .available },
            missingRoles: { principal, route in authorization.missingRoles(of: principal, on: route) },
            denied: { request, route in denials.add(request.principal.name, route.rawValue, from: request.address) },
            confirm: { request, route async throws(Problem) in
                try await sessions.confirm(request, for: route)
            }
        )
        let responder = WebResponder(
            api: api,
            dashboard: dashboard,
            sessions: sessions,
            denials: denials,
            environment: configuration.environment,
            warning: warning
        )
        try await add(.dashboard, responder, .pages)
        return listeners
    }
}
