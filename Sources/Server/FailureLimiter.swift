import Synchronization

/// Counts wrong credentials by the address that they came from: so many at once, then one every few seconds.
final class FailureLimiter: Sendable {
    /// How many wrong tries an address has at first.
    static let burst = 100
    /// The time that brings one try back.
    static let interval = Duration.seconds(1)
    /// How many addresses are remembered. Beyond that the ones that have all their tries back are forgotten first.
    private static let capacity = 10_000

    /// When an address would have all its tries back (the "theoretical arrival time" of a leaky bucket).
    // traps: addresses are written by the system, in ASCII.
    private let restored = Mutex<[String: ContinuousClock.Instant]>([:])

    /// In how many seconds an address may try again; nil when it may now.
    func secondsUntilAllowed(_ address: String, now: ContinuousClock.Instant = .now) -> Int? {
        let limit = now + Self.interval * (Self.burst - 1)
        guard let restored = restored.withLock({ $0[address] }), restored > limit else { return nil }
        // traps: a client is not kept out for longer than its failures, a second each.
        return Int((restored - limit).components.seconds) + 1
    }

    /// Takes one try from an address.
    func recordFailure(of address: String, now: ContinuousClock.Instant = .now) {
        restored.withLock { restored in
            if restored.count >= Self.capacity, restored[address] == nil {
                restored = restored.filter { $0.value > now }
                if restored.count >= Self.capacity { restored.removeAll() }
            }
            restored[address] = max(restored[address] ?? now, now) + Self.interval
        }
    }
}
