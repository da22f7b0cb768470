import Configuration
import ContractRuntime
import Handlers
import Logging
import Notifications
import SystemPackage

/// The server's configuration, read from the environment, then `.env`, then the defaults.
struct ServerConfiguration: Sendable {
    /// A libpq URL; nil for the server's own cluster.
    var databaseURL: String?
    /// A libpq URL of the same database with the role that owns the tables; nil if it is the role of `databaseURL`.
    var migrationDatabaseURL: String?
    /// A libpq URL of a standby for analytics; nil without one.
    var analyticsDatabaseURL: String?
    /// The maximum lag of the standby in seconds.
    var analyticsLagSeconds: Int
    /// The directory of the server's own cluster.
    var dataDirectory: DataDirectory
    var adminToken: String
    /// Further tokens with names and roles.
    var namedTokens: [NamedToken]
    /// The OpenID provider at which people sign in; nil if they use only tokens.
    var openID: OpenIDConfiguration?
    /// Seconds without use after which a session of the dashboard ends; nil for no limit.
    var sessionIdleSeconds: Int?
    /// Seconds after authentication for which a session may send high-risk commands.
    var stepUpSeconds: Int
    /// Whether agents need credentials.
    var requiresAgentTokens: Bool
    /// The lifetime of the credential of an enrolled agent, in days.
    var agentCredentialDays: Int
    /// Nil when the listener is switched off.
    var apiAddress: ListenAddress?
    var webAddress: ListenAddress?
    /// The URL at which the dashboard checks whether the API responds; nil for `/healthz` at `apiAddress`.
    var apiHealthURL: HealthURL?
    var tls: TLSFiles?
    /// The unsafe settings that are allowed even if other machines can reach the server.
    var allowedExposures: Set<Exposure>
    /// Names under which browsers and agents reach the server, in addition to its own addresses.
    var publicHosts: [HostList.PublicHost]
    /// Proxies whose forwarding headers are trusted.
    var trustedProxies: TrustedProxies
    /// The name of the deployment on the dashboard.
    var environment: String
    var databaseConnections: Int
    /// The number of additional connections for lists and analytics.
    var databaseReadConnections: Int
    /// The limits for client connections and unread responses.
    var connectionLimits: ConnectionLimits
    var heartbeatStaleSeconds: Int
    var moduleRunStuckSeconds: Int
    /// The targets of notifications.
    var targets: [NotificationTarget]
    var push: PushConfiguration?
    /// The URL that is requested while the checks succeed; a secret.
    var watchdogURL: String?
    /// The currency of totals, and the maximum age of a rate into it.
    var books: BooksCurrency
    /// The maximum difference between books that agree.
    var reconcileTolerance: Decimal
    /// The maximum difference between books that agree, in basis points of the exchange's equity.
    var reconcileToleranceBps: Decimal
    /// Whether a comparison with a wrong difference is stored and marked instead of rejected.
    var acceptsWrongDifferences: Bool
    /// Whether high-risk commands need a second person's approval.
    var needsApproval: Bool
    /// The number of people who must approve a high-risk command.
    var approvers: Int
    /// The keys that sign commands; nil if the server signs none.
    var signing: ServerKeys?
    /// The maximum lifetime of a command in seconds; nil for no limit.
    var commandMaxSeconds: Int?
    var commandFinishSeconds: Int
    /// Days for which metric samples, five-minute rollups and one-hour rollups are kept.
    var metricDays: (samples: Int, fine: Int, coarse: Int)
    /// Days for which execution samples are kept.
    var executionDays: Int
    /// Days for which finished records are kept.
    var historyDays: API.HistoryDays
    /// Days after its end for which an exported month of the audit log is kept; nil to keep all months.
    var auditDays: Int?
    /// The keys and anchors of the audit log.
    var audit: AuditProtection
    /// Another system that gets the head of the audit log; nil for none.
    var anchorTarget: AnchorTarget?
    /// Days of silence after which an instance is retired; nil if only operators retire instances.
    var instanceRetireDays: Int?
    /// Limits on what clients may add or hold.
    var clientLimits: ClientLimits
    /// The time between two runs of the periodic checks; nil if this server does not run them.
    var checkInterval: Duration?
    /// Which responses are validated before they are sent.
    var responseValidation: ResponseValidation
    /// The export of traces; nil without a collector.
    var tracing: TracingConfiguration?
    var logLevel: Logger.Level
    var logFormat: LogFormat

    struct DataDirectory: Sendable {
        var path: String
        /// Whether the directory was set explicitly.
        var isChosen: Bool
    }

    struct TLSFiles: Sendable {
        var certificate: String
        var key: String
    }

    enum AgentAuthentication: String, CaseIterable {
        case open, required
    }

    enum Strictness: String, CaseIterable {
        case strict, lenient
    }

    enum Approval: String, CaseIterable {
        case off, required
    }

    enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    /// Reads the configuration. Throws the error of the first variable that is missing or malformed.
    static func read(environmentFile: String = ".env") async throws -> ServerConfiguration {
        let file: EnvironmentVariablesProvider
        do {
            file = try await EnvironmentVariablesProvider(
                environmentFilePath: FilePath(environmentFile),
                allowMissing: true
            )
        } catch {
            throw ConfigurationError(
                variable: environmentFile,
                found: "an unreadable file",
                expected: "lines of NAME=value"
            )
        }
        let variables = Variables(reader: ConfigReader(providers: [EnvironmentVariablesProvider(), file]))
        return try ServerConfiguration(variables)
    }

    /// - Parameter build: The build that the configuration is for.
    init(_ variables: Variables, for build: ServerBuild = .current) throws(ConfigurationError) {
        databaseURL = variables["DATABASE_URL"]
        migrationDatabaseURL = variables["MIGRATION_DATABASE_URL"]
        if migrationDatabaseURL != nil, databaseURL == nil {
            throw ConfigurationError(
                variable: "DATABASE_URL",
                found: "nothing",
                expected: "the same database with the role of servers, because MIGRATION_DATABASE_URL is set"
            )
        }
        analyticsDatabaseURL = variables["ANALYTICS_DATABASE_URL"]
        analyticsLagSeconds = try variables.integer("ANALYTICS_LAG_SECONDS", in: 3...86_400, default: 15)
        dataDirectory = DataDirectory(
            path: variables["DATA_DIR"] ?? ".flotilla",
            isChosen: variables["DATA_DIR"] != nil
        )
        guard let token = variables["ADMIN_TOKEN"] else {
            throw ConfigurationError(variable: "ADMIN_TOKEN", found: "nothing", expected: "the admin token")
        }
        adminToken = token
        if let path = variables["ADMIN_TOKENS_FILE"] {
            namedTokens = try NamedToken.read(path)
        } else {
            namedTokens = []
        }
        openID = try OpenIDConfiguration.read(variables)
        let idleMinutes = try variables.integer("SESSION_IDLE_MINUTES", in: 0...720, default: 60)
        sessionIdleSeconds = idleMinutes == 0 ? nil : idleMinutes * 60
        stepUpSeconds = try variables.integer("STEP_UP_MINUTES", in: 1...720, default: 15) * 60
        let agentAuthentication: AgentAuthentication? = try variables.choice("AGENT_AUTH")
        agentCredentialDays = try variables.integer("AGENT_CREDENTIAL_DAYS", in: 1...365, default: 30)
        apiAddress = try variables.address("API_ADDRESS", default: ListenAddress(host: "127.0.0.1", port: 8000))
        webAddress = try variables.address("WEB_ADDRESS", default: ListenAddress(host: "127.0.0.1", port: 3000))
        apiHealthURL = try Self.healthURL(variables)
        tls = try Self.tls(variables)
        let exposures = "\(Exposure.allCases.map(\.rawValue).joined(separator: " or "))"
        allowedExposures = Set(try variables.list("ALLOW_INSECURE", of: exposures) { Exposure(rawValue: $0) })
        // Other machines must not impersonate agents. `open-agents` says that they may.
        let isOpen = apiAddress?.isLoopback != false || allowedExposures.contains(.openAgents)
        requiresAgentTokens = (agentAuthentication ?? (isOpen ? .open : .required)) == .required
        publicHosts = try variables.list("PUBLIC_HOSTS", of: "[https://]HOST[:PORT]") { HostList.PublicHost($0) }
        let proxies = try variables.list("TRUSTED_PROXIES", of: "ADDRESS[/BITS]") { TrustedProxies.Network($0) }
        trustedProxies = TrustedProxies(proxies)
        environment = String((variables["ENVIRONMENT"] ?? "LOCAL").prefix(24))
        databaseConnections = try variables.integer("DATABASE_CONNECTIONS", in: 1...256, default: 8)
        databaseReadConnections = try variables.integer("DATABASE_READ_CONNECTIONS", in: 1...256, default: 4)
        connectionLimits = try Self.connectionLimits(variables)
        heartbeatStaleSeconds = try variables.integer("HEARTBEAT_STALE_SECONDS", in: 30...3_600, default: 90)
        moduleRunStuckSeconds = try variables.integer("MODULE_RUN_STUCK_SECONDS", in: 60...86_400, default: 900)
        targets = try NotificationTarget.read(variables)
        push = try PushConfiguration.read(variables, principals: Authenticator.principals(of: namedTokens))
        watchdogURL = try variables.url("WATCHDOG_URL")
        books = BooksCurrency()
        books.currency = try variables.currency("BOOKS_CURRENCY")
        books.rateSeconds = try variables.integer("FX_MAX_AGE_SECONDS", in: 1...2_592_000, default: books.rateSeconds)
        reconcileTolerance = try variables.decimal("RECONCILE_TOLERANCE", default: Decimal(0))
        reconcileToleranceBps = try variables.decimal("RECONCILE_TOLERANCE_BPS", default: Decimal(1))
        acceptsWrongDifferences = try variables.choice("RECONCILE_DIFFERENCE", default: Strictness.strict) == .lenient
        needsApproval = try variables.choice("COMMAND_APPROVAL", default: Approval.off) == .required
        approvers = try variables.integer("COMMAND_APPROVERS", in: 1...10, default: 1)
        signing = try ServerKeys.read(variables)
        let longest = try variables.integer("COMMAND_MAX_TTL_SECONDS", in: 0...31_536_000, default: 0)
        commandMaxSeconds = longest == 0 ? nil : longest
        commandFinishSeconds = try variables.integer("COMMAND_FINISH_SECONDS", in: 10...86_400, default: 300)
        let samples = try variables.integer("METRIC_DAYS", in: 1...3_650, default: 7)
        let fine = try variables.integer("METRIC_FINE_DAYS", in: samples...3_650, default: max(90, samples))
        let coarse = try variables.integer("METRIC_COARSE_DAYS", in: fine...36_500, default: max(1_827, fine))
        metricDays = (samples, fine, coarse)
        executionDays = try variables.integer("EXECUTION_DAYS", in: 1...3_650, default: 30)
        historyDays = try Self.historyDays(variables)
        let ofAudit = try variables.integer("AUDIT_DAYS", in: 0...36_500, default: 0)
        auditDays = ofAudit == 0 ? nil : ofAudit
        audit = try AuditProtection.read(variables)
        anchorTarget = try AnchorTarget.read(variables)
        let silentDays = try variables.integer("INSTANCE_RETIRE_DAYS", in: 0...3_650, default: 0)
        instanceRetireDays = silentDays == 0 ? nil : silentDays
        clientLimits = try ClientLimits(variables)
        let seconds = try variables.integer("CHECK_INTERVAL_SECONDS", in: 0...3_600, default: 2)
        checkInterval = seconds == 0 ? nil : .seconds(seconds)
        responseValidation = try Self.responseValidation(variables)
        tracing = try TracingConfiguration.read(variables)
        logLevel = try variables.choice("LOG_LEVEL", default: .info)
        logFormat = try variables.choice("LOG_FORMAT", default: .text)
        try build.check(variables)
    }

    private static func historyDays(_ variables: Variables) throws(ConfigurationError) -> API.HistoryDays {
        var days = API.HistoryDays()
        func read(_ name: String, _ path: WritableKeyPath<API.HistoryDays, Int>) throws(ConfigurationError) {
            days[keyPath: path] = try variables.integer(name, in: 1...3_650, default: days[keyPath: path])
        }
        try read("RECONCILE_DAYS", \.reconcileResults)
        try read("NOTIFICATION_DAYS", \.notifications)
        try read("ALERT_DAYS", \.alerts)
        try read("RUN_DAYS", \.moduleRuns)
        try read("COMMAND_DAYS", \.commands)
        try read("TRADE_DAYS", \.trades)
        return days
    }

    private static func connectionLimits(_ variables: Variables) throws(ConfigurationError) -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.total = try variables.integer("CONNECTIONS", in: 8...1_000_000, default: limits.total)
        limits.perAddress = try variables.integer(
            "CONNECTIONS_PER_ADDRESS",
            in: 1...1_000_000,
            default: limits.perAddress
        )
        let mebibytes = try variables.integer("UNREAD_MEBIBYTES", in: 1...65_536, default: 256)
        limits.unreadBytes = mebibytes * 1_024 * 1_024
        // The largest body must fit, in a buffer of twice its size.
        let ofBodies = try variables.integer("BODY_MEBIBYTES", in: 4...65_536, default: 256)
        limits.bodyBytes = ofBodies * 1_024 * 1_024
        return limits
    }

    private static func tls(_ variables: Variables) throws(ConfigurationError) -> TLSFiles? {
        switch (variables["TLS_CERTIFICATE"], variables["TLS_KEY"]) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (nil, _):
            throw ConfigurationError(
                variable: "TLS_CERTIFICATE",
                found: "nothing",
                expected: "a file, because TLS_KEY is set"
            )
        case (_, nil):
            throw ConfigurationError(
                variable: "TLS_KEY",
                found: "nothing",
                expected: "a file, because TLS_CERTIFICATE is set"
            )
        }
    }

    private static func healthURL(_ variables: Variables) throws(ConfigurationError) -> HealthURL? {
        guard let text = variables["API_HEALTH_URL"] else { return nil }
        if let url = HealthURL(text) { return url }
        throw ConfigurationError(variable: "API_HEALTH_URL", found: "'\(text)'", expected: "an http or https URL")
    }

    private static func responseValidation(_ variables: Variables) throws(ConfigurationError) -> ResponseValidation {
        switch variables["RESPONSE_VALIDATION"] {
        case nil, "off": return .off
        case "always": return .always
        case let text?:
            if let share = Double(text), (0...1).contains(share) { return .sampled(share) }
            throw ConfigurationError(
                variable: "RESPONSE_VALIDATION",
                found: "'\(text)'",
                expected: "off, always or a fraction from 0 to 1"
            )
        }
    }
}

/// A configuration value with which the server cannot start. The value is shown only if it is not a secret.
struct ConfigurationError: Error, CustomStringConvertible {
    let variable: String
    let found: String
    let expected: String

    var description: String { "\(variable): found \(found), expected \(expected)" }
}

/// The address of a listener.
struct ListenAddress: Sendable {
    var host: String
    /// The port; 0 for a free one.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only this machine can reach it. A host name other than `localhost` may resolve to any address.
    var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }

    /// `HOST:PORT`, with an IPv6 host in brackets.
    var text: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// The URL of the listener, without a path.
    func url(_ scheme: String) -> String { "\(scheme)://\(text)" }

    /// The URL at which a process of this machine reaches the listener.
    func localURL(_ scheme: String) -> String {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port).url(scheme)
        case "::": ListenAddress(host: "::1", port: port).url(scheme)
        default: url(scheme)
        }
    }

    /// Reads `HOST:PORT`, with an IPv6 host in brackets.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }
}
