public import ContractRuntime
import Synchronization

/// An agent's source of time and of random numbers. Programs use `system`; tests and simulations provide their own.
public struct AgentClock: Sendable {
    /// Returns the wall clock time, which may jump forwards or backwards.
    public var wall: @Sendable () -> Timestamp
    /// Returns the time since a fixed moment. It never jumps, and it must continue while the machine is suspended.
    public var elapsed: @Sendable () -> Duration
    /// Returns a random number in 0..<1, used to add jitter to pauses.
    public var chance: @Sendable () -> Double

    /// Creates a clock from its three functions. They are called from any thread.
    public init(
        wall: @escaping @Sendable () -> Timestamp,
        elapsed: @escaping @Sendable () -> Duration,
        chance: @escaping @Sendable () -> Double
    ) {
        self.wall = wall
        self.elapsed = elapsed
        self.chance = chance
    }

    /// The clocks of this machine.
    public static let system: AgentClock = {
        let start = ContinuousClock.now
        return AgentClock(
            wall: { .now },
            elapsed: { ContinuousClock.now - start },
            chance: { Double.random(in: 0..<1) }
        )
    }()

    /// `duration` with jitter of up to 10 % in both directions.
    func jittered(_ duration: Duration) -> Duration { duration * (0.9 + chance() * 0.2) }

    /// The pause after a number of consecutive failures: half a second to one second after the first failure, twice as long after each
    /// further one, at most `limit`.
    func backoff(after failures: Int, upTo limit: Duration) -> Duration {
        let whole = min(limit, .seconds(1 << min(max(failures, 1) - 1, 20)))
        return whole * (0.5 + chance() * 0.5)
    }
}

/// Estimates the control plane's time, which decides whether a command has expired.
///
/// The agent's own clock is used while it agrees with the `Date` header of the control plane's responses. A wrong clock must neither
/// reject valid commands nor execute expired ones.
final class ServerClock: Sendable {
    /// In microseconds. `Date` has a resolution of one second, and responses have latency.
    private static let tolerance: UInt64 = 2_000_000

    private let clock: AgentClock
    /// The last `Date` header, and the elapsed time at which it arrived.
    private let seen = Mutex<(date: Timestamp, at: Duration)?>(nil)

    init(_ clock: AgentClock) {
        self.clock = clock
    }

    /// Records the `Date` header of a response that has just arrived.
    func observe(_ date: Timestamp) {
        let at = clock.elapsed()
        seen.withLock { $0 = (date, at) }
    }

    /// The estimated time of the control plane.
    var now: Timestamp {
        let wall = clock.wall()
        guard let (date, at) = seen.withLock({ $0 }) else { return wall }
        let since = (clock.elapsed() - at) / .microseconds(1)
        let passed = Int64(saturating: since).addingSaturated(500_000)
        let estimate = Timestamp(microsecondsSinceEpoch: date.microsecondsSinceEpoch.addingSaturated(passed))
        let isRight = wall.microseconds(until: estimate).magnitude <= Self.tolerance
        return isRight ? wall : estimate
    }
}
