import ContractRuntime
import Dashboard
import Generated
import Handlers

/// Opens sessions for tokens, finds the user of a session, and asks users to authenticate again.
struct SessionAuthenticator: Sendable {
    /// The user of a valid session.
    struct User: Sendable {
        let principal: Principal
        let authentication: WebRequest.Authentication
    }

    let api: API
    let authenticator: Authenticator
    /// The sessions of people from the OpenID provider; nil without one.
    let openID: OpenIDSessions?
    /// Seconds after authentication for which a session may send high-risk commands.
    let stepUpSeconds: Int
    /// Failed attempts by address: a burst of five, then one per three minutes.
    private let failures = FailureLimiter<IPAddress?>(burst: 5, interval: .seconds(180))
    /// Failed confirmations of signed-in principals, by name.
    private let confirmations = FailureLimiter<String>(burst: 5, interval: .seconds(180))

    init(api: API, authenticator: Authenticator, openID: OpenIDSessions? = nil, stepUpSeconds: Int = 900) {
        self.api = api
        self.authenticator = authenticator
        self.openID = openID
        self.stepUpSeconds = stepUpSeconds
    }

    /// Opens a session and returns its secret.
    ///
    /// - Parameters:
    ///   - token: A token that is not an agent's.
    ///   - address: The IP address of the client.
    ///   - browser: The field `User-Agent`.
    /// - Throws: 401 for an invalid token, and 429 after too many invalid ones from the address.
    func open(_ token: String, from address: String, browser: String? = nil) async throws(Problem) -> String {
        let source = IPAddress(address)?.source
        // A valid token is accepted even after too many failures from its address.
        guard let principal = try await principal(ofToken: token) else {
            let seconds = failures.recordFailure(of: source)
            // The log bounds its entries, so that a flood of failures is a few entries with counts.
            try await api.recordDenial(of: nil, operation: "login", address: address)
            if let seconds { throw Self.tooManyFailures(seconds) }
            throw Problem(status: 401, code: "UNAUTHORIZED", detail: "Invalid token.")
        }
        failures.forget(source)
        return try await api.openSession(tokenHash: TokenSecret.hash(token), of: principal.name, browser: browser)
    }

    /// Checks that the user of a session has authenticated for an operation: recently for a high-risk command, and with the token for each decision
    /// on a command. People of the OpenID provider have no token, so their authentication must be recent for a decision, too.
    ///
    /// - Throws: 403 if the user must authenticate again, and 429 after too many invalid tokens.
    func confirm(_ request: WebRequest, for route: Route) async throws(Problem) {
        let isDecision = [.approveCommand, .denyCommand].contains(route)
        switch request.authentication.kind {
        case .provider: if !request.authentication.isRecent { throw .stepUp(stepUpSeconds, "sign in") }
        case .token:
            if request.authentication.isRecent, !isDecision { return }
            guard let token = request.form["token"] else { throw .stepUp(stepUpSeconds, "enter your token") }
            try await confirm(token, of: request.principal, for: route, from: request.address)
            try await api.renewCurrentSession()
        }
    }

    /// Checks that a token belongs to the signed-in principal.
    ///
    /// - Parameters:
    ///   - principal: The principal of the session.
    ///   - route: The operation that requires the confirmation, for the audit log.
    ///   - address: The IP address of the client.
    /// - Throws: 403 for another token, and 429 after too many of them.
    func confirm(
        _ token: String,
        of principal: Principal,
        for route: Route,
        from address: String
    ) async throws(Problem) {
        // A failed lookup is rethrown, because it does not count as an invalid token.
        if let owner = try await self.principal(ofToken: token), owner.name.hasSameScalars(as: principal.name) {
            return confirmations.forget(principal.name)
        }
        let ofAddress = failures.recordFailure(of: IPAddress(address)?.source)
        let ofPrincipal = confirmations.recordFailure(of: principal.name)
        if let seconds = [ofAddress, ofPrincipal].compactMap({ $0 }).max() { throw Self.tooManyFailures(seconds) }
        try await api.recordDenial(of: principal.name, operation: route.rawValue, address: address)
        throw Problem(
            status: 403,
            code: WebRequest.Authentication.failedCode,
            detail: "The token does not belong to \(principal.name)."
        )
    }

    private static func tooManyFailures(_ seconds: Int) -> Problem {
        Problem(
            status: 429,
            code: "TOO_MANY_FAILURES",
            detail:
                "Invalid token, and too many failed attempts. Wait \(seconds / 60 + 1) min before you try another token.",
            retryAfterSeconds: seconds
        )
    }

    /// The principal of a token; nil if the token is invalid or an agent's.
    func principal(ofToken token: String) async throws(Problem) -> Principal? {
        let hash = TokenSecret.hash(token)
        if let principal = authenticator.configuredPrincipal(hash) { return principal }
        let principal = try await api.principal(ofTokenWithHash: hash)
        return principal?.subject == nil ? principal : nil
    }

    /// The user of a session, with current roles; nil if the session, its token or the person's access has ended.
    ///
    /// - Parameter isUse: Whether the user opened a page or sent a form.
    func user(ofSession secret: String?, isUse: Bool) async throws(Problem) -> User? {
        guard let secret, let session = try await api.session(secret) else { return nil }
        let (principal, kind) = try await owner(of: session, secret: secret)
        guard let principal else { return nil }
        if isUse { try await api.use(session, secret: secret) }
        return User(principal: principal, authentication: .init(kind: kind, isRecent: session.isRecent))
    }

    /// Ends a session whose user has signed in again.
    func replace(_ secret: String) async throws(Problem) {
        guard let session = try await api.session(secret) else { return }
        let name: String? =
            switch session.user {
            case .stored(let principal): principal.name
            case .configured(let hash): authenticator.configuredPrincipal(hash)?.name
            case .person(let person): person.principal.name
            }
        if let name { try await api.closeSession(secret: secret, of: name) }
    }

    private func owner(of session: WebSession, secret: String) async throws(Problem) -> (
        Principal?, WebRequest.Authentication.Kind
    ) {
        switch session.user {
        case .stored(let principal): (principal, .token)
        case .configured(let hash): (authenticator.configuredPrincipal(hash), .token)
        case .person(let person): (try await openID?.principal(of: person, secret: secret), .provider)
        }
    }
}

extension Problem {
    /// The 403 for an action that requires a recent authentication.
    fileprivate static func stepUp(_ seconds: Int, _ action: String) -> Problem {
        Problem(
            status: 403,
            code: WebRequest.Authentication.requiredCode,
            detail: "This action requires an authentication within the last \(seconds / 60) min: \(action) again."
        )
    }
}
