import Handlers
import NIOCore
import Synchronization

/// Counts the connections of a listener, and the memory that they hold together.
final class Connections: Sendable {
    let limits: ConnectionLimits
    let telemetry: Telemetry
    private let counts: Mutex<ConnectionCounts>
    private let unread = Atomic<Int>(0)

    init(limits: ConnectionLimits, proxies: TrustedProxies, telemetry: Telemetry) {
        counts = Mutex(ConnectionCounts(proxies: proxies))
        self.limits = limits
        self.telemetry = telemetry
        telemetry.recordLimits(
            ConnectionBounds(
                connections: limits.total,
                unreadBytes: limits.unreadBytes,
                bodyBytes: limits.bodyBytes
            )
        )
    }

    // MARK: - Admission

    /// Counts a new connection until it is closed.
    func admit(_ channel: any Channel) -> ConnectionPlace {
        let address = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        let place = counts.withLock { $0.add(address, limits) }
        switch place {
        case .open: break
        case .surplus(let limit): telemetry.recordSurplus(limit)
        case .rejected(let limit):
            telemetry.recordSurplus(limit)
            return place
        }
        telemetry.changeConnections(by: 1)
        channel.closeFuture.whenComplete { [self] _ in
            counts.withLock { $0.remove(address, place) }
            telemetry.changeConnections(by: -1)
        }
        return place
    }

    // MARK: - Unread responses

    /// Whether so much is unread that large responses must be rejected.
    var isUnreadLimitReached: Bool { unread.load(ordering: .relaxed) >= limits.unreadBytes }

    /// Records a change in the number of unread response bytes.
    func changeUnread(by bytes: Int) {
        unread.wrappingAdd(bytes, ordering: .relaxed)
        telemetry.changeUnread(by: bytes)
    }

    // MARK: - Request bodies

    /// Whether so much is held that large bodies must be rejected.
    var isBodyLimitReached: Bool { telemetry.bodyBytes >= limits.bodyBytes }

    /// Records a change in the number of body bytes. Returns whether they are within the limit.
    func changeBodies(by bytes: Int) -> Bool { telemetry.changeBodies(by: bytes) <= limits.bodyBytes || bytes < 0 }
}
