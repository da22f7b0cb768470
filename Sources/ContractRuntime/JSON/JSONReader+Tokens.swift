// The lexical level: token boundaries and string contents (RFC 8259, sections 2, 6 and 7).
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

    mutating func expectEnd() throws(JSONSyntaxError) {
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
            throw error("a number with a leading 0")
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

    /// The string at the cursor, which is at the opening quote.
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
        throw error("unterminated string")
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
        throw error("unterminated string")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONSyntaxError) {
        guard index + 1 < bytes.count else { throw error("unterminated string") }
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
        default: throw error("unknown escape sequence in a string")
        }
        index += 2
    }

    /// Reads `\uXXXX`, and the low surrogate that must follow a high one (RFC 8259, section 7).
    private mutating func readUnicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = index
        let first = try readHexadecimalEscape()
        if let scalar = Unicode.Scalar(UInt32(first)) {
            if first == 0, !allowsNUL {
                reject("format", "U+0000 cannot be stored", at: start)
            }
            return scalar
        }
        guard first < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw JSONSyntaxError(message: "unpaired surrogate", offset: start) }
        let second = try readHexadecimalEscape()
        guard (0xDC00...0xDFFF).contains(second) else {
            throw JSONSyntaxError(message: "unpaired surrogate", offset: start)
        }
        let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else {
            throw JSONSyntaxError(message: "unpaired surrogate", offset: start)
        }
        return scalar
    }

    private mutating func readHexadecimalEscape() throws(JSONSyntaxError) -> UInt16 {
        guard index + 6 <= bytes.count else { throw error("unterminated string") }
        var value: UInt16 = 0
        for byte in bytes[index + 2..<index + 6] {
            guard let digit = byte.hexadecimalDigit else { throw error("'\\u' without four hexadecimal digits") }
            value = value << 4 | UInt16(truncatingIfNeeded: digit)
        }
        index += 6
        return value
    }

    /// Skips one well-formed sequence of two to four bytes (Unicode 16, table 3-7).
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
