import Handlers
import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix

/// A listening address and its accepted connections.
final class HTTPListener: Sendable {
    private let channel: any Channel
    /// Closes the channel and informs its connections when the listener stops.
    private let quiescing: ServerQuiescingHelper
    private let shutdownTime: Duration

    /// The listener's URL.
    let address: String

    /// Starts serving at `socket`. The listener closes the socket when it stops.
    ///
    /// - Parameters:
    ///   - tls: Encrypts the connections; nil for plain HTTP.
    ///   - content: The content for browsers.
    ///   - publicHosts: Public names of the server, in addition to its own address and loopback names.
    ///   - proxies: Proxies whose forwarding headers are trusted.
    static func start(
        at socket: ListeningSocket,
        on group: any EventLoopGroup,
        tls: (any ConnectionEncryption)?,
        limits: HTTPLimits,
        responder: some Responder,
        content: RequestGuard.Content = .api,
        publicHosts: [HostList.PublicHost] = [],
        proxies: TrustedProxies = TrustedProxies(),
        connectionLimits: ConnectionLimits = ConnectionLimits(),
        telemetry: Telemetry = Telemetry(),
        tracing: RequestTracing? = nil,
        logger: Logger
    ) async throws -> HTTPListener {
        let requestGuard = RequestGuard(
            hosts: HostList(listeningOn: socket.host, published: publicHosts),
            content: content,
            isTLS: tls != nil
        )
        let connections = Connections(limits: connectionLimits, proxies: proxies, telemetry: telemetry)
        let requests = RequestPipeline(
            responder: responder,
            limits: limits,
            connections: connections,
            proxies: proxies,
            tracing: tracing,
            logger: logger
        )
        let handlers = ConnectionHandlers(requests: requests, requestGuard: requestGuard, tls: tls, logger: logger)
        let quiescing = ServerQuiescingHelper(group: group)
        let channel = try await ServerBootstrap(group: group)
            // Accepted sockets inherit this (tcp(7)): the kernel must not buffer megabytes for a client that does not read.
            .serverChannelOption(.socketOption(.so_sndbuf), value: 256 * 1_024)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AcceptPause(telemetry: telemetry))
                    try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Most requests fit into this buffer, and each connection keeps one.
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 65_536)
            )
            // Above the high mark, the connection's next request waits until the buffer is below the low mark.
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 8 * 1_024, high: 32 * 1_024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let place = connections.admit(channel)
                    if case .rejected = place { throw ConnectionRejected() }
                    try handlers.add(to: channel, isSurplus: place != .open)
                }
            }
            .withBoundSocket(socket.descriptor).get()
        let address = socket.address.url(tls == nil ? "http" : "https")
        return HTTPListener(channel, quiescing, at: address, shutdownTime: limits.shutdownTime)
    }

    private init(
        _ channel: any Channel,
        _ quiescing: ServerQuiescingHelper,
        at address: String,
        shutdownTime: Duration
    ) {
        self.channel = channel
        self.quiescing = quiescing
        self.address = address
        self.shutdownTime = shutdownTime
    }

    /// Stops accepting connections, and informs the open ones: with HTTP/1.1, each gets `Connection: close` with its next response
    /// and is then closed; with HTTP/2, each gets GOAWAY and is closed after its streams.
    ///
    /// - Returns: The end of all connections, at most at the shutdown's deadline.
    func stopAccepting() async -> EventLoopFuture<Void> {
        let eventLoop = channel.eventLoop
        let allClosed = eventLoop.makePromise(of: Void.self)
        // A client that does not take part in closing its connection must not delay the shutdown.
        let timer = eventLoop.scheduleTask(in: TimeAmount(shutdownTime)) { allClosed.succeed() }
        allClosed.futureResult.whenComplete { _ in timer.cancel() }
        quiescing.initiateShutdown(promise: allClosed)
        try? await channel.closeFuture.get()
        // The helper informs the connections in the turn of the event loop that closes the channel. Wait for its end, so that whatever the
        // caller does next reaches the connections later.
        try? await eventLoop.submit {}.get()
        return allClosed.futureResult
    }
}

/// Adds the handlers of a new connection, for the version of HTTP that its client chooses during the TLS handshake.
struct ConnectionHandlers: Sendable {
    let requests: RequestPipeline
    let requestGuard: RequestGuard
    /// Encrypts the connections; nil for plain HTTP/1.1.
    let tls: (any ConnectionEncryption)?
    let logger: Logger

    /// - Parameter isSurplus: Whether the connection is beyond the limits.
    func add(to channel: any Channel, isSurplus: Bool) throws {
        var limits = requests.limits
        if isSurplus {
            // Surplus connections are few and must be released soon.
            limits.headTime = min(limits.headTime, .seconds(2))
            limits.idleTime = min(limits.idleTime, .seconds(2))
        }
        let deadline = ConnectionDeadline(limits: limits, telemetry: requests.connections.telemetry)
        if let tls { return try tls.add(self, to: channel, limits, isSurplus: isSurplus, deadline) }
        try channel.pipeline.syncOperations.addHandler(deadline)
        try addHTTP1(to: channel, isSurplus: isSurplus, deadline)
    }

    /// Adds the handlers of HTTP/1.1 behind those of the deadline.
    func addHTTP1(to channel: any Channel, isSurplus: Bool, _ deadline: ConnectionDeadline) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = requests.limits.head
        decoding.maxHeaderListSize = requests.limits.head
        let connection = HTTPConnection(
            requests,
            peer: Peer(
                at: channel.remoteAddress,
                proxies: requests.proxies,
                requestGuard: requestGuard,
                isSurplus: isSurplus
            ),
            deadline: deadline,
            executor: EventLoopTaskExecutor(channel.eventLoop),
            logger: logger
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoding)))
        try pipeline.addHandler(connection)
    }
}

/// Encrypts the connections of a listener. The only implementation, `CertificateStore`, is part of full builds.
protocol ConnectionEncryption: Sendable {
    /// Adds the handlers of a new connection: those of TLS, the deadline, and those of the version of HTTP that the client chooses.
    func add(
        _ handlers: ConnectionHandlers,
        to channel: any Channel,
        _ limits: HTTPLimits,
        isSurplus: Bool,
        _ deadline: ConnectionDeadline
    ) throws

    /// Keeps the certificate current until it is cancelled.
    func run(telemetry: Telemetry) async
}

/// Thrown to end the initialization of a connection or stream, which closes it.
struct ConnectionRejected: Error {}
