import ContractRuntime
import Synchronization

/// What all parts of a run share: its clock, and what is counted.
final class World: Sendable {
    /// What has gone out so far.
    struct Counts {
        var heartbeats = 0
        var polls = 0
        var acknowledgements = 0
        var reports = 0
        var failures = 0
        /// How often a bot's dead-man switch acted.
        var deadMen = 0
    }

    private let start = ContinuousClock.now
    private let counts = Mutex(Counts())
    /// The calls that are still to be delivered.
    let late = Pending()

    /// Seconds since the start of the run.
    var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// What has gone out.
    var counted: Counts { counts.withLock { $0 } }

    /// A call goes out.
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

    /// A call was swallowed.
    func countFailure() { counts.withLock { $0.failures += 1 } }

    /// A dead-man switch has acted.
    func countDeadMan() { counts.withLock { $0.deadMen += 1 } }

    /// Waits until so many seconds have passed since the start.
    func sleep(until time: Double) async throws {
        let left = time - elapsed
        if left > 0 { try await Task.sleep(for: .seconds(left)) }
    }
}

/// Counts what is under way.
final class Pending: Sendable {
    private let count = Mutex(0)

    func add() { count.withLock { $0 += 1 } }
    func remove() { count.withLock { $0 -= 1 } }

    /// Waits until nothing is under way.
    func drain() async {
        while count.withLock({ $0 > 0 }) { try? await Task.sleep(for: .milliseconds(50)) }
    }
}
