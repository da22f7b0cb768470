/// The few shapes that all generated text shares.
enum SwiftWriter {
    /// The first lines of a generated file.
    static func header(source: String) -> String {
        "// Generated from \(source). Edit that file, not this one.\n"
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

    /// A string literal in which backslashes stand for themselves, as expressions are read best.
    static func rawLiteral(_ text: String) -> String {
        if text.contains(where: \.isNewline) { return literal(text) }
        var pounds = "#"
        while text.contains("\"" + pounds) || text.contains("\\" + pounds) { pounds += "#" }
        return "\(pounds)\"\(text)\"\(pounds)"
    }

    /// The constants that hold the expressions of values, by the Swift names of what has them.
    static func patterns(_ values: [(name: String, value: Value)]) -> [String] {
        values.compactMap { name, value in
            value.pattern.map { "private static let \(patternName(name)) = Pattern(checked: \(rawLiteral($0)))" }
        }
    }

    /// What the constant of a value's expression is called.
    static func patternName(_ name: String) -> String {
        name.filter { $0 != "`" } + "Pattern"
    }

    /// A literal of several lines that holds `text` as it is.
    static func block(_ text: String) -> String {
        var pounds = "#"
        while text.contains("\"\"\"" + pounds) || text.contains("\\" + pounds) { pounds += "#" }
        return "\(pounds)\"\"\"\n\(text)\n\"\"\"\(pounds)"
    }

    /// The doc comment of a declaration: what it is for, then where it comes from.
    static func doc(_ text: String?, origin: String?) -> String {
        var paragraphs = (text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .split { $0.allSatisfy(\.isWhitespace) }
            .map { wrapped($0.joined(separator: " ").split(separator: " ").map(String.init), width: 110) }
        if let origin { paragraphs.append(["— \(origin)"]) }
        return paragraphs.joined(separator: [""]).map { $0.isEmpty ? "///" : "/// \($0)" }.lines()
    }

    /// A `case` of many patterns, with the value it answers.
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
    /// This text with every line but the first moved `levels` steps to the right: what a multi-line interpolation needs.
    func indented(_ levels: Int = 1) -> String {
        let margin = String(repeating: "    ", count: levels)
        return split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { $0.offset == 0 || $0.element.isEmpty ? String($0.element) : margin + $0.element }
            .joined(separator: "\n")
    }
}

extension Sequence<String> {
    /// The texts one under the other.
    func lines(_ separator: String = "\n") -> String { joined(separator: separator) }
}
