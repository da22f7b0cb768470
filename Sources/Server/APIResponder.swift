import ContractRuntime
import Generated
import Handlers
import Logging
import NIOHTTP1

/// The API's steps of a request. The order in which the interface reports problems is route, method, credentials, media type, size, syntax
/// and schema. It is a class because requests in flight retain it.
final class APIResponder: Responder {
    /// An operation and the parameters of its request.
    struct Target: RequestTarget {
        let id: String
        let route: Route
        let request: Request
        /// The client's IP address.
        let address: String
        /// The token to look up in the database.
        fileprivate(set) var unverified: (hash: String, scheme: SecurityScheme)?

        var mediaTypes: [String] { route.mediaTypes }
        var bodyLimit: Int? { route.bodyLimit }
        var usesReserve: Bool { Authorization.isForPeople(route) }
    }

    /// The principal; nil if the operation is public.
    typealias Caller = Principal?

    let api: API
    let authenticator: Authenticator
    private let failures = CredentialFailures()
    let denials: DenialLog
    let validation: ResponseValidation
    let logger: Logger

    init(api: API, authenticator: Authenticator, denials: DenialLog, validation: ResponseValidation, logger: Logger) {
        self.api = api
        self.authenticator = authenticator
        self.denials = denials
        self.validation = validation
        self.logger = logger
    }

    // MARK: - Target and caller

    func target(of head: HTTPRequestHead, from client: Client) throws(Rejection) -> (Target, Principal??) {
        let id = RequestID.of(head)
        let (route, request) = try operation(of: head, id)
        var target = Target(id: id, route: route, request: request, address: client.address)
        if route == .listPendingCommands, !AgentRequest.isPlausible(head) { throw rejection(of: target, .agentsOnly) }
        switch authenticator.examine(head.headers, for: route) {
        case .known(let principal): return (target, .some(principal))
        case .unverified(let hash, let scheme):
            target.unverified = (hash, scheme)
            return (target, nil)
        case .rejected(let problem, let principal):
            if principal != nil { deny(principal, target) }
            throw rejection(of: target, problem)
        }
    }

    private func operation(of head: HTTPRequestHead, _ id: String) throws(Rejection) -> (Route, Request) {
        let target = Self.split(head.uri)
        var path = target.path
        let found = path.withUTF8 { bytes -> (PathItem, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: target.query).map { item in
                (item, segments.values(of: item.parameters))
            }
        }
        guard let (item, parameters) = found else { throw Rejection(ServerResponse(.notFound, requestID: id)) }
        guard let route = item.route(for: head.method) else {
            throw Rejection(Self.otherMethod(head.method, of: item, id))
        }
        let headers = route.readsHeaders ? HeaderFields(head.headers.map { ($0.name, $0.value) }) : [:]
        return (route, Request(pathParameters: parameters, query: target.query, headers: headers))
    }

    private static func split(_ target: String) -> (path: String, query: String) {
        guard let mark = target.firstIndex(of: "?") else { return (target, "") }
        return (String(target[..<mark]), String(target[target.index(after: mark)...]))
    }

    /// OPTIONS lists the supported methods; any other method is rejected.
    private static func otherMethod(_ method: HTTPMethod, of item: PathItem, _ id: String) -> ServerResponse {
        var response =
            method == .OPTIONS
            ? ServerResponse(status: 204, contentType: nil, body: [], requestID: id)
            : ServerResponse(.methodNotAllowed, requestID: id)
        response.headers.add(name: "Allow", value: item.allowedMethods.joined(separator: ", "))
        return response
    }

    private func rejection(of target: Target, _ problem: Problem) -> Rejection {
        measure(target, status: problem.status, .zero)
        return Rejection(ServerResponse(problem, requestID: target.id))
    }

    // MARK: - Callers with tokens in the database

    func authorize(_ target: Target, _ body: [UInt8]) async throws(Rejection) -> Principal? {
        do throws(Problem) { return try await verified(target) } catch { throw rejection(of: target, error) }
    }

    private func verified(_ target: Target) async throws(Problem) -> Principal {
        guard let (hash, scheme) = target.unverified else { throw .unauthorized }
        if failures.isSlowed(tokenWithHash: hash) { throw await delayedRejection() }
        // A valid token is accepted regardless of earlier failures from its address.
        guard let principal = try await principal(with: hash, of: scheme) else {
            guard failures.record(tokenWithHash: hash, from: target.address) else { throw await delayedRejection() }
            deny(nil, target)
            throw .unauthorized
        }
        do throws(Problem) {
            try authenticator.authorization.check(.token(principal, scheme), on: target.route)
            return principal
        } catch {
            deny(principal, target)
            throw error
        }
    }

    private func principal(with hash: String, of scheme: SecurityScheme) async throws(Problem) -> Principal? {
        scheme.name.hasSameScalars(as: Authorization.enrolmentScheme)
            ? try await api.principal(ofCodeWithHash: hash) : try await api.principal(ofTokenWithHash: hash)
    }

    private func deny(_ principal: Principal?, _ target: Target) {
        denials.add(principal?.name, target.route.rawValue, from: target.address)
    }

    /// The rejection of an invalid token after many others.
    private func delayedRejection() async -> Problem {
        await failures.pause()
        return .unauthorized
    }

    // MARK: - Operation

    func handle(_ target: Target, by principal: Principal?, _ body: [UInt8]) async throws(Problem) -> ServerResponse {
        var request = target.request
        request.body = body
        request.principal = principal
        let credential = target.unverified.map { RequestClient.Credential.token(hash: $0.hash) }
        let client = RequestClient(address: target.address, credential: credential)
        let (route, requested) = (target.route, request)
        let response = try await client.call { () async throws(Problem) in
            try await api.recordExport(route, by: principal)
            return try await api.respond(to: requested, on: route, validating: validation)
        }
        return ServerResponse(response, requestID: target.id)
    }

    // MARK: - Log and metrics

    func log(_ target: Target, status: Int, _ problem: Problem?) {
        let operation = target.route.rawValue
        guard let problem else {
            logger.trace(
                "responded",
                metadata: ["operation": "\(operation)", "request": "\(target.id)", "status": "\(status)"].traced
            )
            return
        }
        let level: Logger.Level = problem.status >= 500 && problem.status != 503 ? .error : .debug
        let metadata: Logger.Metadata = [
            "operation": "\(operation)", "request": "\(target.id)", "code": "\(problem.code)",
            "detail": "\(problem.detail)",
        ]
        logger.log(level: level, "rejected", metadata: metadata.traced)
    }

    func measure(_ target: Target, status: Int, _ duration: Duration) {
        api.telemetry.recordRequest(target.route, status: status, duration: duration)
    }
}

extension PathItem {
    /// The operation for a method. HEAD is GET without the body (RFC 9110, section 9.3.2).
    func route(for method: HTTPMethod) -> Route? {
        switch method {
        case .GET: get
        case .HEAD: head ?? get
        case .PUT: put
        case .POST: post
        case .DELETE: delete
        case .PATCH: patch
        case .OPTIONS: options
        case .TRACE: trace
        default: others[method.rawValue]
        }
    }

    /// The value of the `Allow` header field.
    var allowedMethods: [String] {
        let methods: [(String, Route?)] = [
            ("GET", get), ("HEAD", head ?? get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch),
            ("TRACE", trace),
        ]
        return methods.filter { $0.1 != nil }.map(\.0) + others.keys.sorted() + ["OPTIONS"]
    }
}
