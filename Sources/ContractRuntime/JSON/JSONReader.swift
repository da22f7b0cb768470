/// Reads JSON bytes and checks them against a schema in the same pass.
///
/// Generated code calls it for each member. A value that violates its schema is recorded as a `Violation` and skipped, so one pass finds
/// all violations. Text that is not JSON ends the pass with a `JSONSyntaxError`.
/// It is stricter than most parsers, because two readers of one message must never disagree: duplicate members, invalid UTF-8,
/// unpaired surrogates and trailing bytes are errors (RFC 7493).
public struct JSONReader: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    let allowsNUL: Bool
    /// The direction of the text. Some members may be omitted in one direction.
    let direction: JSONDirection
    /// The index of the next byte.
    var index = 0
    private var depth = 0
    /// Whether the next member or item is the first of the innermost object or array.
    private var isAtStart = false
    /// The violations so far, by offset.
    var findings = JSONFindings()

    /// The maximum nesting of objects and arrays.
    public static let maximumDepth = 128

    /// Creates a reader for `bytes`, which must outlive it.
    ///
    /// - Parameter allowsNUL: Whether strings may contain U+0000. PostgreSQL cannot store it in text types (manual, 8.3 "Character
    ///   Types"), so input that will be stored is rejected here, with a pointer.
    public init(_ bytes: UnsafeRawBufferPointer, allowsNUL: Bool = false, direction: JSONDirection = .any) {
        self.bytes = bytes
        self.allowsNUL = allowsNUL
        self.direction = direction
    }

    /// A position to return to.
    struct Mark {
        let index: Int
        let depth: Int
        let isAtStart: Bool
    }

    /// The current position, before the next token.
    var mark: Mark { Mark(index: index, depth: depth, isAtStart: isAtStart) }

    mutating func reset(to mark: Mark) {
        index = mark.index
        depth = mark.depth
        isAtStart = mark.isAtStart
    }

    /// Reads a complete JSON text.
    @inlinable
    public static func read<Value>(
        _ bytes: UnsafeRawBufferPointer,
        allowsNUL: Bool = false,
        direction: JSONDirection = .any,
        rule: Rule? = nil,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) throws(InvalidInput) -> Value {
        var reader = JSONReader(bytes, allowsNUL: allowsNUL, direction: direction)
        do throws(JSONSyntaxError) {
            let start = try reader.position()
            let value = try value(&reader)
            try reader.finish(rule, from: start)
            if let value, reader.isValid { return value }
        } catch {
            throw reader.invalidInput(error)
        }
        throw InvalidInput(violations: reader.violations)
    }

    /// Reads a complete JSON text.
    @inlinable
    public static func read<Value>(
        _ bytes: [UInt8],
        allowsNUL: Bool = false,
        direction: JSONDirection,
        rule: Rule?,
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) throws(InvalidInput) -> Value {
        // Closures of `withUnsafeBytes` can pass typed errors only through a Result.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(InvalidInput) in
                try read(bytes, allowsNUL: allowsNUL, direction: direction, rule: rule, value)
            }
        }
        return try result.get()
    }

    /// Whether there is no violation so far.
    public var isValid: Bool { findings.isEmpty }

    /// The violations so far, at most `Violation.limit`. Their pointers are computed in one pass over the text.
    public var violations: [Violation] { findings.violations(in: bytes) }

    /// Checks the value, and that nothing follows it.
    @usableFromInline
    mutating func finish(_ rule: Rule?, from start: Int) throws(JSONSyntaxError) {
        if let rule { try check(rule, from: start) }
        try expectEnd()
    }

    @usableFromInline
    func invalidInput(_ error: JSONSyntaxError) -> InvalidInput {
        let (line, column) = lineAndColumn(at: error.offset)
        let message = "not JSON: \(error.message) at line \(line), column \(column)"
        return InvalidInput(violations: [Violation(pointer: "", keyword: "syntax", message: message)])
    }
}

/// The direction of a text.
public enum JSONDirection: Sendable {
    /// No direction: all members are read and written.
    case any
    /// From a client to a server: read-only members are optional, and are not written.
    case request
    /// From a server to a client: write-only members are optional, and are not written.
    case response
}

// MARK: - Objects and arrays

extension JSONReader {
    /// Enters an object. Any other value is recorded and skipped, and the result is false.
    public mutating func beginObject() throws(JSONSyntaxError) -> Bool {
        guard try peek() == UInt8(ascii: "{") else {
            try rejectType("an object")
            return false
        }
        try descend()
        return true
    }

    /// The name of the next member, or nil after the end of the object.
    public mutating func nextName() throws(JSONSyntaxError) -> JSONText? {
        guard try hasNext(closing: "}") else { return nil }
        guard try peek() == UInt8(ascii: "\"") else { throw unexpected("a member name in quotes") }
        let key = try readText()
        guard try peek() == UInt8(ascii: ":") else { throw unexpected("':' after a member name") }
        index += 1
        return key
    }

    /// Skips a member that the schema does not allow, and records it unless the text is a response. A newer server may add members to its
    /// responses, and a client that does not know them must be able to read the others.
    public mutating func rejectMember(_ key: JSONText) throws(JSONSyntaxError) {
        guard direction != .response else { return try skipValue() }
        _ = try peek()
        reject("additionalProperties", "\"\(key.string)\" is not a member of this object")
        try skipValue()
    }

    /// The position of the next value.
    public mutating func position() throws(JSONSyntaxError) -> Int {
        _ = try peek()
        return index
    }

    /// Enters an array. Any other value is recorded and skipped, and the result is false.
    public mutating func beginArray() throws(JSONSyntaxError) -> Bool {
        guard try peek() == UInt8(ascii: "[") else {
            try rejectType("an array")
            return false
        }
        try descend()
        return true
    }

    /// Whether another item follows. False after the end of the array.
    public mutating func nextItem() throws(JSONSyntaxError) -> Bool { try hasNext(closing: "]") }

    /// Reads an array with `element`; nil if the array or an element is invalid.
    public mutating func array<Element>(
        minItems: Int = 0,
        maxItems: Int = .max,
        _ element: (inout JSONReader) throws(JSONSyntaxError) -> Element?
    ) throws(JSONSyntaxError) -> [Element]? {
        let start = try position()
        guard try beginArray() else { return nil }
        var elements: [Element] = []
        var count = 0
        while try nextItem() {
            count += 1
            if let element = try element(&self) { elements.append(element) }
        }
        if count < minItems { reject("minItems", "item count \(count), expected at least \(minItems)", at: start) }
        if count > maxItems { reject("maxItems", "item count \(count), expected at most \(maxItems)", at: start) }
        return elements.count == count ? elements : nil
    }

    /// Reads an array of elements that read themselves.
    public mutating func array<Element: JSONReadable>(
        of type: Element.Type,
        minItems: Int = 0,
        maxItems: Int = .max
    ) throws(JSONSyntaxError) -> [Element]? {
        try array(minItems: minItems, maxItems: maxItems) { (json: inout JSONReader) throws(JSONSyntaxError) in
            try Element(from: &json)
        }
    }

    /// Reads an object with any names, and its values with `value`.
    public mutating func map<Value>(
        _ value: (inout JSONReader) throws(JSONSyntaxError) -> Value?
    ) throws(JSONSyntaxError) -> [String: Value]? {
        guard try beginObject() else { return nil }
        // traps: `collect` rejects names that a dictionary cannot distinguish.
        var members: [String: Value] = [:]
        var count = 0
        while let name = try nextName()?.string {
            count += 1
            try collect(try value(&self), as: name, in: &members)
        }
        return members.count == count ? members : nil
    }

    /// Reads an object with any names and values that read themselves.
    public mutating func map<Value: JSONReadable>(of type: Value.Type) throws(JSONSyntaxError) -> [String: Value]? {
        try map { (json: inout JSONReader) throws(JSONSyntaxError) in try Value(from: &json) }
    }

    /// Skips `null` if it is next.
    public mutating func skipNull() throws(JSONSyntaxError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try skipLiteral("null")
        return true
    }

    /// Skips one value of any type, and checks that it is JSON.
    public mutating func skipValue() throws(JSONSyntaxError) { try skipValue(isKept: false) }

    /// - Parameter isKept: Whether the text of the value is kept, so that others must be able to read it.
    mutating func skipValue(isKept: Bool) throws(JSONSyntaxError) {
        switch try peek() {
        case UInt8(ascii: "{"):
            try descend()
            var names = JSONNames()
            while let key = try nextName() {
                guard names.insert(key) else { throw repeatedMember }
                try skipValue(isKept: isKept)
            }
        case UInt8(ascii: "["):
            try descend()
            while try nextItem() { try skipValue(isKept: isKept) }
        case UInt8(ascii: "\""): _ = try readText()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default:
            let start = index
            let literal = try readNumber()
            if isKept, let violation = Constraint.keptNumber(literal) {
                reject(violation.keyword, violation.message, at: start)
            }
        }
    }

    private mutating func descend() throws(JSONSyntaxError) {
        guard depth < Self.maximumDepth else { throw error("more than \(Self.maximumDepth) levels of nesting") }
        depth += 1
        index += 1
        isAtStart = true
    }

    /// Moves past the comma to the next member or item. False after the closing bracket.
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

// MARK: - Violations

extension JSONReader {
    /// Records that the value at `offset`, or at the cursor, violates `keyword`.
    public mutating func reject(_ keyword: String, _ message: String, at offset: Int? = nil) {
        findings.add(keyword, message, at: offset ?? index)
    }

    /// Records a value with the wrong type and skips it.
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
