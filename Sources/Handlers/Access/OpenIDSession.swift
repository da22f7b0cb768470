public import ContractRuntime
import Digests
public import Generated
import Postgres

/// A person whom an OpenID provider has identified, for a new session.
public struct OpenIDLogin: Sendable {
    public let issuer: String
    public let subject: String
    /// The claim from which a new person's name is made; nil to use the subject.
    public let preferredName: String?
    public let roles: [Role]
    /// When the person authenticated; nil if the provider does not state it.
    public let authenticatedAt: Timestamp?

    /// Creates a login.
    public init(
        issuer: String,
        subject: String,
        preferredName: String?,
        roles: [Role],
        authenticatedAt: Timestamp?
    ) {
        self.issuer = issuer
        self.subject = subject
        self.preferredName = preferredName
        self.roles = roles
        self.authenticatedAt = authenticatedAt
    }

    /// A hash that no token has: old servers find no token of the session, and reject it.
    fileprivate var hash: String { SHA256.hexadecimal(of: "openid\u{0}\(issuer)\u{0}\(subject)") }

    /// The names in order of preference. All are ASCII, so none looks like another.
    fileprivate var names: [String] {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789._-@+".unicodeScalars)
        let scalars = (preferredName ?? subject).lowercased().unicodeScalars.prefix(48)
        let plain = String(String.UnicodeScalarView(scalars.map { allowed.contains($0) ? $0 : "_" }))
        let name = ReservedNames.personPrefix + plain
        let digits = hash.prefix(16)
        return ["\(name)", "\(name)~\(digits.prefix(6))", "\(name)~\(digits)"]
    }
}

/// Sessions of people from an OpenID provider.
extension API {
    /// The maximum time of a check in seconds: after it another server may begin one.
    private static let claimSeconds = 30
    /// Seconds after a check that failed until the next one.
    private static let pauseSeconds = 10

    /// The database's time, which decides whether the provider's tokens are valid.
    public func time() async throws(Problem) -> Timestamp { try await run(.databaseTime()) }

    /// Opens a session. Returns the secret for the browser.
    ///
    /// - Parameters:
    ///   - browser: The field `User-Agent`.
    ///   - seal: Encrypts the provider's tokens under the session's secret.
    public func openSession(
        of login: OpenIDLogin,
        browser: String?,
        seal: (_ secret: String) throws(Problem) -> String
    ) async throws(Problem) -> (secret: String, name: String) {
        let secret = TokenSecret.random()
        let hash = TokenSecret.hash(secret)
        let tokens = try seal(secret)
        let name = try await transaction { transaction in try transaction.name(of: login) }
        let opening = opening(
            of: hash,
            tokenHash: login.hash,
            principal: name,
            browser: browser,
            authenticated: .at(login.authenticatedAt)
        )
        try await transaction { transaction in
            _ = try transaction.run(opening)
            _ = try transaction.run(
                .openPersonSession(
                    hash: hash,
                    issuer: login.issuer,
                    subject: login.subject,
                    roles: login.roles.map(\.rawValue),
                    tokens: tokens
                )
            )
            let details = JSONObject { json in
                json.member("issuer", login.issuer)
                json.member("subject", login.subject)
                json.member("roles", login.roles)
            }
            try transaction.record(.logIn, on: .session, Self.name(ofSession: hash), by: name, details: details)
        }
        return (secret, name)
    }

    /// The encrypted tokens of a session; nil if it is not one of a person.
    public func sealedTokens(ofSession secret: String) async throws(Problem) -> String? {
        try await run(.personTokens(hash: TokenSecret.hash(secret)))
    }

    /// Claims the check of a session, so that one server at a time asks the provider. Returns the encrypted tokens; nil if no check is due.
    public func claimCheck(ofSession secret: String) async throws(Problem) -> String? {
        try await run(
            .claimCheck(
                hash: TokenSecret.hash(secret),
                dueSeconds: OpenIDPerson.Check.dueSeconds,
                claimSeconds: Self.claimSeconds
            )
        )
    }

    /// Records that the provider confirmed the roles of a session.
    public func noteCheck(ofSession secret: String, roles: [Role], tokens: String) async throws(Problem) {
        _ = try await run(
            .noteCheck(hash: TokenSecret.hash(secret), roles: roles.map(\.rawValue), tokens: tokens)
        )
    }

    /// Records that the provider did not respond.
    public func noteCheckFailure(ofSession secret: String) async throws(Problem) {
        _ = try await run(
            .noteCheckFailure(hash: TokenSecret.hash(secret), pauseSeconds: Self.pauseSeconds)
        )
    }

    /// Ends a session that the provider does not confirm any more.
    public func endSession(secret: String, of principal: String, because reason: String) async throws(Problem) {
        let hash = TokenSecret.hash(secret)
        try await transaction { transaction in
            guard try transaction.run(.closeSession(hash: hash)) == 1 else { return }
            let details = JSONObject { json in json.member("reason", reason) }
            try transaction.record(
                .sessionEnd,
                on: .session,
                Self.name(ofSession: hash),
                by: principal,
                details: details
            )
        }
    }
}

extension Transaction {
    /// The name of a person, who gets one at the first login.
    fileprivate borrowing func name(of login: OpenIDLogin) throws -> String {
        if let name = try run(.findPerson(issuer: login.issuer, subject: login.subject)) { return name }
        for name in login.names {
            _ = try run(.insertPerson(issuer: login.issuer, subject: login.subject, name: name))
            if let name = try run(.findPerson(issuer: login.issuer, subject: login.subject)) { return name }
        }
        throw Problem.nameReserved(login.names.last ?? "")
    }
}
