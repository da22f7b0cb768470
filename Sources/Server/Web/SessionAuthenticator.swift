import ContractRuntime
import Generated
import Handlers

/// Opens sessions for tokens, and tells whose a session is.
struct SessionAuthenticator: Sendable {
    let api: API
    let authenticator: Authenticator
    /// Wrong tokens: five at once from an address, then one in three minutes.
    private let failures = FailureLimiter<IPAddress?>(burst: 5, interval: .seconds(180))
    /// Wrong tokens of somebody who is logged in and proves it again, by name.
    private let confirmations = FailureLimiter<String>(burst: 5, interval: .seconds(180))

    init(api: API, authenticator: Authenticator) {
        self.api = api
        self.authenticator = authenticator
    }

    /// Opens a session for somebody with a token of the dashboard's; the session's secret.
    func open(_ token: String, from address: String) async throws(Problem) -> String {
        let source = IPAddress(address)?.source
        // A right token is right, whatever else came from its address.
        guard try await principal(ofToken: token) != nil else {
            if let seconds = failures.recordFailure(of: source) { throw Self.tooManyFailures(seconds) }
            try await api.recordDenial(of: nil, operation: "login", address: address)
            throw Problem(status: 401, code: "UNAUTHORIZED", detail: "That token is not accepted.")
        }
        failures.forget(source)
        return try await api.openSession(tokenHash: TokenSecret.hash(token))
    }

    /// Confirms that a token is the one of somebody who is logged in.
    ///
    /// - Parameters:
    ///   - route: The operation that asks for it, for the audit log.
    ///   - address: Where the request comes from.
    func confirm(
        _ token: String,
        of principal: Principal,
        for route: Route,
        from address: String
    ) async throws(Problem) {
        // A token that cannot be looked up is not a wrong one, so a failure is passed on.
        if let holder = try await self.principal(ofToken: token), holder.name.hasSameScalars(as: principal.name) {
            return confirmations.forget(principal.name)
        }
        let ofAddress = failures.recordFailure(of: IPAddress(address)?.source)
        let ofPrincipal = confirmations.recordFailure(of: principal.name)
        if let seconds = [ofAddress, ofPrincipal].compactMap({ $0 }).max() { throw Self.tooManyFailures(seconds) }
        try await api.recordDenial(of: principal.name, operation: route.rawValue, address: address)
        throw Problem(
            status: 403,
            code: "REAUTHENTICATION_FAILED",
            detail: "The token is not that of \(principal.name)."
        )
    }

    private static func tooManyFailures(_ seconds: Int) -> Problem {
        Problem(
            status: 429,
            code: "TOO_MANY_FAILURES",
            detail: "That token is not accepted, and too many wrong ones came from here. "
                + "Try another in \(seconds / 60 + 1) minutes.",
            retryAfterSeconds: seconds
        )
    }

    /// Whose token this is; nil when it is nobody's, or an agent's.
    func principal(ofToken token: String) async throws(Problem) -> Principal? {
        let hash = TokenSecret.hash(token)
        if let principal = authenticator.configuredPrincipal(hash) { return principal }
        let principal = try await api.principal(ofTokenWithHash: hash)
        return principal?.subject == nil ? principal : nil
    }

    /// Whose session it is, with the roles that the token has now; nil when it is over or the token is not accepted any more.
    func principal(ofSession secret: String?) async throws(Problem) -> Principal? {
        guard let secret else { return nil }
        switch try await api.sessionHolder(secret: secret) {
        case nil: return nil
        case .principal(let principal): return principal
        case .configured(let hash): return authenticator.configuredPrincipal(hash)
        }
    }

    /// What each form of a session carries: made of the secret that no other page can read, and telling nothing about it.
    static func csrf(ofSession secret: String) -> String { TokenSecret.hash("form of \(secret)") }
}
