import Handlers
import NIOCore

/// Pauses a listener after a failed accept, for example when file descriptors or memory run out.
///
/// NIO's `AcceptBackoffHandler` only delays its own reads: the failed read stays registered, and the event loop spins.
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
            // A closed channel accepts nothing anyway.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
