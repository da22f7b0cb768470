public import Generated

/// Somewhere that notifications go.
public struct NotificationTarget: Hashable, Sendable {
    /// What a target understands.
    public enum Kind: Sendable {
        /// Discord's "Execute Webhook": an object with `content` (Discord developer documentation, "Webhook").
        case discord
        /// A JSON object with everything that is known.
        case webhook
    }

    /// What it is called in the API; its URL is a secret.
    public let name: String
    /// What it understands.
    public let kind: Kind
    /// What it wants to know.
    public let severities: Set<Severity>
    let url: String

    /// A target at `url`, an http or https URL.
    public init(name: String, kind: Kind, url: String, severities: Set<Severity>) {
        self.name = name
        self.kind = kind
        self.url = url
        self.severities = severities
    }
}
