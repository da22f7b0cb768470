/// A bound of a listener's connections, as the label of a metric.
public enum ConnectionLimit: String, CaseIterable, Sendable {
    case total, address
}

/// The counts of a server's connections.
struct ConnectionFigures: Sendable {
    /// Connections that are open.
    var open = 0
    /// Bytes of answers that clients have not read.
    var unreadBytes = 0
    /// Bytes of request bodies that are held.
    var bodyBytes = 0
    /// Connections that were closed because their client was too slow.
    var closings: [Telemetry.Closing: Int] = [:]
    /// Connections beyond a limit.
    var surplus: [ConnectionLimit: Int] = [:]
    /// Connections that could not be accepted, for want of file descriptors or memory.
    var acceptFailures = 0
    /// What a listener admits; nil where there is none.
    var limits: ConnectionBounds?
}

/// What a listener admits, for the metrics beside which it stands.
public struct ConnectionBounds: Sendable {
    /// Connections at once.
    public var connections: Int
    /// Bytes of answers that clients have not read.
    public var unreadBytes: Int
    /// Bytes of request bodies that are held.
    public var bodyBytes: Int

    /// These limits.
    public init(connections: Int, unreadBytes: Int, bodyBytes: Int) {
        self.connections = connections
        self.unreadBytes = unreadBytes
        self.bodyBytes = bodyBytes
    }
}

/// What a server knows about its TLS certificate.
struct CertificateFigures: Sendable {
    /// Seconds since 1970.
    var expiry: Int
    /// Whether the files have changed and cannot be used.
    var areFilesRefused: Bool
}

extension Telemetry {
    /// Keeps what is known about the TLS certificate.
    ///
    /// - Parameters:
    ///   - expiry: When the certificate that is served expires, in seconds since 1970.
    ///   - areFilesRefused: Whether the files have changed and cannot be used.
    public func recordCertificate(expiresAt expiry: Int, areFilesRefused: Bool) {
        change { $0.certificate = CertificateFigures(expiry: expiry, areFilesRefused: areFilesRefused) }
    }

    /// The step that a client was too slow with.
    public enum Closing: String, CaseIterable, Sendable {
        /// Its next request.
        case idle
        /// The head of a request.
        case head
        /// The body of a request.
        case body
        /// Reading its answer.
        case unread
    }

    /// Keeps what a listener admits.
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

    /// Notes that connections were opened, or closed.
    public func changeConnections(by count: Int) {
        changeConnectionFigures { $0.open += count }
    }

    /// Notes how much more, or less, of their answers clients have not read.
    public func changeUnread(by bytes: Int) {
        changeConnectionFigures { $0.unreadBytes += bytes }
    }
}
