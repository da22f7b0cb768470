import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL

/// One HTTP/2 connection over TLS, for tests of streams.
struct HTTP2Client: Sendable {
    /// A response, and the error of the stream if it did not end.
    struct Response: Sendable {
        var status = 0
        var headers = HPACKHeaders()
        var body: [UInt8] = []
        /// The code of the server's reset.
        var reset: HTTP2ErrorCode?

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let channel: any Channel
    private let streams: NIOHTTP2Handler.StreamMultiplexer

    /// Connects to a port on this machine.
    init(port: Int) async throws {
        channel = try await Self.connect(port: port) { channel in
            _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .client,
                connectionConfiguration: .init(),
                streamConfiguration: .init()
            ) { $0.eventLoop.makeSucceededVoidFuture() }
        }
        streams = try await channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap(\.multiplexer).get()
    }

    /// Connects with TLS, and offers only HTTP/2.
    static func connect(
        port: Int,
        _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: tls)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try configure(channel)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// Opens a stream and sends a request.
    ///
    /// - Parameters:
    ///   - isOpen: Whether the request continues after the body.
    ///   - reads: Whether the client reads the response, which opens the stream's window.
    func open(
        _ method: String,
        _ path: String,
        authority: String? = "localhost",
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        isOpen: Bool = false,
        reads: Bool = true
    ) async throws -> Stream {
        let response = channel.eventLoop.makePromise(of: Response.self)
        let stream = channel.eventLoop.makePromise(of: (any Channel).self)
        streams.createStreamChannel(promise: stream) { channel in
            channel.eventLoop.makeCompletedFuture {
                if !reads { try channel.syncOptions?.setOption(.autoRead, value: false) }
                try channel.pipeline.syncOperations.addHandler(Collector(response))
            }
        }
        // Without a stream there is no response.
        stream.futureResult.whenFailure { response.fail($0) }
        let opened = try await stream.futureResult.get()
        var fields = HPACKHeaders([(":method", method), (":scheme", "https"), (":path", path)])
        if let authority { fields.add(name: ":authority", value: authority) }
        for (name, value) in headers { fields.add(name: name, value: value) }
        let isEmpty = body.isEmpty && !isOpen
        let head = HTTP2Frame.FramePayload.headers(.init(headers: fields, endStream: isEmpty))
        opened.writeAndFlush(head, promise: nil)
        if !body.isEmpty {
            let data = HTTP2Frame.FramePayload.data(
                .init(data: .byteBuffer(ByteBuffer(bytes: body)), endStream: !isOpen)
            )
            opened.writeAndFlush(data, promise: nil)
        }
        return Stream(channel: opened, response: response.futureResult)
    }

    /// Sends a request and waits for the response.
    func send(
        _ method: String,
        _ path: String,
        authority: String? = "localhost",
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> Response {
        try await open(method, path, authority: authority, headers: headers, body: body).response.get()
    }

    struct Stream: Sendable {
        let channel: any Channel
        let response: EventLoopFuture<Response>
    }

    /// Collects the frames of a response.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload

        private let promise: EventLoopPromise<Response>
        private var response = Response()

        init(_ promise: EventLoopPromise<Response>) {
            self.promise = promise
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let fields):
                response.status = fields.headers.first(name: ":status").flatMap { Int($0) } ?? 0
                response.headers = fields.headers
                if fields.endStream { promise.succeed(response) }
            case .data(let data):
                if case .byteBuffer(let bytes) = data.data { response.body += bytes.readableBytesView }
                if data.endStream { promise.succeed(response) }
            default: break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            response.reset = (error as? NIOHTTP2Errors.StreamClosed)?.errorCode
            promise.succeed(response)
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(response) }
    }
}
