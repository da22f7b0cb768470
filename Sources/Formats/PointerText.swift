/// Checks JSON Pointers.
enum PointerText {
    /// RFC 6901, section 3.
    static func isPointer(_ text: some StringProtocol) -> Bool {
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else { return false }
        return text.utf8.split(separator: UInt8(ascii: "~"), omittingEmptySubsequences: false).dropFirst()
            .allSatisfy { $0.first == 0x30 || $0.first == 0x31 }
    }

    /// A number without leading zeros, then `#` or a pointer.
    static func isRelativePointer(_ text: String) -> Bool {
        let digits = text.utf8.prefix(while: \.isDigit)
        guard !digits.isEmpty, digits.count == 1 || digits.first != 0x30 else { return false }
        let rest = text[digits.endIndex...]
        return rest == "#" || isPointer(rest)
    }
}
