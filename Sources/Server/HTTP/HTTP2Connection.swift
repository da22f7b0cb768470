#if TLS
import NIOCore
import NIOHTTP2

/// The frames of an HTTP/2 connection (RFC 9113). Each of its streams is handled as a connection with one request (`HTTP2Stream`), and counts as
/// one, so every limit of connections bounds streams, too.
///
/// Not `Sendable`: it lives on its channel's event loop.
final class HTTP2Connection {
    /// The maximum number of open streams. AsyncHTTPClient opens no second connection, and a process may have thousands of agents, each of
    /// which keeps a stream busy with its poll.
    static let maximumStreams = 10_000
    /// The maximum number of streams that the client resets in 30 seconds. NIO allocates room for as many times.
    static let maximumResets = 1_000

    private let pipeline: RequestPipeline
    private let requestGuard: RequestGuard
    private let limits: HTTPLimits
    private let deadline: ConnectionDeadline
    private let executor: EventLoopTaskExecutor
    private var openStreams = 0

    init(
        _ pipeline: RequestPipeline,
        requestGuard: RequestGuard,
        limits: HTTPLimits,
        deadline: ConnectionDeadline,
        executor: EventLoopTaskExecutor
    ) {
        self.pipeline = pipeline
        self.requestGuard = requestGuard
        self.limits = limits
        self.deadline = deadline
        self.executor = executor
    }

    /// Adds the handlers to a channel whose client has chosen HTTP/2.
    func addHandlers(to channel: any Channel) throws {
        let eventLoop = channel.eventLoop
        // It announces the end of the connection with GOAWAY, when no stream was open for a while and at a shutdown.
        let end = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: eventLoop,
            configuration: .init(
                maxIdleTime: TimeAmount(limits.idleTime),
                maxAge: nil,
                maxGraceTime: TimeAmount(limits.shutdownTime),
                keepalive: nil
            )
        )
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let frames = NIOHTTP2Handler(
            mode: .server,
            eventLoop: eventLoop,
            connectionConfiguration: configuration,
            streamConfiguration: streamConfiguration,
            streamDelegate: end.http2StreamDelegate
        ) { stream in
            eventLoop.makeCompletedFuture { try connection.value.open(stream) }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers(frames, end, HTTP2ErrorHandler())
    }

    /// NIO's defaults bound floods of control frames, 200 in 30 seconds, and header blocks in many parts: a HEADERS frame and 5 CONTINUATION
    /// frames.
    private var configuration: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.maximumStreams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.head),
        ]
        // Frames that were sent before a reset arrived are ignored.
        configuration.maximumRecentlyResetStreams = Self.maximumResets
        return configuration
    }

    private var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.streamResetFrameRateLimit.maximumCount = Self.maximumResets
        return configuration
    }

    private func open(_ stream: any Channel) throws {
        let place = pipeline.connections.admit(stream)
        if case .rejected = place { throw ConnectionRejected() }
        let peer = Peer(
            at: stream.remoteAddress,
            proxies: pipeline.proxies,
            requestGuard: requestGuard,
            isSurplus: place != .open
        )
        openStreams += 1
        deadline.enter(.response)
        let connection = NIOLoopBound(self, eventLoop: stream.eventLoop)
        stream.closeFuture.whenComplete { _ in connection.value.closed() }
        try stream.pipeline.syncOperations.addHandler(
            HTTP2Stream(pipeline, peer: peer, limits: limits, executor: executor)
        )
    }

    private func closed() {
        openStreams -= 1
        if openStreams == 0 { deadline.enter(.betweenStreams) }
    }
}

/// Closes a connection after an error. Errors of a single stream close only that stream.
private final class HTTP2ErrorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}
#endif
