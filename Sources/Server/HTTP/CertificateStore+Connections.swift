#if TLS
import Handlers
import NIOCore
import NIOExtras
import NIOSSL
import NIOTLS

extension CertificateStore: ConnectionEncryption {
    func add(
        _ handlers: ConnectionHandlers,
        to channel: any Channel,
        _ limits: HTTPLimits,
        isSurplus: Bool,
        _ deadline: ConnectionDeadline
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: context))
        try pipeline.addHandler(deadline)
        let negotiation = ApplicationProtocolNegotiationHandler { result, channel in
            channel.eventLoop.makeCompletedFuture {
                if case .negotiated("h2") = result {
                    try handlers.addHTTP2(to: channel, limits, deadline)
                } else {
                    try handlers.addHTTP1(to: channel, isSurplus: isSurplus, deadline)
                }
                // The new handlers have missed a shutdown during the handshake.
                if deadline.isShuttingDown {
                    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                }
            }
        }
        try pipeline.addHandler(negotiation)
    }

    func run(telemetry: Telemetry) async { await run(every: Self.interval, telemetry: telemetry) }
}

extension ConnectionHandlers {
    fileprivate func addHTTP2(to channel: any Channel, _ limits: HTTPLimits, _ deadline: ConnectionDeadline) throws {
        let connection = HTTP2Connection(
            requests,
            requestGuard: requestGuard,
            limits: limits,
            deadline: deadline,
            executor: EventLoopTaskExecutor(channel.eventLoop)
        )
        try connection.addHandlers(to: channel)
    }
}
#endif
