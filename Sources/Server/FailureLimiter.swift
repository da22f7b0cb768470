import Synchronization

/// Counts failed attempts by where they came from: so many at once, then one every few seconds. It is asked about failures only, so that a
/// valid credential is never refused because of what others tried.
final class FailureLimiter<Source: Hashable & Sendable>: Sendable {
    private struct State {
        /// When a source has all its attempts back (the "theoretical arrival time" of a leaky bucket).
        var restored: [Source: ContinuousClock.Instant] = [:]
        /// Those before the last time that there were too many.
        var older: [Source: ContinuousClock.Instant] = [:]
    }

    /// How many sources are remembered at least. Of twice as many the older half is forgotten at once, which costs little for each.
    private static var capacity: Int { 10_000 }

    private let burst: Int
    private let interval: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - burst: How many attempts may fail at once.
    ///   - interval: The time that brings one attempt back.
    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// In how many seconds another attempt counts as one; nil for now.
    func secondsUntilAllowed(_ source: Source, now: ContinuousClock.Instant = .now) -> Int? {
        let limit = now + interval * (burst - 1)
        guard let restored = state.withLock({ $0.restored[source] ?? $0.older[source] }), restored > limit else {
            return nil
        }
        // traps: the wait is at most an interval for each counted failure.
        return Int((restored - limit).components.seconds) + 1
    }

    /// Takes an attempt from a source that failed; when it has none left, in how many seconds it has.
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

    /// Gives a source all its attempts back.
    func forget(_ source: Source) {
        state.withLock { state in
            state.restored[source] = nil
            state.older[source] = nil
        }
    }
}
