import ContractRuntime
import Generated
import Handlers

/// Opens sessions for tokens, and authenticates requests by session.
struct SessionAuthenticator: Sendable {
    let api: API
    let authenticator: Authenticator
    /// Failed logins: a burst of five per address, then one every three minutes.
    private let failures = FailureLimiter<IPAddress?>(burst: 5, interval: .seconds(180))
    /// Failed confirmations of logged-in users, by name: a burst of five, then one every three minutes.
    private let confirmations = FailureLimiter<String>(burst: 5, interval: .seconds(180))

    init(api: API, authenticator: Authenticator) {
        self.api = api
        self.authenticator = authenticator
    }

    /// Opens a session for a token that may use the dashboard. Returns the session's secret.
    func open(_ token: String, from address: String) async throws(Problem) -> String {
        let source = IPAddress(address)?.source
        // A valid token is accepted regardless of earlier failures from its address.
        guard try await holder(of: token) != nil else {
            if let seconds = failures.recordFailure(of: source) { throw Self.tooManyFailures(seconds) }
            try await api.recordDenial(of: nil, operation: "login", address: address)
            throw Problem(status: 401, code: "UNAUTHORIZED", detail: "The token is not valid.")
        }
        failures.forget(source)
        return try await api.openSession(tokenHash: TokenSecret.hash(token))
    }

    /// Checks that a token belongs to the logged-in user.
    ///
    /// - Parameters:
    /// - route: The operation that requires the confirmation, for the audit log.
    /// - address: The address of the client.
    func confirm(
        _ token: String,
        of principal: Principal,
        for route: Route,
        from address: String
    ) async throws(Problem) {
        // If the token cannot be looked up, it is not an invalid token, so the error is passed on.
        if let holder = try await holder(of: token), holder.name.hasSameScalars(as: principal.name) {
            return confirmations.forget(principal.name)
        }
        let ofAddress = failures.recordFailure(of: IPAddress(address)?.source)
        let ofPrincipal = confirmations.recordFailure(of: principal.name)
        if let seconds = [ofAddress, ofPrincipal].compactMap({ $0 }).max() { throw Self.tooManyFailures(seconds) }
        try await api.recordDenial(of: principal.name, operation: route.rawValue, address: address)
        throw Problem(
            status: 403,
            code: "REAUTHENTICATION_FAILED",
            detail: "The token does not belong to \(principal.name)."
        )
    }

    private static func tooManyFailures(_ seconds: Int) -> Problem {
        Problem(
            status: 429,
            code: "TOO_MANY_FAILURES",
            detail: "The token is not valid, and there were too many failed attempts. "
                + "Try again in \(seconds / 60 + 1) minutes.",
            retryAfterSeconds: seconds
        )
    }

    /// The principal of a token; nil if the token is invalid or belongs to an agent.
    func holder(of token: String) async throws(Problem) -> Principal? {
        let hash = TokenSecret.hash(token)
        if let principal = authenticator.configuredPrincipal(hash) { return principal }
        let principal = try await api.principal(ofTokenWithHash: hash)
        return principal?.subject == nil ? principal : nil
    }

    /// The principal of a session, with the token's current roles; nil if the session or the token is no longer valid.
    func principal(ofSession secret: String?) async throws(Problem) -> Principal? {
        guard let secret else { return nil }
        switch try await api.sessionHolder(secret: secret) {
        case nil: return nil
        case .principal(let principal): return principal
        case .configured(let hash): return authenticator.configuredPrincipal(hash)
        }
    }

    /// The CSRF token in the session's forms. It is derived from the secret, which other pages cannot read, and reveals nothing about it.
    static func csrf(ofSession secret: String) -> String { TokenSecret.hash("form of \(secret)") }
}
