import ContractRuntime
import Generated
import NIOHTTP1

/// Rejects requests for hosts that this server does not serve, which prevents DNS rebinding, and cross-site requests from browsers. Each
/// connection has its own guard, which checks the `Host` field again only when it changes.
struct RequestGuard: Sendable {
    /// The kind of content that a listener serves to browsers.
    enum Content: Sendable {
        /// No pages.
        case api
        /// Pages, which other sites may link to.
        case pages
    }

    private let hosts: HostList
    private let content: Content
    /// Whether the listener terminates TLS itself.
    private let isTLS: Bool
    /// The last accepted `Host` field, and its parsed value.
    private var served: (field: String, authority: Authority, isSecure: Bool)?

    init(hosts: HostList, content: Content, isTLS: Bool) {
        self.hosts = hosts
        self.content = content
        self.isTLS = isTLS
    }

    /// Whether the client of the last accepted request uses TLS, to this server or to a proxy in front of it.
    var isSecure: Bool { served?.isSecure ?? isTLS }

    /// The problem with a request's host or origin; nil if the request is accepted. A target in absolute form is replaced by its path.
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
            // HTTP/1.0 has no `Host` field, and load balancers may use it for health checks.
            let isHealthCheck = head.version == .http1_0 && isHealthCheck(head.uri)
            return isHealthCheck ? nil : .badHost("the request has no Host field")
        }
        if let served, served.field.utf8.elementsEqual(host.utf8) { return nil }
        guard let authority = Authority(host.utf8) else {
            return .badHost("the Host field is malformed: expected HOST[:PORT]")
        }
        guard hosts.serves(authority) else { return isHealthCheck(head.uri) ? nil : .unknownHost }
        served = (host, authority, isTLS || hosts.isHTTPS(authority))
        return nil
    }

    /// Replaces a target in absolute form (RFC 9112, section 3.2.2) with its path. Its host must be served, too.
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

    /// Probes use any address that reaches the server, and health is not secret.
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
            // The user started the request, for example with a bookmark.
            case "none", "same-origin": true
            case "same-site" where isPublished: true
            // Unknown values count as cross-site.
            default: isLink(fields, head)
            }
        }
    }

    /// Whether the browser follows a link to a page. Pages change nothing, and the linking site cannot read them.
    private func isLink(_ fields: Fields, _ head: HTTPRequestHead) -> Bool {
        guard case .pages = content, head.method == .GET || head.method == .HEAD else { return false }
        return fields.modes == ["navigate"] && fields.destinations == ["document"]
    }

    /// The fields about hosts and sites (RFC 9110, section 7.2; Fetch, section 3.2; Fetch Metadata, section 2).
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
                // Comparing lengths first is faster, because few fields have names of these lengths.
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
        code: .unknownHost,
        detail: "the host is not served here: expected localhost, the server's address or one of PUBLIC_HOSTS"
    )
    static let crossSiteRequest = Problem(
        status: 403,
        code: .crossSiteRequest,
        detail: "the request comes from a page of another site: expected this host or one of PUBLIC_HOSTS"
    )
    fileprivate static let badTarget = Problem(
        status: 400,
        code: .malformedRequest,
        detail: "the target is neither a path nor an http or https URL"
    )

    /// 400 (RFC 9112, section 3.2)
    fileprivate static func badHost(_ detail: String) -> Problem {
        Problem(status: 400, code: .malformedRequest, detail: detail)
    }
}
