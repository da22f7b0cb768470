import Handlers
import NIOCore
import Synchronization

/// The open connections of a listener.
///
/// swift-nio-extras has a helper for shutting down connections, but adds a dozen packages.
final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var counts: ConnectionCounts
        var shutdown: ConnectionShutdown?
    }

    let limits: ConnectionLimits
    let telemetry: Telemetry
    private let state: Mutex<State>
    private let unread = Atomic<Int>(0)

    init(limits: ConnectionLimits, proxies: TrustedProxies, telemetry: Telemetry) {
        state = Mutex(State(counts: ConnectionCounts(proxies: proxies)))
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
        let id = ObjectIdentifier(channel)
        let address = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        let place = state.withLock { state in
            let place = state.counts.add(address, limits)
            if case .refused = place { return place }
            state.channels[id] = channel
            return place
        }
        switch place {
        case .open: break
        case .surplus(let limit): telemetry.recordSurplus(limit)
        case .refused(let limit):
            telemetry.recordSurplus(limit)
            return place
        }
        telemetry.changeConnections(by: 1)
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.channels[id] = nil
                state.counts.remove(address, place)
            }
            telemetry.changeConnections(by: -1)
        }
        return place
    }

    // MARK: - Unread responses

    /// Whether so much is unread that large responses must be rejected.
    var areAnswersUnread: Bool { unread.load(ordering: .relaxed) >= limits.unreadBytes }

    /// Records a change in the number of unread response bytes.
    func changeUnread(by bytes: Int) {
        unread.wrappingAdd(bytes, ordering: .relaxed)
        telemetry.changeUnread(by: bytes)
    }

    // MARK: - Request bodies

    /// Whether so much is held that large bodies must be rejected.
    var areBodiesFull: Bool { telemetry.bodyBytes >= limits.bodyBytes }

    /// Records a change in the number of body bytes. Returns whether they are within the limit.
    func changeBodies(by bytes: Int) -> Bool { telemetry.changeBodies(by: bytes) <= limits.bodyBytes || bytes < 0 }

    // MARK: - Shutdown

    /// Informs a connection whose handlers are installed if the listener has stopped in the meantime.
    func start(_ channel: any Channel) {
        guard let shutdown = state.withLock({ $0.shutdown }) else { return }
        channel.pipeline.fireUserInboundEventTriggered(shutdown)
    }

    /// Waits until all connections are closed.
    func wait(until deadline: ContinuousClock.Instant) async {
        while !state.withLock({ $0.channels.isEmpty }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Informs all connections.
    func notify(_ shutdown: ConnectionShutdown) {
        let channels = state.withLock { state in
            state.shutdown = shutdown
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(shutdown) }
    }

    func close() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}

/// The steps of a listener's shutdown, sent to its connections as events.
enum ConnectionShutdown {
    /// The next response is the last one.
    case announced
    /// A connection without a request in progress is closed.
    case idle
}
