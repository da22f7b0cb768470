/// The hosts that a listener serves: this machine's names, the address that it listens on, and those of `PUBLIC_HOSTS`.
struct HostList: Sendable {
    /// An entry of `PUBLIC_HOSTS`.
    struct PublicHost: Hashable, Sendable {
        /// Any port is served where it names none.
        let authority: Authority
        /// Whether it is written `https://…`: a proxy does TLS for it.
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

    /// Served with any port.
    // traps: hosts of requests are ASCII, where texts that are equal have the same code points.
    private let own: Set<String>
    private let published: [PublicHost]

    /// - Parameter address: The host that is listened on. An address that stands for all of a machine's names none.
    init(listeningOn address: String, published: [PublicHost]) {
        let isEveryAddress = IPAddress(address)?.bits == 0
        let name = IPAddress(address).map { "\($0)" } ?? address.lowercased()
        own = Set(["localhost", "127.0.0.1", "::1"] + (isEveryAddress ? [] : [name]))
        self.published = published
    }

    /// Whether requests for `authority` are answered.
    func serves(_ authority: Authority) -> Bool {
        own.contains(authority.host) || published.contains { $0.serves(authority) }
    }

    /// Whether browsers reach `authority` over TLS that a proxy does.
    func isHTTPS(_ authority: Authority) -> Bool {
        published.contains { $0.isHTTPS && $0.serves(authority) }
    }

    /// Whether `origin` is an entry of `PUBLIC_HOSTS`, with that port.
    func publishes(_ origin: Origin) -> Bool {
        published.contains { $0.authority == origin.authority && (origin.isHTTPS || !$0.isHTTPS) }
    }
}

/// Where a page comes from, as a browser says it in `Origin` (RFC 6454, section 7).
struct Origin: Sendable {
    let isHTTPS: Bool
    let authority: Authority

    /// Nil for `null` and everything else that is no origin of a page on the web.
    init?(_ text: String) {
        isHTTPS = text.utf8.starts(with: "https://".utf8)
        let scheme = isHTTPS ? "https://" : "http://"
        guard text.utf8.starts(with: scheme.utf8),
            let authority = Authority(text.utf8.dropFirst(scheme.utf8.count))
        else { return nil }
        self.authority = authority
    }
}
