import ContractRuntime
import Logging
import NIOCore
import NIOHTTP1

/// The requests of one connection, one after the other: admits a head, gathers the body, answers.
///
/// Not `Sendable`: it lives on its channel's event loop, and so do the tasks that it starts.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        /// The body of an admitted request is coming.
        case reading(AdmittedRequest, body: [UInt8])
        /// The answer is known, and the rest of the request is dropped.
        case refusing(Answer)
        /// The answer is being made, or was written before the request's end.
        case answering
        case closing
    }

    private let responder: any Responder
    private let deadline: ConnectionDeadline
    private let executor: EventLoopTaskExecutor
    private let logger: Logger
    private var state = State.idle
    private var keepsAlive = true
    private var isHead = false

    init(responder: any Responder, deadline: ConnectionDeadline, executor: EventLoopTaskExecutor, logger: Logger) {
        self.responder = responder
        self.deadline = deadline
        self.executor = executor
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline.bodyTimedOut = { [weak self] in
            self?.refuseAndClose(.requestTimeout, context: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): receive(head, context: context)
        case .body(let bytes): receive(bytes, context: context)
        case .end: endRequest(context: context)
        }
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        keepsAlive = head.isKeepAlive
        isHead = head.method == .HEAD
        deadline.enter(.body)
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        if head.uri.utf8.count > HTTPLimits.target { return refuseAndClose(.uriTooLong, context: context) }
        switch responder.admit(head) {
        case .refused(let answer):
            // A client that waits for permission, or sends a lot, hears at once.
            if length > HTTPLimits.body || head.expectsContinue { return close(with: answer, context: context) }
            state = .refusing(answer)
        case .admitted(let request):
            if length > HTTPLimits.body { return refuseAndClose(.contentTooLarge, id: request.id, context: context) }
            state = .reading(request, body: [])
            if head.expectsContinue {
                let permission = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(permission)), promise: nil)
            }
        }
    }

    private func receive(_ bytes: ByteBuffer, context: ChannelHandlerContext) {
        guard case .reading(let request, var body) = state else { return }
        state = .answering
        guard body.count + bytes.readableBytes <= HTTPLimits.body else {
            return refuseAndClose(.contentTooLarge, id: request.id, context: context)
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
            answer(request, body, context: context)
        case .idle, .answering, .closing: break
        }
    }

    /// Runs the operation on this connection's event loop.
    private func answer(_ request: AdmittedRequest, _ body: [UInt8], context: ChannelHandlerContext) {
        let connection = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        Task(executorPreference: executor) { [responder] in
            let answer = await responder.respond(to: request, body: body)
            // The task's executor is the event loop, where the connection may be touched.
            let (handler, context) = connection.value
            handler.write(answer, context: context)
        }
    }

    private func write(_ answer: Answer, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = answer.headers
        if !keepsAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead, !answer.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        if keepsAlive {
            state = .idle
            deadline.enter(.idle)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            state = .closing
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
        }
    }

    /// Answers before the request's end; what may still come of it is not read.
    private func close(with answer: Answer, context: ChannelHandlerContext) {
        keepsAlive = false
        write(answer, context: context)
    }

    private func refuseAndClose(_ problem: Problem, id: String? = nil, context: ChannelHandlerContext) {
        close(with: Answer(problem, requestID: id ?? RequestID.random()), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (state, error) {
        case (.closing, _), (.answering, _): context.close(promise: nil)
        case (_, HTTPParserError.headerOverflow): refuseAndClose(.headTooLarge, context: context)
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
