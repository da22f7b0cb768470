/// The hosts that a listener serves: loopback names, the listening address, and those in `PUBLIC_HOSTS`.
struct HostList: Sendable {
    /// An entry of `PUBLIC_HOSTS`.
    struct PublicHost: Hashable, Sendable {
        /// The host. Without a port, every port is served.
        let authority: Authority
        /// Whether the entry begins with `https://`: a proxy terminates TLS for it.
        let isHTTPS: Bool

        /// Reads `[https://]HOST[:PORT]`.
        init?(_ text: String) {
            isHTTPS = text.utf8.starts(with: "https://".utf8)
            guard let authority = Authority(text.utf8.dropFirst(isHTTPS ? "https://".utf8.count : 0)) else {
                return nil
            }
            self.authority = authority
        }

        fileprivate func serves(_ other: Authority) -> Bool {
            authority.host == other.host && (authority.port == nil || authority.port == other.port)
        }
    }

    /// Hosts that are served with any port.
    /// traps: hosts of requests are ASCII, where equal texts have the same code points.
    private let own: Set<String>
    private let published: [PublicHost]

    /// - Parameter address: The listening host. A wildcard address adds no name.
    init(listeningOn address: String, published: [PublicHost]) {
        let isEveryAddress = IPAddress(address)?.bits == 0
        let name = IPAddress(address).map { "\($0)" } ?? address.lowercased()
        own = Set(["localhost", "127.0.0.1", "::1"] + (isEveryAddress ? [] : [name]))
        self.published = published
    }

    /// Whether requests for `authority` are served.
    func serves(_ authority: Authority) -> Bool {
        own.contains(authority.host) || published.contains { $0.serves(authority) }
    }

    /// Whether browsers reach `authority` over TLS that a proxy terminates.
    func isHTTPS(_ authority: Authority) -> Bool {
        published.contains { $0.isHTTPS && $0.serves(authority) }
    }

    /// Whether `origin` matches an entry of `PUBLIC_HOSTS`, including the port.
    func publishes(_ origin: Origin) -> Bool {
        published.contains { $0.authority == origin.authority && (origin.isHTTPS || !$0.isHTTPS) }
    }
}

/// The origin of a page, as browsers send it in `Origin` (RFC 6454, section 7).
struct Origin: Sendable {
    let isHTTPS: Bool
    let authority: Authority

    /// Nil for `null` and any other value that is not the origin of a web page.
    init?(_ text: String) {
        isHTTPS = text.utf8.starts(with: "https://".utf8)
        let scheme = isHTTPS ? "https://" : "http://"
        guard text.utf8.starts(with: scheme.utf8),
            let authority = Authority(text.utf8.dropFirst(scheme.utf8.count))
        else { return nil }
        self.authority = authority
    }
}
