/// A setting that is unsafe if other machines can reach the server. `ALLOW_INSECURE` allows it.
enum Exposure: String, CaseIterable, Sendable {
    /// Agents need no credentials.
    case openAgents = "open-agents"
    /// The admin token is easily guessed.
    case weakToken = "weak-token"
    /// Anyone on the network path can read and change tokens and commands.
    case plainHTTP = "plain-http"

    fileprivate var remedy: String {
        switch self {
        case .openAgents: "AGENT_AUTH=required"
        case .weakToken: "a random ADMIN_TOKEN, such as that of `openssl rand -hex 24`"
        case .plainHTTP: "TLS_CERTIFICATE and TLS_KEY"
        }
    }
}

extension ServerConfiguration {
    /// Refuses to start if other machines can reach a component with an unsafe setting.
    ///
    /// - Parameter components: The components whose listeners are about to be bound.
    func checkExposure(of components: [Component] = Component.allCases) throws(ConfigurationError) {
        let exposed = components.compactMap { component in
            address(of: component).flatMap { $0.isLoopback ? nil : (component: component, address: $0) }
        }
        guard let first = exposed.first else { return }
        var found: [(exposure: Exposure, text: String)] = []
        // The dashboard does not proxy operations that are open to agents.
        if first.component == .api, !requiresAgentTokens { found.append((.openAgents, "AGENT_AUTH=open")) }
        if let weakness = TokenWeakness(adminToken) {
            found.append((.weakToken, "an ADMIN_TOKEN that \(weakness.text)"))
        }
        if tls == nil { found.append((.plainHTTP, "plain HTTP")) }
        found.removeAll { allowedExposures.contains($0.exposure) }
        guard !found.isEmpty else { return }
        let remedies = found.map(\.exposure.remedy).joined(separator: "; ")
        let intent = found.map(\.exposure.rawValue).joined(separator: ",")
        throw ConfigurationError(
            variable: exposed.map { "\($0.component.name)_ADDRESS" }.joined(separator: ", "),
            found:
                "\(exposed.map { "'\($0.address.text)'" }.joined(separator: ", ")), which other machines can reach, with "
                + found.map(\.text).joined(separator: ", "),
            expected: "\(remedies); or ALLOW_INSECURE=\(intent) if this is intended"
        )
    }
}
