import ContractRuntime
public import Generated
import Synchronization

/// What the server counts and measures while it runs, for `GET /metrics`.
public final class Telemetry: Sendable {
    /// The upper bounds of the histogram of durations, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// The requests of an operation.
    struct Requests: Sendable {
        /// How many were answered with each status.
        var statuses: [Int: Int] = [:]
        /// How many took no longer than each bound; the last one has no bound.
        var buckets = Array(repeating: 0, count: Telemetry.bounds.count + 1)
        /// How long all of them took together.
        var seconds = 0.0
    }

    struct Figures: Sendable {
        var requests: [Route: Requests] = [:]
        var loopLag = 0.0
        /// How often each bound was reached.
        var refusals: [BoundRefusal: Int] = [:]
        var connections = ConnectionFigures()
        /// Nil without TLS.
        var certificate: CertificateFigures?
    }

    private let state = Mutex(Figures())
    private let bodies = Atomic<Int>(0)

    /// Nothing counted yet.
    public init() {}

    /// What is known now.
    var figures: Figures {
        var figures = state.withLock { $0 }
        figures.connections.bodyBytes = bodyBytes
        return figures
    }

    /// Bytes of request bodies that are held, small ones apart.
    public var bodyBytes: Int { bodies.load(ordering: .relaxed) }

    /// Notes that connections hold so many bytes of bodies more, or fewer; how many that makes.
    ///
    /// Each read of a large body calls this, so it takes no lock.
    public func changeBodies(by bytes: Int) -> Int { bodies.wrappingAdd(bytes, ordering: .relaxed).newValue }

    /// Counts a request whose body is refused for want of memory.
    public func recordBodyRefusal() { recordRefusal(.bodies) }

    /// Counts an answer.
    ///
    /// - Parameter duration: From the whole request to the answer.
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

    /// Counts a refusal at a bound.
    func recordRefusal(_ refusal: BoundRefusal) {
        state.withLock { $0.refusals[refusal, default: 0] += 1 }
    }

    func change(_ change: (inout Figures) -> Void) {
        state.withLock { change(&$0) }
    }

    func changeConnectionFigures(_ change: (inout ConnectionFigures) -> Void) {
        state.withLock { change(&$0.connections) }
    }

    /// Keeps by how much an event loop was late last time.
    public func recordLoopLag(_ lag: Duration) {
        // traps: a sum of two Double has no bounds to pass.
        let seconds = Double(lag.components.seconds) + Double(lag.components.attoseconds) * 1e-18
        state.withLock { $0.loopLag = max(seconds, 0) }
    }
}
