/// A host and its port, as in a `Host` field or a URL (RFC 3986, section 3.2; without user information). Parsed byte by byte.
struct Authority: Hashable, Sendable {
    /// The host in lower case. An IPv6 address has no brackets and its canonical spelling.
    let host: String
    /// Nil for the scheme's default port.
    let port: UInt16?

    init?(_ text: some Sequence<UInt8>) {
        let bytes = Array(text)
        guard let end = Self.endOfHost(bytes) else { return nil }
        if end < bytes.count {
            guard let port = Self.port(bytes[(end + 1)...]) else { return nil }
            self.port = port
        } else {
            port = nil
        }
        if bytes.first == UInt8(ascii: "[") {
            guard let address = IPAddress(String(decoding: bytes[1..<(end - 1)], as: UTF8.self)) else { return nil }
            host = "\(address)"
        } else {
            guard end <= 253, bytes[..<end].allSatisfy(\.isOfName) else { return nil }
            host = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
        }
    }

    /// The index where the host ends: the colon before the port, or the end.
    private static func endOfHost(_ bytes: [UInt8]) -> Int? {
        let end: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            end = bracket + 1
            guard end == bytes.count || bytes[end] == UInt8(ascii: ":") else { return nil }
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        }
        return end == 0 ? nil : end
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard !digits.isEmpty, digits.count <= 5, digits.allSatisfy(\.isDigit) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return UInt16(exactly: number)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether the byte can be part of a host name. RFC 3986 allows more in theory; no resolver does.
    fileprivate var isOfName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: isDigit
        }
    }
}
