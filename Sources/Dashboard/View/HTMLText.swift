import Mustache

/// Text in HTML. This is the only escaper of pages.
///
/// The one of swift-mustache compares characters as Swift does, grapheme by grapheme, so a sign that a combining mark follows stays as it is
/// (`docs/upstream/swift-mustache-escaping.md`). Browsers read code points.
public enum HTMLText {
    /// `text` as it stands in an element or in an attribute between quotes (WHATWG HTML, section 13.1.2.3).
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

/// The content type of every template: what it inserts is escaped by us.
struct EscapedContent: MustacheContentType {
    static let name = "ESCAPED"

    func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
}
