/// Text in a header field.
enum HeaderText {
    /// Replaces control characters with spaces: a line end would start another field (RFC 9110, section 5.5).
    static func safe(_ text: String) -> String {
        guard text.utf8.contains(where: isControl) else { return text }
        return String(decoding: text.utf8.map { isControl($0) ? 0x20 : $0 }, as: UTF8.self)
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
}
