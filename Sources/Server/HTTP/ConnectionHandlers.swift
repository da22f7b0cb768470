import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// Adds the handlers of a new connection, for the version of HTTP that its client chooses during the TLS handshake.
struct ConnectionHandlers: Sendable {
    let requests: RequestPipeline
    let requestGuard: RequestGuard
    /// The certificate; nil for plain HTTP/1.1.
    let tls: CertificateStore?
    let logger: Logger

    /// - Parameter isSurplus: Whether the connection is beyond the limits.
    func add(to channel: any Channel, isSurplus: Bool) throws {
        var limits = requests.limits
        if isSurplus {
            // Surplus connections are few and must be released soon.
            limits.headTime = min(limits.headTime, .seconds(2))
            limits.idleTime = min(limits.idleTime, .seconds(2))
        }
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls.context)) }
        let deadline = ConnectionDeadline(limits: limits, telemetry: requests.connections.telemetry)
        try pipeline.addHandler(deadline)
        guard tls != nil else { return try addHTTP1(to: channel, isSurplus: isSurplus, deadline) }
        let negotiation = ApplicationProtocolNegotiationHandler { [limits] result, channel in
            channel.eventLoop.makeCompletedFuture {
                if case .negotiated("h2") = result {
                    try addHTTP2(to: channel, limits, deadline)
                } else {
                    try addHTTP1(to: channel, isSurplus: isSurplus, deadline)
                }
                // The new handlers have missed a shutdown during the handshake.
                if deadline.isShuttingDown {
                    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                }
            }
        }
        try pipeline.addHandler(negotiation)
    }

    private func addHTTP1(to channel: any Channel, isSurplus: Bool, _ deadline: ConnectionDeadline) throws {
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

    private func addHTTP2(to channel: any Channel, _ limits: HTTPLimits, _ deadline: ConnectionDeadline) throws {
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

/// Thrown to end the initialization of a connection or stream, which closes it.
struct ConnectionRejected: Error {}
