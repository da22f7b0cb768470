import ContractRuntime
import Handlers
import Logging
import NIOCore
import NIOHTTP1

/// Handles the requests of one HTTP/1.1 connection in order: reads them, passes them to the pipeline, and writes the responses.
///
/// Not `Sendable`: it lives on its channel's event loop, as do the tasks that it starts.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        /// The body of an accepted request is arriving.
        case reading
        /// The response is known, and the rest of the request is dropped.
        case rejecting(ServerResponse)
        /// The request is complete, and the response is being prepared.
        case responding
        /// The client must read more of the response before its next request is handled.
        case sending
        case closing
    }

    private let pipeline: RequestPipeline
    private let deadline: ConnectionDeadline
    private let executor: EventLoopTaskExecutor
    private let logger: Logger
    private var state = State.idle
    private var peer: Peer
    /// The accepted request whose body is arriving, and what has arrived of it.
    private var request: AcceptedRequest?
    private var body: [UInt8] = []
    private var bodies: BodyMemory
    private var keepsAlive = true
    private var isHead = false
    /// The task that prepares a response and then streams it.
    private var responseTask: Task<Void, Never>?
    private var streaming: Task<Void, Never>?
    /// Parts of requests that arrived before the current response was complete. Reading is paused until they are handled.
    private var pipelined: CircularBuffer<HTTPServerRequestPart>?
    private var isReceivingPipelined = false
    private var isReadWanted = false
    /// The number of counted response bytes that the client has not read.
    private var unread = 0
    /// Whether the next response is the last one.
    private var isShuttingDown = false

    init(
        _ pipeline: RequestPipeline,
        peer: Peer,
        deadline: ConnectionDeadline,
        executor: EventLoopTaskExecutor,
        logger: Logger
    ) {
        self.pipeline = pipeline
        self.peer = peer
        self.deadline = deadline
        self.executor = executor
        self.logger = logger
        bodies = BodyMemory(pipeline.connections)
    }

    private var limits: HTTPLimits { pipeline.limits }
    private var connections: Connections { pipeline.connections }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline.bodyTimedOut = { [weak self] in
            guard let self else { return }
            rejectAndClose(.requestTimeout(limits), context: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .responding, .sending:
            if pipelined == nil { pipelined = [] }
            pipelined?.append(part)
            if case .body(let bytes) = part { bodies.addPipelined(bytes.readableBytes) }
        default: receive(part, context: context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        countReading(context)
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if pipelined == nil { context.read() } else { isReadWanted = true }
    }

    private func receive(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        if case .closing = state { return }
        switch part {
        case .head(let head): receive(head, context: context)
        case .body(let bytes): receive(bytes, context: context)
        case .end: endRequest(context: context)
        }
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        var head = head
        keepsAlive = head.isKeepAlive && !peer.isSurplus
        isHead = head.method == .HEAD
        deadline.enter(.body)
        switch pipeline.admit(&head, &peer) {
        case .rejected(let response, closes: true): close(with: response, context: context)
        case .rejected(let response, closes: false): state = .rejecting(response)
        case .accepted(let request):
            self.request = request
            state = .reading
            guard head.expectsContinue else { return }
            let permission = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(permission), promise: nil)
        }
    }

    private func receive(_ bytes: ByteBuffer, context: ChannelHandlerContext) {
        guard case .reading = state, let limit = request?.bodyLimit else { return }
        // traps: both are lengths of buffers in memory.
        guard body.count + bytes.readableBytes <= limit else {
            return rejectAndClose(.contentTooLarge(limit), id: request?.id, context: context)
        }
        body.append(contentsOf: bytes.readableBytesView)
    }

    private func endRequest(context: ChannelHandlerContext) {
        deadline.enter(.response)
        switch state {
        case .rejecting(let response):
            state = .responding
            write(response, context: context)
        case .reading:
            state = .responding
            bodies.hold(body)
            guard bodies.count() else { return write(tooManyBodies(), context: context) }
            respond(context)
        case .idle, .responding, .sending, .closing: break
        }
    }

    // MARK: - Memory of request bodies

    /// Counts an incomplete body after each read, and rejects it if there is no room.
    private func countReading(_ context: ChannelHandlerContext) {
        if case .reading = state { bodies.hold(body) }
        guard !bodies.count() else { return }
        switch state {
        case .reading: close(with: tooManyBodies(), context: context)
        case .responding: dropPipelined()
        case .idle, .rejecting, .sending, .closing: context.close(promise: nil)
        }
    }

    /// Drops the requests after the current one, whose response becomes the last one. The client must send them again.
    private func dropPipelined() {
        connections.telemetry.recordBodyRejection()
        keepsAlive = false
        // Keep reading paused until then.
        pipelined = []
        bodies.removePipelined()
        _ = bodies.count()
    }

    private func tooManyBodies() -> ServerResponse {
        connections.telemetry.recordBodyRejection()
        return pipeline.response(to: .tooManyBodies, id: request?.id, to: peer.client)
    }

    // MARK: - Responses

    /// Runs the operation on this connection's event loop. It starts immediately and resumes there after every suspension.
    private func respond(_ context: ChannelHandlerContext) {
        guard let request = self.request else { return }
        let body = self.body
        dropBody()
        let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        responseTask = Task.immediate(executorPreference: executor) {
            let response = await request.respond(body)
            // The task's executor is the event loop, so it may access the connection.
            let (handler, context) = connection.value
            handler.write(response, context: context)
        }
    }

    private func dropBody() {
        request = nil
        body = []
    }

    private func write(_ response: ServerResponse, context: ChannelHandlerContext) {
        dropBody()
        bodies.release()
        _ = bodies.count()
        guard context.channel.isActive else { return }
        var buffer = response.head(context.channel.allocator, isLast: !keepsAlive || isShuttingDown)
        switch response.body {
        case .bytes(let bytes):
            if !isHead { buffer.writeBytes(bytes) }
            endResponse(with: buffer, context: context)
        case .stream where isHead: endResponse(with: buffer, context: context)
        case .stream(let stream):
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            send(stream, context: context)
        }
    }

    /// Sends chunks as fast as the client reads them. If the stream fails or the client disconnects, the connection is closed.
    private func send(_ stream: ByteStream, context: ChannelHandlerContext) {
        let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        streaming = Task(executorPreference: executor) { [channel = context.channel] in
            do {
                for try await chunk in stream {
                    // An empty chunk would mark the end of the body.
                    guard !chunk.isEmpty else { continue }
                    connection.value.0.deadline.enter(.sending)
                    try await channel.writeAndFlush(ByteBuffer(chunk: chunk))
                    connection.value.0.deadline.enter(.response)
                }
                let (handler, context) = connection.value
                handler.endResponse(with: ByteBuffer(string: "0\r\n\r\n"), context: context)
            } catch {
                channel.close(promise: nil)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        responseTask?.cancel()
        streaming?.cancel()
        setUnread(0)
        // Ignore anything that the decoder still delivers.
        state = .closing
        dropBody()
        bodies.release()
        bodies.removePipelined()
        _ = bodies.count()
        context.fireChannelInactive()
    }

    private func endResponse(with bytes: ByteBuffer, context: ChannelHandlerContext) {
        responseTask = nil
        streaming = nil
        if keepsAlive, !isShuttingDown {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            if context.channel.isWritable { return becomeIdle(context) }
            state = .sending
            // Keep reading paused until then.
            pipelined = pipelined ?? []
            startSending()
        } else {
            // If unread bytes remain when the connection is closed, the kernel resets it and the client may lose the response.
            let isAllRead = if case .responding = state { pipelined == nil } else { false }
            state = .closing
            pipelined = nil
            bodies.removePipelined()
            _ = bodies.count()
            resumeReading(context)
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in
                if isAllRead { context.close(promise: nil) } else { self.linger(context) }
            }
            context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
            if context.channel.isActive { startSending() }
        }
    }

    private func becomeIdle(_ context: ChannelHandlerContext) {
        state = .idle
        deadline.enter(.idle)
        receivePipelined(context: context)
    }

    /// Gives the client a limited time to read the buffered response.
    private func startSending() {
        deadline.enter(.sending)
        setUnread(deadline.bufferedBytes)
    }

    private func setUnread(_ bytes: Int) {
        guard bytes != unread else { return }
        connections.changeUnread(by: bytes - unread)
        unread = bytes
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .sending = state, context.channel.isWritable {
            setUnread(0)
            becomeIdle(context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// Handles the parts that arrived early, until a response is in preparation again.
    private func receivePipelined(context: ChannelHandlerContext) {
        // An immediate response calls this method again from within `receive`.
        guard !isReceivingPipelined else { return }
        isReceivingPipelined = true
        defer { isReceivingPipelined = false }
        parts: while let part = pipelined?.popFirst() {
            if case .body(let bytes) = part { bodies.removePipelined(bytes.readableBytes) }
            receive(part, context: context)
            switch state {
            case .responding, .sending: break parts
            default: continue
            }
        }
        // The parts may end within a request whose rest never comes.
        deadline.scheduleCheck()
        countReading(context)
        guard pipelined?.isEmpty == true else { return }
        pipelined = nil
        resumeReading(context)
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadWanted else { return }
        isReadWanted = false
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        isShuttingDown = true
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.shutdownGrace)) { [weak self] in
            self?.closeIfIdle(context)
        }
    }

    /// A request whose head is arriving is still handled.
    private func closeIfIdle(_ context: ChannelHandlerContext) {
        if case .idle = state, deadline.phase == .idle { context.close(promise: nil) }
    }

    /// Closes the sending side and drops incoming bytes for a second. Closing a connection with unread bytes resets it, and the client may
    /// lose the response (RFC 9112, section 9.6).
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { context.close(promise: nil) }
    }

    /// Responds before the end of the request, whose rest is not read.
    private func close(with response: ServerResponse, context: ChannelHandlerContext) {
        keepsAlive = false
        write(response, context: context)
    }

    private func rejectAndClose(_ problem: Problem, id: String? = nil, context: ChannelHandlerContext) {
        close(with: pipeline.response(to: problem, id: id, to: peer.client), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error) {
        case (.closing, _), (.responding, _), (.sending, _): context.close(promise: nil)
        case (_, HTTPParserError.headerOverflow): rejectAndClose(.headTooLarge(limits), context: context)
        case (_, is HTTPParserError): rejectAndClose(.malformedRequest, context: context)
        default:
            logger.debug("connection failed", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }
}
