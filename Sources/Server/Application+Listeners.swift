import ContractRuntime
import Dashboard
import Generated
import Handlers
import Logging
import NIOPosix

extension Application {
    /// Starts the listeners of the components that have a socket.
    func listen(
        _ sockets: [Component: ListeningSocket],
        _ api: API,
        denials: DenialLog,
        monitor: APIMonitor?,
        tracing: RequestTracing?,
        _ certificates: CertificateStore?
    ) async throws -> [HTTPListener] {
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
            var limits = limits
            // A page calls several operations.
            if content == .pages { limits.responseTime = .milliseconds(2_500) }
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
        let sessions = SessionAuthenticator(api: api, authenticator: authenticator)
        let dashboard = Dashboard(
            api: api,
            environment: configuration.environment,
            warnings: { [warning, api.writeFailure.map { "The server cannot store data: \($0)." }].compactMap { $0 } },
            availability: { monitor?.availability ?? .available },
            missingRoles: { principal, route in authorization.missingRoles(of: principal, on: route) },
            confirm: { request, route async throws(Problem) in
                try await sessions.confirm(
                    request.form["token"] ?? "",
                    of: request.principal,
                    for: route,
                    from: request.address
                )
            }
        )
        let responder = WebResponder(
            api: api,
            dashboard: dashboard,
            sessions: sessions,
            environment: configuration.environment,
            warning: warning
        )
        try await add(.dashboard, responder, .pages)
        return listeners
    }

    /// The certificate of both listeners; nil without TLS.
    func certificates() throws -> CertificateStore? {
        guard let files = configuration.tls else { return nil }
        do { return try CertificateStore(files, logger: logger) } catch {
            throw ConfigurationError(
                variable: "TLS_CERTIFICATE, TLS_KEY",
                found: "\(error)",
                expected: CertificateError.expected
            )
        }
    }
}
