import ContractRuntime
import Handlers
import Logging
import NIOCore
import NIOHTTP1
import Postgres

/// Handles the requests of one connection in order: admits a head, collects the body, responds.
///
/// Not `Sendable`: it lives on its channel's event loop, as do the tasks that it starts.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle
        /// The body of an admitted request is arriving.
        case reading(AdmittedRequest, body: [UInt8])
        /// The response is known, and the rest of the request is dropped.
        case refusing(Answer)
        /// The request is complete, and the response is being prepared.
        case answering
        /// The client must read more of the response before its next request is handled.
        case sending
        case closing
    }

    private let responder: any Responder
    private var requestGuard: RequestGuard
    private let limits: HTTPLimits
    private let deadline: ConnectionDeadline
    private let connections: Connections
    /// Whether the connection is beyond the limits: only operators are served.
    private let isSurplus: Bool
    private let executor: EventLoopTaskExecutor
    private let logger: Logger
    private var state = State.idle
    private var client = Client(address: "", isSecure: false)
    private let proxies: TrustedProxies
    /// The address of the other end, if it is a trusted proxy.
    private var proxy: String?
    private var keepsAlive = true
    private var isHead = false
    /// The task that prepares a response and then streams it.
    private var responseTask: Task<Void, Never>?
    private var streaming: Task<Void, Never>?
    /// Parts of requests that arrived before the current response was complete. Reading is paused until they are handled.
    private var pipelined: CircularBuffer<HTTPServerRequestPart>?
    private var isReceivingPipelined = false
    private var isReadWanted = false
    /// The bytes of the current request's body, held until the response, and of the bodies in `pipelined`.
    private var bodyBytes = 0
    private var pipelinedBytes = 0
    /// The part of both that counts towards the limit of all connections.
    private var countedBytes = 0
    /// The number of counted response bytes that the client has not read.
    private var unread = 0
    /// Whether the next response is the last one.
    private var isShuttingDown = false

    init(
        responder: any Responder,
        requestGuard: RequestGuard,
        proxies: TrustedProxies,
        limits: HTTPLimits,
        deadline: ConnectionDeadline,
        connections: Connections,
        isSurplus: Bool,
        executor: EventLoopTaskExecutor,
        logger: Logger
    ) {
        self.responder = responder
        self.requestGuard = requestGuard
        self.proxies = proxies
        self.limits = limits
        self.deadline = deadline
        self.connections = connections
        self.isSurplus = isSurplus
        self.executor = executor
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        client.address = context.remoteAddress?.ipAddress ?? ""
        if proxies.contains(client.address) { proxy = client.address }
        context.fireChannelActive()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline.bodyTimedOut = { [weak self, limits] in
            self?.refuseAndClose(.requestTimeout(limits), context: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .answering, .sending:
            if pipelined == nil { pipelined = [] }
            pipelined?.append(part)
            // traps: lengths of buffers in memory.
            if case .body(let bytes) = part { pipelinedBytes += bytes.readableBytes }
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
        keepsAlive = head.isKeepAlive && !isSurplus
        isHead = head.method == .HEAD
        deadline.enter(.body)
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        if head.uri.utf8.count > limits.target { return refuseAndClose(.uriTooLong(limits), context: context) }
        switch admit(&head) {
        case .refused(let answer):
            // Reject at once if the client waits for permission or would send a large body.
            if length > limits.body || head.expectsContinue { return close(with: answer, context: context) }
            state = .refusing(answer)
        case .admitted(let request):
            let limit = request.bodyLimit ?? limits.body
            if length > limit { return refuseAndClose(.contentTooLarge(limit), id: request.id, context: context) }
            if length > Self.smallBody, connections.areBodiesFull { return refuseBody(of: request, context) }
            state = .reading(request, body: [])
            if head.expectsContinue {
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")),
                    promise: nil
                )
            }
        }
    }

    private func admit(_ head: inout HTTPRequestHead) -> Admission {
        let problem = requestGuard.problem(with: &head)
        client.isSecure = requestGuard.isSecure
        if let proxy { client.address = proxies.client(before: proxy, head.headers) }
        guard let problem else { return isServed(responder.admit(head, from: client)) }
        let id = RequestID.of(head)
        logger.debug("request rejected", metadata: ["request": "\(id)", "code": "\(problem.code)"])
        return .refused(Answer(problem, requestID: id))
    }

    private func isServed(_ admission: Admission) -> Admission {
        guard isSurplus, case .admitted(let request) = admission, !request.usesReserve else { return admission }
        return .refused(Answer(.tooManyConnections, requestID: request.id))
    }

    private func receive(_ bytes: ByteBuffer, context: ChannelHandlerContext) {
        guard case .reading(let request, var body) = state else { return }
        // The state must not hold a second reference to the bytes while they grow, which would copy them.
        state = .idle
        let limit = request.bodyLimit ?? limits.body
        // traps: both are lengths of buffers in memory.
        guard body.count + bytes.readableBytes <= limit else {
            return refuseAndClose(.contentTooLarge(limit), id: request.id, context: context)
        }
        body.append(contentsOf: bytes.readableBytesView)
        state = .reading(request, body: body)
    }

    private func endRequest(context: ChannelHandlerContext) {
        deadline.enter(.answer)
        switch state {
        case .refusing(let answer):
            state = .answering
            write(answer, context: context)
        case .reading(let request, let body):
            state = .answering
            bodyBytes = Self.memory(of: body)
            guard countBodies() else { return write(tooManyBodies(request), context: context) }
            answer(request, body, context: context)
        case .idle, .answering, .sending, .closing: break
        }
    }

    // MARK: - Memory of request bodies

    /// Bodies up to this size are neither counted nor rejected. Most requests, and every operator's command, are smaller.
    private static let smallBody = 4 * 1_024

    /// Counts an incomplete body after each read, and rejects it if there is no room.
    private func countReading(_ context: ChannelHandlerContext) {
        if case .reading(_, let body) = state { bodyBytes = Self.memory(of: body) }
        guard !countBodies() else { return }
        switch state {
        case .reading(let request, _): refuseBody(of: request, context)
        case .answering: dropPipelined()
        case .idle, .refusing, .sending, .closing: context.close(promise: nil)
        }
    }

    /// Drops the requests after the current one, whose response becomes the last one. The client must send them again.
    private func dropPipelined() {
        connections.telemetry.recordBodyRefusal()
        keepsAlive = false
        // Keep reading paused until then.
        pipelined = []
        pipelinedBytes = 0
        _ = countBodies()
    }

    private static func memory(of body: [UInt8]) -> Int { body.count > smallBody ? body.capacity : 0 }

    /// Counts the bytes that this connection holds. Returns false if they grew and there is no room.
    private func countBodies() -> Bool {
        // traps: lengths of buffers in memory.
        let counted = bodyBytes + (pipelinedBytes > Self.smallBody ? pipelinedBytes : 0)
        if counted == countedBytes { return true }
        defer { countedBytes = counted }
        return connections.changeBodies(by: counted - countedBytes)
    }

    private func refuseBody(of request: AdmittedRequest, _ context: ChannelHandlerContext) {
        close(with: tooManyBodies(request), context: context)
    }

    private func tooManyBodies(_ request: AdmittedRequest) -> Answer {
        connections.telemetry.recordBodyRefusal()
        return Answer(.tooManyBodies, requestID: request.id)
    }

    // MARK: - Responses

    /// Runs the operation on this connection's event loop. It starts immediately and resumes there after every suspension.
    private func answer(_ request: AdmittedRequest, _ body: [UInt8], context: ChannelHandlerContext) {
        let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        responseTask = Task.immediate(executorPreference: executor) { [responder, limits] in
            let answer = await RequestScope.within(limits.answerTime, usesReserve: request.usesReserve) {
                await responder.respond(to: request, body: body)
            }
            // The task's executor is the event loop, so it may access the connection.
            let (handler, context) = connection.value
            handler.write(answer, context: context)
        }
    }

    private func write(_ answer: Answer, context: ChannelHandlerContext) {
        bodyBytes = 0
        _ = countBodies()
        guard context.channel.isActive else { return }
        var answer = answer
        if case .bytes(let bytes) = answer.body, bytes.count > Self.largeAnswer, connections.areAnswersUnread {
            answer = Answer(.tooManyUnreadAnswers, requestID: answer.headers.first(name: "X-Request-ID") ?? "")
        }
        if client.isSecure { answer.headers.add(name: "Strict-Transport-Security", value: "max-age=31536000") }
        if !keepsAlive || isShuttingDown { answer.headers.replaceOrAdd(name: "Connection", value: "close") }
        var buffer = answer.head(context.channel.allocator)
        switch answer.body {
        case .bytes(let bytes):
            if !isHead { buffer.writeBytes(bytes) }
            endAnswer(with: buffer, context: context)
        case .stream where isHead: endAnswer(with: buffer, context: context)
        case .stream(let stream):
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            send(stream, context: context)
        }
    }

    /// A response of this size is rejected while clients leave too much unread.
    private static let largeAnswer = 32 * 1_024

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
                    connection.value.0.deadline.enter(.answer)
                }
                let (handler, context) = connection.value
                handler.endAnswer(with: ByteBuffer(string: "0\r\n\r\n"), context: context)
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
        (bodyBytes, pipelinedBytes) = (0, 0)
        _ = countBodies()
        context.fireChannelInactive()
    }

    private func endAnswer(with bytes: ByteBuffer, context: ChannelHandlerContext) {
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
            let isAllRead = if case .answering = state { pipelined == nil } else { false }
            state = .closing
            pipelined = nil
            pipelinedBytes = 0
            _ = countBodies()
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
            if case .body(let bytes) = part { pipelinedBytes -= bytes.readableBytes }
            receive(part, context: context)
            switch state {
            case .answering, .sending: break parts
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
        guard let event = event as? ConnectionShutdown else { return context.fireUserInboundEventTriggered(event) }
        isShuttingDown = true
        // A request whose head is arriving is still handled.
        if event == .idle, case .idle = state, deadline.phase == .idle { context.close(promise: nil) }
    }

    /// Closes the sending side and drops incoming bytes for a second. Closing a connection with unread bytes resets it, and the client may
    /// lose the response (RFC 9112, section 9.6).
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { context.close(promise: nil) }
    }

    /// Responds before the end of the request, whose rest is not read.
    private func close(with answer: Answer, context: ChannelHandlerContext) {
        keepsAlive = false
        write(answer, context: context)
    }

    private func refuseAndClose(_ problem: Problem, id: String? = nil, context: ChannelHandlerContext) {
        close(with: Answer(problem, requestID: id ?? RequestID.random()), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error) {
        case (.closing, _), (.answering, _), (.sending, _): context.close(promise: nil)
        case (_, HTTPParserError.headerOverflow): refuseAndClose(.headTooLarge(limits), context: context)
        case (_, is HTTPParserError): refuseAndClose(.malformedRequest, context: context)
        default:
            logger.debug("connection failed", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }
}

extension HTTPRequestHead {
    fileprivate var expectsContinue: Bool {
        headers.first(name: "Expect")?.lowercased() == "100-continue"
    }
}

extension ByteBuffer {
    /// One chunk of a body, preceded by its length (RFC 9112, section 7.1).
    fileprivate init(chunk: [UInt8]) {
        self.init()
        reserveCapacity(chunk.count + 16)
        writeString(String(chunk.count, radix: 16))
        writeStaticString("\r\n")
        writeBytes(chunk)
        writeStaticString("\r\n")
    }
}
