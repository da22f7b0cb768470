import Synchronization

/// Limits failed attempts per source: a burst, then one per interval. It counts only failures, so a valid credential is never rejected
/// because of other attempts.
final class FailureLimiter<Source: Hashable & Sendable>: Sendable {
    private struct State {
        /// When a source has its full burst again (the "theoretical arrival time" of a leaky bucket).
        var restored: [Source: ContinuousClock.Instant] = [:]
        /// The entries before the last time that the table was full.
        var older: [Source: ContinuousClock.Instant] = [:]
    }

    /// The minimum number of remembered sources. At twice that number, the older half is dropped at once, which is cheap per source.
    private static var capacity: Int { 10_000 }

    private let burst: Int
    private let interval: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - burst: How many attempts may fail without delay.
    ///   - interval: The time after which one attempt is restored.
    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// Seconds until another attempt is allowed; nil if it is allowed now.
    func secondsUntilAllowed(_ source: Source, now: ContinuousClock.Instant = .now) -> Int? {
        let limit = now + interval * (burst - 1)
        guard let restored = state.withLock({ $0.restored[source] ?? $0.older[source] }), restored > limit else {
            return nil
        }
        // traps: the wait is at most one interval per counted failure.
        return Int((restored - limit).components.seconds) + 1
    }

    /// Records a failed attempt. Returns the seconds until the next one is allowed if none is left.
    @discardableResult
    func recordFailure(of source: Source, now: ContinuousClock.Instant = .now) -> Int? {
        if let seconds = secondsUntilAllowed(source, now: now) { return seconds }
        state.withLock { state in
            let restored = max(state.restored[source] ?? state.older[source] ?? now, now) + interval
            if state.restored.count >= Self.capacity, state.restored[source] == nil {
                state.older = state.restored
                state.restored = [:]
            }
            state.restored[source] = restored
        }
        return nil
    }

    /// Restores all attempts of a source.
    func forget(_ source: Source) {
        state.withLock { state in
            state.restored[source] = nil
            state.older[source] = nil
        }
    }
}
