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
        /// The fields of the submitted form.
        let form: Fields
    }

    typealias Target = WebTarget
    /// The user; nil if no session is needed.
    typealias Caller = SignedIn?

    let api: API
    let dashboard: Dashboard<API>
    let sessions: SessionAuthenticator
    /// The name of the deployment.
    let environment: String
    /// A warning for the sign-in page.
    let warning: String?

    // MARK: - Routing

    func route(_ httpHead: HTTPRequestHead, from client: Client) throws(Refusal) -> WebTarget {
        let head = WebRequestHead(httpHead, from: client, id: RequestID.of(httpHead))
        guard [.GET, .HEAD, .POST].contains(httpHead.method) else { throw Refusal(Self.methodNotAllowed(head)) }
        let forms = ["application/x-www-form-urlencoded"]
        if head.isPost, !httpHead.hasMediaType(among: forms) {
            throw Refusal(Answer(.unsupportedMediaType(forms), requestID: head.id))
        }
        return WebTarget(head)
    }

    private static func methodNotAllowed(_ head: WebRequestHead) -> Answer {
        var answer = Answer(.methodNotAllowed, requestID: head.id)
        answer.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return answer
    }

    // MARK: - Authorization

    /// Returns `.some(nil)` if no session is needed.
    func authorize(_ target: inout WebTarget, _ head: HTTPRequestHead) throws(Problem) -> SignedIn?? {
        target.needsSession ? nil : .some(nil)
    }

    func authorize(_ target: WebTarget, _ body: [UInt8]) async throws(Refusal) -> SignedIn? {
        let head = target.head
        let isAPI = head.path.first == "api"
        let principal: Principal?
        do throws(Problem) { principal = try await sessions.principal(ofSession: head.session) } catch {
            throw Refusal(isAPI ? Answer(error, requestID: head.id) : unavailable(error, head))
        }
        guard let principal, let session = head.session else {
            if isAPI { throw Refusal(Answer(.unauthorized, requestID: head.id)) }
            throw Refusal(redirect(to: "/login?" + Fields(of: [("next", head.isPost ? nil : head.uri)]).text, head))
        }
        if case .operation(let route, _) = target.destination {
            do throws(Problem) {
                try sessions.authenticator.authorization.check(.session(principal), on: route)
            } catch {
                throw Refusal(Answer(error, requestID: head.id))
            }
        }
        let form = head.isPost ? Fields(String(decoding: body, as: UTF8.self)) : .none
        if head.isPost, !FormToken.isValid(form["csrf"], ofSession: session) {
            throw Refusal(Answer(.csrfMismatch, requestID: head.id))
        }
        return SignedIn(session: session, principal: principal, form: form)
    }

    // MARK: - Pages

    func handle(_ target: WebTarget, by user: SignedIn?, _ body: [UInt8]) async throws(Problem) -> Answer {
        let head = target.head
        switch (target.destination, user) {
        case (.asset, _): return asset(head)
        case (.reference, _): return reference(head)
        case (.health, _): return Answer(try await api.respond(to: Request(), on: .getHealth), requestID: head.id)
        case (.signInPage, _): return signInPage(head)
        case (.signIn, _): return await signIn(head, Fields(String(decoding: body, as: UTF8.self)))
        case (.home, _): return redirect(to: "/dashboard", head)
        case (.unknownOperation, _): throw .notFound
        case (.operation(let route, var request), let user):
            request.principal = user?.principal
            return Answer(try await api.respond(to: request, on: route), requestID: head.id)
        case (.signOut, let user?): return await signOut(head, user)
        case (.preferences, let user?): return preferences(head, user.form)
        case (.page, let user?): return await page(head, user)
        case (.signOut, nil), (.preferences, nil), (.page, nil): throw .unauthorized
        }
    }

    func log(_ target: WebTarget, status: Int, _ problem: Problem?) {}

    func measure(_ target: WebTarget, status: Int, _ duration: Duration) {}

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

    private func page(_ head: WebRequestHead, _ user: SignedIn) async -> Answer {
        let request = WebRequest(
            method: head.isPost ? "POST" : "GET",
            path: head.path,
            query: head.query,
            form: user.form,
            principal: user.principal,
            address: head.client.address,
            csrf: FormToken.masked(ofSession: user.session),
            theme: head.theme
        )
        switch await dashboard.respond(to: request) {
        case .page(let status, let text): return html(status, text, head)
        case .redirect(let target): return redirect(to: target, head)
        }
    }

    private func signOut(_ head: WebRequestHead, _ user: SignedIn) async -> Answer {
        do throws(Problem) { try await api.closeSession(secret: user.session) } catch {
            return unavailable(error, head)
        }
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
