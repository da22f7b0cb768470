/// Reads JSON bytes and checks them against a schema in the same pass.
///
/// Generated code drives it member by member. A value that breaks its schema is recorded as a `Violation` and skipped, so that
/// one reading finds everything that is wrong; text that is not JSON ends the reading with a `JSONSyntaxError`.
/// Stricter than most parsers, because two readers of one message must never disagree: a repeated member, invalid UTF-8,
/// a lone surrogate and trailing bytes are errors (RFC 7493).
public struct JSONReader: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    private let allowsNUL: Bool
    private(set) var index = 0
    private var depth = 0
    /// Whether the next thing in the innermost object or array is its first.
    private var isAtStart = false
    /// What was wrong so far, at most `Violation.limit`.
    public private(set) var violations: [Violation] = []

    /// How deeply objects and arrays may be nested.
    public static let maximumDepth = 128

    /// A reader over `bytes`, which must outlive it.
    ///
    /// - Parameter allowsNUL: Whether U+0000 may stand in strings. PostgreSQL can store it in no text type (manual,
    ///   8.3 "Character Types"), so input that will be stored refuses it here, with a place.
    public init(_ bytes: UnsafeRawBufferPointer, allowsNUL: Bool = false) {
        self.bytes = bytes
        self.allowsNUL = allowsNUL
    }

    /// Reads one whole JSON text.
    public static func read<Value>(
        _ bytes: UnsafeRawBufferPointer,
        allowsNUL: Bool = false,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) throws(InvalidInput) -> Value {
        var reader = JSONReader(bytes, allowsNUL: allowsNUL)
        do throws(JSONSyntaxError) {
            let value = try value(&reader)
            try reader.expectEnd()
            if let value, reader.violations.isEmpty { return value }
        } catch {
            let (line, column) = reader.lineAndColumn(at: error.offset)
            let message = "not JSON: \(error.message) at line \(line), column \(column)"
            throw InvalidInput(violations: [Violation(pointer: "", keyword: "syntax", message: message)])
        }
        throw InvalidInput(violations: reader.violations)
    }
}

// MARK: - Objects and arrays

extension JSONReader {
    /// Enters an object. Anything else is recorded, skipped, and answered with false.
    public mutating func beginObject() throws(JSONSyntaxError) -> Bool {
        guard try peek() == UInt8(ascii: "{") else {
            try rejectType("an object")
            return false
        }
        try descend()
        return true
    }

    /// The next member's name, or nil after the object's end.
    public mutating func nextKey() throws(JSONSyntaxError) -> JSONText? {
        guard try hasNext(closing: "}") else { return nil }
        guard try peek() == UInt8(ascii: "\"") else { throw unexpected("a member name in quotes") }
        let key = try readText()
        guard try peek() == UInt8(ascii: ":") else { throw unexpected("':' after a member name") }
        index += 1
        return key
    }

    /// Notes that the member with this number was met; a second time is an error.
    public mutating func see(_ member: Int, in seen: inout UInt64) throws(JSONSyntaxError) {
        let bit: UInt64 = 1 << UInt64(member)
        guard seen & bit == 0 else { throw error("a member name that occurred before in its object") }
        seen |= bit
    }

    /// Records a member that the schema does not allow, and skips its value.
    public mutating func rejectMember(_ key: JSONText) throws(JSONSyntaxError) {
        _ = try peek()
        reject("additionalProperties", "\"\(key.string)\" is not a member of this object")
        try skipValue()
    }

    /// Records each name whose bit is set in `required` but not in `seen`, for the object that began at `start`.
    public mutating func require(_ required: UInt64, seen: UInt64, of names: [String], at start: Int) {
        var missing = required & ~seen
        while missing != 0 {
            let name = names[missing.trailingZeroBitCount]
            let pointer = JSONLocator.pointer(at: start, in: bytes) + "/" + JSONLocator.escape(name)
            record(Violation(pointer: pointer, keyword: "required", message: "\"\(name)\" is missing"))
            missing &= missing - 1
        }
    }

    /// Where the next value starts.
    public mutating func position() throws(JSONSyntaxError) -> Int {
        _ = try peek()
        return index
    }

    /// Reads an array whose elements `element` reads; nil when it or one of its elements was refused.
    public mutating func array<Element>(
        minItems: Int = 0,
        maxItems: Int = .max,
        of element: (inout JSONReader) throws(JSONSyntaxError) -> Element?
    ) throws(JSONSyntaxError) -> [Element]? {
        guard try peek() == UInt8(ascii: "[") else {
            try rejectType("an array")
            return nil
        }
        let start = index
        try descend()
        var elements: [Element] = []
        var count = 0
        while try hasNext(closing: "]") {
            count += 1
            if let element = try element(&self) { elements.append(element) }
        }
        if count < minItems { reject("minItems", "\(count) items, expected at least \(minItems)", at: start) }
        if count > maxItems { reject("maxItems", "\(count) items, expected at most \(maxItems)", at: start) }
        return elements.count == count ? elements : nil
    }

    /// Takes `null` if it stands here.
    public mutating func skipNull() throws(JSONSyntaxError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try skipLiteral("null")
        return true
    }

    /// Moves over one value of any kind, checking that it is JSON.
    public mutating func skipValue() throws(JSONSyntaxError) {
        switch try peek() {
        case UInt8(ascii: "{"):
            try descend()
            var names: Set<String> = []
            while let key = try nextKey() {
                guard names.insert(key.string).inserted else {
                    throw error("a member name that occurred before in its object")
                }
                try skipValue()
            }
        case UInt8(ascii: "["):
            try descend()
            while try hasNext(closing: "]") { try skipValue() }
        case UInt8(ascii: "\""): _ = try readText()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: _ = try readNumber()
        }
    }

    private mutating func descend() throws(JSONSyntaxError) {
        guard depth < Self.maximumDepth else { throw error("more than \(Self.maximumDepth) levels of nesting") }
        depth += 1
        index += 1
        isAtStart = true
    }

    /// Moves to the next member or item, over its comma; false after the closing bracket.
    private mutating func hasNext(closing: Unicode.Scalar) throws(JSONSyntaxError) -> Bool {
        var byte = try peek()
        if byte == UInt8(ascii: closing) {
            index += 1
            depth -= 1
            isAtStart = false
            return false
        }
        if !isAtStart {
            guard byte == UInt8(ascii: ",") else { throw unexpected("',' or '\(closing)'") }
            index += 1
            byte = try peek()
            guard byte != UInt8(ascii: closing) else { throw unexpected("another value after ','") }
        }
        isAtStart = false
        return true
    }
}

// MARK: - Tokens

extension JSONReader {
    /// The first byte of the next token.
    mutating func peek() throws(JSONSyntaxError) -> UInt8 {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            case let byte: return byte
            }
        }
        throw JSONSyntaxError(message: "the text ends where a value was expected", offset: index)
    }

    private mutating func expectEnd() throws(JSONSyntaxError) {
        while index < bytes.count {
            guard [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) else { throw unexpected("the end") }
            index += 1
        }
    }

    mutating func skipLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        let end = index + literal.utf8CodeUnitCount
        let matches = literal.withUTF8Buffer { literal in
            end <= bytes.count && bytes[index..<end].elementsEqual(literal)
        }
        guard matches else { throw unexpected("a value") }
        index = end
    }

    /// The bytes of a number (RFC 8259, section 6).
    mutating func readNumber() throws(JSONSyntaxError) -> UnsafeRawBufferPointer {
        let start = index
        skip("-")
        let firstDigit = index
        guard skipDigits() else { throw unexpected("a value") }
        guard bytes[firstDigit] != UInt8(ascii: "0") || index == firstDigit + 1 else {
            throw error("a number that starts with 0")
        }
        if skip("."), !skipDigits() { throw unexpected("a digit") }
        if skip("e") || skip("E") {
            if !skip("-") { skip("+") }
            guard skipDigits() else { throw unexpected("a digit") }
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }

    @discardableResult
    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: scalar) else { return false }
        index += 1
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while index < bytes.count, bytes[index].decimalDigit != nil { index += 1 }
        return index > start
    }

    /// The string at the cursor, which stands on its opening quote.
    mutating func readText() throws(JSONSyntaxError) -> JSONText {
        let start = index + 1
        index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let text = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
                index += 1
                return JSONText(borrowing: text)
            case UInt8(ascii: "\\"): return try readEscapedText(from: start)
            case 0x00..<0x20: throw error("a control character in a string")
            case 0x80...: try skipMultibyteScalar()
            default: index += 1
            }
        }
        throw error("a string without an end")
    }

    private mutating func readEscapedText(from start: Int) throws(JSONSyntaxError) -> JSONText {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return JSONText(unescaped: text)
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            case 0x00..<0x20: throw error("a control character in a string")
            case 0x80...:
                let scalar = index
                try skipMultibyteScalar()
                text.append(contentsOf: bytes[scalar..<index])
            case let byte:
                text.append(byte)
                index += 1
            }
        }
        throw error("a string without an end")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONSyntaxError) {
        guard index + 1 < bytes.count else { throw error("a string without an end") }
        let escape = bytes[index + 1]
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: try readUnicodeEscape().utf8)
            return
        default: throw error("an unknown escape in a string")
        }
        index += 2
    }

    /// `\uXXXX`, joined with the low surrogate that must follow a high one (RFC 8259, section 7).
    private mutating func readUnicodeEscape() throws(JSONSyntaxError) -> Character {
        let start = index
        let first = try readHexadecimalEscape()
        if let scalar = Unicode.Scalar(UInt32(first)) {
            if first == 0, !allowsNUL {
                reject("format", "U+0000 cannot be stored", at: start)
            }
            return Character(scalar)
        }
        guard first < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw JSONSyntaxError(message: "a surrogate without its other half", offset: start) }
        let second = try readHexadecimalEscape()
        guard (0xDC00...0xDFFF).contains(second) else {
            throw JSONSyntaxError(message: "a surrogate without its other half", offset: start)
        }
        let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else {
            throw JSONSyntaxError(message: "a surrogate without its other half", offset: start)
        }
        return Character(scalar)
    }

    private mutating func readHexadecimalEscape() throws(JSONSyntaxError) -> UInt16 {
        guard index + 6 <= bytes.count else { throw error("a string without an end") }
        var value: UInt16 = 0
        for byte in bytes[index + 2..<index + 6] {
            guard let digit = byte.hexadecimalDigit else { throw error("an escape without four hexadecimal digits") }
            value = value << 4 | UInt16(digit)
        }
        index += 6
        return value
    }

    /// Moves over one well-formed sequence of two to four bytes (Unicode 16, table 3-7).
    private mutating func skipMultibyteScalar() throws(JSONSyntaxError) {
        let lead = bytes[index]
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw error("bytes that are not UTF-8")
            }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]),
            bytes[index + 2..<index + length].allSatisfy({ $0 & 0xC0 == 0x80 })
        else { throw error("bytes that are not UTF-8") }
        index += length
    }
}

// MARK: - What went wrong

extension JSONReader {
    /// Records that the value at `offset`, or at the cursor, fails `keyword`.
    public mutating func reject(_ keyword: String, _ message: String, at offset: Int? = nil) {
        guard violations.count < Violation.limit else { return }
        let pointer = JSONLocator.pointer(at: offset ?? index, in: bytes)
        record(Violation(pointer: pointer, keyword: keyword, message: message))
    }

    /// Records a value of the wrong type and skips it.
    mutating func rejectType(_ expected: String) throws(JSONSyntaxError) {
        let found =
            switch try peek() {
            case UInt8(ascii: "{"): "an object"
            case UInt8(ascii: "["): "an array"
            case UInt8(ascii: "\""): "a string"
            case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
            case UInt8(ascii: "n"): "null"
            default: "a number"
            }
        let start = index
        try skipValue()
        reject("type", "\(found), expected \(expected)", at: start)
    }

    private mutating func record(_ violation: Violation) {
        if violations.count < Violation.limit { violations.append(violation) }
    }

    private func error(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(message: message, offset: index)
    }

    private func unexpected(_ expected: String) -> JSONSyntaxError {
        guard index < bytes.count else { return error("the text ends where \(expected) was expected") }
        let byte = bytes[index]
        let found = (0x21..<0x7F).contains(byte) ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16))"
        return error("\(found) where \(expected) was expected")
    }

    private func lineAndColumn(at offset: Int) -> (line: Int, column: Int) {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.reversed().prefix { $0 != 0x0A }.count { $0 & 0xC0 != 0x80 } + 1
        return (line, column)
    }
}
