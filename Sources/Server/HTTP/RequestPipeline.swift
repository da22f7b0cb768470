import ContractRuntime
import Handlers
import Logging
import NIOHTTP1
import Postgres

/// The steps of every request, in order, for the API and the dashboard alike.
///
/// - `admit` checks a request's head, before its body is read.
/// - `AcceptedRequest.respond` runs when the body is complete.
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
        tracing: RequestTracing? = nil,
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
            tracing: tracing,
            logger: logger
        )
        admit = { head, peer in steps.admit(&head, from: &peer) }
    }

    /// The response to a request that ends without the pipeline: its connection found a problem.
    func response(to problem: Problem, id: String?, to client: Client) -> ServerResponse {
        ServerResponse(problem, requestID: id ?? RequestID.random()).protected(for: client)
    }
}

/// The steps of a request in which listeners differ, in the order in which `RequestPipeline` takes them.
protocol Responder: Sendable {
    associatedtype Target: RequestTarget
    associatedtype Caller: Sendable

    /// Finds the operation or page of a request, and authorizes the caller by the header fields.
    ///
    /// - Returns: The target, and its caller; nil if its credentials must be looked up in the database.
    func target(of head: HTTPRequestHead, from client: Client) throws(Rejection) -> (Target, Caller?)

    /// Authorizes a caller with the database.
    func authorize(_ target: Target, _ body: [UInt8]) async throws(Rejection) -> Caller

    /// Performs the operation or renders the page.
    func handle(_ target: Target, by caller: Caller, _ body: [UInt8]) async throws(Problem) -> ServerResponse

    /// Logs a response that `handle` returned, or the problem that it threw.
    func log(_ target: Target, status: Int, _ problem: Problem?)

    /// Counts a response.
    ///
    /// - Parameter duration: The time that `handle` took; zero if the request was not handled.
    func measure(_ target: Target, status: Int, _ duration: Duration)
}

/// The operation or page of a request.
protocol RequestTarget: Sendable {
    /// The request's id.
    var id: String { get }
    /// The media types of bodies that it reads; empty if it ignores bodies.
    var mediaTypes: [String] { get }
    /// The maximum number of bytes in a body; nil for the listener's limit.
    var bodyLimit: Int? { get }
    /// Whether it may use the reserved database connections, which agents must not exhaust.
    var usesReserve: Bool { get }

    /// The template of its path, for traces; nil if it has none.
    func template(in templates: RouteTemplates) -> String?
}

extension RequestTarget {
    func template(in templates: RouteTemplates) -> String? { nil }
}

/// The steps of a pipeline that depend on its responder.
private final class RequestSteps<R: Responder>: Sendable {
    /// A request whose head is checked.
    private struct CheckedRequest: Sendable {
        let target: R.Target
        /// The caller; nil if its credentials must be looked up in the database.
        let caller: R.Caller?
        let client: Client
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
    private let tracing: RequestTracing?
    private let logger: Logger

    init(
        responder: R,
        limits: HTTPLimits,
        connections: Connections,
        proxies: TrustedProxies,
        tracing: RequestTracing?,
        logger: Logger
    ) {
        self.responder = responder
        self.limits = limits
        self.connections = connections
        self.proxies = proxies
        self.tracing = tracing
        self.logger = logger
    }

    // MARK: - Before the body

    func admit(_ head: inout HTTPRequestHead, from peer: inout Peer) -> Admission {
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        do throws(Rejection) {
            try checkLength(of: head)
            try checkHostAndOrigin(of: &head, from: &peer)
            let (target, caller) = try responder.target(of: head, from: peer.client)
            let hasMediaType = head.hasMediaType(among: target.mediaTypes)
            // A caller whose token must be looked up in the database learns of other problems only after that.
            if caller != nil, !hasMediaType { throw unsupportedMediaType(of: target) }
            let usesReserve = target.usesReserve
            try checkConnectionLimit(of: peer, target, usesReserve: usesReserve)
            let bodyLimit = target.bodyLimit ?? limits.body
            try checkBody(length, target, bodyLimit)
            let request = CheckedRequest(
                target: target,
                caller: caller,
                client: peer.client,
                hasMediaType: hasMediaType,
                usesReserve: usesReserve,
                acceptsGzip: ResponseCompression.isWanted(by: head)
            )
            guard let tracing else {
                return .accepted(
                    AcceptedRequest(id: target.id, bodyLimit: bodyLimit) { [self] body in
                        await respond(to: request, body)
                    }
                )
            }
            let trace = tracing.request(head, isSecure: peer.client.isSecure)
            return .accepted(
                AcceptedRequest(id: target.id, bodyLimit: bodyLimit) { [self] body in
                    await tracing.response(to: trace, of: target) { await respond(to: request, body) }
                }
            )
        } catch {
            // Respond at once if the client waits for permission or would send a large body.
            let closes = error.closes || length > limits.body || head.expectsContinue
            return .rejected(error.response.protected(for: peer.client), closes: closes)
        }
    }

    private func checkLength(of head: HTTPRequestHead) throws(Rejection) {
        guard head.uri.utf8.count > limits.target else { return }
        throw Rejection(ServerResponse(.uriTooLong(limits), requestID: RequestID.random()), closes: true)
    }

    private func checkHostAndOrigin(of head: inout HTTPRequestHead, from peer: inout Peer) throws(Rejection) {
        let problem = peer.requestGuard.problem(with: &head)
        peer.client.isSecure = peer.requestGuard.isSecure
        if let proxy = peer.proxy { peer.client.address = proxies.client(before: proxy, head.headers) }
        guard let problem else { return }
        let id = RequestID.of(head)
        logger.debug("request rejected", metadata: ["request": "\(id)", "code": "\(problem.code)"])
        throw Rejection(ServerResponse(problem, requestID: id))
    }

    /// Above the limit of connections, only operators are served.
    private func checkConnectionLimit(of peer: Peer, _ target: R.Target, usesReserve: Bool) throws(Rejection) {
        guard peer.isSurplus, !usesReserve else { return }
        throw Rejection(ServerResponse(.tooManyConnections, requestID: target.id))
    }

    private func checkBody(_ length: Int, _ target: R.Target, _ limit: Int) throws(Rejection) {
        if length > limit {
            throw Rejection(ServerResponse(.contentTooLarge(limit), requestID: target.id), closes: true)
        }
        guard length > BodyMemory.smallBody, connections.isBodyLimitReached else { return }
        connections.telemetry.recordBodyRejection()
        throw Rejection(ServerResponse(.tooManyBodies, requestID: target.id), closes: true)
    }

    private func unsupportedMediaType(of target: R.Target) -> Rejection {
        let problem = Problem.unsupportedMediaType(target.mediaTypes)
        responder.measure(target, status: problem.status, .zero)
        return Rejection(ServerResponse(problem, requestID: target.id))
    }

    // MARK: - With the body

    private func respond(to request: CheckedRequest, _ body: [UInt8]) async -> ServerResponse {
        let response = await RequestScope.within(limits.responseTime, usesReserve: request.usesReserve) {
            do throws(Rejection) {
                let caller = try await authorized(request, body)
                return await handle(request.target, by: caller, body)
            } catch {
                return error.response
            }
        }
        guard ResponseCompression.applies(to: response) else { return finished(response, request) }
        return finished(await ResponseCompression.apply(to: response, acceptsGzip: request.acceptsGzip), request)
    }

    /// The caller, whose credentials are looked up in the database unless the head was enough.
    private func authorized(_ request: CheckedRequest, _ body: [UInt8]) async throws(Rejection) -> R.Caller {
        if let caller = request.caller { return caller }
        let caller = try await responder.authorize(request.target, body)
        guard request.hasMediaType else { throw unsupportedMediaType(of: request.target) }
        return caller
    }

    /// Decodes and validates the request, runs the operation, validates and encodes the response; then logs and measures it.
    private func handle(_ target: R.Target, by caller: R.Caller, _ body: [UInt8]) async -> ServerResponse {
        let start = ContinuousClock.now
        let response: ServerResponse
        do throws(Problem) {
            response = try await responder.handle(target, by: caller, body)
            responder.log(target, status: Int(response.status.code), nil)
        } catch {
            response = ServerResponse(error, requestID: target.id)
            responder.log(target, status: error.status, error)
        }
        responder.measure(target, status: Int(response.status.code), ContinuousClock.now - start)
        return response
    }

    /// The response, or a problem if it is large and clients leave too much unread.
    private func finished(_ response: ServerResponse, _ request: CheckedRequest) -> ServerResponse {
        guard case .bytes(let bytes) = response.body, bytes.count > limits.smallResponse,
            connections.isUnreadLimitReached
        else { return response.protected(for: request.client) }
        return ServerResponse(.tooManyUnreadResponses, requestID: request.target.id).protected(for: request.client)
    }
}

/// The end of a request before it is handled.
struct Rejection: Error {
    let response: ServerResponse
    /// Whether the connection is closed without reading the rest of the request.
    let closes: Bool

    init(_ response: ServerResponse, closes: Bool = false) {
        self.response = response
        self.closes = closes
    }
}

/// The result of checking a request's head.
enum Admission {
    case accepted(AcceptedRequest)
    /// - closes: Whether the connection is closed without reading the rest of the request.
    case rejected(ServerResponse, closes: Bool)
}

/// A request that may send its body.
struct AcceptedRequest: Sendable {
    let id: String
    /// The maximum number of bytes in the body.
    let bodyLimit: Int
    /// Takes the steps that need the body.
    let respond: @Sendable (_ body: [UInt8]) async -> ServerResponse
}

extension ServerResponse {
    /// Adds the header field that keeps a browser from using the server without TLS (RFC 6797).
    fileprivate func protected(for client: Client) -> ServerResponse {
        guard client.isSecure else { return self }
        var response = self
        response.headers.add(name: "Strict-Transport-Security", value: "max-age=31536000")
        return response
    }
}
