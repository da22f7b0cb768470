import Handlers
import NIOCore

/// Stops a listener from accepting for a moment when that fails, for want of file descriptors or memory.
///
/// NIO's `AcceptBackoffHandler` only delays its own reads: the failed one stays registered, and the event loop spins.
///
/// Not `Sendable`: it lives on its channel's event loop.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(500)

    private let telemetry: Telemetry
    private var isPaused = false

    init(telemetry: Telemetry) {
        self.telemetry = telemetry
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is IOError else { return context.fireErrorCaught(error) }
        telemetry.recordAcceptFailure()
        guard !isPaused else { return }
        isPaused = true
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPaused = false
            // A channel that is closed by now has nothing to accept.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
