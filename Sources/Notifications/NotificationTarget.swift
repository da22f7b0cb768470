public import Generated

/// A target that notifications are sent to.
public struct NotificationTarget: Hashable, Sendable {
    /// The format of the messages that a target accepts.
    public enum Kind: Sendable {
        /// Discord's "Execute Webhook": an object with `content` (Discord developer documentation, "Webhook").
        case discord
        /// A JSON object with all fields of the message.
        case webhook
        /// Subscribed browsers; each has a URL at its push service (RFC 8030).
        case push
    }

    /// All browsers that are subscribed to web push.
    public static let push = NotificationTarget(name: "push", kind: .push, url: "", severities: [.critical])

    /// The name of the target in the API, which never shows its URL.
    public let name: String
    /// The format of its messages.
    public let kind: Kind
    /// The severities that it receives.
    public let severities: Set<Severity>
    /// The URL, which is a secret; empty for web push.
    package let url: String

    /// Creates a target.
    ///
    /// - Parameter url: An http or https URL, which is a secret.
    public init(name: String, kind: Kind, url: String, severities: Set<Severity>) {
        self.name = name
        self.kind = kind
        self.url = url
        self.severities = severities
    }
}
