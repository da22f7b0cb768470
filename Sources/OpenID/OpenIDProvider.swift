package import ContractRuntime
import Digests
import Synchronization

/// An OpenID provider, as a client of it sees it: the authorization code flow with PKCE, checks of sessions, and the logout.
package final class OpenIDProvider: Sendable {
    /// How this client is registered at the provider.
    package struct Client: Sendable {
        package let id: String
        /// Nil for a public client, which only PKCE protects.
        let secret: String?
        /// The requested scopes, separated by spaces.
        let scopes: String
        /// The claim with the person's groups.
        let groupsClaim: String

        package init(id: String, secret: String?, scopes: String, groupsClaim: String) {
            self.id = id
            self.secret = secret
            self.scopes = scopes
            self.groupsClaim = groupsClaim
        }
    }

    /// A person whom the provider has identified.
    package struct Login: Sendable {
        package let subject: String
        /// A name for people; nil if the provider states none.
        package let preferredName: String?
        package let groups: [String]
        /// When the person authenticated; nil if the provider does not state it.
        package let authenticatedAt: Timestamp?
        package let tokens: ProviderTokens
    }

    private struct Cache {
        var metadata: (value: ProviderMetadata, at: ContinuousClock.Instant)?
        var keys: (value: JSONWebKeySet, at: ContinuousClock.Instant)?
    }

    /// The time for which metadata and keys are kept.
    private static let keepingTime = Duration.seconds(3_600)
    /// The time after which keys are requested again if no known one has signed a token.
    private static let rotationTime = Duration.seconds(10)
    /// The maximum size of all tokens in bytes.
    private static let mostTokenBytes = 65_536

    package let issuer: ProviderURL
    package let client: Client
    private let transport: any ProviderTransport
    private let cache = Mutex(Cache())

    package init(issuer: ProviderURL, client: Client, transport: any ProviderTransport) {
        self.issuer = issuer
        self.client = client
        self.transport = transport
    }

    // MARK: - Login

    /// The URL to which a browser is sent (OpenID Connect Core 1.0, section 3.1.2.1).
    ///
    /// - Parameter maximumAge: The person must enter their credentials again unless they did within this time in seconds; nil to accept any login.
    package func authorizationURL(for attempt: LoginAttempt, redirect: String, maximumAge: Int?)
        async throws(OpenIDError) -> String
    {
        let endpoint = try await metadata().authorizationEndpoint
        var fields = [
            ("response_type", "code"), ("client_id", client.id), ("redirect_uri", redirect), ("scope", client.scopes),
            ("state", attempt.state), ("nonce", attempt.nonce), ("code_challenge", attempt.codeChallenge),
            ("code_challenge_method", "S256"),
        ]
        if let maximumAge { fields += [("prompt", "login"), ("max_age", String(maximumAge))] }
        return Self.url(endpoint, fields)
    }

    /// Exchanges the code of an authorization response and validates the ID token.
    package func login(code: String, attempt: LoginAttempt, redirect: String, now: Timestamp)
        async throws(OpenIDError) -> Login
    {
        let metadata = try await metadata()
        let fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
            ("code_verifier", attempt.codeVerifier),
        ]
        let response = try await tokens(fields, metadata, now: now)
        guard let text = response.id else { throw .unavailable("the provider returned no ID token") }
        let token = try await validated(text, response, nonce: attempt.nonce, now: now)
        var tokens = ProviderTokens(
            access: response.access,
            accessUntil: response.accessUntil,
            refresh: response.refresh,
            id: text,
            isUserinfoSource: false
        )
        let userinfo = try await userinfo(metadata, access: tokens.access, subject: token.subject)
        tokens.isUserinfoSource = userinfo?[client.groupsClaim] != nil
        if !tokens.isUserinfoSource, tokens.refresh == nil {
            throw .refused("the provider states the groups only in ID tokens and issues no refresh token")
        }
        let source = tokens.isUserinfoSource ? userinfo ?? .null : token.claims
        func name(_ claims: JSONValue?) -> String? {
            for claim in ["preferred_username", "email"] {
                if case .string(let text)? = claims?[claim], !text.isEmpty { return text }
            }
            return nil
        }
        return Login(
            subject: token.subject,
            preferredName: name(token.claims) ?? name(userinfo),
            groups: groups(source),
            authenticatedAt: token.authenticatedAt,
            tokens: tokens
        )
    }

    // MARK: - Checks

    /// Asks the provider for a person's current groups. Returns the groups and the tokens of the next check.
    package func check(_ tokens: ProviderTokens, subject: String, now: Timestamp) async throws(OpenIDError)
        -> (groups: [String], tokens: ProviderTokens)
    {
        let metadata = try await metadata()
        if tokens.isUserinfoSource, tokens.accessUntil > now.adding(seconds: 5) {
            do throws(OpenIDError) {
                return (try await groups(metadata, tokens, subject: subject), tokens)
            } catch {
                // The provider may have ended the access token early.
                guard error.code == .refused, tokens.refresh != nil else { throw error }
            }
        }
        let (token, renewed) = try await refreshed(tokens, metadata, subject: subject, now: now)
        if renewed.isUserinfoSource { return (try await groups(metadata, renewed, subject: subject), renewed) }
        guard let token else { throw .unavailable("the provider returned no ID token with a refresh") }
        return (groups(token.claims), renewed)
    }

    /// New tokens (OpenID Connect Core 1.0, section 12).
    private func refreshed(_ tokens: ProviderTokens, _ metadata: ProviderMetadata, subject: String, now: Timestamp)
        async throws(OpenIDError) -> (IDToken?, ProviderTokens)
    {
        guard let refresh = tokens.refresh else { throw .refused("the access token has expired") }
        let response = try await self.tokens(
            [("grant_type", "refresh_token"), ("refresh_token", refresh)],
            metadata,
            now: now
        )
        var renewed = tokens
        renewed.access = response.access
        renewed.accessUntil = response.accessUntil
        renewed.refresh = response.refresh ?? refresh
        guard let text = response.id else { return (nil, renewed) }
        let token = try await validated(text, response, nonce: nil, now: now)
        guard token.subject.hasSameScalars(as: subject) else {
            throw .refused("the refreshed token is of another person")
        }
        renewed.id = text
        return (token, renewed)
    }

    private func groups(_ metadata: ProviderMetadata, _ tokens: ProviderTokens, subject: String)
        async throws(OpenIDError) -> [String]
    {
        let userinfo = try await userinfo(metadata, access: tokens.access, subject: subject)
        guard let userinfo else { throw .unavailable("the provider has no userinfo endpoint any more") }
        return groups(userinfo)
    }

    /// The groups in claims: an array of texts, or one text.
    private func groups(_ claims: JSONValue) -> [String] {
        switch claims[client.groupsClaim] {
        case .string(let group)?: return [group]
        case .array(let values)?:
            return values.compactMap { value in
                if case .string(let group) = value { group } else { nil }
            }
        default: return []
        }
    }

    // MARK: - Logout

    /// The URL at which the person ends the session with the provider, too (OpenID Connect RP-Initiated Logout 1.0); nil if it has none.
    package func logoutURL(for tokens: ProviderTokens, redirect: String) async -> String? {
        guard let endpoint = try? await metadata().endSessionEndpoint else { return nil }
        var fields = [("client_id", client.id), ("post_logout_redirect_uri", redirect)]
        // Servers limit the length of URLs.
        if tokens.id.utf8.count <= 4_096 { fields.append(("id_token_hint", tokens.id)) }
        return Self.url(endpoint, fields)
    }

    // MARK: - Endpoints

    private struct TokenResponse {
        let access: String
        let accessUntil: Timestamp
        let refresh: String?
        let id: String?
    }

    /// Calls the token endpoint (RFC 6749, sections 4.1.3 and 6).
    private func tokens(_ fields: [(String, String)], _ metadata: ProviderMetadata, now: Timestamp)
        async throws(OpenIDError) -> TokenResponse
    {
        var fields = fields
        var request = ProviderRequest(url: metadata.tokenEndpoint)
        if let secret = client.secret, metadata.usesBasicAuthentication {
            // Both parts are encoded as in a form (RFC 6749, section 2.3.1).
            let credentials = "\(PercentEncoding.encode(client.id)):\(PercentEncoding.encode(secret))"
            request.headers.append(("Authorization", "Basic \(Base64URL.encodeStandard(Array(credentials.utf8)))"))
        } else {
            fields.append(("client_id", client.id))
            if let secret = client.secret { fields.append(("client_secret", secret)) }
        }
        request.form = Self.form(fields)
        let response = try await send(request, "token endpoint")
        let json = JSONValue(String(decoding: response.body, as: UTF8.self))
        if response.status == 400, json?["error"] == .string("invalid_grant") {
            throw .refused("the provider rejected the code or the refresh token")
        }
        guard response.status == 200, let json, case .string(let access)? = json["access_token"],
            case .string(let type)? = json["token_type"], type.lowercased().hasSameScalars(as: "bearer")
        else { throw .unavailable("the token endpoint responded with status \(response.status)") }
        func text(_ name: String) -> String? {
            if case .string(let text)? = json[name] { text } else { nil }
        }
        var seconds = 60.0
        if case .number(let number)? = json["expires_in"], let stated = Double(number.text) { seconds = stated }
        let (refresh, id) = (text("refresh_token"), text("id_token"))
        let size = access.utf8.count + (refresh?.utf8.count ?? 0) + (id?.utf8.count ?? 0)
        guard size <= Self.mostTokenBytes, access.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .unavailable("the provider's tokens are too large or malformed")
        }
        return TokenResponse(
            access: access,
            accessUntil: now.adding(seconds: Int64(saturating: seconds)),
            refresh: refresh,
            id: id
        )
    }

    /// The claims of the userinfo endpoint (OpenID Connect Core 1.0, section 5.3); nil if the provider has none.
    private func userinfo(_ metadata: ProviderMetadata, access: String, subject: String) async throws(OpenIDError)
        -> JSONValue?
    {
        guard let endpoint = metadata.userinfoEndpoint else { return nil }
        var request = ProviderRequest(url: endpoint)
        request.headers = [("Authorization", "Bearer \(access)")]
        let response = try await send(request, "userinfo endpoint")
        if [401, 403].contains(response.status) { throw .refused("the provider ended the access token") }
        guard response.status == 200, let json = JSONValue(String(decoding: response.body, as: UTF8.self)) else {
            throw .unavailable("the userinfo endpoint responded with status \(response.status)")
        }
        // Section 5.3.2: the claims may be used only if they are the same person's.
        guard json["sub"] == .string(subject) else { throw .refused("the userinfo endpoint describes another person") }
        return json
    }

    /// The claims of an ID token with a valid signature.
    private func validated(_ text: String, _ response: TokenResponse, nonce: String?, now: Timestamp)
        async throws(OpenIDError) -> IDToken
    {
        guard let token = SignedToken(text) else {
            throw .refused("the ID token is malformed, or not signed with RS256, ES256 or EdDSA")
        }
        guard try await isSigned(token) else { throw .refused("the ID token has no valid signature") }
        let expectation = IDToken.Expectation(
            issuer: issuer.text,
            clientID: client.id,
            nonce: nonce,
            accessToken: response.access,
            now: now
        )
        return try IDToken(token, expectation)
    }

    /// Whether a key of the provider has signed a token. If no known key has, the provider may have new ones.
    private func isSigned(_ token: SignedToken) async throws(OpenIDError) -> Bool {
        let known = cache.withLock { $0.keys }
        if let known, known.at > .now - Self.keepingTime {
            if known.value.verify(token) { return true }
            if known.at > .now - Self.rotationTime { return false }
        }
        let response = try await send(ProviderRequest(url: metadata().keysURL), "key set")
        guard response.status == 200, let json = JSONValue(String(decoding: response.body, as: UTF8.self)),
            let keys = JSONWebKeySet(json)
        else { throw .unavailable("the key set has status \(response.status) or is malformed") }
        cache.withLock { $0.keys = (keys, .now) }
        return keys.verify(token)
    }

    private func metadata() async throws(OpenIDError) -> ProviderMetadata {
        if let known = cache.withLock({ $0.metadata }), known.at > .now - Self.keepingTime { return known.value }
        // A slash at the end of the issuer is removed (OpenID Connect Discovery 1.0, section 4).
        let base = issuer.text.hasSuffix("/") ? String(issuer.text.dropLast()) : issuer.text
        let request = ProviderRequest(url: base + "/.well-known/openid-configuration")
        let response = try await send(request, "metadata")
        guard response.status == 200, let json = JSONValue(String(decoding: response.body, as: UTF8.self)) else {
            throw .unavailable("the provider's metadata has status \(response.status) or is malformed")
        }
        let metadata = try ProviderMetadata(json, issuer: issuer)
        cache.withLock { $0.metadata = (metadata, .now) }
        return metadata
    }

    private func send(_ request: ProviderRequest, _ name: String) async throws(OpenIDError) -> ProviderResponse {
        do { return try await transport.send(request) } catch {
            throw .unavailable("no response from the provider's \(name)")
        }
    }

    // MARK: - Encoding

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }

    private static func url(_ endpoint: String, _ fields: [(String, String)]) -> String {
        endpoint + (endpoint.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + form(fields)
    }
}
