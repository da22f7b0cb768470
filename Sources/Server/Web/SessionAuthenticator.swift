import ContractRuntime
import Generated
import Handlers

/// Opens sessions for tokens, and finds the principal of a session.
struct SessionAuthenticator: Sendable {
    let api: API
    let authenticator: Authenticator
    /// Failed attempts by address: a burst of five, then one per three minutes.
    private let failures = FailureLimiter<IPAddress?>(burst: 5, interval: .seconds(180))
    /// Failed confirmations of signed-in principals, by name.
    private let confirmations = FailureLimiter<String>(burst: 5, interval: .seconds(180))

    init(api: API, authenticator: Authenticator) {
        self.api = api
        self.authenticator = authenticator
    }

    /// Opens a session and returns its secret.
    ///
    /// - Parameters:
    ///   - token: A token that is not an agent's.
    ///   - address: The IP address of the client.
    /// - Throws: 401 for an invalid token, and 429 after too many invalid ones from the address.
    func open(_ token: String, from address: String) async throws(Problem) -> String {
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
        return try await api.openSession(tokenHash: TokenSecret.hash(token), of: principal.name)
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
            code: "REAUTHENTICATION_FAILED",
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

    /// The principal of a session, with the current roles of its token; nil if the session or its token is no longer valid.
    func principal(ofSession secret: String?) async throws(Problem) -> Principal? {
        guard let secret else { return nil }
        switch try await api.token(ofSession: secret) {
        case nil: return nil
        case .stored(let principal): return principal
        case .configured(let hash): return authenticator.configuredPrincipal(hash)
        }
    }
}
