import ContractRuntime
import Synchronization

/// The clock and the counters of one run, shared by all its parts.
final class SimulationRun: Sendable {
    /// The number of requests sent so far, by kind, and other events.
    struct Counts {
        var heartbeats = 0
        var polls = 0
        var acknowledgements = 0
        var reports = 0
        /// Requests and responses that the simulated network lost.
        var failures = 0
        /// How often the dead-man switch of a bot acted.
        var deadManActions = 0
    }

    private let start = Mutex(ContinuousClock.now)
    private let counts = Mutex(Counts())
    /// The delayed copies of requests that are not delivered yet.
    let lateCalls = InFlightCounter()

    /// Seconds since the start of the run.
    var elapsed: Double { (ContinuousClock.now - start.withLock { $0 }) / .seconds(1) }

    /// Starts the clock, after the preparations.
    func begin() { start.withLock { $0 = .now } }

    /// A copy of the counters.
    var counted: Counts { counts.withLock { $0 } }

    /// Counts a request by its kind.
    func count(_ request: ClientRequest) {
        counts.withLock { counts in
            if request.method == "GET" {
                counts.polls += 1
            } else if request.path == "/ingest/heartbeat" {
                counts.heartbeats += 1
            } else if request.path.hasSuffix("/ack") {
                counts.acknowledgements += 1
            } else {
                counts.reports += 1
            }
        }
    }

    /// Counts a lost request or response.
    func countFailure() { counts.withLock { $0.failures += 1 } }

    /// Counts an action of a dead-man switch.
    func countDeadMan() { counts.withLock { $0.deadManActions += 1 } }

    /// Waits until `time`, in seconds since the start of the run.
    func sleep(until time: Double) async throws {
        let left = time - elapsed
        if left > 0 { try await Task.sleep(for: .seconds(left)) }
    }
}

/// Counts calls in flight.
final class InFlightCounter: Sendable {
    private let count = Mutex(0)

    func add() { count.withLock { $0 += 1 } }
    func remove() { count.withLock { $0 -= 1 } }

    /// Waits until no call is in flight.
    func drain() async {
        while count.withLock({ $0 > 0 }) { try? await Task.sleep(for: .milliseconds(50)) }
    }
}
