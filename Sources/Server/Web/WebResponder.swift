import ContractRuntime
import Dashboard
import Generated
import Handlers
import NIOHTTP1

/// The web listener: the dashboard after login, the API reference, and the API under `/api` for logged-in users.
///
/// A token is never sent to a browser. A session has its own secret in a cookie that scripts cannot read, and the current permissions of
/// the token that opened it.
struct WebResponder: Responder {
    let api: API
    let dashboard: Dashboard<API>
    let sessions: SessionAuthenticator
    /// The name of the deployment.
    let environment: String
    /// A warning to show on the login page.
    let warning: String?

    func admit(_ head: HTTPRequestHead, from client: Client) -> Admission {
        let id = RequestID.of(head)
        let browserRequest = BrowserRequest(head, from: client, id: id)
        guard [.GET, .HEAD, .POST].contains(head.method) else { return .refused(Self.methodNotAllowed(browserRequest)) }
        if browserRequest.isPost {
            do throws(Problem) { try head.checkMediaType(among: ["application/x-www-form-urlencoded"]) } catch {
                return .refused(Answer(error, requestID: id))
            }
        }
        return .admitted(
            AdmittedRequest(id: id, bodyLimit: 256 * 1_024, usesReserve: true) { body in
                await answer(browserRequest, body)
            }
        )
    }

    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer {
        await request.action(body)
    }

    private static func methodNotAllowed(_ browserRequest: BrowserRequest) -> Answer {
        var answer = Answer(.methodNotAllowed, requestID: browserRequest.id)
        answer.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return answer
    }

    // MARK: - Without a session

    private func answer(_ browserRequest: BrowserRequest, _ body: [UInt8]) async -> Answer {
        switch (browserRequest.path.first, browserRequest.isPost) {
        case ("assets", false): return asset(browserRequest)
        case ("reference", false) where browserRequest.path.count == 1: return reference(browserRequest)
        case ("api", false) where browserRequest.path == ["api", "healthz"]:
            return await operation(.getHealth, Request(), browserRequest)
        case ("login", false) where browserRequest.path.count == 1: return login(browserRequest)
        case ("login", true) where browserRequest.path.count == 1:
            return await logIn(browserRequest, Fields(String(decoding: body, as: UTF8.self)))
        default: return await authenticated(browserRequest, body)
        }
    }

    private func asset(_ browserRequest: BrowserRequest) -> Answer {
        guard browserRequest.path.count == 2, let asset = Asset.named(browserRequest.path[1]) else {
            return Answer(.notFound, requestID: browserRequest.id)
        }
        var answer = Answer(status: 200, contentType: asset.mediaType, body: asset.bytes, requestID: browserRequest.id)
        answer.headers.replaceOrAdd(name: "Cache-Control", value: "max-age=60")
        return answer
    }

    /// The reference page contains its style, so it needs its own content security policy.
    private func reference(_ browserRequest: BrowserRequest) -> Answer {
        var answer = html(200, ReferenceText.html, browserRequest)
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.replaceOrAdd(name: "Content-Security-Policy", value: policy)
        return answer
    }

    private func login(_ browserRequest: BrowserRequest, status: Int = 200, next: String? = nil, error: String? = nil)
        -> Answer
    {
        let page = DoorPage.login(
            environment: environment,
            theme: browserRequest.theme,
            next: BrowserRequest.ownPath(next ?? browserRequest.query["next"]),
            error: error,
            warning: warning,
            availability: dashboard.availability()
        )
        return html(status, page.html, browserRequest)
    }

    private func logIn(_ browserRequest: BrowserRequest, _ form: Fields) async -> Answer {
        let next = BrowserRequest.ownPath(form["next"])
        do throws(Problem) {
            let session = try await sessions.open(form["token"] ?? "", from: browserRequest.client.address)
            var answer = redirect(to: next, browserRequest)
            answer.headers.add(
                name: "Set-Cookie",
                value: browserRequest.sessionCookie(session, seconds: API.sessionSeconds)
            )
            return answer
        } catch {
            if error.status == 503 { return unavailable(error, browserRequest) }
            return login(browserRequest, status: error.status, next: next, error: error.detail)
        }
    }

    // MARK: - With a session

    private func authenticated(_ browserRequest: BrowserRequest, _ body: [UInt8]) async -> Answer {
        let principal: Principal?
        do throws(Problem) { principal = try await sessions.principal(ofSession: browserRequest.session) } catch {
            return browserRequest.path.first == "api"
                ? Answer(error, requestID: browserRequest.id) : unavailable(error, browserRequest)
        }
        guard let principal, let session = browserRequest.session else {
            if browserRequest.path.first == "api" { return Answer(.unauthorized, requestID: browserRequest.id) }
            return redirect(
                to: "/login?" + Fields(of: [("next", browserRequest.isPost ? nil : browserRequest.uri)]).text,
                browserRequest
            )
        }
        switch (browserRequest.path.first, browserRequest.isPost) {
        case (nil, false): return redirect(to: "/dashboard", browserRequest)
        case ("api", false): return await proxied(browserRequest, by: principal)
        default: return await page(browserRequest, body, session, principal)
        }
    }

    private func page(_ browserRequest: BrowserRequest, _ body: [UInt8], _ session: String, _ principal: Principal)
        async -> Answer
    {
        let form = browserRequest.isPost ? Fields(String(decoding: body, as: UTF8.self)) : .none
        let csrf = SessionAuthenticator.csrf(ofSession: session)
        if browserRequest.isPost, form["csrf"] != csrf { return Answer(.foreignForm, requestID: browserRequest.id) }
        if browserRequest.isPost, browserRequest.path == ["logout"] { return await logOut(browserRequest, session) }
        if browserRequest.isPost, browserRequest.path == ["preferences"] { return preferences(browserRequest, form) }
        let request = WebRequest(
            method: browserRequest.isPost ? "POST" : "GET",
            path: browserRequest.path,
            query: browserRequest.query,
            form: form,
            principal: principal,
            address: browserRequest.client.address,
            csrf: csrf,
            theme: browserRequest.theme
        )
        switch await dashboard.respond(to: request) {
        case .page(let status, let text): return html(status, text, browserRequest)
        case .redirect(let target): return redirect(to: target, browserRequest)
        }
    }

    private func logOut(_ browserRequest: BrowserRequest, _ session: String) async -> Answer {
        do throws(Problem) { try await api.closeSession(secret: session) } catch {
            return unavailable(error, browserRequest)
        }
        var answer = redirect(to: "/login", browserRequest)
        answer.headers.add(name: "Set-Cookie", value: browserRequest.sessionCookie("", seconds: 0))
        return answer
    }

    /// Stores preferences in the browser's cookies. They are not secret, and scripts read them.
    private func preferences(_ browserRequest: BrowserRequest, _ form: Fields) -> Answer {
        var answer = redirect(to: BrowserRequest.ownPath(form["back"]), browserRequest)
        let choices = [
            ("theme", ["auto", "light", "dark"]), ("zone", ["utc", "local"]), ("keys", ["on", "off"]),
        ]
        for (name, values) in choices {
            guard let value = form[name], values.contains(value) else { continue }
            answer.headers.add(name: "Set-Cookie", value: browserRequest.cookie(name, value, seconds: 31_536_000))
        }
        return answer
    }

    /// Forwards a GET request to the API with the session's roles.
    private func proxied(_ browserRequest: BrowserRequest, by principal: Principal) async -> Answer {
        if browserRequest.path == ["api", "stream"] {
            let request = Request(headers: browserRequest.headers, principal: principal)
            return await operation(.watchEvents, request, browserRequest)
        }
        var path = String(browserRequest.rawPath.dropFirst("/api".count))
        let found = path.withUTF8 { bytes -> (Route, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: browserRequest.query.text).flatMap { item in
                item.get.map { ($0, segments.values(of: item.parameters)) }
            }
        }
        guard let (route, parameters) = found else { return Answer(.notFound, requestID: browserRequest.id) }
        let isAllowed = route.security.contains { $0.allSatisfy { Authenticator.allows(principal, $0) } }
        guard isAllowed else {
            let needed = route.security.first?.first
            return Answer(needed.map { .forbidden($0) } ?? .notFound, requestID: browserRequest.id)
        }
        let request = Request(
            pathParameters: parameters,
            query: browserRequest.rawQuery,
            headers: browserRequest.headers,
            principal: principal
        )
        return await operation(route, request, browserRequest)
    }

    private func operation(_ route: Route, _ request: Request, _ browserRequest: BrowserRequest) async -> Answer {
        do throws(Problem) {
            return Answer(try await api.respond(to: request, on: route), requestID: browserRequest.id)
        } catch {
            return Answer(error, requestID: browserRequest.id)
        }
    }

    // MARK: - Responses

    private func unavailable(_ problem: Problem, _ browserRequest: BrowserRequest) -> Answer {
        let page = DoorPage.away(
            environment: environment,
            theme: browserRequest.theme,
            text: "The page cannot be shown: \(problem.detail)."
        )
        var answer = html(problem.status, page.html, browserRequest)
        if let seconds = problem.retryAfterSeconds {
            answer.headers.add(name: "Retry-After", value: String(seconds))
        }
        return answer
    }

    /// A page that loads scripts, styles and connections only from this server, and that no page may frame.
    private func html(_ status: Int, _ text: String, _ browserRequest: BrowserRequest) -> Answer {
        var answer = Answer(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: Array(text.utf8),
            requestID: browserRequest.id
        )
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.add(name: "Content-Security-Policy", value: policy)
        answer.headers.add(name: "Referrer-Policy", value: "same-origin")
        answer.headers.add(name: "Cross-Origin-Opener-Policy", value: "same-origin")
        return answer
    }

    private func redirect(to path: String, _ browserRequest: BrowserRequest) -> Answer {
        var answer = Answer(status: 303, contentType: nil, body: [], requestID: browserRequest.id)
        answer.headers.add(name: "Location", value: HeaderText.safe(path))
        return answer
    }
}

extension Problem {
    fileprivate static let foreignForm = Problem(
        status: 403,
        code: "FOREIGN_FORM",
        detail: "the form does not belong to this session; go back, reload the page and try again"
    )
}

/// The reference page, rendered once.
private enum ReferenceText {
    static let html = ReferencePage().html
}
