/// Reads JSON bytes and checks them against a schema in the same pass.
///
/// Generated code drives it member by member. A value that breaks its schema is recorded as a `Violation` and skipped, so that
/// one reading finds everything that is wrong; text that is not JSON ends the reading with a `JSONSyntaxError`.
/// Stricter than most parsers, because two readers of one message must never disagree: a repeated member, invalid UTF-8,
/// a lone surrogate and trailing bytes are errors (RFC 7493).
public struct JSONReader: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    let allowsNUL: Bool
    /// Where the next byte is read.
    var index = 0
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
        if count < minItems { reject("minItems", "item count \(count), expected at least \(minItems)", at: start) }
        if count > maxItems { reject("maxItems", "item count \(count), expected at most \(maxItems)", at: start) }
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

    func error(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(message: message, offset: index)
    }

    func unexpected(_ expected: String) -> JSONSyntaxError {
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
