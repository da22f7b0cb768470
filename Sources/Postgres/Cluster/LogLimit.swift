import ContractRuntime

/// Prevents a repeated failure from filling the log.
package struct LogLimit: Sendable {
    private static let interval = Duration.seconds(60)
    private var last: [ExactText: ContinuousClock.Instant] = [:]

    package init() {}

    /// Whether to write this line: the same line was not written within the last minute.
    ///
    /// - Parameter line: A text from a small, fixed set.
    package mutating func admits(_ line: String, at now: ContinuousClock.Instant = .now) -> Bool {
        if let last = last[ExactText(line)], now - last < Self.interval { return false }
        last[ExactText(line)] = now
        return true
    }
}
