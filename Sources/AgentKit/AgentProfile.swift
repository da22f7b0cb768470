public import Generated

/// A bot's description of itself in its heartbeats. Values that are nil are not reported.
public struct AgentProfile: Sendable {
    /// The bot's software, such as `freqtrade`.
    public var software: String?
    /// The strategy that runs.
    public var strategyName: String?
    /// The version of the strategy, in the strategy's words.
    public var strategyVersion: String?
    /// A hash of the strategy's source in hexadecimal: SHA-1, SHA-256 or SHA-512.
    public var strategyHash: String?
    /// The address of the bot's own user interface, `http` or `https`.
    public var uiURL: String?
    /// All symbols that the instance trades, if there are several.
    public var symbols: [String]?
    /// The accounts that the instance trades on.
    public var accounts: [Account]?

    /// A profile that reports nothing.
    public init() {}
}
