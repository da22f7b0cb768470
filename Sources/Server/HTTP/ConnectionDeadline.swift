import Handlers
import NIOCore

/// Closes the connection of a client that is too slow, and each connection at the end of a shutdown. It is the first handler of the
/// pipeline after TLS, because only there the first byte of a head is visible.
///
/// Not `Sendable`: it lives on its channel's event loop.
final class ConnectionDeadline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The step that the connection is in.
    enum Phase {
        /// The next request.
        case idle
        /// The rest of a request's head.
        case head
        /// The rest of its body.
        case body
        /// The server prepares the response. The client has no deadline.
        case response
        /// The client, which must read the response.
        case sending
        /// HTTP/2: no stream is open. Other frames are not the start of a request.
        case betweenStreams
    }

    private let limits: HTTPLimits
    private let telemetry: Telemetry
    private(set) var phase = Phase.idle
    /// When the phase ends; nil for a phase without a limit.
    private var deadline: NIODeadline?
    /// The next check of the deadline. A phase that ends earlier needs no separate timer.
    private var nextCheck: (timer: Scheduled<Void>, time: NIODeadline)?
    private var context: ChannelHandlerContext?
    /// The number of unsent bytes at the last check in `sending`.
    private var unsent = 0
    /// Whether the listener has stopped.
    private(set) var isShuttingDown = false
    /// Called when a body did not arrive in time, to send a response before the connection is closed.
    var bodyTimedOut: (() -> Void)?

    init(limits: HTTPLimits, telemetry: Telemetry) {
        self.limits = limits
        self.telemetry = telemetry
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // A connection that has not sent anything yet does not get a whole idle period.
        deadline = .now() + TimeAmount(limits.headTime)
        scheduleCheck()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        nextCheck?.timer.cancel()
        nextCheck = nil
        self.context = nil
        bodyTimedOut = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .idle { enter(.head) }
        context.fireChannelRead(data)
    }

    /// Most requests arrive in one read: a timer is needed only for what is still missing after it.
    func channelReadComplete(context: ChannelHandlerContext) {
        scheduleCheck()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, !isShuttingDown {
            isShuttingDown = true
            context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.shutdownTime)) {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Enters a phase and starts its deadline.
    func enter(_ phase: Phase) {
        self.phase = phase
        let time: Duration
        switch phase {
        case .idle: time = limits.idleTime
        case .head: time = limits.headTime
        case .body: time = limits.bodyTime
        // Before that the client is asked to close the connection (`HTTP2Connection`).
        case .betweenStreams: time = limits.idleTime + limits.shutdownGrace
        case .response:
            deadline = nil
            return
        case .sending:
            time = limits.sendTime
            unsent = bufferedBytes
        }
        deadline = .now() + TimeAmount(time)
        // Other phases begin during a read, whose `channelReadComplete` is still to come.
        if phase == .idle || phase == .sending || phase == .betweenStreams { scheduleCheck() }
    }

    /// Schedules a check for the time of the deadline.
    func scheduleCheck() {
        guard let context, let deadline, deadline < nextCheck?.time ?? .distantFuture else { return }
        nextCheck?.timer.cancel()
        let timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.checkDeadline() }
        nextCheck = (timer, deadline)
    }

    private func checkDeadline() {
        nextCheck = nil
        guard let deadline, deadline <= .now() else { return scheduleCheck() }
        // A slow client may take as long as it needs while it makes progress.
        if phase == .sending, bufferedBytes < unsent { return enter(.sending) }
        telemetry.recordClosing(phase.closing)
        if phase == .body, let bodyTimedOut { bodyTimedOut() } else { context?.close(promise: nil) }
    }

    /// The number of bytes that the socket has not accepted yet.
    var bufferedBytes: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension ConnectionDeadline.Phase {
    /// The reason for closing a connection at its deadline.
    fileprivate var closing: Telemetry.Closing {
        switch self {
        case .idle, .betweenStreams: .idle
        case .head: .head
        // A response in preparation has no deadline.
        case .body, .response: .body
        case .sending: .unread
        }
    }
}
