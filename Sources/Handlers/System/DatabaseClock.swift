public import ContractRuntime
import Synchronization

/// The database's time as this process knows it: the last time read from the database, and the time that has passed since. Steps of this
/// machine's wall clock do not change it. Agents compare it with the expiry of commands, so it must not be the server's own time.
public enum DatabaseClock {
    private static let last = Mutex<(time: Timestamp, at: ContinuousClock.Instant)?>(nil)

    /// Records the database's time, which has just arrived.
    static func observe(_ time: Timestamp) { last.withLock { $0 = (time, .now) } }

    /// The estimated time; this machine's time until the database has responded once.
    public static var now: Timestamp {
        guard let (time, at) = last.withLock({ $0 }) else { return .now }
        let passed = Int64(saturating: (ContinuousClock.now - at) / .microseconds(1))
        return Timestamp(microsecondsSinceEpoch: time.microsecondsSinceEpoch.addingSaturated(passed))
    }
}
