import ContractRuntime
import CoreMetrics

/// A limit of a listener's connections, as the label of a metric.
public enum ConnectionLimit: String, CaseIterable, Sendable {
    case total, address
}

/// The limits of a listener, exported beside its metrics.
public struct ConnectionBounds: Sendable {
    /// The maximum number of connections.
    public var connections: Int
    /// The maximum number of response bytes that clients have not read.
    public var unreadBytes: Int
    /// The maximum number of request body bytes in memory.
    public var bodyBytes: Int

    /// Creates limits.
    public init(connections: Int, unreadBytes: Int, bodyBytes: Int) {
        self.connections = connections
        self.unreadBytes = unreadBytes
        self.bodyBytes = bodyBytes
    }
}

/// The connection metrics of a server.
struct ConnectionMetrics: Sendable {
    fileprivate let open: Meter
    fileprivate let unreadBytes: Meter
    fileprivate let surplus: [ConnectionLimit: Counter]
    fileprivate let closings: [Telemetry.Closing: Counter]
    fileprivate let acceptFailures: Counter

    init(_ registry: PrometheusRegistry) {
        open = registry.meter("flotilla_connections", "Open client connections.")
        unreadBytes = registry.meter("flotilla_unread_bytes", "Response bytes that clients have not read.")
        surplus = registry.counters(
            "flotilla_connections_surplus_total",
            "Connections beyond a limit.",
            "limit",
            \.rawValue
        )
        closings = registry.counters(
            "flotilla_connections_closed_total",
            "Connections closed because the client was too slow.",
            "reason",
            \.rawValue
        )
        acceptFailures = registry.counter(
            "flotilla_accept_failures_total",
            "Connections that could not be accepted because file descriptors or memory ran out."
        )
    }
}

extension Telemetry {
    /// The step in which a client was too slow.
    public enum Closing: String, CaseIterable, Sendable {
        /// Sending the next request.
        case idle
        /// Sending the head of a request.
        case head
        /// Sending the body of a request.
        case body
        /// Reading a response.
        case unread
    }

    /// Records the limits of a listener.
    public func recordLimits(_ limits: ConnectionBounds) {
        registry.meter("flotilla_connections_limit", "CONNECTIONS, or a lower limit.").set(limits.connections)
        registry.meter("flotilla_body_bytes_limit", "BODY_MEBIBYTES, in bytes.").set(limits.bodyBytes)
        registry.meter("flotilla_unread_bytes_limit", "UNREAD_MEBIBYTES, in bytes.").set(limits.unreadBytes)
    }

    /// Counts a connection that is closed because its client is too slow.
    public func recordClosing(_ closing: Closing) { connections.closings[closing]?.increment() }

    /// Counts a connection beyond a limit.
    public func recordSurplus(_ limit: ConnectionLimit) { connections.surplus[limit]?.increment() }

    /// Counts a connection that could not be accepted.
    public func recordAcceptFailure() { connections.acceptFailures.increment() }

    /// Records opened or closed connections.
    public func changeConnections(by count: Int) { connections.open.increment(by: Double(count)) }

    /// Records a change in the number of unread response bytes.
    public func changeUnread(by bytes: Int) { connections.unreadBytes.increment(by: Double(bytes)) }
}
