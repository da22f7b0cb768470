import ContractRuntime

/// Keeps a failure that repeats from filling the log.
package struct LogLimit: Sendable {
    private static let interval = Duration.seconds(60)
    private var last: [ExactText: ContinuousClock.Instant] = [:]

    package init() {}

    /// Whether this line is worth writing: the same one was written more than a minute ago, or never.
    ///
    /// - Parameter line: A text of ours, of which there are few.
    package mutating func admits(_ line: String, at now: ContinuousClock.Instant = .now) -> Bool {
        if let last = last[ExactText(line)], now - last < Self.interval { return false }
        last[ExactText(line)] = now
        return true
    }
}
