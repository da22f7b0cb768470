#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An IP address as a number. An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) equals the IPv4 address.
struct IPAddress: Hashable, Sendable {
    /// The address; an IPv4 address uses the low 32 bits.
    let bits: UInt128
    let isIPv4: Bool

    /// Parses `192.0.2.1` or `2001:db8::1`, without brackets and zone.
    init?(_ text: some StringProtocol) {
        // inet_pton stops at U+0000, so only characters of addresses may reach it.
        guard text.utf8.count <= 45, text.utf8.allSatisfy(\.isOfAddress) else { return nil }
        let text = String(text)
        var four = UInt32(0)
        if inet_pton(AF_INET, text, &four) == 1 {
            bits = UInt128(UInt32(bigEndian: four))
            isIPv4 = true
            return
        }
        var six = UInt128(0)
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let value = UInt128(bigEndian: six)
        isIPv4 = value >> 32 == 0xFFFF
        bits = isIPv4 ? value & 0xFFFF_FFFF : value
    }

    private init(bits: UInt128, isIPv4: Bool) {
        self.bits = bits
        self.isIPv4 = isIPv4
    }

    /// The first address of the network with this prefix length.
    func network(_ prefix: Int) -> IPAddress {
        let rest = (isIPv4 ? 32 : 128) - prefix
        // Shifting by the whole width yields 0.
        return IPAddress(bits: (bits >> rest) << rest, isIPv4: isIPv4)
    }

    /// The key for counting failures. A client has one IPv4 address, but can use every IPv6 address of its /64 network.
    var source: IPAddress { isIPv4 ? self : network(64) }

    /// Whether it is a loopback address: 127.0.0.0/8 or ::1.
    var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }
}

extension IPAddress: CustomStringConvertible {
    /// The text form of RFC 5952.
    var description: String {
        if isIPv4 { return [24, 16, 8, 0].map { "\(bits >> $0 & 0xFF)" }.joined(separator: ".") }
        var bytes = bits.bigEndian
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            guard let base = text.baseAddress,
                inet_ntop(AF_INET6, &bytes, base, socklen_t(text.count)) != nil
            else { return "::" }
            return String(cString: base)
        }
    }
}

extension UInt8 {
    /// A digit, a hexadecimal letter, a dot or a colon.
    fileprivate var isOfAddress: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
