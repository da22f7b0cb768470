import ContractRuntime
public import Generated
import Synchronization

/// The metrics of this process, for `GET /metrics`.
public final class Telemetry: Sendable {
    /// The upper bounds of the histogram of durations, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// The requests of an operation.
    struct Requests: Sendable {
        /// The number of responses per status.
        var statuses: [Int: Int] = [:]
        /// The number of requests in each bucket of the histogram; the last one has no bound.
        var buckets = Array(repeating: 0, count: Telemetry.bounds.count + 1)
        /// The sum of their durations in seconds.
        var seconds = 0.0
    }

    struct Figures: Sendable {
        var requests: [Route: Requests] = [:]
        var loopLag = 0.0
        /// The number of rejections at each limit.
        var refusals: [BoundRefusal: Int] = [:]
        var connections = ConnectionFigures()
        /// Nil without TLS.
        var certificate: CertificateFigures?
    }

    private let state = Mutex(Figures())
    private let bodies = Atomic<Int>(0)

    /// Creates empty metrics.
    public init() {}

    /// The current values.
    var figures: Figures {
        var figures = state.withLock { $0 }
        figures.connections.bodyBytes = bodyBytes
        return figures
    }

    /// Request body bytes in memory, without small bodies.
    public var bodyBytes: Int { bodies.load(ordering: .relaxed) }

    /// Records a change in the number of body bytes. Returns the new number.
    ///
    /// Each read of a large body calls this, so it uses an atomic counter instead of a lock.
    public func changeBodies(by bytes: Int) -> Int { bodies.wrappingAdd(bytes, ordering: .relaxed).newValue }

    /// Counts a request whose body is rejected because memory ran out.
    public func recordBodyRefusal() { recordRefusal(.bodies) }

    /// Counts a response.
    ///
    /// - Parameter duration: The time from the complete request to the response.
    public func recordRequest(_ route: Route, status: Int, duration: Duration) {
        // traps: a sum of two Double has no bounds to pass.
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        func count(_ requests: inout Requests) {
            requests.statuses[status, default: 0] += 1
            requests.buckets[bucket] += 1
            requests.seconds += seconds
        }
        state.withLock { count(&$0.requests[route, default: Requests()]) }
    }

    /// Counts a rejection at a limit.
    func recordRefusal(_ refusal: BoundRefusal) {
        state.withLock { $0.refusals[refusal, default: 0] += 1 }
    }

    func change(_ change: (inout Figures) -> Void) {
        state.withLock { change(&$0) }
    }

    func changeConnectionFigures(_ change: (inout ConnectionFigures) -> Void) {
        state.withLock { change(&$0.connections) }
    }

    /// Records the last delay of an event loop.
    public func recordLoopLag(_ lag: Duration) {
        // traps: a sum of two Double has no bounds to pass.
        let seconds = Double(lag.components.seconds) + Double(lag.components.attoseconds) * 1e-18
        state.withLock { $0.loopLag = max(seconds, 0) }
    }
}
