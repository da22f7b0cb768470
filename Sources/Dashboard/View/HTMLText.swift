import Mustache

/// Escapes text for HTML. All pages use this escaper.
///
/// The escaper of swift-mustache compares grapheme clusters, so it does not escape a character that a combining mark follows
/// (`docs/upstream/swift-mustache-escaping.md`). Browsers read code points.
public enum HTMLText {
    /// Escapes `text` for an element or a quoted attribute (WHATWG HTML, section 13.1.2.3).
    public static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The content type of all templates, which makes them use our escaper.
struct EscapedContent: MustacheContentType {
    static let name = "ESCAPED"

    func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
}
