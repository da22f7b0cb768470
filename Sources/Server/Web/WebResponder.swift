import ContractRuntime
import Dashboard
import Generated
import Handlers
import NIOHTTP1

/// The web listener: the sign-in page, the dashboard, the API reference, and GET requests of the API under `/api` for signed-in users.
///
/// Tokens are never sent to a browser. A session is a separate secret in a cookie that scripts cannot read. It has the current roles of the
/// token that opened it.
struct WebResponder: Responder {
    let api: API
    let dashboard: Dashboard<API>
    let sessions: SessionAuthenticator
    /// The name of the deployment.
    let environment: String
    /// A warning for the sign-in page.
    let warning: String?

    func admit(_ httpHead: HTTPRequestHead, from client: Client) -> Admission {
        let id = RequestID.of(httpHead)
        let head = WebRequestHead(httpHead, from: client, id: id)
        guard [.GET, .HEAD, .POST].contains(httpHead.method) else { return .refused(Self.methodNotAllowed(head)) }
        if head.isPost {
            do throws(Problem) { try httpHead.checkMediaType(among: ["application/x-www-form-urlencoded"]) } catch {
                return .refused(Answer(error, requestID: id))
            }
        }
        return .admitted(
            AdmittedRequest(id: id, bodyLimit: 256 * 1_024, usesReserve: true) { body in
                await answer(head, body)
            }
        )
    }

    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer {
        await request.action(body)
    }

    private static func methodNotAllowed(_ head: WebRequestHead) -> Answer {
        var answer = Answer(.methodNotAllowed, requestID: head.id)
        answer.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return answer
    }

    // MARK: - Without a session

    private func answer(_ head: WebRequestHead, _ body: [UInt8]) async -> Answer {
        switch (head.path.first, head.isPost) {
        case ("assets", false): return asset(head)
        case ("reference", false) where head.path.count == 1: return reference(head)
        case ("api", false) where head.path == ["api", "healthz"]: return await operation(.getHealth, Request(), head)
        case ("login", false) where head.path.count == 1: return signInPage(head)
        case ("login", true) where head.path.count == 1:
            return await signIn(head, Fields(String(decoding: body, as: UTF8.self)))
        default: return await authenticated(head, body)
        }
    }

    private func asset(_ head: WebRequestHead) -> Answer {
        guard head.path.count == 2, let asset = Asset.named(head.path[1]) else {
            return Answer(.notFound, requestID: head.id)
        }
        var answer = Answer(status: 200, contentType: asset.mediaType, body: asset.bytes, requestID: head.id)
        answer.headers.replaceOrAdd(name: "Cache-Control", value: "max-age=60")
        return answer
    }

    /// The reference has an inline style, so it needs its own policy.
    private func reference(_ head: WebRequestHead) -> Answer {
        var answer = html(200, ReferenceText.html, head)
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.replaceOrAdd(name: "Content-Security-Policy", value: policy)
        return answer
    }

    private func signInPage(_ head: WebRequestHead, status: Int = 200, next: String? = nil, error: String? = nil)
        -> Answer
    {
        let page = SignInPage.signIn(
            environment: environment,
            theme: head.theme,
            next: WebRequestHead.localPath(next ?? head.query["next"]),
            error: error,
            warning: warning,
            availability: dashboard.availability()
        )
        return html(status, page.html, head)
    }

    private func signIn(_ head: WebRequestHead, _ form: Fields) async -> Answer {
        let next = WebRequestHead.localPath(form["next"])
        do throws(Problem) {
            let session = try await sessions.open(form["token"] ?? "", from: head.client.address)
            var answer = redirect(to: next, head)
            answer.headers.add(name: "Set-Cookie", value: head.sessionCookie(session, seconds: API.sessionSeconds))
            return answer
        } catch {
            if error.status == 503 { return unavailable(error, head) }
            return signInPage(head, status: error.status, next: next, error: error.detail)
        }
    }

    // MARK: - With a session

    private func authenticated(_ head: WebRequestHead, _ body: [UInt8]) async -> Answer {
        let principal: Principal?
        do throws(Problem) { principal = try await sessions.principal(ofSession: head.session) } catch {
            return head.path.first == "api" ? Answer(error, requestID: head.id) : unavailable(error, head)
        }
        guard let principal, let session = head.session else {
            if head.path.first == "api" { return Answer(.unauthorized, requestID: head.id) }
            return redirect(to: "/login?" + Fields(of: [("next", head.isPost ? nil : head.uri)]).text, head)
        }
        switch (head.path.first, head.isPost) {
        case (nil, false): return redirect(to: "/dashboard", head)
        case ("api", false): return await proxied(head, by: principal)
        default: return await page(head, body, session, principal)
        }
    }

    private func page(_ head: WebRequestHead, _ body: [UInt8], _ session: String, _ principal: Principal) async
        -> Answer
    {
        let form = head.isPost ? Fields(String(decoding: body, as: UTF8.self)) : .none
        let csrf = SessionAuthenticator.csrf(ofSession: session)
        if head.isPost, form["csrf"] != csrf { return Answer(.csrfMismatch, requestID: head.id) }
        if head.isPost, head.path == ["logout"] { return await signOut(head, session) }
        if head.isPost, head.path == ["preferences"] { return preferences(head, form) }
        let request = WebRequest(
            method: head.isPost ? "POST" : "GET",
            path: head.path,
            query: head.query,
            form: form,
            principal: principal,
            address: head.client.address,
            csrf: csrf,
            theme: head.theme
        )
        switch await dashboard.respond(to: request) {
        case .page(let status, let text): return html(status, text, head)
        case .redirect(let target): return redirect(to: target, head)
        }
    }

    private func signOut(_ head: WebRequestHead, _ session: String) async -> Answer {
        do throws(Problem) { try await api.closeSession(secret: session) } catch { return unavailable(error, head) }
        var answer = redirect(to: "/login", head)
        answer.headers.add(name: "Set-Cookie", value: head.sessionCookie("", seconds: 0))
        return answer
    }

    /// Stores preferences in cookies. They are not secret, and scripts read them.
    private func preferences(_ head: WebRequestHead, _ form: Fields) -> Answer {
        var answer = redirect(to: WebRequestHead.localPath(form["back"]), head)
        let choices = [
            ("theme", ["auto", "light", "dark"]), ("zone", ["utc", "local"]), ("keys", ["on", "off"]),
        ]
        for (name, values) in choices {
            guard let value = form[name], values.contains(value) else { continue }
            answer.headers.add(name: "Set-Cookie", value: head.cookie(name, value, seconds: 31_536_000))
        }
        return answer
    }

    /// A GET request of the API with the roles of the session.
    private func proxied(_ head: WebRequestHead, by principal: Principal) async -> Answer {
        if head.path == ["api", "stream"] {
            let request = Request(headers: head.headers, principal: principal)
            return await operation(.watchEvents, request, head)
        }
        var path = String(head.rawPath.dropFirst("/api".count))
        let found = path.withUTF8 { bytes -> (Route, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: head.query.text).flatMap { item in
                item.get.map { ($0, segments.values(of: item.parameters)) }
            }
        }
        // Public operations are for agents and probes, which use the API's listener.
        guard let (route, parameters) = found, !route.security.isEmpty else {
            return Answer(.notFound, requestID: head.id)
        }
        do throws(Problem) { try sessions.authenticator.authorization.check(.session(principal), on: route) } catch {
            return Answer(error, requestID: head.id)
        }
        let request = Request(
            pathParameters: parameters,
            query: head.rawQuery,
            headers: head.headers,
            principal: principal
        )
        return await operation(route, request, head)
    }

    private func operation(_ route: Route, _ request: Request, _ head: WebRequestHead) async -> Answer {
        do throws(Problem) {
            return Answer(try await api.respond(to: request, on: route), requestID: head.id)
        } catch {
            return Answer(error, requestID: head.id)
        }
    }

    // MARK: - Responses

    private func unavailable(_ problem: Problem, _ head: WebRequestHead) -> Answer {
        let page = SignInPage.unavailable(
            environment: environment,
            theme: head.theme,
            text: "The dashboard cannot load data: \(problem.detail)."
        )
        var answer = html(problem.status, page.html, head)
        if let seconds = problem.retryAfterSeconds {
            answer.headers.add(name: "Retry-After", value: String(seconds))
        }
        return answer
    }

    /// A page that loads scripts, styles and data only from this server, and that other pages cannot frame.
    private func html(_ status: Int, _ text: String, _ head: WebRequestHead) -> Answer {
        var answer = Answer(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: Array(text.utf8),
            requestID: head.id
        )
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.add(name: "Content-Security-Policy", value: policy)
        answer.headers.add(name: "Referrer-Policy", value: "same-origin")
        answer.headers.add(name: "Cross-Origin-Opener-Policy", value: "same-origin")
        return answer
    }

    private func redirect(to path: String, _ head: WebRequestHead) -> Answer {
        var answer = Answer(status: 303, contentType: nil, body: [], requestID: head.id)
        answer.headers.add(name: "Location", value: HeaderText.safe(path))
        return answer
    }
}

extension Problem {
    fileprivate static let csrfMismatch = Problem(
        status: 403,
        code: "FOREIGN_FORM",
        detail: "the form belongs to another session: go back, reload the page and try again"
    )
}

/// The API reference, rendered once.
private enum ReferenceText {
    static let html = ReferencePage().html
}
