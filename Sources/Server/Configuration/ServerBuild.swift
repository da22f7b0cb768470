/// The parts that the server was built with.
enum ServerBuild {
    /// Everything.
    case full
    /// Without TLS, HTTP/2 and an HTTP client (`FLOTILLA_TLS=off` in `Package.swift`).
    case withoutTLS

    #if TLS
    static let current = full
    #else
    static let current = withoutTLS
    #endif

    /// The variables that need the full build. `./flotilla up` reads the names from this file, one per line.
    static let variablesOfFull = [
        "API_HEALTH_URL",
        "AUDIT_ANCHOR_URL",
        "DISCORD_WEBHOOK_URL",
        "DISCORD_WEBHOOK_URL_AUDIT",
        "DISCORD_WEBHOOK_URL_CRITICAL",
        "DISCORD_WEBHOOK_URL_INFO",
        "DISCORD_WEBHOOK_URL_WARNING",
        "OIDC_ISSUER",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "PUSH_KEY",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "WATCHDOG_URL",
        "WEBHOOK_URL",
        "WEBHOOK_URL_AUDIT",
        "WEBHOOK_URL_CRITICAL",
        "WEBHOOK_URL_INFO",
        "WEBHOOK_URL_WARNING",
    ]

    /// Refuses a configuration that this build cannot serve, so that nothing is silently not delivered.
    func check(_ variables: Variables) throws(ConfigurationError) {
        guard self == .withoutTLS else { return }
        for variable in Self.variablesOfFull where variables[variable] != nil { throw error(for: variable) }
    }

    /// The value of `variable` may be a secret.
    func error(for variable: String) -> ConfigurationError {
        ConfigurationError(
            variable: variable,
            found: "a value",
            expected:
                "none, because this server was built without TLS and an HTTP client; start it with ./flotilla up --full"
        )
    }
}
