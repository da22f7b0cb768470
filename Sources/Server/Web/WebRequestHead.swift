import ContractRuntime
import Dashboard
import NIOHTTP1

/// The head of a browser's request: target, cookies and header fields.
struct WebRequestHead: Sendable {
    let id: String
    let client: Client
    let isPost: Bool
    /// The request target, not decoded.
    let uri: String
    let rawPath: Substring
    let rawQuery: String
    /// The decoded segments of the path.
    let path: [String]
    let query: Fields
    let headers: HeaderFields
    /// The secret of the session; nil without a session cookie.
    let session: String?
    /// The secret of an attempt to sign in at the OpenID provider, and the path to open afterwards; nil without one.
    let attempt: SignInAttempt?
    /// `light` or `dark`; nil to follow the browser's setting.
    let theme: String?
    /// Whether the browser shows times in its own zone.
    let isLocalTime: Bool
    /// Whether keys without Control or Alt are shortcuts.
    let hasShortcuts: Bool
    /// The currency in which totals are reported; nil without a preference.
    let reportingCurrency: String?

    init(_ head: HTTPRequestHead, from client: Client, id: String) {
        self.id = id
        self.client = client
        isPost = head.method == .POST
        uri = head.uri
        let mark = head.uri.firstIndex(of: "?") ?? head.uri.endIndex
        rawPath = head.uri[..<mark]
        rawQuery = String(head.uri[mark...].dropFirst())
        path = rawPath.split(separator: "/").map { Fields.decoded($0, isForm: false) }
        query = Fields(rawQuery)
        headers = HeaderFields(head.headers.map { ($0.name, $0.value) })
        let cookies = Self.cookies(head.headers)
        session = cookies[Self.sessionCookie(of: client)].flatMap { $0.isEmpty ? nil : $0 }
        attempt = cookies[Self.attemptCookie(of: client)].flatMap { SignInAttempt(cookie: $0) }
        theme = cookies["theme"].flatMap { ["light", "dark"].contains($0) ? $0 : nil }
        isLocalTime = cookies["zone"] == "local"
        hasShortcuts = cookies["keys"] != "off"
        reportingCurrency = Self.currency(cookies["currency"])
    }

    /// The name of a currency, if a cookie can carry it.
    static func currency(_ name: String?) -> String? {
        guard let name, (1...16).contains(name.utf8.count) else { return nil }
        let others = Set("-._".utf8)
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || others.contains($0)
        } ? name : nil
    }

    /// The name of the session cookie. Over TLS it has the prefix `__Host-`, so that no other host and no connection without TLS can set it
    /// (RFC 6265bis, section 4.1.3.2).
    private static func sessionCookie(of client: Client) -> String {
        client.isSecure ? "__Host-flotilla_session" : "flotilla_session"
    }

    /// The `Set-Cookie` value of the session, which scripts cannot read.
    func sessionCookie(_ secret: String, seconds: Int) -> String {
        cookie(Self.sessionCookie(of: client), secret, seconds: seconds) + "; HttpOnly"
    }

    private static func attemptCookie(of client: Client) -> String {
        client.isSecure ? "__Host-flotilla_openid" : "flotilla_openid"
    }

    /// The `Set-Cookie` value of an attempt to sign in; nil removes it.
    func attemptCookie(_ attempt: SignInAttempt?) -> String {
        let seconds = attempt == nil ? 0 : SignInAttempt.seconds
        return cookie(Self.attemptCookie(of: client), attempt?.cookie ?? "", seconds: seconds) + "; HttpOnly"
    }

    /// The scheme and authority under which the browser knows this server. `RequestGuard` has checked the field `Host`.
    var site: String { "\(client.isSecure ? "https" : "http")://\(headers["host"] ?? "")" }

    /// Whether the request is an update of an open page instead of an action of its user.
    var isUpdate: Bool { headers["flotilla-blocks"] != nil || path.first == "api" }

    /// A `Set-Cookie` value that scripts can read.
    func cookie(_ name: String, _ value: String, seconds: Int) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); SameSite=Lax" + (client.isSecure ? "; Secure" : "")
    }

    /// The field `Flotilla-Blocks` of the page's script: `ID=VERSION,ID=VERSION`, the blocks of the page that it has.
    var knownBlocks: [ExactText: String] {
        var known: [ExactText: String] = [:]
        for pair in headers["flotilla-blocks"]?.split(separator: ",").prefix(100) ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let id = parts.first, let version = parts.last else { continue }
            known[ExactText(String(id))] = String(version)
        }
        return known
    }

    /// The field `Flotilla-Rows` of the page's script: the versions of the rows that it has, separated by commas.
    var knownRows: Set<ExactText> {
        Set(headers["flotilla-rows"]?.split(separator: ",").prefix(1_000).map { ExactText(String($0)) } ?? [])
    }

    /// Parses the `Cookie` fields (RFC 6265, section 4.2).
    private static func cookies(_ headers: HTTPHeaders) -> [String: String] {
        // traps: only ASCII names are looked up, and no other text equals them.
        var cookies: [String: String] = [:]
        for pair in headers["Cookie"].flatMap({ $0.split(separator: ";") }) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let key = parts.first, let value = parts.last else { continue }
            let name = String(key.drop { $0 == " " })
            if cookies[name] == nil { cookies[name] = String(value) }
        }
        return cookies
    }

    /// `path` if it is a path of this server, `/dashboard` otherwise: a crafted link cannot redirect to another site.
    static func localPath(_ path: String?) -> String {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), !path.hasPrefix("/\\"),
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "/dashboard" }
        return path
    }
}

/// An attempt to sign in at the OpenID provider, which the browser keeps in a cookie.
struct SignInAttempt: Sendable {
    /// The lifetime of an attempt in seconds.
    static let seconds = 600
    /// The maximum length of a path in the cookie.
    private static let mostBytes = 1_500

    let secret: String
    /// Whether the person must authenticate again.
    let isStepUp: Bool
    /// The path to open afterwards.
    let next: String

    init(secret: String, isStepUp: Bool, next: String) {
        self.secret = secret
        self.isStepUp = isStepUp
        self.next = next.utf8.count <= Self.mostBytes ? next : "/dashboard"
    }

    /// Reads the value of the cookie.
    init?(cookie: String) {
        let parts = cookie.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let secret = parts.first, let mark = parts.dropFirst().first, let next = parts.last
        else {
            return nil
        }
        self.init(
            secret: secret,
            isStepUp: mark == "again",
            next: WebRequestHead.localPath(Fields.decoded(next, isForm: false))
        )
    }

    /// The value of the cookie.
    var cookie: String { "\(secret).\(isStepUp ? "again" : "").\(PercentEncoding.encode(next))" }
}
