import Dashboard
import NIOHTTP1

/// What the head of a browser's request says.
struct WebRequestHead: Sendable {
    let id: String
    let client: Client
    let isPost: Bool
    /// The target as it came.
    let uri: String
    let rawPath: Substring
    let rawQuery: String
    /// The segments of the path, decoded.
    let path: [String]
    let query: Fields
    let headers: [(name: String, value: String)]
    /// The session's secret, if the browser has one.
    let session: String?
    /// `light` or `dark`, if somebody chose.
    let theme: String?

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
        headers = head.headers.map { (name: $0.name, value: $0.value) }
        let cookies = Self.cookies(head.headers)
        session = cookies[Self.sessionCookie(of: client)].flatMap { $0.isEmpty ? nil : $0 }
        theme = cookies["theme"].flatMap { ["light", "dark"].contains($0) ? $0 : nil }
    }

    /// Over TLS a name that no other host, and nothing that came without TLS, can set a cookie for (RFC 6265bis, section 4.1.3.2).
    private static func sessionCookie(of client: Client) -> String {
        client.isSecure ? "__Host-flotilla_session" : "flotilla_session"
    }

    /// A `Set-Cookie` field for the session, which scripts cannot read.
    func sessionCookie(_ secret: String, seconds: Int) -> String {
        cookie(Self.sessionCookie(of: client), secret, seconds: seconds) + "; HttpOnly"
    }

    /// A `Set-Cookie` field that scripts can read, too.
    func cookie(_ name: String, _ value: String, seconds: Int) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); SameSite=Lax" + (client.isSecure ? "; Secure" : "")
    }

    /// RFC 6265, section 4.2.
    private static func cookies(_ headers: HTTPHeaders) -> [String: String] {
        // traps: only names in ASCII are looked up, which equal no other text.
        var cookies: [String: String] = [:]
        for pair in headers["Cookie"].flatMap({ $0.split(separator: ";") }) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let key = parts.first, let value = parts.last else { continue }
            let name = String(key.drop { $0 == " " })
            if cookies[name] == nil { cookies[name] = String(value) }
        }
        return cookies
    }

    /// A path of this server, or the dashboard's: nobody is sent elsewhere by a link that was made for it.
    static func localPath(_ path: String?) -> String {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), !path.hasPrefix("/\\"),
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "/dashboard" }
        return path
    }
}
