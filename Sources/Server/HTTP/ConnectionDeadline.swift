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
    }

    private let limits: HTTPLimits
    private var phase = Phase.idle
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// Called when a body did not arrive in time, to say so before the connection is closed.
    var bodyTimedOut: (() -> Void)?

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // A connection that never sends anything is not worth an idle period.
        schedule(.head)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
        bodyTimedOut = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .idle { enter(.head) }
        context.fireChannelRead(data)
    }

    /// Starts the clock of another phase.
    func enter(_ phase: Phase) {
        self.phase = phase
        schedule(phase)
    }

    private func schedule(_ phase: Phase) {
        timer?.cancel()
        timer = nil
        let time: Duration
        switch phase {
        case .idle: time = limits.idleTime
        case .head: time = limits.headTime
        case .body: time = limits.bodyTime
        case .answer: return
        }
        guard let context else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { self.expired() }
    }

    private func expired() {
        if phase == .body, let bodyTimedOut { bodyTimedOut() } else { context?.close(promise: nil) }
    }
}
