#if TLS
import ContractRuntime
import Handlers
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// Handles the one request of an HTTP/2 stream: reads it, passes it to the pipeline, and writes the response.
///
/// Not `Sendable`: it lives on its channel's event loop, as do the tasks that it starts.
final class HTTP2Stream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        /// The head has not arrived.
        case waiting
        /// The body of an accepted request is arriving.
        case reading(AcceptedRequest)
        /// The response is known, and the rest of the request is dropped.
        case rejecting(ServerResponse)
        /// The response is being prepared or sent.
        case responding
        case closed
    }

    /// The size of the parts in which a body is written. The client must read each within `HTTPLimits.sendTime`.
    private static let part = 16 * 1_024

    private let pipeline: RequestPipeline
    private let limits: HTTPLimits
    private let executor: EventLoopTaskExecutor
    private var state = State.waiting
    private var peer: Peer
    private var body: [UInt8] = []
    private var bodies: BodyMemory
    private var isHead = false
    /// Whether the client has sent the whole request.
    private var isComplete = false
    /// The task that prepares a response and then sends it.
    private var responseTask: Task<Void, Never>?
    private var timer: Scheduled<Void>?
    /// The number of counted response bytes that the client has not read.
    private var unread = 0

    init(_ pipeline: RequestPipeline, peer: Peer, limits: HTTPLimits, executor: EventLoopTaskExecutor) {
        self.pipeline = pipeline
        self.peer = peer
        self.limits = limits
        self.executor = executor
        bodies = BodyMemory(pipeline.connections)
    }

    private var connections: Connections { pipeline.connections }

    // MARK: - The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let fields):
            isComplete = fields.endStream
            // Fields after the body are ignored.
            if case .waiting = state { receive(fields, context) }
            if isComplete { endRequest(context) }
        case .data(let data):
            isComplete = data.endStream
            if case .byteBuffer(let bytes) = data.data { receive(bytes, context) }
            if isComplete { endRequest(context) }
        default: break
        }
    }

    private func receive(_ fields: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
        guard var head = HTTPRequestHead(fields.headers, hasBody: !fields.endStream) else {
            return reject(.malformedRequest, context)
        }
        isHead = head.method == .HEAD
        switch pipeline.admit(&head, &peer) {
        case .rejected(let response, closes: true): send(response, context)
        case .rejected(let response, closes: false): state = .rejecting(response)
        case .accepted(let request):
            state = .reading(request)
            guard head.expectsContinue, !isComplete else { break }
            context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: [":status": "100"]))), promise: nil)
        }
        if !isComplete, !isResponding { startTimer(limits.bodyTime, context) }
    }

    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .reading(let request) = state else { return }
        // traps: both are lengths of buffers in memory.
        guard body.count + bytes.readableBytes <= request.bodyLimit else {
            return reject(.contentTooLarge(request.bodyLimit), id: request.id, context)
        }
        body.append(contentsOf: bytes.readableBytesView)
        bodies.hold(body)
        guard !bodies.count() else { return }
        connections.telemetry.recordBodyRejection()
        reject(.tooManyBodies, id: request.id, context)
    }

    private func endRequest(_ context: ChannelHandlerContext) {
        switch state {
        case .rejecting(let response): send(response, context)
        case .reading(let request): respond(to: request, context)
        case .waiting, .responding, .closed: break
        }
    }

    private var isResponding: Bool {
        if case .responding = state { true } else { false }
    }

    /// Responds before the end of the request, whose rest is not read.
    private func reject(_ problem: Problem, id: String? = nil, _ context: ChannelHandlerContext) {
        send(pipeline.response(to: problem, id: id, to: peer.client), context)
    }

    // MARK: - The response

    private func respond(to request: AcceptedRequest, _ context: ChannelHandlerContext) {
        stopTimer()
        state = .responding
        let body = self.body
        self.body = []
        run(context) { handler, context in
            let response = await request.respond(body)
            await handler.write(response, context)
        }
    }

    /// Responds without the pipeline. The rest of the request, if any, is not read.
    private func send(_ response: ServerResponse, _ context: ChannelHandlerContext) {
        stopTimer()
        state = .responding
        run(context) { handler, context in await handler.write(response, context) }
    }

    /// Runs an operation on this connection's event loop. It starts immediately and resumes there after every suspension.
    private func run(
        _ context: ChannelHandlerContext,
        _ body: @escaping @Sendable (HTTP2Stream, ChannelHandlerContext) async -> Void
    ) {
        let stream = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        responseTask = Task.immediate(executorPreference: executor) {
            // The task's executor is the event loop, so it may access the stream.
            let (handler, context) = stream.value
            await body(handler, context)
        }
    }

    private func write(_ response: ServerResponse, _ context: ChannelHandlerContext) async {
        body = []
        bodies.release()
        _ = bodies.count()
        if case .closed = state { return }
        let isEmpty = if case .bytes(let bytes) = response.body { bytes.isEmpty || isHead } else { isHead }
        let head = HTTP2Frame.FramePayload.Headers(headers: HPACKHeaders(response), endStream: isEmpty)
        context.write(wrapOutboundOut(.headers(head)), promise: nil)
        do {
            if isEmpty { context.flush() } else { try await send(response.body, context) }
            end(context)
        } catch {
            // The client has left, or a stream of events has failed.
            context.close(promise: nil)
        }
    }

    /// Sends a body as fast as the client reads it.
    private func send(_ body: MessageBody.Content, _ context: ChannelHandlerContext) async throws {
        switch body {
        case .bytes(let bytes):
            var rest = ByteBuffer(bytes: bytes)
            while let part = rest.readSlice(length: min(Self.part, rest.readableBytes)), part.readableBytes > 0 {
                // traps: both are lengths of buffers in memory.
                setUnread(part.readableBytes + rest.readableBytes)
                try await send(part, isLast: rest.readableBytes == 0, context)
            }
        case .stream(let chunks):
            context.flush()
            for try await chunk in chunks where !chunk.isEmpty {
                try await send(ByteBuffer(bytes: chunk), isLast: false, context)
            }
            try await send(ByteBuffer(), isLast: true, context)
        }
    }

    /// Sends a part, and waits until the client has room for it.
    private func send(_ part: ByteBuffer, isLast: Bool, _ context: ChannelHandlerContext) async throws {
        let data = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(part), endStream: isLast))
        let sent = context.eventLoop.makePromise(of: Void.self)
        startTimer(limits.sendTime, context)
        context.writeAndFlush(wrapOutboundOut(data), promise: sent)
        try await sent.futureResult.get()
        stopTimer()
    }

    /// Ends a stream whose response is sent. A client that is still sending its request is asked to stop (RFC 9113, section 8.1).
    private func end(_ context: ChannelHandlerContext) {
        stopTimer()
        setUnread(0)
        guard !isComplete, context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
    }

    private func setUnread(_ bytes: Int) {
        guard bytes != unread else { return }
        connections.changeUnread(by: bytes - unread)
        unread = bytes
    }

    // MARK: - The end

    private func startTimer(_ time: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { self.timedOut(context) }
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard isResponding else {
            connections.telemetry.recordClosing(.body)
            return reject(.requestTimeout(limits), context)
        }
        connections.telemetry.recordClosing(.unread)
        // A client that does not read its socket would not see the end of one stream.
        if let connection = context.channel.parent, !connection.isWritable { return connection.close(promise: nil) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        responseTask?.cancel()
        stopTimer()
        setUnread(0)
        state = .closed
        body = []
        bodies.release()
        _ = bodies.count()
        context.fireChannelInactive()
    }

    /// The client has reset the stream, or violated the protocol.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
#endif
