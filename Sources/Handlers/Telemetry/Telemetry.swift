import ContractRuntime
package import CoreMetrics
public import Generated
import Synchronization

/// The metrics of a server's own parts, for `GET /metrics`.
///
/// They are recorded through swift-metrics, whose objects are held, so that recording looks up no name. Only requests are counted without
/// it: the calls through its interfaces would cost more than the counting, for each heartbeat.
public final class Telemetry: Sendable {
    let registry: PrometheusRegistry
    private let requests = RequestMetrics()
    private let loopLag: Meter
    private let rejections: [LimitRejection: Counter]
    private let bodies = Atomic<Int>(0)
    let connections: ConnectionMetrics

    /// Creates the metrics of a server in `registry`.
    public init(_ registry: PrometheusRegistry = PrometheusRegistry()) {
        self.registry = registry
        loopLag = registry.meter("flotilla_event_loop_lag_seconds", "The delay of an event loop.")
        // Export every limit from the start, so that the first rejection is an increase.
        rejections = registry.counters(
            "flotilla_bound_refusals_total",
            "Requests and elements rejected at a limit.",
            "bound",
            \.label
        )
        connections = ConnectionMetrics(registry)
    }

    // MARK: - Requests

    /// Counts a response.
    ///
    /// - Parameter duration: The time from the complete request to the response.
    public func recordRequest(_ route: Route, status: Int, duration: Duration) {
        requests.record(route, status: status, duration.seconds)
    }

    /// The counts of responses so far.
    var requestCounts: [Route: RequestCount] { requests.counts }

    /// Counts a rejection at a limit.
    func recordRejection(_ rejection: LimitRejection) { rejections[rejection]?.increment() }

    /// Counts a request whose body is rejected because memory ran out.
    public func recordBodyRejection() { recordRejection(.bodies) }

    /// Request body bytes in memory, without small bodies.
    public var bodyBytes: Int { bodies.load(ordering: .relaxed) }

    /// Records a change in the number of body bytes. Returns the new number, which decides whether a body is rejected.
    public func changeBodies(by bytes: Int) -> Int { bodies.wrappingAdd(bytes, ordering: .relaxed).newValue }

    // MARK: - Process

    /// Records the last delay of an event loop.
    public func recordLoopLag(_ lag: Duration) {
        loopLag.set(max(lag.seconds, 0))
    }

    /// Records the state of the TLS certificate.
    ///
    /// - Parameters:
    ///   - expiry: When the current certificate expires, in seconds since 1970.
    ///   - areFilesRefused: Whether the files have changed and cannot be used.
    public func recordCertificate(expiresAt expiry: Int, areFilesRefused: Bool) {
        registry.meter(
            "flotilla_tls_certificate_expiry_seconds",
            "When the TLS certificate expires, in seconds since 1970."
        ).set(expiry)
        registry.meter(
            "flotilla_tls_files_refused",
            "Whether TLS_CERTIFICATE and TLS_KEY have changed and cannot be used."
        ).set(areFilesRefused ? 1 : 0)
    }

    /// Adds the metrics to `text`.
    func write(to text: inout PrometheusText) {
        requests.write(to: &text)
        registry.write(to: &text)
        text.gauge("flotilla_body_bytes", "Request body bytes in memory.", [("", Double(bodyBytes))])
    }

    /// The value of a counter or gauge; 0 if it does not exist.
    package func value(of name: String, _ labels: (String, String)...) -> Double { registry.value(of: name, labels) }
}

extension Duration {
    fileprivate var seconds: Double {
        let (seconds, attoseconds) = components
        // traps: a sum of two Double has no bounds to pass.
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

extension PrometheusRegistry {
    /// A gauge with a description.
    func meter(_ name: String, _ help: String) -> Meter {
        declare(name, GaugeSeries.self, help)
        return Meter(label: name, factory: self)
    }

    /// A counter with a description.
    package func counter(_ name: String, _ help: String, labels: [(String, String)] = []) -> Counter {
        declare(name, CounterSeries.self, help)
        return Counter(label: name, dimensions: labels, factory: self)
    }

    /// Counters with a description, one for each case, whose value of the label is `value`.
    func counters<Case: CaseIterable & Hashable>(
        _ name: String,
        _ help: String,
        _ label: String,
        _ value: (Case) -> String
    ) -> [Case: Counter] {
        let counters = Case.allCases.map { ($0, counter(name, help, labels: [(label, value($0))])) }
        return Dictionary(counters) { first, _ in first }
    }
}
