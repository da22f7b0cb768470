import ContractRuntime
import Dashboard
import Generated
import Handlers
import NIOHTTP1

/// The web listener's steps of a request: the sign-in page, the dashboard, the API reference, and GET requests of the API under `/api` for
/// signed-in users.
///
/// Tokens are never sent to a browser. A session is a separate secret in a cookie that scripts cannot read. It has the current roles of the
/// token that opened it.
struct WebResponder: Responder {
    /// A user with a valid session.
    struct SignedIn: Sendable {
        let session: String
        let principal: Principal
        let authentication: WebRequest.Authentication
        /// The fields of the submitted form.
        let form: Fields
    }

    typealias Target = WebTarget
    /// The user; nil if no session is needed.
    typealias Caller = SignedIn?

    let api: API
    let dashboard: Dashboard<API>
    let sessions: SessionAuthenticator
    let denials: DenialLog
    /// The name of the deployment.
    let environment: String
    /// A warning for the sign-in page.
    let warning: String?

    // MARK: - Target and caller

    func target(of httpHead: HTTPRequestHead, from client: Client) throws(Rejection) -> (WebTarget, SignedIn??) {
        let head = WebRequestHead(httpHead, from: client, id: RequestID.of(httpHead))
        guard [.GET, .HEAD, .POST].contains(httpHead.method) else { throw Rejection(Self.methodNotAllowed(head)) }
        let forms = ["application/x-www-form-urlencoded"]
        if head.isPost, !httpHead.hasMediaType(among: forms) {
            throw Rejection(ServerResponse(.unsupportedMediaType(forms), requestID: head.id))
        }
        let target = WebTarget(head)
        return (target, target.needsSession ? nil : .some(nil))
    }

    private static func methodNotAllowed(_ head: WebRequestHead) -> ServerResponse {
        var response = ServerResponse(.methodNotAllowed, requestID: head.id)
        response.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return response
    }

    func authorize(_ target: WebTarget, _ body: [UInt8]) async throws(Rejection) -> SignedIn? {
        let head = target.head
        let isAPI = head.path.first == "api"
        let found: SessionAuthenticator.User?
        do throws(Problem) { found = try await user(of: head) } catch {
            throw Rejection(isAPI ? ServerResponse(error, requestID: head.id) : unavailable(error, head))
        }
        guard let found, let session = head.session else {
            if isAPI { throw Rejection(ServerResponse(.unauthorized, requestID: head.id)) }
            throw Rejection(redirect(to: "/login?" + Fields(of: [("next", head.isPost ? nil : head.uri)]).text, head))
        }
        let principal = found.principal
        if case .operation(let route, _) = target.destination {
            do throws(Problem) {
                try sessions.authenticator.authorization.check(.session(principal), on: route)
            } catch {
                denials.add(principal.name, route.rawValue, from: head.client.address)
                throw Rejection(ServerResponse(error, requestID: head.id))
            }
        }
        let form = head.isPost ? Fields(String(decoding: body, as: UTF8.self)) : .none
        if head.isPost, !FormToken.isValid(form["csrf"], ofSession: session) {
            denials.add(principal.name, "form", from: head.client.address)
            throw Rejection(ServerResponse(.csrfMismatch, requestID: head.id))
        }
        return SignedIn(
            session: session,
            principal: principal,
            authentication: found.authentication,
            form: form
        )
    }

    /// The user of a request's session. An audit entry about the end of the session has the client's address.
    private func user(of head: WebRequestHead) async throws(Problem) -> SessionAuthenticator.User? {
        try await RequestClient(address: head.client.address, credential: nil).call { () async throws(Problem) in
            try await sessions.user(ofSession: head.session, isUse: !head.isUpdate)
        }
    }

    // MARK: - Pages

    func handle(_ target: WebTarget, by user: SignedIn?, _ body: [UInt8]) async throws(Problem) -> ServerResponse {
        let session = user.map { RequestClient.Credential.session(hash: TokenSecret.hash($0.session)) }
        let client = RequestClient(address: target.head.client.address, credential: session)
        return try await client.call { () async throws(Problem) in try await respond(to: target, by: user, body) }
    }

    private func respond(
        to target: WebTarget,
        by user: SignedIn?,
        _ body: [UInt8]
    ) async throws(Problem) -> ServerResponse {
        let head = target.head
        switch (target.destination, user) {
        case (.asset, _): return asset(head)
        case (.reference, _): return reference(head)
        case (.health, _):
            return ServerResponse(try await api.respond(to: Request(), on: .getHealth), requestID: head.id)
        case (.signInPage, _): return signInPage(head)
        case (.signIn, _): return await signIn(head, Fields(String(decoding: body, as: UTF8.self)))
        case (.openID, _): return await beginOpenID(head)
        case (.openIDResponse, _): return await finishOpenID(head)
        case (.home, _): return redirect(to: "/dashboard", head)
        case (.unknownOperation, _): throw .notFound
        case (.operation(let route, var request), let user):
            request.principal = user?.principal
            try await api.recordExport(route, by: user?.principal)
            return ServerResponse(try await api.respond(to: request, on: route), requestID: head.id)
        case (.signOut, let user?): return await signOut(head, user)
        case (.preferences, let user?): return preferences(head, user.form)
        case (.formToken, let user?): return formToken(head, user)
        case (.page, let user?): return await page(head, user)
        case (.signOut, nil), (.preferences, nil), (.formToken, nil), (.page, nil): throw .unauthorized
        }
    }

    private func page(_ head: WebRequestHead, _ user: SignedIn) async -> ServerResponse {
        let request = WebRequest(
            method: head.isPost ? "POST" : "GET",
            path: head.path,
            query: head.query,
            form: user.form,
            principal: user.principal,
            authentication: user.authentication,
            address: head.client.address,
            csrf: FormToken.masked(ofSession: user.session),
            theme: head.theme,
            isLocalTime: head.isLocalTime,
            hasShortcuts: head.hasShortcuts,
            reportingCurrency: head.reportingCurrency,
            known: KnownContent(blocks: head.knownBlocks, rows: head.knownRows)
        )
        switch await dashboard.respond(to: request) {
        case .page(let status, let text): return html(status, text, head)
        case .redirect(let target): return redirect(to: target, head)
        }
    }

    func log(_ target: WebTarget, status: Int, _ problem: Problem?) {}

    func measure(_ target: WebTarget, status: Int, _ duration: Duration) {}
}

extension Problem {
    fileprivate static let csrfMismatch = Problem(
        status: 403,
        code: "FOREIGN_FORM",
        detail: "the form belongs to another session: go back, reload the page and try again"
    )
}

/// The page, form or operation that a browser requests.
struct WebTarget: RequestTarget {
    enum Destination {
        case asset
        case reference
        /// The API's health, which scripts and probes read without a session.
        case health
        case signInPage
        case signIn
        /// The beginning of a sign-in at the OpenID provider.
        case openID
        /// The provider's response.
        case openIDResponse
        /// The start page, which depends on the session.
        case home
        /// A GET operation of the API.
        case operation(Route, Request)
        case unknownOperation
        case signOut
        case preferences
        /// The CSRF token for a form that the service worker submits.
        case formToken
        /// A page of the dashboard, or one of its forms.
        case page
    }

    let head: WebRequestHead
    let destination: Destination

    var id: String { head.id }
    var bodyLimit: Int? { 256 * 1_024 }
    var usesReserve: Bool { true }
    /// `WebResponder.target` checks the media type of forms, before the session is looked up.
    var mediaTypes: [String] { [] }

    init(_ head: WebRequestHead) {
        self.head = head
        destination = Self.destination(of: head)
    }

    /// Whether the caller must have a session.
    var needsSession: Bool {
        switch destination {
        case .asset, .reference, .health, .signInPage, .signIn, .openID, .openIDResponse: false
        case .home, .operation, .unknownOperation, .signOut, .preferences, .formToken, .page: true
        }
    }

    private static func destination(of head: WebRequestHead) -> Destination {
        switch (head.path.first, head.isPost) {
        case (nil, false): .home
        case ("assets", false): .asset
        case ("reference", false) where head.path.count == 1: .reference
        case ("api", false): operation(of: head)
        case ("login", let isPost) where head.path.count == 1: isPost ? .signIn : .signInPage
        case ("login", false) where head.path == ["login", "openid"]: .openID
        case ("login", false) where head.path == ["login", "openid", "callback"]: .openIDResponse
        case ("logout", true) where head.path.count == 1: .signOut
        case ("preferences", true) where head.path.count == 1: .preferences
        case ("form-token", false) where head.path.count == 1: .formToken
        default: .page
        }
    }

    private static func operation(of head: WebRequestHead) -> Destination {
        if head.path == ["api", "healthz"] { return .health }
        if head.path == ["api", "stream"] { return .operation(.watchEvents, Request(headers: head.headers)) }
        var path = String(head.rawPath.dropFirst("/api".count))
        let found = path.withUTF8 { bytes -> (Route, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: head.query.text).flatMap { item in
                item.get.map { ($0, segments.values(of: item.parameters)) }
            }
        }
        // Public operations are for agents and probes, which use the API's listener.
        guard let (route, parameters) = found, !route.security.isEmpty else { return .unknownOperation }
        return .operation(route, Request(pathParameters: parameters, query: head.rawQuery, headers: head.headers))
    }
}
