/// Reads a JSON file into nodes with the same locations as YAML.
///
/// libyaml is not used for JSON: it rejects surrogate pairs and long keys, and accepts comments and trailing commas.
struct JSONReader {
    private let file: SourceFile
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0

    /// Reads the JSON text of `file` (RFC 8259).
    static func read(_ file: SourceFile) throws(ReadingError) -> Node {
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            let start = Location(file: file, line: 1, column: 1)
            throw ReadingError(code: .encoding, message: "the file is not UTF-8", location: start)
        }
        var reader = JSONReader(file: file, scalars: Array(text.unicodeScalars))
        let root = try reader.value(pointer: "", depth: 0)
        reader.skipWhitespace()
        guard reader.peek == nil else { throw reader.unexpected("the end of the file") }
        return root
    }

    private init(file: SourceFile, scalars: [Unicode.Scalar]) {
        self.file = file
        self.scalars = scalars
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private var location: Location { Location(file: file, line: line, column: index - lineStart + 1) }

    private mutating func value(pointer: String, depth: Int) throws(ReadingError) -> Node {
        skipWhitespace()
        let start = location
        guard depth < ReadingLimit.depth else {
            throw ReadingError(
                code: .nesting,
                message: "more than \(ReadingLimit.depth) levels of nesting",
                location: start
            )
        }
        let value: Node.Value =
            switch peek {
            case "{": .mapping(try members(pointer, depth))
            case "[": .sequence(try items(pointer, depth))
            case "\"": .scalar(Node.Scalar(kind: .string, text: try string()))
            default: .scalar(try literal())
            }
        return Node(value: value, location: start, pointer: pointer)
    }

    private mutating func members(_ pointer: String, _ depth: Int) throws(ReadingError) -> [Node.Member] {
        var members: [Node.Member] = []
        // Compared as bytes: Swift strings are equal if they differ only in normalisation.
        var places: [[UInt8]: Location] = [:]
        index += 1
        while try hasNext(closing: "}", isFirst: members.isEmpty) {
            let keyLocation = location
            guard peek == "\"" else { throw unexpected("a member name in double quotes") }
            let key = try string()
            if let first = places.updateValue(keyLocation, forKey: Array(key.utf8)) {
                let note = Diagnostic.Note(message: "the first one is here", location: first)
                throw ReadingError(
                    code: .duplicateKey,
                    message: "the key '\(key)' is given twice",
                    location: keyLocation,
                    notes: [note]
                )
            }
            skipWhitespace()
            guard peek == ":" else { throw unexpected("':'") }
            index += 1
            let value = try value(pointer: "\(pointer)/\(JSONPointer.escape(key))", depth: depth + 1)
            members.append(Node.Member(key: key, keyLocation: keyLocation, value: value))
        }
        return members
    }

    private mutating func items(_ pointer: String, _ depth: Int) throws(ReadingError) -> [Node] {
        var items: [Node] = []
        index += 1
        while try hasNext(closing: "]", isFirst: items.isEmpty) {
            items.append(try value(pointer: "\(pointer)/\(items.count)", depth: depth + 1))
        }
        return items
    }

    private mutating func hasNext(closing: Unicode.Scalar, isFirst: Bool) throws(ReadingError) -> Bool {
        skipWhitespace()
        if peek == closing {
            index += 1
            return false
        }
        if !isFirst {
            guard peek == "," else { throw unexpected("',' or '\(closing)'") }
            index += 1
            skipWhitespace()
            guard peek != closing else { throw unexpected("another value after ','") }
        }
        return true
    }

    private mutating func literal() throws(ReadingError) -> Node.Scalar {
        let start = index
        let place = location
        while let scalar = peek, scalar.properties.isAlphabetic || "0123456789+-.".unicodeScalars.contains(scalar) {
            index += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<index]))
        switch text {
        case "null": return Node.Scalar(kind: .null, text: text)
        case "true", "false": return Node.Scalar(kind: .boolean, text: text)
        case "": throw unexpected("a value")
        default:
            guard Self.isNumber(text) else {
                throw ReadingError(code: .syntax, message: "'\(text)' is not JSON", location: place)
            }
            return Node.Scalar(kind: .number, text: text)
        }
    }

    /// Checks the number syntax of RFC 8259, section 6, which is stricter than YAML's.
    static func isNumber(_ text: String) -> Bool {
        let digits = text.first == "-" ? text.dropFirst() : text[...]
        guard let first = digits.first, first.isASCII, first.isWholeNumber, CoreSchema.kind(of: text) == .number,
            !digits.dropFirst().hasPrefix("x"), !digits.dropFirst().hasPrefix("o")
        else { return false }
        let whole = digits.prefix { $0.isWholeNumber }
        let rest = digits.dropFirst(whole.count)
        let hasBareDot = rest.first == "." && !(rest.dropFirst().first?.isWholeNumber ?? false)
        return (whole == "0" || first != "0") && !hasBareDot
    }

    private mutating func string() throws(ReadingError) -> String {
        let start = location
        var text = String.UnicodeScalarView()
        index += 1
        while let scalar = peek {
            switch scalar {
            case "\"":
                index += 1
                return String(text)
            case "\\": text.append(try escape())
            case "\u{0}"..<" ": throw unexpected("an escape instead of a control character")
            default:
                text.append(scalar)
                index += 1
            }
        }
        throw ReadingError(code: .syntax, message: "unterminated string", location: start)
    }

    private mutating func escape() throws(ReadingError) -> Unicode.Scalar {
        let start = location
        index += 1
        let escape = peek
        index += 1
        switch escape {
        case "\"", "\\", "/": return escape ?? "/"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try unicodeEscape(from: start)
        default: throw ReadingError(code: .syntax, message: "unknown escape sequence", location: start)
        }
    }

    /// Reads the four digits after `\u`, and a low surrogate after a high one.
    private mutating func unicodeEscape(from start: Location) throws(ReadingError) -> Unicode.Scalar {
        let first = try hexadecimal(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, peek == "\\", index + 1 < scalars.count, scalars[index + 1] == "u" {
            index += 2
            let second = try hexadecimal(from: start)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw ReadingError(code: .syntax, message: "unpaired surrogate", location: start)
    }

    private mutating func hexadecimal(from start: Location) throws(ReadingError) -> UInt32 {
        let digits = String(String.UnicodeScalarView(scalars[index..<min(index + 4, scalars.count)]))
        guard digits.count == 4, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
            throw ReadingError(code: .syntax, message: "'\\u' without four hexadecimal digits", location: start)
        }
        index += 4
        return value
    }

    private mutating func skipWhitespace() {
        while let scalar = peek {
            switch scalar {
            case "\n":
                index += 1
                line += 1
                lineStart = index
            case " ", "\t", "\r": index += 1
            default: return
            }
        }
    }

    private func unexpected(_ expected: String) -> ReadingError {
        let found = peek.map { "'\($0)'" } ?? "the end of the file"
        return ReadingError(code: .syntax, message: "\(found) where \(expected) was expected", location: location)
    }
}
