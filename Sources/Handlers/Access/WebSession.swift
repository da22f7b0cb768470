public import ContractRuntime
import Generated
import Postgres

/// A valid session of the dashboard.
public struct WebSession: Sendable {
    /// The user of a session.
    public enum User: Sendable {
        /// The owner of a configured token, known by its hash. The caller does not recognize a token that is no longer valid.
        case configured(hash: String)
        /// The owner of a token in the database.
        case stored(Principal)
        /// A person of an OpenID provider.
        case person(OpenIDPerson)
    }

    public let user: User
    /// Whether its user has authenticated within `Configuration.stepUpSeconds`.
    public let isRecent: Bool
    /// Whether its last use was long enough ago to record the next one.
    let isUseDue: Bool
}

/// When a user authenticated.
enum Authentication: Equatable {
    /// With the request that opens the session.
    case now
    /// At a time that an OpenID provider states; nil if it does not. A time after the database's counts as now.
    case at(Timestamp?)

    fileprivate var time: Timestamp? {
        switch self {
        case .now: nil
        case .at(let time): time
        }
    }
}

/// The dashboard's sessions. A session stands for a token or for a person of an OpenID provider. Clients with a token call the operations
/// with it.
extension API {
    /// The maximum lifetime of a session in seconds.
    public static var sessionSeconds: Int { 12 * 3_600 }

    /// The maximum length of a browser's description, in Unicode scalars.
    private static let browserMaximum = 200

    /// Opens a session for a token. Returns the secret for the browser.
    ///
    /// - Parameters:
    ///   - tokenHash: The SHA-256 of the token, in hexadecimal.
    ///   - principal: The name of its owner, for the audit log.
    ///   - browser: The field `User-Agent`.
    public func openSession(
        tokenHash: String,
        of principal: String,
        browser: String?
    ) async throws(Problem) -> String {
        let secret = TokenSecret.random()
        let hash = TokenSecret.hash(secret)
        let opening = opening(
            of: hash,
            tokenHash: tokenHash,
            principal: principal,
            browser: browser,
            authenticated: .now
        )
        try await transaction { transaction in
            _ = try transaction.run(opening)
            try transaction.record(.logIn, on: .session, Self.name(ofSession: hash), by: principal, details: .empty)
        }
        return secret
    }

    /// The statement that opens a session.
    ///
    /// - Parameter authentication: When the user authenticated.
    func opening(
        of hash: String,
        tokenHash: String,
        principal: String,
        browser: String?,
        authenticated authentication: Authentication
    ) -> Query<Int> {
        .openSession(
            hash: hash,
            tokenHash: tokenHash,
            seconds: Self.sessionSeconds,
            idleSeconds: configuration.sessionIdleSeconds,
            principal: principal,
            address: RequestClient.current?.address,
            browser: browser.map { browser in
                String(String.UnicodeScalarView(browser.unicodeScalars.prefix(Self.browserMaximum)))
            },
            isAuthenticated: authentication == .now,
            authenticatedAt: authentication.time
        )
    }

    /// The name of a session in the audit log, which reveals nothing of its secret.
    static func name(ofSession hash: String) -> String { String(hash.prefix(16)) }

    /// The session with this secret; nil if it does not exist or has ended.
    public func session(_ secret: String) async throws(Problem) -> WebSession? {
        let row = try await run(
            .findSession(
                hash: TokenSecret.hash(secret),
                idleSeconds: configuration.sessionIdleSeconds,
                recentSeconds: configuration.stepUpSeconds
            )
        )
        guard let row else { return nil }
        let user: WebSession.User
        if let issuer = row.issuer, let subject = row.subject, let name = row.person, let roles = row.personRoles {
            let principal = Principal(name: name, scopes: Role.scopes(roles.compactMap(Role.init)))
            let check = OpenIDPerson.Check(seconds: row.checkSeconds ?? .infinity, isFailing: row.isFailing)
            user = .person(OpenIDPerson(issuer: issuer, subject: subject, principal: principal, check: check))
        } else if let name = row.name, let roles = row.roles {
            user = .stored(Principal(name: name, scopes: Role.scopes(roles.compactMap(Role.init))))
        } else {
            user = .configured(hash: row.tokenHash)
        }
        return WebSession(user: user, isRecent: row.isRecent, isUseDue: row.isUseDue)
    }

    /// Records that the user of a session has opened a page or sent a form.
    public func use(_ session: WebSession, secret: String) async throws(Problem) {
        if session.isUseDue { _ = try await run(.useSession(hash: TokenSecret.hash(secret))) }
    }

    /// Records that the user of the request's session has authenticated again.
    public func renewCurrentSession() async throws(Problem) {
        guard case .session(let hash)? = RequestClient.current?.credential else { return }
        _ = try await run(.renewSession(hash: hash))
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
