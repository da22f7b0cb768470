import ContractRuntime

/// Sends messages to targets. The server's implementation uses an HTTP client; the handlers are compiled without one.
public protocol MessageSender: Sendable {
    /// Sends one message and waits for the response.
    ///
    /// - Parameter limit: The timeout. After it, the outcome is unknown.
    func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> SendOutcome

    /// Sends one encrypted message to a push service and waits for the response.
    func post(_ request: PushRequest, within limit: Duration) async -> PushOutcome
}

/// The outcome of sending a message.
public enum SendOutcome: Hashable, Sendable {
    /// The target accepted the message.
    case sent
    /// The target is rate limiting and accepts no message for this many seconds.
    case limited(seconds: Double)
    /// The message did not arrive, or the outcome is unknown.
    case failed(String)
    /// Some of the target's subscriptions accepted the message, these in any attempt. The next attempt must omit them.
    case partly(reached: [String], String)
}

/// A message for a push service (RFC 8030, section 5).
public struct PushRequest: Sendable {
    /// The subscription's URL, which is a secret.
    package let url: String
    /// The value of `Authorization`.
    package let authorization: String
    /// For how many seconds the service keeps the message if the browser is offline.
    package let lifetime: Int
    /// The encrypted message.
    package let body: [UInt8]

    /// Creates a request.
    package init(url: String, authorization: String, lifetime: Int, body: [UInt8]) {
        self.url = url
        self.authorization = authorization
        self.lifetime = lifetime
        self.body = body
    }
}

/// The outcome of a message to one subscription.
public enum PushOutcome: Hashable, Sendable {
    /// The push service accepted the message.
    case accepted
    /// The subscription has ended (RFC 8030, section 7.3).
    case ended
    /// The push service accepts no message for this many seconds.
    case limited(seconds: Double)
    /// The message did not arrive, or the outcome is unknown.
    case failed(String)
}
