import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An address that is listened on, and the connections that came in.
final class HTTPListener: Sendable {
    private let channel: any Channel
    private let connections: Connections

    /// Where it listens, as a URL.
    let address: String

    /// Serves what comes in at `socket`, which it closes in the end.
    ///
    /// - Parameters:
    ///   - content: What there is for browsers.
    ///   - publicHosts: The names under which it is reached, beside its own and those of this machine.
    ///   - proxies: Those whose word on where a request comes from is taken.
    static func start(
        at socket: ListeningSocket,
        on group: any EventLoopGroup,
        tls: NIOSSLContext?,
        limits: HTTPLimits,
        responder: any Responder,
        content: RequestGuard.Content = .api,
        publicHosts: [HostList.PublicHost] = [],
        proxies: TrustedProxies = TrustedProxies(),
        logger: Logger
    ) async throws -> HTTPListener {
        let requestGuard = RequestGuard(
            hosts: HostList(listeningOn: socket.host, published: publicHosts),
            content: content,
            isTLS: tls != nil
        )
        let connections = Connections()
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Most requests fit into this, and each connection keeps one.
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 65_536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.add(channel)
                    try configure(
                        channel,
                        tls: tls,
                        limits: limits,
                        responder: responder,
                        requestGuard: requestGuard,
                        proxies: proxies,
                        logger: logger
                    )
                }
            }
            .withBoundSocket(socket.descriptor).get()
        let address = socket.address.url(tls == nil ? "http" : "https")
        return HTTPListener(channel, connections, at: address)
    }

    private init(_ channel: any Channel, _ connections: Connections, at address: String) {
        self.channel = channel
        self.connections = connections
        self.address = address
    }

    private static func configure(
        _ channel: any Channel,
        tls: NIOSSLContext?,
        limits: HTTPLimits,
        responder: any Responder,
        requestGuard: RequestGuard,
        proxies: TrustedProxies,
        logger: Logger
    ) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.head
        decoding.maxHeaderListSize = limits.head
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        let deadline = ConnectionDeadline(limits: limits)
        try pipeline.addHandler(deadline)
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoding)))
        let connection = HTTPConnection(
            responder: responder,
            requestGuard: requestGuard,
            proxies: proxies,
            limits: limits,
            deadline: deadline,
            executor: EventLoopTaskExecutor(channel.eventLoop),
            logger: logger
        )
        try pipeline.addHandler(connection)
    }

    /// Stops accepting, lets requests in flight finish, closes idle connections at once and the rest after `patience`.
    func stop(patience: Duration) async {
        try? await channel.close()
        connections.quiesce()
        let deadline = ContinuousClock.now + patience
        while !connections.areGone, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        connections.close()
    }
}

/// The open connections of a listener.
///
/// swift-nio-extras has this as a helper; it would bring a dozen packages along for these lines.
private final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isQuiescing = false
    }

    private let state = Mutex(State())

    var areGone: Bool { state.withLock { $0.channels.isEmpty } }

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isQuiescing = state.withLock { state in
            state.channels[id] = channel
            return state.isQuiescing
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.channels.removeValue(forKey: id) }
        }
        if isQuiescing { channel.close(promise: nil) }
    }

    func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        // Each closes after the request in flight.
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    func close() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
