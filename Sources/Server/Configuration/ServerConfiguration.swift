import Configuration
import ContractRuntime
import Handlers
import Logging
import Notifications
import SystemPackage

/// How the server runs: read from the environment, then `.env`, then the defaults.
struct ServerConfiguration: Sendable {
    /// A libpq URL; nil for a cluster of our own.
    var databaseURL: String?
    /// A standby that analytics are read from.
    var analyticsDatabaseURL: String?
    /// By how many seconds it may be behind.
    var analyticsLagSeconds: Int
    /// Where our own cluster lives.
    var dataDirectory: DataDirectory
    var adminToken: String
    /// Further tokens with names and roles.
    var namedTokens: [NamedToken]
    /// Whether agents have to prove who they are.
    var requiresAgentTokens: Bool
    /// Nil when the listener is switched off.
    var apiAddress: ListenAddress?
    var webAddress: ListenAddress?
    /// Where the dashboard asks whether the API responds; nil for `/healthz` at `apiAddress`.
    var apiHealthURL: HealthURL?
    var tls: TLSFiles?
    /// The unsafe settings that the operator allows while other machines reach the server.
    var allowedExposures: Set<Exposure>
    /// Names under which browsers and agents reach the server, beside those that it knows itself.
    var publicHosts: [HostList.PublicHost]
    /// Proxies that say where requests come from.
    var trustedProxies: TrustedProxies
    /// What the deployment is called on the dashboard.
    var environment: String
    var databaseConnections: Int
    /// How many more there are for lists and analytics.
    var databaseReadConnections: Int
    /// How many connections clients may open, and how much of their answers they may leave unread.
    var connectionLimits: ConnectionLimits
    var heartbeatStaleSeconds: Int
    var moduleRunStuckSeconds: Int
    /// Who is told of what.
    var targets: [NotificationTarget]
    /// The URL that is requested while checks are done; a secret.
    var watchdogURL: String?
    /// The currency of totals, and how long a rate into it is used.
    var books: BooksCurrency
    /// By how much books may differ and still agree.
    var reconcileTolerance: Decimal
    /// By how many hundredths of a percent of the exchange's equity they may differ and still agree.
    var reconcileToleranceBps: Decimal
    /// Whether a comparison with a wrong difference is stored, and marked, instead of refused.
    var acceptsWrongDifferences: Bool
    /// Whether a second person has to approve what begins or ends real trading.
    var needsApproval: Bool
    /// How long a command may be carried out at most.
    var commandMaxSeconds: Int?
    var commandFinishSeconds: Int
    /// How many days metrics are kept as they came, as rows of five minutes, and as rows of an hour.
    var metricDays: (samples: Int, fine: Int, coarse: Int)
    /// How many days samples of executions are kept.
    var executionDays: Int
    /// How many days what is over is kept.
    var historyDays: API.HistoryDays
    /// The number of days after its end until an exported month of the audit log is dropped; nil to keep all.
    var auditDays: Int?
    /// After how many days of silence an instance is retired; nil where only operators retire.
    var instanceRetireDays: Int?
    /// How much of what clients add or hold is accepted.
    var bounds: Bounds
    /// The time from one look for lost instances and stuck runs to the next; nil when nobody looks by itself.
    var checkInterval: Duration?
    /// Which answers are validated before they are sent.
    var responseValidation: ResponseValidation
    var logLevel: Logger.Level
    var logFormat: LogFormat

    struct DataDirectory: Sendable {
        var path: String
        /// Whether somebody asked for this place.
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

    /// Reads the configuration; the first value that is missing or malformed is the error.
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
                found: "a file that cannot be read",
                expected: "lines of NAME=value"
            )
        }
        let variables = Variables(reader: ConfigReader(providers: [EnvironmentVariablesProvider(), file]))
        return try ServerConfiguration(variables)
    }

    init(_ variables: Variables) throws(ConfigurationError) {
        databaseURL = variables["DATABASE_URL"]
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
        requiresAgentTokens = try variables.choice("AGENT_AUTH", default: AgentAuthentication.open) == .required
        apiAddress = try variables.address("API_ADDRESS", default: ListenAddress(host: "127.0.0.1", port: 8000))
        webAddress = try variables.address("WEB_ADDRESS", default: ListenAddress(host: "127.0.0.1", port: 3000))
        apiHealthURL = try Self.healthURL(variables)
        tls = try Self.tls(variables)
        let exposures = "\(Exposure.allCases.map(\.rawValue).joined(separator: " or "))"
        allowedExposures = Set(try variables.list("ALLOW_INSECURE", of: exposures) { Exposure(rawValue: $0) })
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
        watchdogURL = try variables.url("WATCHDOG_URL")
        books = BooksCurrency()
        books.currency = try variables.currency("BOOKS_CURRENCY")
        books.rateSeconds = try variables.integer("FX_MAX_AGE_SECONDS", in: 1...2_592_000, default: books.rateSeconds)
        reconcileTolerance = try variables.decimal("RECONCILE_TOLERANCE", default: Decimal(0))
        reconcileToleranceBps = try variables.decimal("RECONCILE_TOLERANCE_BPS", default: Decimal(1))
        acceptsWrongDifferences = try variables.choice("RECONCILE_DIFFERENCE", default: Strictness.strict) == .lenient
        needsApproval = try variables.choice("COMMAND_APPROVAL", default: Approval.off) == .required
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
        let silentDays = try variables.integer("INSTANCE_RETIRE_DAYS", in: 0...3_650, default: 0)
        instanceRetireDays = silentDays == 0 ? nil : silentDays
        bounds = try Bounds(variables)
        let seconds = try variables.integer("CHECK_INTERVAL_SECONDS", in: 0...3_600, default: 2)
        checkInterval = seconds == 0 ? nil : .seconds(seconds)
        responseValidation = try Self.responseValidation(variables)
        logLevel = try variables.choice("LOG_LEVEL", default: .info)
        logFormat = try variables.choice("LOG_FORMAT", default: .text)
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
        // The largest body has to fit, in a buffer of twice its size.
        let ofBodies = try variables.integer("BODY_MEBIBYTES", in: 4...65_536, default: 256)
        limits.bodyBytes = ofBodies * 1_024 * 1_024
        return limits
    }

    private static func tls(_ variables: Variables) throws(ConfigurationError) -> TLSFiles? {
        switch (variables["TLS_CERTIFICATE"], variables["TLS_KEY"]) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (nil, _):
            throw ConfigurationError(variable: "TLS_CERTIFICATE", found: "nothing", expected: "a file, beside TLS_KEY")
        case (_, nil):
            throw ConfigurationError(variable: "TLS_KEY", found: "nothing", expected: "a file, beside TLS_CERTIFICATE")
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
                expected: "off, always or a share from 0 to 1"
            )
        }
    }
}

/// A value of the configuration that the server cannot start with. The value itself is shown only where it is no secret.
struct ConfigurationError: Error, CustomStringConvertible {
    let variable: String
    let found: String
    let expected: String

    var description: String { "\(variable): found \(found), expected \(expected)" }
}

/// Where a listener listens.
struct ListenAddress: Sendable {
    var host: String
    /// 0 for a free one.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether only this machine reaches it. Another name may stand for any address.
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

    /// Reads `HOST:PORT`; an IPv6 host stands in brackets.
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
