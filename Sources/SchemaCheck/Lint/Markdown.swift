/// Finds executable constructs in CommonMark text.
enum Markdown {
    private static let tags: Set = [
        "script", "iframe", "object", "embed", "form", "meta", "link", "base", "svg", "style",
    ]
    private static let schemes = ["javascript:", "vbscript:", "data:text/html"]

    /// The first construct that a browser would execute. Takes linear time.
    static func unsafe(in text: String) -> String? {
        let pieces = text.split(separator: "<", omittingEmptySubsequences: false)
        for piece in pieces.dropFirst() {
            if let found = unsafe(inTag: piece) { return found }
        }
        // Browsers execute a scheme only in a link.
        for link in text.split(separator: "](", omittingEmptySubsequences: false).dropFirst() {
            if let found = scheme(of: link) { return found }
        }
        return nil
    }

    /// The text between two `<`.
    private static func unsafe(inTag text: Substring) -> String? {
        let tag = text.prefix { $0 != ">" }
        let name = tag.drop { $0.isWhitespace || $0 == "/" }.prefix { $0.isLetter }
        if tags.contains(name.lowercased()) { return "<\(name)" }
        for attribute in tag.split(whereSeparator: \.isWhitespace).dropFirst() {
            let parts = attribute.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let name = parts.first, let value = parts.last else { continue }
            if name.lowercased().hasPrefix("on") { return "\(name)=" }
            if ["href", "src"].contains(name.lowercased()), let found = scheme(of: value) { return found }
        }
        return nil
    }

    private static func scheme(of url: Substring) -> String? {
        let start = url.drop { $0.isWhitespace || $0 == "\"" || $0 == "'" }.prefix(40)
        return schemes.contains { start.lowercased().hasPrefix($0) }
            ? String(start.prefix { $0 != ")" && !$0.isWhitespace }) : nil
    }
}
