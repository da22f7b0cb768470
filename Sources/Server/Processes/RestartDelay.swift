/// The delay before a process is restarted: zero at first, and at most one second.
struct RestartDelay {
    /// A process that ran this long has recovered from the cause of the previous failure.
    private static let recovery = Duration.seconds(10)

    private var next = Duration.zero

    /// The delay after a process that ran for `lifetime`.
    mutating func after(lifetime: Duration) -> Duration {
        if lifetime >= Self.recovery { next = .zero }
        let delay = next
        next = min(max(next * 2, .milliseconds(100)), .seconds(1))
        return delay
    }
}
