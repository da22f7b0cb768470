public import ContractRuntime
import Synchronization

/// What an agent sees of time and chance. Programs take `system`; tests and simulations bring their own.
public struct AgentClock: Sendable {
    /// The wall clock. It may jump.
    public var wall: @Sendable () -> Timestamp
    /// The time since some fixed moment. It never jumps, and goes on while the machine sleeps.
    public var elapsed: @Sendable () -> Duration
    /// A number from 0 up to 1, which spreads waiting times.
    public var chance: @Sendable () -> Double

    /// A clock of these parts.
    public init(
        wall: @escaping @Sendable () -> Timestamp,
        elapsed: @escaping @Sendable () -> Duration,
        chance: @escaping @Sendable () -> Double
    ) {
        self.wall = wall
        self.elapsed = elapsed
        self.chance = chance
    }

    /// The machine's clocks.
    public static let system: AgentClock = {
        let start = ContinuousClock.now
        return AgentClock(
            wall: { .now },
            elapsed: { ContinuousClock.now - start },
            chance: { Double.random(in: 0..<1) }
        )
    }()

    /// `duration`, give or take a tenth.
    func jittered(_ duration: Duration) -> Duration { duration * (0.9 + chance() * 0.2) }

    /// How long to wait after so many failures in a row: from half a second to one second after the first, twice as long after each
    /// further one, at most `limit`.
    func backoff(after failures: Int, upTo limit: Duration) -> Duration {
        let whole = min(limit, .seconds(1 << min(max(failures, 1) - 1, 20)))
        return whole * (0.5 + chance() * 0.5)
    }
}

/// The control plane's time, by which commands expire.
///
/// An agent's own clock is used while it agrees with the `Date` of the control plane's answers. One that is wrong must neither refuse
/// commands that are valid nor carry out expired ones.
final class ServerClock: Sendable {
    /// `Date` is cut to the second, and answers take their time.
    private static let tolerance: UInt64 = 2_000_000

    private let clock: AgentClock
    /// What the control plane's clock showed when ours had run for so long.
    private let seen = Mutex<(date: Timestamp, at: Duration)?>(nil)

    init(_ clock: AgentClock) {
        self.clock = clock
    }

    /// An answer with this `Date` has just come.
    func observe(_ date: Timestamp) {
        let at = clock.elapsed()
        seen.withLock { $0 = (date, at) }
    }

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
