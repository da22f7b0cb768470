/// How long to wait before a process that ended is started again: not at all at first, and never more than a second.
struct RestartDelay {
    /// A process that lived this long has recovered from what ended the one before.
    private static let recovery = Duration.seconds(10)

    private var next = Duration.zero

    /// The delay after a process that lived for `lifetime`.
    mutating func after(lifetime: Duration) -> Duration {
        if lifetime >= Self.recovery { next = .zero }
        let delay = next
        next = min(max(next * 2, .milliseconds(100)), .seconds(1))
        return delay
    }
}
