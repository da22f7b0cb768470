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
                    try configure(
                        channel,
                        tls: tls,
                        limits: limits,
                        responder: responder,
                        requestGuard: requestGuard,
                        proxies: proxies,
                        logger: logger
                    )
                    connections.add(channel)
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

    /// Accepts no more connections. Each open one answers its next request with `Connection: close`, and closes then.
    func stopAccepting() async {
        try? await channel.close()
        connections.announceShutdown()
    }

    /// Closes idle connections after `grace`, because a client may be about to send, and the others when their answer is sent or after
    /// `patience`.
    func closeConnections(grace: Duration, patience: Duration) async {
        let start = ContinuousClock.now
        await connections.wait(until: start + grace)
        connections.closeIdle()
        await connections.wait(until: start + patience)
        connections.close()
    }
}

/// What the connections of a listener that stops are told.
enum ConnectionShutdown {
    /// The next answer is the last one.
    case announced
    /// Nothing more is expected of a client that sends nothing now.
    case idle
}

/// The open connections of a listener.
///
/// swift-nio-extras has this as a helper; it would bring a dozen packages along for these lines.
private final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var shutdown: ConnectionShutdown?
    }

    private let state = Mutex(State())

    /// Adds a connection whose handlers are in place.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let shutdown = state.withLock { state in
            state.channels[id] = channel
            return state.shutdown
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.channels.removeValue(forKey: id) }
        }
        // It was accepted just before the listener stopped.
        if let shutdown { channel.pipeline.fireUserInboundEventTriggered(shutdown) }
    }

    /// Waits until all connections are closed.
    func wait(until deadline: ContinuousClock.Instant) async {
        while !state.withLock({ $0.channels.isEmpty }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    func announceShutdown() { tell(.announced) }

    func closeIdle() { tell(.idle) }

    private func tell(_ shutdown: ConnectionShutdown) {
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
