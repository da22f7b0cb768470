/// A limit of a listener's connections, as the label of a metric.
public enum ConnectionLimit: String, CaseIterable, Sendable {
    case total, address
}

/// The connection metrics of a server.
struct ConnectionFigures: Sendable {
    /// Open connections.
    var open = 0
    /// Response bytes that clients have not read.
    var unreadBytes = 0
    /// Request body bytes in memory.
    var bodyBytes = 0
    /// Connections closed because the client was too slow.
    var closings: [Telemetry.Closing: Int] = [:]
    /// Connections beyond a limit.
    var surplus: [ConnectionLimit: Int] = [:]
    /// Connections that could not be accepted because file descriptors or memory ran out.
    var acceptFailures = 0
    /// The limits of the listener; nil if there is none.
    var limits: ConnectionBounds?
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

/// The metrics of the server's TLS certificate.
struct CertificateFigures: Sendable {
    /// When it expires, in seconds since 1970.
    var expiry: Int
    /// Whether the files have changed and cannot be used.
    var areFilesRefused: Bool
}

extension Telemetry {
    /// Records the state of the TLS certificate.
    ///
    /// - Parameters:
    ///   - expiry: When the current certificate expires, in seconds since 1970.
    ///   - areFilesRefused: Whether the files have changed and cannot be used.
    public func recordCertificate(expiresAt expiry: Int, areFilesRefused: Bool) {
        change { $0.certificate = CertificateFigures(expiry: expiry, areFilesRefused: areFilesRefused) }
    }

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
        changeConnectionFigures { $0.limits = limits }
    }

    /// Counts a connection that is closed because its client is too slow.
    public func recordClosing(_ closing: Closing) {
        changeConnectionFigures { $0.closings[closing, default: 0] += 1 }
    }

    /// Counts a connection beyond a limit.
    public func recordSurplus(_ limit: ConnectionLimit) {
        changeConnectionFigures { $0.surplus[limit, default: 0] += 1 }
    }

    /// Counts a connection that could not be accepted.
    public func recordAcceptFailure() {
        changeConnectionFigures { $0.acceptFailures += 1 }
    }

    /// Records opened or closed connections.
    public func changeConnections(by count: Int) {
        changeConnectionFigures { $0.open += count }
    }

    /// Records a change in the number of unread response bytes.
    public func changeUnread(by bytes: Int) {
        changeConnectionFigures { $0.unreadBytes += bytes }
    }
}
