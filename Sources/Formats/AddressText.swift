/// Checks IP addresses.
enum AddressText {
    /// Four decimal numbers, without leading zeros (RFC 2673, section 3.2; RFC 6943, section 3.1.1).
    static func isIPv4(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(\.isDigit) && (part.count == 1 || part.first != 0x30)
                    && part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    /// Eight groups of up to four hexadecimal digits, in which `::` may replace one run of zeros and an IPv4 address the last two groups
    /// (RFC 4291, section 2.2).
    static func isIPv6(_ text: some StringProtocol) -> Bool {
        var groups = text.split(separator: ":", omittingEmptySubsequences: false)
        guard groups.count >= 3, groups.count <= 9, !text.hasPrefix(":") || text.hasPrefix("::"),
            !text.hasSuffix(":") || text.hasSuffix("::")
        else { return false }
        var needed = 8
        if groups[groups.count - 1].utf8.contains(UInt8(ascii: ".")) {
            guard isIPv4(groups.removeLast()) else { return false }
            needed = 6
        }
        // `::` at either end leaves two empty groups there; one of them is dropped.
        if groups.first == "", groups.count > 1, groups[1] == "" { groups.removeFirst() }
        if groups.last == "", groups.count > 1, groups[groups.count - 2] == "", needed == 8 { groups.removeLast() }
        let runs = groups.count { $0.isEmpty }
        let areDigits = groups.allSatisfy { $0.utf8.count <= 4 && $0.utf8.allSatisfy(\.isHexadecimalDigit) }
        return areDigits && (runs == 0 ? groups.count == needed : runs == 1 && groups.count <= needed)
    }
}
