import ContractRuntime
import NIOHTTP1

/// Refuses requests for hosts that are not served here, which is how DNS rebinding reaches a server, and requests that a browser sends for
/// another site's page. Each connection has its own, so that the `Host` field is judged once as long as it stays the same.
struct RequestGuard: Sendable {
    /// The content that a listener has for browsers.
    enum Content: Sendable {
        /// Nothing that a browser navigates to.
        case api
        /// Pages, to which other sites may link.
        case pages
    }

    private let hosts: HostList
    private let content: Content
    /// Whether the listener does TLS itself.
    private let isTLS: Bool
    /// The last `Host` that is served, as it came, and what it says.
    private var served: (field: String, authority: Authority, isSecure: Bool)?

    init(hosts: HostList, content: Content, isTLS: Bool) {
        self.hosts = hosts
        self.content = content
        self.isTLS = isTLS
    }

    /// Whether the client of the last request that was let through speaks TLS, with us or with a proxy before us.
    var isSecure: Bool { served?.isSecure ?? isTLS }

    /// The refusal of a request's host or origin; nil if the request may go on. A target in absolute form becomes a path.
    mutating func problem(with head: inout HTTPRequestHead) -> Problem? {
        let fields = Fields(head.headers)
        guard fields.hosts < 2 else { return .badHost("the request has more than one Host field") }
        if let problem = problem(withHost: fields.host, of: &head) { return problem }
        guard fields.isFromBrowser else { return nil }
        return allows(fields, head) ? nil : .crossSiteRequest
    }

    // MARK: - Host

    private mutating func problem(withHost host: String?, of head: inout HTTPRequestHead) -> Problem? {
        if head.uri.utf8.first != UInt8(ascii: "/"), let problem = takePath(of: &head) { return problem }
        guard let host else {
            // HTTP/1.0 has no Host, and neither have the health checks of load balancers.
            let isHealthCheck = head.version == .http1_0 && isHealthCheck(head.uri)
            return isHealthCheck ? nil : .badHost("the request has no Host field")
        }
        if let served, served.field.utf8.elementsEqual(host.utf8) { return nil }
        guard let authority = Authority(host.utf8) else { return .badHost("the Host field is no HOST[:PORT]") }
        guard hosts.serves(authority) else { return isHealthCheck(head.uri) ? nil : .unknownHost }
        served = (host, authority, isTLS || hosts.isHTTPS(authority))
        return nil
    }

    /// Makes a path of a target in absolute form (RFC 9112, section 3.2.2), whose host must be one that is served, too.
    private func takePath(of head: inout HTTPRequestHead) -> Problem? {
        let target = head.uri.utf8
        if head.method == .OPTIONS, target.elementsEqual("*".utf8) { return nil }
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")),
            ["http", "https"].contains(head.uri[..<colon].lowercased()),
            target[colon...].starts(with: "://".utf8)
        else { return .badTarget }
        let rest = target[colon...].dropFirst("://".utf8.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard let authority = Authority(rest[..<end]) else { return .badTarget }
        let path = String(head.uri[end...])
        head.uri = path.utf8.first == UInt8(ascii: "/") ? path : "/" + path
        return hosts.serves(authority) || isHealthCheck(head.uri) ? nil : .unknownHost
    }

    /// Probes name whatever address they reach, and what they are told is no secret.
    private func isHealthCheck(_ target: String) -> Bool {
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let paths =
            switch content {
            case .api: ["/healthz", "/readyz"]
            case .pages: ["/api/healthz"]
            }
        return paths.contains { path.elementsEqual($0.utf8) }
    }

    // MARK: - Site

    private func allows(_ fields: Fields, _ head: HTTPRequestHead) -> Bool {
        var isPublished = false
        for text in fields.origins {
            guard let origin = Origin(text) else { return false }
            isPublished = hosts.publishes(origin)
            let isOwn = origin.authority == served?.authority && (origin.isHTTPS || !isSecure)
            guard isOwn || isPublished else { return false }
        }
        return fields.sites.allSatisfy { site in
            switch site {
            // The user's own doing, such as a bookmark.
            case "none", "same-origin": true
            case "same-site" where isPublished: true
            // Other values than the standard's count as the worst of them.
            default: isLink(fields, head)
            }
        }
    }

    /// Whether the browser follows a link to a page. Pages change nothing, and the linking site cannot read them.
    private func isLink(_ fields: Fields, _ head: HTTPRequestHead) -> Bool {
        guard case .pages = content, head.method == .GET || head.method == .HEAD else { return false }
        return fields.modes == ["navigate"] && fields.destinations == ["document"]
    }

    /// The fields that tell of hosts and sites (RFC 9110, section 7.2; Fetch, section 3.2; Fetch Metadata, section 2).
    private struct Fields {
        var hosts = 0
        var host: String?
        var origins: [String] = []
        var sites: [String] = []
        var modes: [String] = []
        var destinations: [String] = []

        var isFromBrowser: Bool { !origins.isEmpty || !sites.isEmpty }

        init(_ headers: HTTPHeaders) {
            for (name, value) in headers {
                // Few fields have names of these lengths.
                switch name.utf8.count {
                case 4 where name.isFieldName("host"):
                    hosts += 1
                    host = value
                case 6 where name.isFieldName("origin"): origins.append(value)
                case 14 where name.isFieldName("sec-fetch-site"): sites.append(value)
                case 14 where name.isFieldName("sec-fetch-mode"): modes.append(value)
                case 14 where name.isFieldName("sec-fetch-dest"): destinations.append(value)
                default: break
                }
            }
        }
    }
}

extension Problem {
    static let unknownHost = Problem(
        status: 421,
        code: "UNKNOWN_HOST",
        detail: "the host is not served here: expected localhost, the server's address or one of PUBLIC_HOSTS"
    )
    static let crossSiteRequest = Problem(
        status: 403,
        code: "CROSS_SITE_REQUEST",
        detail: "the request comes from a page of another site: expected this host or one of PUBLIC_HOSTS"
    )
    fileprivate static let badTarget = Problem(
        status: 400,
        code: "MALFORMED_REQUEST",
        detail: "the target is neither a path nor an http or https URL"
    )

    /// 400 (RFC 9112, section 3.2)
    fileprivate static func badHost(_ detail: String) -> Problem {
        Problem(status: 400, code: "MALFORMED_REQUEST", detail: detail)
    }
}
