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
    let doorkeeper: Doorkeeper
    /// The name of the deployment.
    let environment: String
    /// A warning to show on the login page.
    let warning: String?

    func admit(_ head: HTTPRequestHead, from client: Client) -> Admission {
        let id = RequestID.of(head)
        let visit = Visit(head, from: client, id: id)
        guard [.GET, .HEAD, .POST].contains(head.method) else { return .refused(Self.methodNotAllowed(visit)) }
        if visit.isPost {
            do throws(Problem) { try head.checkMediaType(among: ["application/x-www-form-urlencoded"]) } catch {
                return .refused(Answer(error, requestID: id))
            }
        }
        return .admitted(
            AdmittedRequest(id: id, bodyLimit: 256 * 1_024, usesReserve: true) { body in
                await answer(visit, body)
            }
        )
    }

    func respond(to request: AdmittedRequest, body: [UInt8]) async -> Answer {
        await request.action(body)
    }

    private static func methodNotAllowed(_ visit: Visit) -> Answer {
        var answer = Answer(.methodNotAllowed, requestID: visit.id)
        answer.headers.add(name: "Allow", value: "GET, HEAD, POST")
        return answer
    }

    // MARK: - Without a session

    private func answer(_ visit: Visit, _ body: [UInt8]) async -> Answer {
        switch (visit.path.first, visit.isPost) {
        case ("assets", false): return asset(visit)
        case ("reference", false) where visit.path.count == 1: return reference(visit)
        case ("api", false) where visit.path == ["api", "healthz"]: return await operation(.getHealth, Request(), visit)
        case ("login", false) where visit.path.count == 1: return login(visit)
        case ("login", true) where visit.path.count == 1:
            return await logIn(visit, Fields(String(decoding: body, as: UTF8.self)))
        default: return await inside(visit, body)
        }
    }

    private func asset(_ visit: Visit) -> Answer {
        guard visit.path.count == 2, let asset = Asset.named(visit.path[1]) else {
            return Answer(.notFound, requestID: visit.id)
        }
        var answer = Answer(status: 200, contentType: asset.mediaType, body: asset.bytes, requestID: visit.id)
        answer.headers.replaceOrAdd(name: "Cache-Control", value: "max-age=60")
        return answer
    }

    /// The reference page contains its style, so it needs its own content security policy.
    private func reference(_ visit: Visit) -> Answer {
        var answer = html(200, ReferenceText.html, visit)
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.replaceOrAdd(name: "Content-Security-Policy", value: policy)
        return answer
    }

    private func login(_ visit: Visit, status: Int = 200, next: String? = nil, error: String? = nil) -> Answer {
        let page = DoorPage.login(
            environment: environment,
            theme: visit.theme,
            next: Visit.ownPath(next ?? visit.query["next"]),
            error: error,
            warning: warning,
            availability: dashboard.availability()
        )
        return html(status, page.html, visit)
    }

    private func logIn(_ visit: Visit, _ form: Fields) async -> Answer {
        let next = Visit.ownPath(form["next"])
        do throws(Problem) {
            let session = try await doorkeeper.open(form["token"] ?? "", from: visit.client.address)
            var answer = redirect(to: next, visit)
            answer.headers.add(name: "Set-Cookie", value: visit.sessionCookie(session, seconds: API.sessionSeconds))
            return answer
        } catch {
            if error.status == 503 { return away(error, visit) }
            return login(visit, status: error.status, next: next, error: error.detail)
        }
    }

    // MARK: - With a session

    private func inside(_ visit: Visit, _ body: [UInt8]) async -> Answer {
        let principal: Principal?
        do throws(Problem) { principal = try await doorkeeper.principal(ofSession: visit.session) } catch {
            return visit.path.first == "api" ? Answer(error, requestID: visit.id) : away(error, visit)
        }
        guard let principal, let session = visit.session else {
            if visit.path.first == "api" { return Answer(.unauthorized, requestID: visit.id) }
            return redirect(to: "/login?" + Fields(of: [("next", visit.isPost ? nil : visit.uri)]).text, visit)
        }
        switch (visit.path.first, visit.isPost) {
        case (nil, false): return redirect(to: "/dashboard", visit)
        case ("api", false): return await proxied(visit, by: principal)
        default: return await page(visit, body, session, principal)
        }
    }

    private func page(_ visit: Visit, _ body: [UInt8], _ session: String, _ principal: Principal) async -> Answer {
        let form = visit.isPost ? Fields(String(decoding: body, as: UTF8.self)) : .none
        let csrf = Doorkeeper.csrf(ofSession: session)
        if visit.isPost, form["csrf"] != csrf { return Answer(.foreignForm, requestID: visit.id) }
        if visit.isPost, visit.path == ["logout"] { return await logOut(visit, session) }
        if visit.isPost, visit.path == ["preferences"] { return preferences(visit, form) }
        let request = WebRequest(
            method: visit.isPost ? "POST" : "GET",
            path: visit.path,
            query: visit.query,
            form: form,
            principal: principal,
            address: visit.client.address,
            csrf: csrf,
            theme: visit.theme
        )
        switch await dashboard.respond(to: request) {
        case .page(let status, let text): return html(status, text, visit)
        case .redirect(let target): return redirect(to: target, visit)
        }
    }

    private func logOut(_ visit: Visit, _ session: String) async -> Answer {
        do throws(Problem) { try await api.closeSession(secret: session) } catch { return away(error, visit) }
        var answer = redirect(to: "/login", visit)
        answer.headers.add(name: "Set-Cookie", value: visit.sessionCookie("", seconds: 0))
        return answer
    }

    /// Stores preferences in the browser's cookies. They are not secret, and scripts read them.
    private func preferences(_ visit: Visit, _ form: Fields) -> Answer {
        var answer = redirect(to: Visit.ownPath(form["back"]), visit)
        let choices = [
            ("theme", ["auto", "light", "dark"]), ("zone", ["utc", "local"]), ("keys", ["on", "off"]),
        ]
        for (name, values) in choices {
            guard let value = form[name], values.contains(value) else { continue }
            answer.headers.add(name: "Set-Cookie", value: visit.cookie(name, value, seconds: 31_536_000))
        }
        return answer
    }

    /// Forwards a GET request to the API with the session's roles.
    private func proxied(_ visit: Visit, by principal: Principal) async -> Answer {
        if visit.path == ["api", "stream"] {
            let request = Request(headers: visit.headers, principal: principal)
            return await operation(.watchEvents, request, visit)
        }
        var path = String(visit.rawPath.dropFirst("/api".count))
        let found = path.withUTF8 { bytes -> (Route, [String])? in
            let segments = PathSegments(UnsafeRawBufferPointer(bytes))
            return PathItem.match(segments, query: visit.query.text).flatMap { item in
                item.get.map { ($0, segments.values(of: item.parameters)) }
            }
        }
        guard let (route, parameters) = found else { return Answer(.notFound, requestID: visit.id) }
        let isAllowed = route.security.contains { $0.allSatisfy { Authenticator.allows(principal, $0) } }
        guard isAllowed else {
            let needed = route.security.first?.first
            return Answer(needed.map { .forbidden($0) } ?? .notFound, requestID: visit.id)
        }
        let request = Request(
            pathParameters: parameters,
            query: visit.rawQuery,
            headers: visit.headers,
            principal: principal
        )
        return await operation(route, request, visit)
    }

    private func operation(_ route: Route, _ request: Request, _ visit: Visit) async -> Answer {
        do throws(Problem) {
            return Answer(try await api.respond(to: request, on: route), requestID: visit.id)
        } catch {
            return Answer(error, requestID: visit.id)
        }
    }

    // MARK: - Responses

    private func away(_ problem: Problem, _ visit: Visit) -> Answer {
        let page = DoorPage.away(
            environment: environment,
            theme: visit.theme,
            text: "The page cannot be shown: \(problem.detail)."
        )
        var answer = html(problem.status, page.html, visit)
        if let seconds = problem.retryAfterSeconds {
            answer.headers.add(name: "Retry-After", value: String(seconds))
        }
        return answer
    }

    /// A page that loads scripts, styles and connections only from this server, and that no page may frame.
    private func html(_ status: Int, _ text: String, _ visit: Visit) -> Answer {
        var answer = Answer(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: Array(text.utf8),
            requestID: visit.id
        )
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        answer.headers.add(name: "Content-Security-Policy", value: policy)
        answer.headers.add(name: "Referrer-Policy", value: "same-origin")
        answer.headers.add(name: "Cross-Origin-Opener-Policy", value: "same-origin")
        return answer
    }

    private func redirect(to path: String, _ visit: Visit) -> Answer {
        var answer = Answer(status: 303, contentType: nil, body: [], requestID: visit.id)
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
