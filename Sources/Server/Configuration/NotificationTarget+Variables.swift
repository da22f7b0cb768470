import Generated
import Notifications

extension NotificationTarget {
    /// Reads the configured targets. A URL for one severity replaces the general URL for that severity.
    static func read(_ variables: Variables) throws(ConfigurationError) -> [NotificationTarget] {
        try read(variables, "DISCORD_WEBHOOK_URL", .discord, "discord")
            + read(variables, "WEBHOOK_URL", .webhook, "webhook")
    }

    private static func read(
        _ variables: Variables,
        _ variable: String,
        _ kind: Kind,
        _ name: String
    ) throws(ConfigurationError) -> [NotificationTarget] {
        var targets: [NotificationTarget] = []
        var rest = Set(Severity.allCases)
        for severity in Severity.allCases {
            guard let url = try variables.url("\(variable)_\(severity.rawValue)") else { continue }
            rest.remove(severity)
            let own = "\(name)-\(severity.rawValue.lowercased())"
            targets.append(NotificationTarget(name: own, kind: kind, url: url, severities: [severity]))
        }
        if let url = try variables.url(variable), !rest.isEmpty {
            targets.append(NotificationTarget(name: name, kind: kind, url: url, severities: rest))
        }
        return targets
    }
}

extension Variables {
    /// Reads a URL that is a secret: anyone who knows it can use it.
    func url(_ name: String) throws(ConfigurationError) -> String? {
        guard let text = self[name] else { return nil }
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else {
            // The value is a secret and must not appear in the message.
            throw ConfigurationError(variable: name, found: "an invalid value", expected: "an http or https URL")
        }
        return text
    }
}
