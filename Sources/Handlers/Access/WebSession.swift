public import ContractRuntime
import Generated
import Postgres

/// The dashboard's sessions. They are no operations of the contract: a session stands for a token, and clients with a token call the
/// operations with it.
extension API {
    /// How long a session lasts, in seconds.
    public static var sessionSeconds: Int { 12 * 3_600 }

    /// Who holds a session: a token of the server's configuration, of which only the hash is told, or one of the database.
    public enum SessionHolder: Sendable {
        case configured(tokenHash: String)
        case principal(Principal)
    }

    /// Opens a session for a token; the secret that the browser keeps.
    ///
    /// - Parameter tokenHash: The SHA-256 of the token, in hexadecimal.
    public func openSession(tokenHash: String) async throws(Problem) -> String {
        let secret = TokenSecret.random()
        let query = Query<Int>.openSession(
            hash: TokenSecret.hash(secret),
            tokenHash: tokenHash,
            seconds: Self.sessionSeconds
        )
        _ = try await run(query)
        return secret
    }

    /// Who holds the session with this secret; nil when there is none or it is over. A token that is not accepted any more is told of as
    /// a configured one, which the caller will not know.
    public func sessionHolder(secret: String) async throws(Problem) -> SessionHolder? {
        guard let row = try await run(.findSession(hash: TokenSecret.hash(secret))) else { return nil }
        guard let name = row.name, let roles = row.roles else { return .configured(tokenHash: row.tokenHash) }
        return .principal(Principal(name: name, scopes: Role.scopes(roles.compactMap(Role.init))))
    }

    /// Ends a session.
    public func closeSession(secret: String) async throws(Problem) {
        _ = try await run(.closeSession(hash: TokenSecret.hash(secret)))
    }
}
