import ContractRuntime
import Digests
import TestSupport
import Testing

@testable import OpenID

/// Sends the requests of a client to a fake provider.
private struct FakeTransport: ProviderTransport {
    let provider: FakeProvider

    func send(_ request: ProviderRequest) async throws -> ProviderResponse {
        let path = request.url.dropFirst("http://127.0.0.1:1".count)
        let answer = provider.respond(
            to: String(path),
            authorization: request.headers.first { $0.name == "Authorization" }?.value,
            form: request.form ?? ""
        )
        return ProviderResponse(status: answer.status, body: Array(answer.body.utf8))
    }
}

/// A client of a fake provider.
private struct Desk {
    static let redirect = "http://127.0.0.1:3000/login/openid/callback"

    let fake = FakeProvider()
    let provider: OpenIDProvider

    init(groups: [String] = ["trading", "desk"]) throws {
        let issuer = try #require(ProviderURL("http://127.0.0.1:1"))
        let client = OpenIDProvider.Client(
            id: FakeProvider.clientID,
            secret: FakeProvider.clientSecret,
            scopes: "openid profile",
            groupsClaim: "groups"
        )
        provider = OpenIDProvider(issuer: issuer, client: client, transport: FakeTransport(provider: fake))
        fake.change { $0.groups["ann"] = groups }
    }

    func logIn(changing: [String: String] = [:]) async throws -> OpenIDProvider.Login {
        let attempt = LoginAttempt()
        let url = try await provider.authorizationURL(for: attempt, redirect: Self.redirect, maximumAge: nil)
        let answer = FakeProvider.fields(fake.signIn("ann", at: url, changing: changing))
        #expect(answer["state"] == attempt.state)
        return try await provider.login(
            code: answer["code"] ?? "",
            attempt: attempt,
            redirect: Self.redirect,
            now: .now
        )
    }

    /// Why a login fails.
    func failure(changing: [String: String] = [:]) async throws -> String {
        let error = await #expect(throws: OpenIDError.self) { try await logIn(changing: changing) }
        return try #require(error).description
    }
}

@Suite struct OpenIDProviderTests {
    @Test func `a login states the person, their groups and when they authenticated`() async throws {
        let desk = try Desk()
        let login = try await desk.logIn()
        #expect(login.subject == "ann" && login.preferredName == "ann" && login.groups == ["trading", "desk"])
        let passed = try #require(login.authenticatedAt).microseconds(until: .now)
        #expect((-1_000_000..<60_000_000).contains(passed))
        #expect(desk.fake.requests("/userinfo") == 1)
    }

    @Test(arguments: [TestKey.rsa, .p256, .ed25519])
    func `tokens are signed with any of the three algorithms`(key: TestKey) async throws {
        let desk = try Desk()
        desk.fake.change { ($0.key, $0.published) = (key, [key]) }
        #expect(try await desk.logIn().subject == "ann")
        // Another key of the same kind has not signed it.
        desk.fake.change { $0.edit = { String($0.dropLast(8)) + "AAAAAAAA" } }
        #expect(try await desk.failure() == "the ID token has no valid signature")
    }

    @Test(
        arguments: [
            ("iss", #""http://127.0.0.1:2""#), ("iss", nil), ("aud", #""another""#), ("aud", #"["another"]"#),
            ("aud", "[]"),
            ("aud", nil), ("azp", #""another""#), ("exp", "1000"), ("exp", #""2999-01-01""#), ("exp", nil),
            ("exp", "-1e999"),
            ("iat", "4102444800"), ("iat", "1000"), ("iat", nil), ("nbf", "4102444800"), ("nonce", #""another""#),
            ("nonce", nil), ("sub", #""""#), ("sub", "1"), ("sub", #""a\u0000b""#), ("sub", nil),
            ("auth_time", "4102444800"), ("auth_time", #""now""#), ("at_hash", #""AAAAAAAAAAAAAAAAAAAAAA""#),
        ] as [(String, String?)]
    )
    func `an ID token with a wrong claim is refused`(claim: String, value: String?) async throws {
        let desk = try Desk()
        desk.fake.change { $0.claims = [claim: value] }
        #expect(try await desk.failure() == "the ID token has a wrong claim '\(claim)'")
    }

    @Test func `a token for several clients must have been issued to this one`() async throws {
        let desk = try Desk()
        desk.fake.change { $0.claims = ["aud": #"["flotilla","another"]"#] }
        #expect(try await desk.failure() == "the ID token has a wrong claim 'azp'")
        desk.fake.change { $0.claims["azp"] = #""flotilla""# }
        #expect(try await desk.logIn().subject == "ann")
    }

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None","kid":"1"}"#, #"{"alg":"HS256","kid":"1"}"#, #"{"alg":"RS512","kid":"1"}"#,
        #"{"kid":"1"}"#, #"{"alg":"RS256","kid":"1","crit":["exp"],"exp":1}"#, "[]", "",
    ])
    func `other algorithms and headers are refused`(header: String) async throws {
        let desk = try Desk()
        desk.fake.change { $0.header = header }
        #expect(
            try await desk.failure() == "the ID token is malformed, or not signed with RS256, ES256 or EdDSA"
        )
    }

    @Test(
        arguments: [
            { String($0.prefix { $0 != "." }) }, { _ in "" }, { _ in "a.b.c" }, { $0 + ".x" }, { "\u{e9}" + $0 },
            { $0.split(separator: ".").prefix(2).joined(separator: ".") + "." },
        ] as [@Sendable (String) -> String]
    )
    func `a malformed token is refused`(edit: @escaping @Sendable (String) -> String) async throws {
        let desk = try Desk()
        desk.fake.change { $0.edit = edit }
        #expect(try await desk.failure().hasPrefix("the ID token "))
    }

    @Test func `a token that another key has signed is refused, whatever key its header names`() async throws {
        let desk = try Desk()
        desk.fake.change { $0.key = .secondRSA }
        #expect(try await desk.failure() == "the ID token has no valid signature")
        desk.fake.change { $0.header = #"{"alg":"RS256"}"# }
        #expect(try await desk.failure() == "the ID token has no valid signature")
        // The key set names another key.
        desk.fake.change { ($0.key, $0.header) = (.rsa, #"{"alg":"RS256","kid":"2"}"#) }
        #expect(try await desk.failure() == "the ID token has no valid signature")
    }

    @Test func `a code is bound to the browser that requested it`() async throws {
        let desk = try Desk()
        for field in ["code_challenge", "redirect_uri"] {
            #expect(
                try await desk.failure(changing: [field: "another"])
                    == "the provider rejected the code or the refresh token"
            )
        }
        #expect(try await desk.failure(changing: ["nonce": "another"]) == "the ID token has a wrong claim 'nonce'")
    }

    @Test
    func `the authorization request has the challenge of its verifier, and asks for a new login if it must be recent`()
        async throws
    {
        let desk = try Desk()
        let attempt = try #require(LoginAttempt(secret: String(repeating: "A", count: 43)))
        let url = try await desk.provider.authorizationURL(for: attempt, redirect: Desk.redirect, maximumAge: 600)
        #expect(url.hasPrefix("http://127.0.0.1:1/authorize?tenant=1&response_type=code&client_id=flotilla&"))
        let fields = FakeProvider.fields(String(url.split(separator: "?")[1]))
        #expect(fields["prompt"] == "login" && fields["max_age"] == "600" && fields["scope"] == "openid profile")
        var sum = SHA256()
        sum.update(attempt.codeVerifier.utf8)
        #expect(fields["code_challenge"] == Base64URL.encode(sum.hash) && attempt.codeVerifier.utf8.count == 43)
        #expect(Set([attempt.state, attempt.nonce, attempt.codeVerifier, attempt.secret]).count == 4)
        #expect(LoginAttempt(secret: "short") == nil && LoginAttempt(secret: "") == nil)
    }

    @Test(arguments: [
        ("/token", 500, "{}"), ("/token", 200, "[]"), ("/token", 200, #"{"access_token":"a"}"#),
        ("/token", 401, #"{"error":"invalid_client"}"#), ("/keys", 200, "{}"), ("/keys", 404, ""),
        ("/userinfo", 503, ""), ("/userinfo", 200, "no JSON"), ("/.well-known", 200, "{}"), ("/.well-known", 302, ""),
        ("/token", 200, String(repeating: "[", count: 100_000)),
        ("/token", 200, #"{"access_token":"\#(String(repeating: "a", count: 70_000))","token_type":"Bearer"}"#),
        ("/token", 200, #"{"access_token":"a\r\nb","token_type":"Bearer","expires_in":1e300}"#),
        (
            "/.well-known", 200,
            #"{"issuer":"http://127.0.0.1:1","authorization_endpoint":"http://x/a","token_endpoint":"ftp://y","jwks_uri":""}"#
        ),
    ])
    func `a provider that answers otherwise is unavailable`(path: String, status: Int, body: String) async throws {
        let desk = try Desk()
        desk.fake.change { $0.answers = [path: (status, body)] }
        let error = await #expect(throws: OpenIDError.self) { try await desk.logIn() }
        #expect(error?.code == .unavailable)
    }

    @Test func `the claims of another person are refused`() async throws {
        let desk = try Desk()
        desk.fake.change { $0.answers = ["/userinfo": (200, #"{"sub":"eve","groups":["trading"]}"#)] }
        #expect(try await desk.failure() == "the userinfo endpoint describes another person")
    }

    @Test func `a rotated key is found, and a flood of unknown keys is not`() async throws {
        let desk = try Desk()
        _ = try await desk.logIn()
        #expect(desk.fake.requests("/keys") == 1)
        // Within ten seconds of the last request the keys are not requested again.
        desk.fake.change { ($0.key, $0.published) = (.secondRSA, [.secondRSA]) }
        for _ in 0..<20 { _ = try await desk.failure() }
        #expect(desk.fake.requests("/keys") == 1)
        let other = try Desk()
        other.fake.change { ($0.key, $0.published) = (.p256, [.rsa, .p256, .ed25519]) }
        #expect(try await other.logIn().subject == "ann")
    }

    // MARK: - Checks

    @Test func `a check reads the current groups from the userinfo endpoint`() async throws {
        let desk = try Desk()
        let login = try await desk.logIn()
        desk.fake.change { $0.groups["ann"] = ["other"] }
        let check = try await desk.provider.check(login.tokens, subject: "ann", now: .now)
        #expect(check.groups == ["other"] && check.tokens == login.tokens)
        #expect(desk.fake.requests("/token") == 1)
    }

    @Test func `an expired access token is renewed, and each refresh token is used once`() async throws {
        let desk = try Desk()
        desk.fake.change { $0.lifetime = 1 }
        var tokens = try await desk.logIn().tokens
        for _ in 0..<3 {
            let check = try await desk.provider.check(tokens, subject: "ann", now: .now)
            #expect(check.groups == ["trading", "desk"] && check.tokens != tokens)
            tokens = check.tokens
        }
        #expect(desk.fake.requests("/token") == 4)
    }

    @Test func `groups of ID tokens are read with a refresh`() async throws {
        let desk = try Desk()
        desk.fake.change { $0.hasGroupsInTokens = true }
        let login = try await desk.logIn()
        #expect(login.groups == ["trading", "desk"])
        desk.fake.change { $0.groups["ann"] = [] }
        #expect(try await desk.provider.check(login.tokens, subject: "ann", now: .now).groups == [])
        let other = try Desk()
        other.fake.change { ($0.hasGroupsInTokens, $0.issuesRefreshTokens) = (true, false) }
        #expect(
            try await other.failure() == "the provider states the groups only in ID tokens and issues no refresh token"
        )
    }

    @Test func `a removed person is refused, and an unavailable provider is not a refusal`() async throws {
        let desk = try Desk()
        let tokens = try await desk.logIn().tokens
        desk.fake.change { $0.answers = ["/userinfo": (503, "")] }
        let unavailable = await #expect(throws: OpenIDError.self) {
            try await desk.provider.check(tokens, subject: "ann", now: .now)
        }
        #expect(unavailable?.code == .unavailable)
        desk.fake.change { ($0.answers, $0.groups) = ([:], [:]) }
        let refused = await #expect(throws: OpenIDError.self) {
            try await desk.provider.check(tokens, subject: "ann", now: .now)
        }
        #expect(refused?.code == .refused)
        // Without a refresh token a session ends with its access token.
        let other = try Desk()
        other.fake.change { ($0.issuesRefreshTokens, $0.lifetime) = (false, 1) }
        let last = try await other.logIn().tokens
        let ended = await #expect(throws: OpenIDError.self) {
            try await other.provider.check(last, subject: "ann", now: .now)
        }
        #expect(ended?.code == .refused)
    }

    @Test func `stored tokens are readable only with the secret of their session`() async throws {
        let tokens = try await Desk().logIn().tokens
        let sealed = try #require(tokens.sealed(with: "flt_secret"))
        #expect(ProviderTokens(sealed: sealed, secret: "flt_secret") == tokens)
        #expect(ProviderTokens(sealed: sealed, secret: "flt_other") == nil)
        let changed = (sealed.hasPrefix("A") ? "B" : "A") + sealed.dropFirst()
        #expect(ProviderTokens(sealed: changed, secret: "flt_secret") == nil)
        #expect(ProviderTokens(sealed: "", secret: "flt_secret") == nil)
        #expect(tokens.sealed(with: "flt_secret") != sealed)
    }

    @Test(arguments: [
        ("https://id.example/realms/desk", true), ("http://127.0.0.1:9000", true), ("http://localhost/x", true),
        ("http://[::1]:9000/", true), ("http://id.example", false), ("http://localhost.example", false),
        ("http://127.0.0.1@id.example", false), ("https://", false), ("https://a b", false),
        ("ftp://id.example", false),
        ("https://id.example/#x", false), ("https://user@id.example", false), ("", false),
    ])
    func `a provider has TLS or is on this machine`(text: String, isAccepted: Bool) {
        #expect((ProviderURL(text) != nil) == isAccepted)
    }
}
