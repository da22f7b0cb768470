public import ContractRuntime
import Generated
import Postgres

/// The dashboard's sessions. They are not operations of the contract: a session stands for a token, and clients with a token call the
/// operations with it.
extension API {
    /// The lifetime of a session in seconds.
    public static var sessionSeconds: Int { 12 * 3_600 }

    /// The token of a session: a configured one, known by its hash, or one in the database, known by its principal.
    public enum SessionToken: Sendable {
        case configured(hash: String)
        case stored(Principal)
    }

    /// Opens a session for a token. Returns the secret for the browser.
    ///
    /// - Parameters:
    ///   - tokenHash: The SHA-256 of the token, in hexadecimal.
    ///   - principal: The name of its owner, for the audit log.
    public func openSession(tokenHash: String, of principal: String) async throws(Problem) -> String {
        let secret = TokenSecret.random()
        let hash = TokenSecret.hash(secret)
        try await transaction { transaction in
            _ = try transaction.run(
                .openSession(hash: hash, tokenHash: tokenHash, seconds: Self.sessionSeconds)
            )
            try transaction.record(.logIn, on: .session, Self.name(ofSession: hash), by: principal, details: .empty)
        }
        return secret
    }

    /// The name of a session in the audit log, which reveals nothing of its secret.
    private static func name(ofSession hash: String) -> String { String(hash.prefix(16)) }

    /// The token of the session with this secret; nil if the session does not exist or has expired. A token that is no longer valid is
    /// returned as a configured one, which the caller will not recognize.
    public func token(ofSession secret: String) async throws(Problem) -> SessionToken? {
        guard let row = try await run(.findSession(hash: TokenSecret.hash(secret))) else { return nil }
        guard let name = row.name, let roles = row.roles else { return .configured(hash: row.tokenHash) }
        return .stored(Principal(name: name, scopes: Role.scopes(roles.compactMap(Role.init))))
    }

    /// Ends a session.
    ///
    /// - Parameter principal: The name of its user, for the audit log.
    public func closeSession(secret: String, of principal: String) async throws(Problem) {
        let hash = TokenSecret.hash(secret)
        try await transaction { transaction in
            guard try transaction.run(.closeSession(hash: hash)) == 1 else { return }
            try transaction.record(.logOut, on: .session, Self.name(ofSession: hash), by: principal, details: .empty)
        }
    }
}
