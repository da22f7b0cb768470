/// Decides when a stopped cluster is restarted: immediately the first time, then after a delay that doubles up to ten seconds.
///
/// A cluster that ends soon after its start counts as a failed start: it may fill the rest of the disk again.
struct ClusterRestarts {
    /// A cluster that ran this long has recovered from the cause of the previous failure.
    private static let recovery = Duration.seconds(60)
    private static let longest = Duration.seconds(10)

    private var pause = Duration.zero
    private var next: ContinuousClock.Instant?
    private var startedAt: ContinuousClock.Instant?

    /// Whether to restart the stopped cluster now.
    mutating func takesTurn(at now: ContinuousClock.Instant) -> Bool {
        if let startedAt, now - startedAt >= Self.recovery { (pause, next) = (.zero, nil) }
        startedAt = nil
        if let next, now < next { return false }
        pause = min(max(pause * 2, .milliseconds(500)), Self.longest)
        next = now + pause
        return true
    }

    /// Records that it has started.
    mutating func noteStart(at now: ContinuousClock.Instant) { startedAt = now }
}
