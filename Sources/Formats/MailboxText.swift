/// Checks mail addresses.
enum MailboxText {
    /// `Mailbox` of RFC 5321, section 4.1.2, or with non-ASCII characters of RFC 6531, section 3.3.
    static func isMailbox(_ text: String, isInternational: Bool) -> Bool {
        guard let at = text.lastIndex(of: "@") else { return false }
        let local = text[..<at]
        let domain = String(text[text.index(after: at)...])
        guard isLocalPart(local, isInternational) else { return false }
        if domain.hasPrefix("["), domain.hasSuffix("]") {
            let literal = domain.dropFirst().dropLast()
            return literal.hasPrefix("IPv6:") ? AddressText.isIPv6(literal.dropFirst(5)) : AddressText.isIPv4(literal)
        }
        return isInternational ? HostnameText.isInternationalHostname(domain) : HostnameText.isHostname(domain)
    }

    private static func isLocalPart(_ local: Substring, _ isInternational: Bool) -> Bool {
        guard !local.isEmpty, isInternational || local.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        if local.utf8.count >= 2, local.hasPrefix("\""), local.hasSuffix("\"") {
            var content = local.dropFirst().dropLast().unicodeScalars[...]
            while let scalar = content.popFirst() {
                if scalar == "\"" || scalar < " " || scalar == "\u{7F}" { return false }
                if scalar == "\\", content.popFirst() == nil { return false }
            }
            return true
        }
        return local.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.utf8.allSatisfy {
                    $0.isLetterOrDigit || $0 >= 0x80 || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0)
                }
        }
    }
}
