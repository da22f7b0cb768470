import Handlers
import NIOCore

/// Closes a connection whose client is too slow. It stands first in the pipeline, where the first byte of a head shows.
///
/// Not `Sendable`: it lives on its channel's event loop.
final class ConnectionDeadline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the connection waits for.
    enum Phase {
        /// The next request.
        case idle
        /// The rest of a request's head.
        case head
        /// The rest of its body.
        case body
        /// Our own answer: the client is not to blame.
        case answer
        /// The client, which has to read what it was sent.
        case sending
    }

    private let limits: HTTPLimits
    private let telemetry: Telemetry
    private(set) var phase = Phase.idle
    /// When the phase ends; nil for one that takes as long as it takes.
    private var deadline: NIODeadline?
    /// The next look at the deadline. A phase that is over before it comes costs no timer of its own.
    private var look: (timer: Scheduled<Void>, time: NIODeadline)?
    private var context: ChannelHandlerContext?
    /// How many bytes were not sent when `sending` was last looked at.
    private var unsent = 0
    /// Called when a body did not arrive in time, to say so before the connection is closed.
    var bodyTimedOut: (() -> Void)?

    init(limits: HTTPLimits, telemetry: Telemetry) {
        self.limits = limits
        self.telemetry = telemetry
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // A connection that never sends anything is not worth an idle period.
        deadline = .now() + TimeAmount(limits.headTime)
        arrangeLook()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        look?.timer.cancel()
        look = nil
        self.context = nil
        bodyTimedOut = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .idle { enter(.head) }
        context.fireChannelRead(data)
    }

    /// Most requests come whole: only what is still awaited now needs a timer.
    func channelReadComplete(context: ChannelHandlerContext) {
        arrangeLook()
        context.fireChannelReadComplete()
    }

    /// Starts the clock of another phase.
    func enter(_ phase: Phase) {
        self.phase = phase
        let time: Duration
        switch phase {
        case .idle: time = limits.idleTime
        case .head: time = limits.headTime
        case .body: time = limits.bodyTime
        case .answer:
            deadline = nil
            return
        case .sending:
            time = limits.sendTime
            unsent = bufferedBytes
        }
        deadline = .now() + TimeAmount(time)
        // The others begin while something is read, and that is not over yet.
        if phase == .idle || phase == .sending { arrangeLook() }
    }

    /// Sees to it that the deadline is looked at when it comes.
    func arrangeLook() {
        guard let context, let deadline, deadline < look?.time ?? .distantFuture else { return }
        look?.timer.cancel()
        let timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.lookAtDeadline() }
        look = (timer, deadline)
    }

    private func lookAtDeadline() {
        look = nil
        guard let deadline, deadline <= .now() else { return arrangeLook() }
        // A slow client may take as long as it needs if it reads at all.
        if phase == .sending, bufferedBytes < unsent { return enter(.sending) }
        telemetry.recordClosing(phase.closing)
        if phase == .body, let bodyTimedOut { bodyTimedOut() } else { context?.close(promise: nil) }
    }

    /// The bytes that the socket has not taken yet.
    var bufferedBytes: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension ConnectionDeadline.Phase {
    /// The reason for closing a connection at its deadline.
    fileprivate var closing: Telemetry.Closing {
        switch self {
        case .idle: .idle
        case .head: .head
        // An answer in the making has no deadline.
        case .body, .answer: .body
        case .sending: .unread
        }
    }
}
