import NIOHTTP1

/// The proxies in `TRUSTED_PROXIES`, whose forwarding headers are trusted.
struct TrustedProxies: Sendable {
    /// A range of addresses with a common prefix, such as `10.0.0.0/8`.
    struct Network: Hashable, Sendable {
        private let first: IPAddress
        private let prefix: Int

        /// Parses an address or `ADDRESS/BITS`.
        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
            let width = address.isIPv4 ? 32 : 128
            // traps: this parses a text and returns nil if it is not a number of eight bits.
            guard let prefix = parts.count == 1 ? width : UInt8(parts[1]).map(Int.init), prefix <= width else {
                return nil
            }
            first = address.network(prefix)
            self.prefix = prefix
        }

        func contains(_ address: IPAddress) -> Bool {
            address.isIPv4 == first.isIPv4 && address.network(prefix) == first
        }
    }

    private let networks: [Network]

    init(_ networks: [Network] = []) {
        self.networks = networks
    }

    /// Whether the other end of a connection is a trusted proxy.
    func contains(_ address: String) -> Bool {
        !networks.isEmpty && IPAddress(address).map(contains) == true
    }

    /// Whether an address belongs to a trusted proxy.
    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// The client's address according to `proxy` and the proxies before it: the last address in the list that is not a trusted proxy. The
    /// client may have forged everything before that.
    func client(before proxy: String, _ headers: HTTPHeaders) -> String {
        let forwarded = headers["Forwarded"].isEmpty ? nil : last(Self.hops(ofForwarded: headers["Forwarded"]), proxy)
        let list = headers["X-Forwarded-For"]
        let listed = list.isEmpty ? nil : last(list.flatMap(Self.elements), proxy)
        // A proxy writes only one of the two fields; the other may come from the client.
        if let forwarded, let listed { return forwarded == listed ? forwarded : proxy }
        return forwarded ?? listed ?? proxy
    }

    /// The last hop that is not a trusted proxy. A hop that is not an address ends the search, because its origin is unknown.
    private func last(_ hops: [String], _ proxy: String) -> String {
        var client = proxy
        for hop in hops.reversed() {
            guard let address = Self.address(hop) else { return client }
            client = "\(address)"
            if !contains(address) { return client }
        }
        return client
    }

    /// The elements of a comma-separated list (RFC 9110, section 5.6.1).
    private static func elements(_ field: String) -> [String] {
        field.utf8.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The values of `for` (RFC 7239, section 4). An element without one is an unknown hop.
    private static func hops(ofForwarded fields: [String]) -> [String] {
        fields.flatMap(elements).map { element in
            let pairs = element.utf8.split(separator: UInt8(ascii: ";")).map { String(decoding: $0, as: UTF8.self) }
            for pair in pairs {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, trimmed(parts[0]).isFieldName("for") { return String(parts[1]) }
            }
            return ""
        }
    }

    /// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, optionally quoted.
    private static func address(_ hop: String) -> IPAddress? {
        var text = trimmed(hop[...])
        if text.utf8.first == UInt8(ascii: "\""), text.utf8.last == UInt8(ascii: "\""), text.utf8.count > 1 {
            text = String(text.dropFirst().dropLast())
        }
        if let address = IPAddress(text) { return address }
        guard let authority = Authority(text.utf8) else { return nil }
        return IPAddress(authority.host)
    }

    private static func trimmed(_ text: Substring) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let bytes = Array(text.utf8.drop(while: isSpace))
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
