import ContractRuntime

/// Sends messages to targets. The server's implementation uses an HTTP client; the handlers are compiled without one.
public protocol MessageSender: Sendable {
    /// Sends one message and waits for the response.
    ///
    /// - Parameter limit: The timeout. After it, the outcome is unknown.
    func send(_ message: Message, to target: NotificationTarget, within limit: Duration) async -> SendOutcome
}

/// The outcome of sending a message.
public enum SendOutcome: Hashable, Sendable {
    /// The target accepted the message.
    case sent
    /// The target is rate limiting and accepts no message for this many seconds.
    case limited(seconds: Double)
    /// The message did not arrive, or the outcome is unknown.
    case failed(String)
}
