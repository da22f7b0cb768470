import ContractRuntime
import Dashboard
import Handlers
import NIOHTTP1

/// The pages that need no operation, and the responses to forms.
extension WebResponder {
    func asset(_ head: WebRequestHead) -> ServerResponse {
        guard head.path.count == 2, let asset = Asset.named(head.path[1]) else {
            return ServerResponse(.notFound, requestID: head.id)
        }
        var response = ServerResponse(status: 200, contentType: asset.mediaType, body: asset.bytes, requestID: head.id)
        response.headers.replaceOrAdd(name: "Cache-Control", value: "max-age=60")
        return response
    }

    /// The reference has an inline style, so it needs its own policy.
    func reference(_ head: WebRequestHead) -> ServerResponse {
        var response = html(200, ReferenceText.html, head)
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        response.headers.replaceOrAdd(name: "Content-Security-Policy", value: policy)
        return response
    }

    func signInPage(_ head: WebRequestHead, status: Int = 200, next: String? = nil, error: String? = nil)
        -> ServerResponse
    {
        let page = SignInPage.signIn(
            environment: environment,
            theme: head.theme,
            next: WebRequestHead.localPath(next ?? head.query["next"]),
            error: error,
            provider: sessions.openID?.name,
            warning: warning,
            availability: dashboard.availability()
        )
        return html(status, page.html, head)
    }

    func signIn(_ head: WebRequestHead, _ form: Fields) async -> ServerResponse {
        let next = WebRequestHead.localPath(form["next"])
        do throws(Problem) {
            let session = try await sessions.open(
                form["token"] ?? "",
                from: head.client.address,
                browser: head.headers["user-agent"]
            )
            var response = redirect(to: next, head)
            response.headers.add(name: "Set-Cookie", value: head.sessionCookie(session, seconds: API.sessionSeconds))
            return response
        } catch {
            if error.status == 503 { return unavailable(error, head) }
            return signInPage(head, status: error.status, next: next, error: error.detail)
        }
    }

    // MARK: - OpenID Connect

    /// Sends the browser to the OpenID provider.
    func beginOpenID(_ head: WebRequestHead) async -> ServerResponse {
        guard let openID = sessions.openID else { return ServerResponse(.notFound, requestID: head.id) }
        let next = WebRequestHead.localPath(head.query["next"])
        let isStepUp = head.query["again"] != nil
        do throws(Problem) {
            let (url, secret) = try await openID.begin(
                at: head.site,
                stepUpSeconds: isStepUp ? sessions.stepUpSeconds : nil
            )
            let attempt = SignInAttempt(secret: secret, isStepUp: isStepUp, next: next)
            var response = redirect(to: url, head)
            response.headers.add(name: "Set-Cookie", value: head.attemptCookie(attempt))
            return response
        } catch { return signInPage(head, status: error.status, next: next, error: error.detail) }
    }

    /// Opens a session with the provider's response. A session that the browser has ends: its user has authenticated again.
    func finishOpenID(_ head: WebRequestHead) async -> ServerResponse {
        guard let openID = sessions.openID else { return ServerResponse(.notFound, requestID: head.id) }
        let next = head.attempt?.next ?? "/dashboard"
        var response: ServerResponse
        var session: String?
        do throws(Problem) {
            session = try await openID.finish(
                head.query,
                secret: head.attempt?.secret,
                isStepUp: head.attempt?.isStepUp == true,
                at: head.site,
                browser: head.headers["user-agent"]
            )
            if let old = head.session { try await sessions.replace(old) }
            response = redirect(to: next, head)
        } catch {
            if error.status == 403 { denials.add(nil, "login", from: head.client.address) }
            response = signInPage(head, status: error.status, next: next, error: error.detail)
        }
        response.headers.add(name: "Set-Cookie", value: head.attemptCookie(nil))
        if let session {
            response.headers.add(name: "Set-Cookie", value: head.sessionCookie(session, seconds: API.sessionSeconds))
        }
        return response
    }

    /// Ends the session here, and sends people of the OpenID provider there to sign out, too.
    func signOut(_ head: WebRequestHead, _ user: SignedIn) async -> ServerResponse {
        var response: ServerResponse
        do throws(Problem) {
            let url = try await sessions.openID?.logoutURL(ofSession: user.session, at: head.site)
            try await api.closeSession(secret: user.session, of: user.principal.name)
            if let url {
                // A redirect of the form to another site would violate `form-action` of the policy.
                let page = SignInPage.signedOut(environment: environment, theme: head.theme, link: url)
                response = html(200, page.html, head)
                response.headers.add(name: "Refresh", value: HeaderText.safe("0; url=\(url)"))
            } else {
                response = redirect(to: "/login", head)
            }
        } catch { return unavailable(error, head) }
        response.headers.add(name: "Set-Cookie", value: head.sessionCookie("", seconds: 0))
        return response
    }

    /// The session's CSRF token. Other sites cannot read the response.
    func formToken(_ head: WebRequestHead, _ user: SignedIn) -> ServerResponse {
        let json = JSONObject { $0.member("csrf", FormToken.masked(ofSession: user.session)) }
        return ServerResponse(status: 200, contentType: "application/json", body: json.bytes, requestID: head.id)
    }

    /// Stores preferences in cookies. They are not secret, and scripts read them.
    func preferences(_ head: WebRequestHead, _ form: Fields) -> ServerResponse {
        var response = redirect(to: WebRequestHead.localPath(form["back"]), head)
        let choices = [
            ("theme", ["auto", "light", "dark"]), ("zone", ["utc", "local"]), ("keys", ["on", "off"]),
        ]
        for (name, values) in choices {
            guard let value = form[name], values.contains(value) else { continue }
            response.headers.add(name: "Set-Cookie", value: head.cookie(name, value, seconds: 31_536_000))
        }
        if let currency = WebRequestHead.currency(form["currency"]) {
            response.headers.add(name: "Set-Cookie", value: head.cookie("currency", currency, seconds: 31_536_000))
        }
        return response
    }

    // MARK: - Responses

    func unavailable(_ problem: Problem, _ head: WebRequestHead) -> ServerResponse {
        let page = SignInPage.unavailable(
            environment: environment,
            theme: head.theme,
            text: "The dashboard cannot load data: \(problem.detail).",
            isOfProvider: problem.code == "PROVIDER_UNAVAILABLE"
        )
        var response = html(problem.status, page.html, head)
        if let seconds = problem.retryAfterSeconds {
            response.headers.add(name: "Retry-After", value: String(seconds))
        }
        return response
    }

    /// A page that loads scripts, styles and data only from this server, and that other pages cannot frame.
    func html(_ status: Int, _ text: String, _ head: WebRequestHead) -> ServerResponse {
        var response = ServerResponse(
            status: status,
            contentType: "text/html; charset=utf-8",
            body: Array(text.utf8),
            requestID: head.id
        )
        let policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        response.headers.add(name: "Content-Security-Policy", value: policy)
        response.headers.add(name: "Referrer-Policy", value: "same-origin")
        response.headers.add(name: "Cross-Origin-Opener-Policy", value: "same-origin")
        return response
    }

    func redirect(to path: String, _ head: WebRequestHead) -> ServerResponse {
        var response = ServerResponse(status: 303, contentType: nil, body: [], requestID: head.id)
        response.headers.add(name: "Location", value: HeaderText.safe(path))
        return response
    }
}

/// The API reference, rendered once.
private enum ReferenceText {
    static let html = ReferencePage().html
}
