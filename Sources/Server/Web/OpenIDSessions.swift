import ContractRuntime
import Dashboard
import Generated
import Handlers
import OpenID
import Postgres
import Synchronization

/// The sign-in of people at the OpenID provider, and the checks of their sessions.
struct OpenIDSessions: Sendable {
    private let api: API
    private let configuration: OpenIDConfiguration
    private let provider: OpenIDProvider
    private let running = RunningChecks()
    /// The exchanges of codes in flight. Anyone can send codes, so their number is bounded.
    private let exchanges = ExchangeCount()

    /// The maximum time that a request waits for a check.
    private static let patience = Duration.milliseconds(1_500)

    init(
        api: API,
        configuration: OpenIDConfiguration,
        transport: any ProviderTransport = ProviderClient()
    ) {
        self.api = api
        self.configuration = configuration
        provider = OpenIDProvider(issuer: configuration.issuer, client: configuration.client, transport: transport)
    }

    /// The provider's name on the sign-in page.
    var name: String { configuration.issuer.authority }

    /// Whether a person signs in at this provider. Sessions end if the configuration names another one.
    func knows(_ person: OpenIDPerson) -> Bool { person.issuer.hasSameScalars(as: configuration.issuer.text) }

    // MARK: - Sign-in

    /// Begins an attempt to sign in.
    ///
    /// - Parameters:
    ///   - site: The scheme and authority under which the browser knows this server.
    ///   - stepUpSeconds: The person must authenticate again unless they did within this time; nil to accept any login.
    /// - Returns: The URL to which the browser is sent, and the secret that it keeps.
    func begin(at site: String, stepUpSeconds: Int?) async throws(Problem) -> (url: String, secret: String) {
        let attempt = LoginAttempt()
        do throws(OpenIDError) {
            let redirect = site + Self.callback
            let url = try await provider.authorizationURL(for: attempt, redirect: redirect, maximumAge: stepUpSeconds)
            return (url, attempt.secret)
        } catch { throw Problem(error) }
    }

    /// The path to which the provider sends the browser back.
    private static let callback = "/login/openid/callback"

    /// Finishes an attempt and opens a session.
    ///
    /// - Parameters:
    ///   - query: The authorization response.
    ///   - secret: The secret that the browser kept; nil if it has none.
    ///   - isStepUp: Whether the person had to authenticate again.
    /// - Returns: The secret of the session.
    func finish(_ query: Fields, secret: String?, isStepUp: Bool, at site: String, browser: String?)
        async throws(Problem)
        -> String
    {
        guard let attempt = secret.flatMap({ LoginAttempt(secret: $0) }), let state = query["state"],
            state.hasSameScalars(as: attempt.state)
        else { throw .signInRefused("it was begun in another browser or more than ten minutes ago. Try again") }
        if let issuer = query["iss"], !issuer.hasSameScalars(as: configuration.issuer.text) {
            throw .signInRefused("the response is from another issuer")
        }
        guard let code = query["code"], query["error"] == nil else {
            throw .signInRefused("the provider reports an error")
        }
        let login = try await exchange(code, attempt, at: site)
        let roles = configuration.roles(of: login.groups)
        guard !roles.isEmpty else { throw .signInRefused("none of your groups has a role here") }
        if isStepUp, login.authenticatedAt == nil {
            throw .signInRefused("the provider does not state when you authenticated (auth_time)")
        }
        let identity = OpenIDLogin(
            issuer: configuration.issuer.text,
            subject: login.subject,
            preferredName: login.preferredName,
            roles: roles,
            authenticatedAt: login.authenticatedAt
        )
        return try await within { () async throws(Problem) in
            try await api.openSession(of: identity, browser: browser) { secret throws(Problem) in
                guard let sealed = login.tokens.sealed(with: secret) else { throw .providerUnavailable }
                return sealed
            }.secret
        }
    }

    private func exchange(_ code: String, _ attempt: LoginAttempt, at site: String) async throws(Problem)
        -> OpenIDProvider.Login
    {
        guard exchanges.begin() else { throw .providerUnavailable }
        defer { exchanges.end() }
        let now = try await api.time()
        do throws(OpenIDError) {
            return try await provider.login(code: code, attempt: attempt, redirect: site + Self.callback, now: now)
        } catch { throw Problem(error) }
    }

    // MARK: - Checks

    /// The person of a session, with current roles; nil if they have no access any more.
    ///
    /// A confirmation of the groups is valid for a minute. A session in use is checked each half minute in the background, so that requests need
    /// not wait. If the provider does not respond, the last confirmation is valid for five minutes.
    ///
    /// - Throws: 503 if the groups cannot be confirmed now.
    func principal(of person: OpenIDPerson, secret: String) async throws(Problem) -> Principal? {
        guard knows(person) else { return nil }
        guard person.check.isDue else { return person.principal }
        running.start(secret) { await check(person, secret: secret) }
        if person.check.isValid { return person.principal }
        // The check continues if this request cannot wait for it: the provider may have replaced the refresh token already.
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil {
            guard let session = try await api.session(secret), case .person(let current) = session.user else {
                return nil
            }
            if current.check.isValid { return current.principal }
        }
        throw .providerUnavailable
    }

    /// Asks the provider, unless another server does, and stores the result.
    private func check(_ person: OpenIDPerson, secret: String) async {
        do throws(Problem) {
            let claimed = try await within { () async throws(Problem) in
                let tokens = try await api.claimCheck(ofSession: secret)
                return (tokens: tokens, time: try await api.time())
            }
            guard let tokens = claimed.tokens else { return }
            let outcome = await outcome(tokens, person, secret: secret, now: claimed.time)
            try await within { () async throws(Problem) in
                switch outcome {
                case .confirmed(let roles, let tokens):
                    try await api.noteCheck(ofSession: secret, roles: roles, tokens: tokens)
                case .ended(let reason):
                    try await api.endSession(secret: secret, of: person.principal.name, because: reason)
                case .unknown: try await api.noteCheckFailure(ofSession: secret)
                }
            }
        } catch {
            // Without the database there is no access. The claim of this check expires.
        }
    }

    private enum Outcome {
        case confirmed([Role], tokens: String)
        case ended(String)
        case unknown
    }

    private func outcome(_ sealed: String, _ person: OpenIDPerson, secret: String, now: Timestamp) async -> Outcome {
        guard let tokens = ProviderTokens(sealed: sealed, secret: secret) else { return .ended("unreadable tokens") }
        do throws(OpenIDError) {
            let (groups, renewed) = try await provider.check(tokens, subject: person.subject, now: now)
            let roles = configuration.roles(of: groups)
            if roles.isEmpty { return .ended("none of the groups has a role") }
            return renewed.sealed(with: secret).map { .confirmed(roles, tokens: $0) } ?? .unknown
        } catch {
            return error.code == .refused ? .ended(error.description) : .unknown
        }
    }

    /// Calls of the database that must not share the deadline of the request that began them: the provider took its time.
    private func within<R: Sendable>(_ body: () async throws(Problem) -> R) async throws(Problem) -> R {
        try await RequestScope.within(.seconds(2), usesReserve: true) { () async -> Result<R, Problem> in
            do throws(Problem) { return .success(try await body()) } catch { return .failure(error) }
        }.get()
    }

    // MARK: - Logout

    /// The URL at which a person signs out at the provider, too; nil if it has none.
    func logoutURL(ofSession secret: String, at site: String) async throws(Problem) -> String? {
        guard let sealed = try await api.sealedTokens(ofSession: secret),
            let tokens = ProviderTokens(sealed: sealed, secret: secret)
        else { return nil }
        return await provider.logoutURL(for: tokens, redirect: site + "/login")
    }
}

/// The checks of this process in flight, one per session. Each ends soon: the provider's responses and the database's have deadlines.
private final class RunningChecks: Sendable {
    private let tasks = Mutex<[ExactText: Task<Void, Never>]>([:])

    /// Starts the check of a session, unless one is running.
    func start(_ secret: String, _ check: @escaping @Sendable () async -> Void) {
        tasks.withLock { tasks in
            guard tasks[ExactText(secret)] == nil else { return }
            tasks[ExactText(secret)] = Task {
                await check()
                self.tasks.withLock { $0[ExactText(secret)] = nil }
            }
        }
    }
}

/// The exchanges of codes in flight.
private final class ExchangeCount: Sendable {
    /// The maximum number.
    private static let most = 16

    private let count = Mutex(0)

    /// Whether another exchange may begin.
    func begin() -> Bool {
        count.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLock { $0 -= 1 } }
}

extension Problem {
    fileprivate init(_ error: OpenIDError) {
        switch error.code {
        case .refused: self = .signInRefused(error.description)
        case .unavailable:
            self.init(
                status: 503,
                code: "PROVIDER_UNAVAILABLE",
                detail: "sign-in is unavailable: \(error.description)",
                retryAfterSeconds: 5
            )
        }
    }

    fileprivate static func signInRefused(_ reason: String) -> Problem {
        Problem(status: 403, code: "SIGN_IN_REFUSED", detail: "Sign-in failed: \(reason).")
    }

    fileprivate static let providerUnavailable = Problem(
        status: 503,
        code: "PROVIDER_UNAVAILABLE",
        detail: "the OpenID provider does not confirm your access; try again shortly",
        retryAfterSeconds: 5
    )
}
