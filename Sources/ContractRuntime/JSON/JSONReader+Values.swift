#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

// Each function reads one value and checks it. An invalid value is recorded, and the result is nil.
extension JSONReader {
    /// Reads a string as a slice of the input.
    public mutating func text() throws(JSONSyntaxError) -> JSONText? {
        guard try peek() == UInt8(ascii: "\"") else {
            try rejectType("a string")
            return nil
        }
        return try readText()
    }

    /// Reads a string with `minLength` to `maxLength` code points that `pattern` matches.
    public mutating func string(
        minLength: Int = 0,
        maxLength: Int = .max,
        pattern: Pattern? = nil,
        format: Format? = nil
    ) throws(JSONSyntaxError) -> String? {
        let start = try position()
        guard let text = try text() else { return nil }
        // A code point has one to four bytes, so most lengths can be judged without counting.
        let size = text.byteCount
        // traps: the size is the length of a text in memory.
        if size > maxLength || (size + 3) / 4 < minLength {
            let violation = Constraint.length(text.codePointCount, minLength, maxLength)
            guard accept(violation, at: start) else { return nil }
        }
        let string = text.string
        if let pattern, !accept(Constraint.pattern(string, pattern), at: start) { return nil }
        if let format, !format.matches(string) {
            _ = accept(Constraint.format(string, "the format \(format.name)"), at: start)
            return nil
        }
        return string
    }

    /// Reads an integer. `1.0` and `1e2` are integers too (JSON Schema Core, section 4.2.3).
    public mutating func integer(minimum: Int = .min, maximum: Int = .max) throws(JSONSyntaxError) -> Int? {
        let start = try position()
        guard let literal = try numberLiteral("an integer") else { return nil }
        return accepted(Constraint.integer(literal, minimum, maximum), at: start)
    }

    /// Reads a number as the nearest 64-bit binary float. Use `decimal()` for money.
    public mutating func number(
        minimum: Double = -.infinity,
        maximum: Double = .infinity
    ) throws(JSONSyntaxError) -> Double? {
        let start = try position()
        guard let literal = try numberLiteral("a number") else { return nil }
        return accepted(Constraint.number(literal, minimum, maximum), at: start)
    }

    /// Reads an exact decimal: a JSON number, or a string that contains one and matches all `patterns`.
    public mutating func decimal(
        minimum: Decimal? = nil,
        maximum: Decimal? = nil,
        patterns: [Pattern] = []
    ) throws(JSONSyntaxError) -> Decimal? {
        let start = try position()
        let value: Result<Decimal, Violation>
        if try peek() == UInt8(ascii: "\"") {
            let text = try readText()
            for pattern in patterns where !accept(Constraint.pattern(text.string, pattern), at: start) { return nil }
            value = text.withBytes { Constraint.decimal($0, minimum, maximum, in: direction) }
        } else if let literal = try numberLiteral("a number or a decimal string") {
            value = Constraint.decimal(literal, minimum, maximum, in: direction)
        } else {
            return nil
        }
        return accepted(value, at: start)
    }

    /// Reads `true` or `false`.
    public mutating func boolean() throws(JSONSyntaxError) -> Bool? {
        switch try peek() {
        case UInt8(ascii: "t"):
            try skipLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try skipLiteral("false")
            return false
        default:
            try rejectType("a boolean")
            return nil
        }
    }

    /// Reads an RFC 3339 time with an offset.
    public mutating func timestamp() throws(JSONSyntaxError) -> Timestamp? {
        let start = try position()
        guard let text = try text() else { return nil }
        if let value = text.withBytes({ Timestamp(rfc3339: $0) }) { return value }
        _ = accept(Constraint.format(text.string, "an RFC 3339 time with an offset"), at: start)
        return nil
    }

    /// Reads a UUID in its 36-character form.
    public mutating func uuid() throws(JSONSyntaxError) -> UUID? {
        let start = try position()
        guard let text = try text() else { return nil }
        if let value = text.withBytes({ UUID(text: $0) }) { return value }
        _ = accept(Constraint.format(text.string, "a UUID"), at: start)
        return nil
    }

    /// Reads a date.
    public mutating func date() throws(JSONSyntaxError) -> CalendarDate? {
        let start = try position()
        guard let text = try text() else { return nil }
        if let value = CalendarDate(text.string) { return value }
        _ = accept(Constraint.format(text.string, "an RFC 3339 date"), at: start)
        return nil
    }

    /// Reads Base64 in a string.
    public mutating func base64() throws(JSONSyntaxError) -> Bytes? {
        let start = try position()
        guard let text = try text() else { return nil }
        if let value = text.withBytes({ Bytes(base64: $0) }) { return value }
        _ = accept(Constraint.format(text.string, "Base64 with its padding"), at: start)
        return nil
    }

    /// Reads `null`.
    public mutating func null() throws(JSONSyntaxError) -> JSONNull? {
        if try skipNull() { return JSONNull() }
        try rejectType("null")
        return nil
    }

    /// Reads any value.
    public mutating func value() throws(JSONSyntaxError) -> JSONValue? { try JSONValue(from: &self) }

    /// Reads an object with any members, stored as text.
    public mutating func object() throws(JSONSyntaxError) -> JSONObject? {
        guard try peek() == UInt8(ascii: "{") else {
            try rejectType("an object")
            return nil
        }
        let start = index
        try skipValue(isKept: true)
        return JSONObject(validated: Array(bytes[start..<index]))
    }

    /// Records a string that is not a value of an enumeration.
    @usableFromInline
    mutating func rejectValue(_ text: String, at start: Int, expected: [String]) {
        _ = accept(Constraint.enumeration(text, expected), at: start)
    }

    private mutating func numberLiteral(_ expected: String) throws(JSONSyntaxError) -> UnsafeRawBufferPointer? {
        switch try peek() {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        default:
            try rejectType(expected)
            return nil
        }
    }

    private mutating func accept(_ violation: Violation?, at start: Int) -> Bool {
        guard let violation else { return true }
        reject(violation.keyword, violation.message, at: start)
        return false
    }

    /// Returns the value, or nil if there is a violation, which is recorded.
    private mutating func accepted<Value>(_ result: Result<Value, Violation>, at start: Int) -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let violation):
            _ = accept(violation, at: start)
            return nil
        }
    }
}
