import Generated
import Notifications

extension NotificationTarget {
    /// The targets that the configuration names. A URL for one severity takes that severity from the one for all of them.
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
    /// A URL whose text is a secret: everyone who has it can use it.
    func url(_ name: String) throws(ConfigurationError) -> String? {
        guard let text = self[name] else { return nil }
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else {
            // The text itself is a secret.
            throw ConfigurationError(variable: name, found: "something else", expected: "an http or https URL")
        }
        return text
    }
}
