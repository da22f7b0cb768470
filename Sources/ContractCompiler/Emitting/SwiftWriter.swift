/// Formats common parts of generated Swift.
enum SwiftWriter {
    /// The first lines of a generated file.
    static func header(source: String, module: String? = nil) -> String {
        "// \(module.map { "\($0): generated" } ?? "Generated") from \(line(source)). Edit that file, not this one.\n"
    }

    /// A string literal of `text`.
    static func literal(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\u{0}"..<" ", "\u{7F}": "\\u{\(String(scalar.value, radix: 16))}"
            default: String(Character(scalar))
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// A raw string literal, in which backslashes need no escape. Regular expressions are more readable this way.
    static func rawLiteral(_ text: String) -> String {
        if text.contains(where: \.isNewline) { return literal(text) }
        var pounds = "#"
        while text.contains("\"" + pounds) || text.contains("\\" + pounds) { pounds += "#" }
        return "\(pounds)\"\(text)\"\(pounds)"
    }

    /// A multi-line literal of `text`.
    static func block(_ text: String) -> String {
        // One more '#' than follow any quotes or backslash in the text.
        var needed = 1
        var quotes = 0
        var run: Int?
        for byte in text.utf8 {
            if byte == UInt8(ascii: "#"), let count = run {
                run = count + 1
                needed = max(needed, count + 2)
                continue
            }
            quotes = byte == UInt8(ascii: "\"") ? quotes + 1 : 0
            run = byte == UInt8(ascii: "\\") || quotes >= 3 ? 0 : nil
        }
        let pounds = String(repeating: "#", count: needed)
        return "\(pounds)\"\"\"\n\(text)\n\"\"\"\(pounds)"
    }

    /// Wraps a long expression: one part per line where brackets do not fit on a line.
    static func folded(_ text: String, width: Int = 100) -> String {
        guard text.count > width, let open = firstBracket(in: text[...]) else { return text }
        var inside = text.index(after: open)
        guard let (found, close) = parts(of: text[inside...]) else { return text }
        var parts = found
        var closing = String(text[close])
        // A list that is the only argument shares its lines with the parentheses.
        if parts.count == 1, text[inside] == "[", let inner = self.parts(of: text[text.index(after: inside)...]),
            text.index(after: inner.close) == close
        {
            inside = text.index(after: inside)
            parts = inner.parts
            closing = "]" + closing
        }
        let lines = parts.map { folded(String($0.drop { $0 == " " }), width: width - 4).indented() }
        let rest = folded(String(text[text.index(after: close)...]), width: width)
        return "\(text[..<inside])\n    \(lines.lines(",\n    "))\n\(closing)\(rest)"
    }

    /// The first bracket outside of string literals.
    private static func firstBracket(in text: Substring) -> Substring.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case "[", "(": return index
            case "\"", "#":
                guard let end = endOfLiteral(text, index) else { return nil }
                index = end
            default: break
            }
            index = text.index(after: index)
        }
        return nil
    }

    /// The comma-separated parts up to the closing bracket, and its position. String literals are skipped.
    private static func parts(of text: Substring) -> (parts: [Substring], close: Substring.Index)? {
        var parts: [Substring] = []
        var start = text.startIndex
        var index = text.startIndex
        var depth = 0
        while index < text.endIndex {
            switch text[index] {
            case "[", "(", "{": depth += 1
            case "]", ")", "}":
                if depth == 0 { return (parts + [text[start..<index]], index) }
                depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            case "\"", "#":
                guard let end = endOfLiteral(text, index) else { return nil }
                index = end
            default: break
            }
            index = text.index(after: index)
        }
        return nil
    }

    /// The position of a literal's last character.
    private static func endOfLiteral(_ text: Substring, _ start: Substring.Index) -> Substring.Index? {
        let pounds = text[start...].prefix { $0 == "#" }
        var index = text.index(start, offsetBy: pounds.count + 1)
        while index < text.endIndex {
            if text[index] == "\\", pounds.isEmpty {
                index = text.index(index, offsetBy: 2)
                continue
            }
            if text[index] == "\"", text[text.index(after: index)...].hasPrefix(pounds) {
                return text.index(index, offsetBy: pounds.count)
            }
            index = text.index(after: index)
        }
        return nil
    }

    /// Constants of an extension, each followed by an empty line and the next margin. Empty if there are none.
    static func constants(_ constants: [String]) -> String { constants.map { $0.indented() + "\n\n    " }.lines("") }

    /// A list in parentheses: on one line if it fits, otherwise one item per line.
    static func list(_ items: [String], prefix: Int) -> String {
        let line = items.lines(", ")
        return line.count + prefix <= 110 && !line.contains("\n")
            ? "(\(line))" : "(\n    \(items.lines(",\n").indented())\n)"
    }

    /// A constant for a value that was read, or a return. A trailing closure is not allowed in a condition.
    static func unwrapping(_ name: String, _ read: String) -> String {
        read.contains("\n")
            ? "let \(name) = \(read)\nguard let \(name) else { return nil }"
            : "guard let \(name) = \(read) else { return nil }"
    }

    /// The doc comment of a declaration: its description, then its origin.
    static func doc(_ text: String?, origin: String?) -> String {
        var paragraphs = plain(text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .split { $0.allSatisfy(\.isWhitespace) }
            .map { wrapped($0.joined(separator: " ").split(separator: " ").map(String.init), width: 110) }
        if let origin { paragraphs.append([line("— \(origin)")]) }
        return paragraphs.joined(separator: [""]).map { $0.isEmpty ? "///" : "/// \($0)" }.lines()
    }

    /// Text with only line feeds as line ends and no other control characters, so that nothing ends a comment early.
    private static func plain(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": plain.append("\n")
            case "\r": if plain.last != "\n" { plain.append("\n") }
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": plain.append(" ")
            default: plain.append(scalar)
            }
        }
        return String(plain)
    }

    /// The same text on one line.
    static func line(_ text: String) -> String { String(plain(text).map { $0 == "\n" ? " " : $0 }) }

    /// A `case` with many patterns and its result.
    static func switchCase(_ patterns: [String], _ value: String) -> String {
        let words = patterns.enumerated().map { $0.offset == patterns.count - 1 ? $0.element + ":" : $0.element + "," }
        let lines = wrapped(words, width: 100)
        return lines.count == 1 ? "case \(lines[0]) \(value)" : "case \(lines.lines("\n    "))\n    \(value)"
    }

    private static func wrapped(_ words: [String], width: Int) -> [String] {
        var lines: [String] = []
        var current = ""
        for word in words {
            if !current.isEmpty, current.count + word.count + 1 > width {
                lines.append(current)
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + word
        }
        return lines + [current]
    }
}

extension String {
    /// The text with every line except the first indented by `levels`, for a multi-line interpolation.
    func indented(_ levels: Int = 1) -> String {
        guard utf8.contains(UInt8(ascii: "\n")) else { return self }
        let margin = Array(repeating: UInt8(ascii: " "), count: levels * 4)
        var indented: [UInt8] = []
        indented.reserveCapacity(utf8.count + utf8.count / 8)
        var isAtStart = false
        for byte in utf8 {
            if isAtStart, byte != UInt8(ascii: "\n") { indented += margin }
            isAtStart = byte == UInt8(ascii: "\n")
            indented.append(byte)
        }
        return String(decoding: indented, as: UTF8.self)
    }
}

extension Sequence<String> {
    /// The texts as lines.
    func lines(_ separator: String = "\n") -> String { joined(separator: separator) }
}
