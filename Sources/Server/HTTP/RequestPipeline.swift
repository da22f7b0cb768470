import ContractRuntime
import Handlers
import Logging
import NIOHTTP1
import Postgres

/// The steps of every request, in order, for the API and the dashboard alike.
///
/// - `admit` checks a request's head, before its body is read.
/// - `AdmittedRequest.answer` runs when the body is complete.
/// - `finish` runs before the response is written.
///
/// The steps in which the two listeners differ are those of `Responder`. A listener has one pipeline for all its connections.
struct RequestPipeline: Sendable {
    let limits: HTTPLimits
    let connections: Connections
    let proxies: TrustedProxies
    /// Checks a head. It is a closure because the compiler specializes it for the responder, unlike a method that is called through a generic
    /// class or a protocol.
    let admit: @Sendable (_ head: inout HTTPRequestHead, _ peer: inout Peer) -> Admission

    init(
        responder: some Responder,
        limits: HTTPLimits,
        connections: Connections,
        proxies: TrustedProxies,
        logger: Logger
    ) {
        self.limits = limits
        self.connections = connections
        self.proxies = proxies
        let steps = RequestSteps(
            responder: responder,
            limits: limits,
            connections: connections,
            proxies: proxies,
            logger: logger
        )
        admit = { head, peer in steps.admit(&head, from: &peer) }
    }

    /// A response of this size is rejected while clients leave too much unread.
    private static let largeAnswer = 32 * 1_024

    /// Adds the header fields that depend on the connection.
    ///
    /// - Parameter isLast: Whether the connection is closed afterwards.
    func finish(_ answer: Answer, to client: Client, isLast: Bool) -> Answer {
        var answer = answer
        if case .bytes(let bytes) = answer.body, bytes.count > Self.largeAnswer, connections.areAnswersUnread {
            answer = Answer(.tooManyUnreadAnswers, requestID: answer.headers.first(name: "X-Request-ID") ?? "")
        }
        if client.isSecure { answer.headers.add(name: "Strict-Transport-Security", value: "max-age=31536000") }
        if isLast { answer.headers.replaceOrAdd(name: "Connection", value: "close") }
        return answer
    }
}

/// The steps of a pipeline that depend on its responder.
private final class RequestSteps<R: Responder>: Sendable {
    /// A request whose head is checked.
    private struct CheckedRequest: Sendable {
        let target: R.Target
        /// The caller; nil if its credentials must be looked up in the database.
        let caller: R.Caller?
        /// Whether the target reads bodies of this media type.
        let hasMediaType: Bool
        /// Whether it may use the reserved database connections.
        let usesReserve: Bool
        /// Whether the response may be compressed.
        let acceptsGzip: Bool
    }

    private let responder: R
    private let limits: HTTPLimits
    private let connections: Connections
    private let proxies: TrustedProxies
    private let logger: Logger

    init(
        responder: R,
        limits: HTTPLimits,
        connections: Connections,
        proxies: TrustedProxies,
        logger: Logger
    ) {
        self.responder = responder
        self.limits = limits
        self.connections = connections
        self.proxies = proxies
        self.logger = logger
    }

    // MARK: - Before the body

    func admit(_ head: inout HTTPRequestHead, from peer: inout Peer) -> Admission {
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        do throws(Refusal) {
            try checkLength(of: head)
            try checkHostAndOrigin(of: &head, from: &peer)
            var target = try responder.route(head, from: peer.client)
            let caller = try authorize(&target, head)
            let hasMediaType = try checkMediaType(of: head, target, mayReveal: caller != nil)
            let usesReserve = target.usesReserve
            try checkConnectionLimit(of: peer, target, usesReserve: usesReserve)
            let bodyLimit = target.bodyLimit ?? limits.body
            try checkBody(length, target, bodyLimit)
            let request = CheckedRequest(
                target: target,
                caller: caller,
                hasMediaType: hasMediaType,
                usesReserve: usesReserve,
                acceptsGzip: ResponseCompression.isWanted(by: head)
            )
            return .admitted(
                AdmittedRequest(id: target.id, bodyLimit: bodyLimit) { [self] body in await answer(request, body) }
            )
        } catch {
            // Respond at once if the client waits for permission or would send a large body.
            let closes = error.closes || length > limits.body || head.expectsContinue
            return .refused(error.answer, closes: closes)
        }
    }

    private func checkLength(of head: HTTPRequestHead) throws(Refusal) {
        guard head.uri.utf8.count > limits.target else { return }
        throw Refusal(Answer(.uriTooLong(limits), requestID: RequestID.random()), closes: true)
    }

    private func checkHostAndOrigin(of head: inout HTTPRequestHead, from peer: inout Peer) throws(Refusal) {
        let problem = peer.requestGuard.problem(with: &head)
        peer.client.isSecure = peer.requestGuard.isSecure
        if let proxy = peer.proxy { peer.client.address = proxies.client(before: proxy, head.headers) }
        guard let problem else { return }
        let id = RequestID.of(head)
        logger.debug("request rejected", metadata: ["request": "\(id)", "code": "\(problem.code)"])
        throw Refusal(Answer(problem, requestID: id))
    }

    private func authorize(_ target: inout R.Target, _ head: HTTPRequestHead) throws(Refusal) -> R.Caller? {
        do throws(Problem) { return try responder.authorize(&target, head) } catch { throw refusal(of: target, error) }
    }

    /// Returns whether the body's media type is one that the target reads. A caller whose token must be looked up in the database learns
    /// of other problems only after that.
    private func checkMediaType(of head: HTTPRequestHead, _ target: R.Target, mayReveal: Bool) throws(Refusal) -> Bool {
        if head.hasMediaType(among: target.mediaTypes) { return true }
        if mayReveal { throw refusal(of: target, .unsupportedMediaType(target.mediaTypes)) }
        return false
    }

    /// Above the limit of connections, only operators are served.
    private func checkConnectionLimit(of peer: Peer, _ target: R.Target, usesReserve: Bool) throws(Refusal) {
        guard peer.isSurplus, !usesReserve else { return }
        throw Refusal(Answer(.tooManyConnections, requestID: target.id))
    }

    private func checkBody(_ length: Int, _ target: R.Target, _ limit: Int) throws(Refusal) {
        if length > limit { throw Refusal(Answer(.contentTooLarge(limit), requestID: target.id), closes: true) }
        guard length > BodyMemory.smallBody, connections.areBodiesFull else { return }
        connections.telemetry.recordBodyRefusal()
        throw Refusal(Answer(.tooManyBodies, requestID: target.id), closes: true)
    }

    private func refusal(of target: R.Target, _ problem: Problem) -> Refusal {
        responder.measure(target, status: problem.status, .zero)
        return Refusal(Answer(problem, requestID: target.id))
    }

    // MARK: - With the body

    private func answer(_ request: CheckedRequest, _ body: [UInt8]) async -> Answer {
        let answer = await RequestScope.within(limits.answerTime, usesReserve: request.usesReserve) {
            do throws(Refusal) {
                let caller = try await authorized(request, body)
                return await handle(request.target, by: caller, body)
            } catch {
                return error.answer
            }
        }
        guard ResponseCompression.applies(to: answer) else { return answer }
        return await ResponseCompression.apply(to: answer, acceptsGzip: request.acceptsGzip)
    }

    /// The caller, whose credentials are looked up in the database unless the head was enough.
    private func authorized(_ request: CheckedRequest, _ body: [UInt8]) async throws(Refusal) -> R.Caller {
        if let caller = request.caller { return caller }
        let caller = try await authorize(request.target, body)
        guard request.hasMediaType else {
            throw refusal(of: request.target, .unsupportedMediaType(request.target.mediaTypes))
        }
        return caller
    }

    private func authorize(_ target: R.Target, _ body: [UInt8]) async throws(Refusal) -> R.Caller {
        do throws(Refusal) { return try await responder.authorize(target, body) } catch {
            responder.measure(target, status: Int(error.answer.status.code), .zero)
            throw error
        }
    }

    /// Decodes and validates the request, runs the operation, validates and encodes the response; then logs and measures it.
    private func handle(_ target: R.Target, by caller: R.Caller, _ body: [UInt8]) async -> Answer {
        let start = ContinuousClock.now
        let answer: Answer
        do throws(Problem) {
            answer = try await responder.handle(target, by: caller, body)
            responder.log(target, status: Int(answer.status.code), nil)
        } catch {
            answer = Answer(error, requestID: target.id)
            responder.log(target, status: error.status, error)
        }
        responder.measure(target, status: Int(answer.status.code), ContinuousClock.now - start)
        return answer
    }
}

/// The other end of a connection.
struct Peer {
    var requestGuard: RequestGuard
    var client = Client(address: "", isSecure: false)
    /// The address of the other end, if it is a trusted proxy.
    private(set) var proxy: String?
    /// Whether the connection is beyond the limits: only operators are served.
    let isSurplus: Bool

    init(requestGuard: RequestGuard, isSurplus: Bool) {
        self.requestGuard = requestGuard
        self.isSurplus = isSurplus
    }

    /// Notes the address of the other end, which may be a trusted proxy.
    mutating func connected(to address: String, proxies: TrustedProxies) {
        client.address = address
        if proxies.contains(address) { proxy = address }
    }
}

/// The result of checking a request's head.
enum Admission {
    case admitted(AdmittedRequest)
    /// - closes: Whether the connection is closed without reading the rest of the request.
    case refused(Answer, closes: Bool)
}

/// A request that may send its body.
struct AdmittedRequest: Sendable {
    let id: String
    /// The maximum number of bytes in the body.
    let bodyLimit: Int
    /// Takes the steps that need the body.
    let answer: @Sendable (_ body: [UInt8]) async -> Answer
}

extension HTTPRequestHead {
    /// Whether the client waits for permission before it sends the body.
    var expectsContinue: Bool { headers.first(name: "Expect")?.lowercased() == "100-continue" }
}
