import Digests
import Foundation
import Synchronization

/// An OpenID provider with people and groups that change, and with answers that a test chooses. It checks what a client must send.
package final class FakeProvider: Sendable {
    /// An answer: the status and the body.
    package typealias Answer = (status: Int, body: String)

    /// The groups of people by subject; nil if the person was removed.
    package struct State: Sendable {
        package var groups: [String: [String]] = [:]
        /// The key that signs tokens, and the keys in the key set.
        package var key = TestKey.rsa
        package var published = [TestKey.rsa]
        /// Changes claims of ID tokens: the JSON text of each, or nil to leave it out.
        package var claims: [String: String?] = [:]
        /// The header of ID tokens; nil for the right one.
        package var header: String?
        /// Changes the text of an ID token.
        package var edit: @Sendable (String) -> String = { $0 }
        /// Whether ID tokens instead of userinfo have the groups.
        package var hasGroupsInTokens = false
        package var issuesRefreshTokens = true
        /// The lifetime of access tokens in seconds.
        package var lifetime = 300
        /// The answer to every request to a path that begins with the key; nil for the right one.
        package var answers: [String: Answer] = [:]
        /// The number of requests by path.
        package var requests: [String: Int] = [:]
        fileprivate var codes: [String: [String: String]] = [:]
        fileprivate var access: [String: String] = [:]
        fileprivate var refresh: [String: String] = [:]
        /// When a person authenticated, in seconds before now; nil to state nothing.
        package var authenticatedBefore: Int? = 0
    }

    package static let clientID = "flotilla"
    package static let clientSecret = "the secret: of 100%"

    private let url: Mutex<String>
    private let state: Mutex<State>

    package init(issuer: String = "http://127.0.0.1:1") {
        url = Mutex(issuer)
        state = Mutex(State())
    }

    /// The issuer. It is set before the first request.
    package var issuer: String {
        get { url.withLock { $0 } }
        set { url.withLock { $0 = newValue } }
    }

    package func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    package func requests(_ path: String) -> Int { state.withLock { $0.requests[path] ?? 0 } }

    // MARK: - The person's browser

    /// Signs a person in at the URL to which the client sent the browser. Returns the fields of the authorization response.
    ///
    /// - Parameter changing: Fields of the request that a test changes.
    package func signIn(_ subject: String, at url: String, changing: [String: String] = [:]) -> String {
        let request = Self.fields(url.split(separator: "?", maxSplits: 1).last.map(String.init) ?? "")
            .merging(changing) { $1 }
        let code = UUID().uuidString
        state.withLock { $0.codes[code] = request.merging(["sub": subject]) { $1 } }
        return "code=\(code)&state=\(request["state"] ?? "")"
    }

    /// The fields of a query or a form.
    package static func fields(_ text: String) -> [String: String] {
        var components = URLComponents()
        components.percentEncodedQuery = text
        return Dictionary((components.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
    }

    // MARK: - Endpoints

    package func respond(to path: String, authorization: String?, form: String) -> Answer {
        let issuer = issuer
        return state.withLock { state in
            state.requests[path, default: 0] += 1
            if let answer = state.answers.first(where: { path.hasPrefix($0.key) })?.value { return answer }
            switch path {
            case "/.well-known/openid-configuration": return (200, Self.metadata(issuer))
            case "/keys":
                let keys = state.published.map { "{\($0.publicMembers),\"kid\":\"1\",\"use\":\"sig\"}" }
                return (200, "{\"keys\":[\(keys.joined(separator: ","))]}")
            case "/token": return Self.tokens(&state, issuer, authorization, Self.fields(form))
            case "/userinfo":
                let token = authorization?.split(separator: " ").last.map(String.init) ?? ""
                guard let subject = state.access[token], let groups = state.groups[subject] else { return (401, "{}") }
                let claim = state.hasGroupsInTokens ? "" : ",\"groups\":\(Self.list(groups))"
                return (200, "{\"sub\":\"\(subject)\",\"preferred_username\":\"\(subject)\"\(claim)}")
            default: return (404, "{}")
            }
        }
    }

    private static func metadata(_ issuer: String) -> String {
        """
        {"issuer":"\(issuer)","authorization_endpoint":"\(issuer)/authorize?tenant=1","token_endpoint":"\(issuer)/token",\
        "jwks_uri":"\(issuer)/keys","userinfo_endpoint":"\(issuer)/userinfo","end_session_endpoint":"\(issuer)/logout"}
        """
    }

    private static func list(_ texts: [String]) -> String { "[\(texts.map { "\"\($0)\"" }.joined(separator: ","))]" }

    private static func tokens(
        _ state: inout State,
        _ issuer: String,
        _ authorization: String?,
        _ form: [String: String]
    )
        -> Answer
    {
        // `flotilla:the%20secret…` in Base64, as in RFC 6749, section 2.3.1.
        let credentials = Data("flotilla:the%20secret%3A%20of%20100%25".utf8).base64EncodedString()
        guard authorization == "Basic \(credentials)" else { return (401, #"{"error":"invalid_client"}"#) }
        let subject: String
        var nonce: String?
        switch form["grant_type"] {
        case "authorization_code":
            var sum = SHA256()
            sum.update((form["code_verifier"] ?? "").utf8)
            guard let request = state.codes.removeValue(forKey: form["code"] ?? ""),
                request["redirect_uri"] == form["redirect_uri"], request["client_id"] == clientID,
                request["response_type"] == "code", request["code_challenge_method"] == "S256",
                request["code_challenge"] == Base64URL.encode(sum.hash), let person = request["sub"]
            else { return (400, #"{"error":"invalid_grant"}"#) }
            (subject, nonce) = (person, request["nonce"])
        case "refresh_token":
            // A refresh token is valid once.
            guard let person = state.refresh.removeValue(forKey: form["refresh_token"] ?? ""),
                state.groups[person] != nil
            else { return (400, #"{"error":"invalid_grant"}"#) }
            subject = person
        default: return (400, #"{"error":"unsupported_grant_type"}"#)
        }
        let (access, refresh) = (UUID().uuidString, UUID().uuidString)
        state.access[access] = subject
        if state.issuesRefreshTokens { state.refresh[refresh] = subject }
        let id = idToken(state, issuer, subject, nonce)
        let last = state.issuesRefreshTokens ? ",\"refresh_token\":\"\(refresh)\"" : ""
        let body = """
            {"access_token":"\(access)","token_type":"Bearer","expires_in":\(state.lifetime),"id_token":"\(id)"\(last)}
            """
        return (200, body)
    }

    private static func idToken(_ state: State, _ issuer: String, _ subject: String, _ nonce: String?) -> String {
        let now = Int(Date().timeIntervalSince1970)
        var claims: [String: String?] = [
            "iss": "\"\(issuer)\"", "aud": "\"\(clientID)\"", "sub": "\"\(subject)\"", "iat": "\(now)",
            "exp": "\(now + 300)", "nonce": nonce.map { "\"\($0)\"" }, "preferred_username": "\"\(subject)\"",
            "auth_time": state.authenticatedBefore.map { "\(now - $0)" },
        ]
        if state.hasGroupsInTokens { claims["groups"] = list(state.groups[subject] ?? []) }
        for (name, value) in state.claims { claims.updateValue(value, forKey: name) }
        let members = claims.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",")
        return state.edit(state.key.token("{\(members)}", header: state.header))
    }
}
