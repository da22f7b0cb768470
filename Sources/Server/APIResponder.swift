import ContractRuntime
import Generated
import Handlers
import Logging
import NIOHTTP1

/// The API listener: routes and authenticates requests and passes them to the operations. It is a class because requests in flight retain
/// it.
final class APIResponder: Responder {
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

    /// Checks in the order that the interface defines: route, method, credentials, media type, size. Syntax and schema are checked with the
    /// body.
    func admit(_ head: HTTPRequestHead, from client: Client) -> Admission {
        let id = RequestID.of(head)
        let target = Self.split(head.uri)
        var path = target.path
        let found = path.withUTF8 { bytes -> (PathItem, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: target.query).map { item in
                (item, segments.values(of: item.parameters))
            }
        }
        guard let (item, parameters) = found else { return .refused(Answer(.notFound, requestID: id)) }
        guard let route = item.route(for: head.method) else {
            return .refused(Self.otherMethod(head.method, of: item, id))
        }
        let headers = route.readsHeaders ? head.headers.map { (name: $0.name, value: $0.value) } : []
        let request = Request(pathParameters: parameters, query: target.query, headers: headers)
        let caller = Caller(address: client.address, verdict: authenticator.examine(head.headers, for: route))
        do throws(Problem) {
            // A caller whose token must be looked up in the database learns of other problems only after that.
            if let principal = try known(caller, on: route) {
                try head.checkMediaType(among: route.mediaTypes)
                return .admitted(
                    AdmittedRequest(id: id, bodyLimit: route.bodyLimit, usesReserve: !route.security.isEmpty) {
                        [self] body in
                        await answer(request, by: principal, body, on: route, id)
                    }
                )
            }
            return .admitted(
                AdmittedRequest(id: id, bodyLimit: route.bodyLimit, usesReserve: !route.security.isEmpty) {
                    [self] body in
                    await verifyAndAnswer(request, by: caller, body, on: route, head, id)
                }
            )
        } catch {
            api.telemetry.recordRequest(route, status: error.status, duration: .zero)
            return .refused(Answer(error, requestID: id))
        }
    }

    // MARK: - Authentication

    /// The origin of a request and its header fields.
    private struct Caller {
        let address: String
        let verdict: Authenticator.Verdict
    }

    /// The caller if the database is not needed: `.some(nil)` if the operation is public, nil if the token must be looked up.
    private func known(_ caller: Caller, on route: Route) throws(Problem) -> Principal?? {
        switch caller.verdict {
        case .known(let principal): return .some(principal)
        case .unverified: return nil
        case .refused(let problem, let principal):
            if principal != nil { denials.add(principal?.name, route.rawValue, from: caller.address) }
            throw problem
        }
    }

    private func verifyAndAnswer(
        _ request: Request,
        by caller: Caller,
        _ body: [UInt8],
        on route: Route,
        _ head: HTTPRequestHead,
        _ id: String
    ) async -> Answer {
        do throws(Problem) {
            let principal = try await verified(caller, on: route)
            try head.checkMediaType(among: route.mediaTypes)
            return await answer(request, by: principal, body, on: route, id)
        } catch {
            api.telemetry.recordRequest(route, status: error.status, duration: .zero)
            return Answer(error, requestID: id)
        }
    }

    private func verified(_ caller: Caller, on route: Route) async throws(Problem) -> Principal {
        guard case .unverified(let hash, let scheme) = caller.verdict else { throw .unauthorized }
        if failures.isSlowed(tokenWithHash: hash) { throw await delayedRejection() }
        // A valid token is accepted regardless of earlier failures from its address.
        guard let principal = try await api.principal(ofTokenWithHash: hash) else {
            guard failures.record(tokenWithHash: hash, from: caller.address) else { throw await delayedRejection() }
            denials.add(nil, route.rawValue, from: caller.address)
            throw .unauthorized
        }
        do throws(Problem) {
            try authenticator.authorization.check(.token(principal, scheme), on: route)
            return principal
        } catch {
            denials.add(principal.name, route.rawValue, from: caller.address)
            throw error
        }
    }

    /// The rejection of an invalid token after many others.
    private func delayedRejection() async -> Problem {
        await failures.pause()
        return .unauthorized
    }

    // MARK: - Responses

    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer {
        await request.action(body)
    }

    private func answer(
        _ request: Request,
        by principal: Principal?,
        _ body: [UInt8],
        on route: Route,
        _ id: String
    ) async -> Answer {
        let start = ContinuousClock.now
        let answer = await respond(request, by: principal, body, on: route, id)
        api.telemetry.recordRequest(route, status: Int(answer.status.code), duration: ContinuousClock.now - start)
        return answer
    }

    private func respond(
        _ request: Request,
        by principal: Principal?,
        _ body: [UInt8],
        on route: Route,
        _ id: String
    ) async -> Answer {
        var request = request
        request.body = body
        request.principal = principal
        do throws(Problem) {
            let response = try await api.respond(to: request, on: route, validating: validation)
            log(response, route, id)
            return Answer(response, requestID: id)
        } catch {
            log(error, route, id)
            return Answer(error, requestID: id)
        }
    }

    // A separate function, because the function that awaits the response would otherwise reserve stack space for these texts.

    private func log(_ response: Response, _ route: Route, _ id: String) {
        logger.trace(
            "answered",
            metadata: ["operation": "\(route.rawValue)", "request": "\(id)", "status": "\(response.status)"]
        )
    }

    private func log(_ problem: Problem, _ route: Route, _ id: String) {
        let level: Logger.Level = problem.status >= 500 && problem.status != 503 ? .error : .debug
        let metadata: Logger.Metadata = [
            "operation": "\(route.rawValue)", "request": "\(id)", "code": "\(problem.code)",
            "detail": "\(problem.detail)",
        ]
        logger.log(level: level, "refused", metadata: metadata)
    }

    private static func split(_ target: String) -> (path: String, query: String) {
        guard let mark = target.firstIndex(of: "?") else { return (target, "") }
        return (String(target[..<mark]), String(target[target.index(after: mark)...]))
    }

    /// OPTIONS lists the supported methods; any other method is rejected.
    private static func otherMethod(_ method: HTTPMethod, of item: PathItem, _ id: String) -> Answer {
        var answer =
            method == .OPTIONS
            ? Answer(status: 204, contentType: nil, body: [], requestID: id) : Answer(.methodNotAllowed, requestID: id)
        answer.headers.add(name: "Allow", value: item.allowedMethods.joined(separator: ", "))
        return answer
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
