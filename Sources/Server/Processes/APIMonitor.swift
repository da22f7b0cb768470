import ContractRuntime
import Dashboard
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Monitors from the dashboard's process whether the API responds.
///
/// It keeps one connection open and sends a health request each second. A crash closes the connection, so even an outage of a few
/// milliseconds is noticed.
final class APIMonitor: Sendable {
    private let url: HealthURL
    /// Nil for plain HTTP.
    private let tls: ClientEncryption?
    private let logger: Logger
    private let state = Mutex(APIAvailability.available)

    /// - Parameter tls: Encrypts the connection; nil for plain HTTP.
    init(url: HealthURL, tls: ClientEncryption?, logger: Logger) {
        self.url = url
        self.tls = tls
        self.logger = logger
    }

    /// The current availability, with the last outage.
    var availability: APIAvailability { state.withLock { $0 } }

    /// Whether the API is currently unavailable.
    var isOut: Bool { if case .out = availability { true } else { false } }

    /// Runs until it is cancelled.
    func run() async {
        var reported: Timestamp?
        while !Task.isCancelled {
            if let channel = try? await connect() {
                try? await withTaskCancellationHandler {
                    try await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            } else {
                record(false)
            }
            // Wait before logging an outage: if both processes are being stopped, this one ends during the wait.
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
            if case .out(let since) = availability, since != reported {
                logger.error("the API does not respond")
                reported = since
            }
        }
    }

    private func connect() async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(HealthRequests.patience))
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try tls?(pipeline)
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(HealthRequests(url) { [self] in record($0) })
                }
            }
            .connect(host: url.host, port: url.port).get()
    }

    private func record(_ isGood: Bool) {
        let now = Timestamp.now
        let isOver = state.withLock { state in
            switch (state, isGood) {
            case (.out, false), (.available, true), (.recovered, true): return false
            case (.available, false), (.recovered, false):
                state = .out(since: now)
                return false
            case (.out(let since), true):
                state = .recovered(from: since, to: now)
                return true
            }
        }
        if isOver { logger.notice("the API responds again") }
    }
}

/// Adds the handlers that encrypt a client's connection.
typealias ClientEncryption = @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void

/// Sends a health request each second on one connection.
///
/// Not `Sendable`: it lives on its channel's event loop.
private final class HealthRequests: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The response timeout.
    static let patience = Duration.seconds(2)
    private static let interval = Duration.seconds(1)

    private let url: HealthURL
    private let report: @Sendable (_ isGood: Bool) -> Void
    private var timer: Scheduled<Void>?
    private var head: HTTPResponseHead?
    /// Whether the API announced that it closes the connection, as it does at a shutdown.
    private var isAnnounced = false

    init(_ url: HealthURL, report: @escaping @Sendable (_ isGood: Bool) -> Void) {
        self.url = url
        self.report = report
    }

    func channelActive(context: ChannelHandlerContext) { ask(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            report(head.status == .ok)
            isAnnounced = !head.isKeepAlive
            if isAnnounced { context.close(promise: nil) } else { wait(Self.interval, context) { self.ask($0) } }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        if !isAnnounced { report(false) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func ask(_ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": url.authority, "User-Agent": "flotilla-dashboard"]
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target, headers: headers)
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        wait(Self.patience, context) { $0.close(promise: nil) }
    }

    private func wait(
        _ time: Duration,
        _ context: ChannelHandlerContext,
        _ action: @escaping (ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { action(context) }
    }
}
