import Formats
import Patterns

/// Checks shared by bodies and parameters. Their violations have no pointer yet.
enum Constraint {
    static func length(_ count: Int, _ minLength: Int, _ maxLength: Int) -> Violation? {
        if count < minLength {
            return violation("minLength", "length \(count), expected at least \(minLength)")
        }
        if count > maxLength {
            return violation("maxLength", "length \(count), expected at most \(maxLength)")
        }
        return nil
    }

    static func integer(_ literal: UnsafeRawBufferPointer, _ minimum: Int, _ maximum: Int) -> Result<Int, Violation> {
        if let value = plainInteger(literal) { return inside(value, minimum, maximum) }
        guard let number = ExactNumber(literal), number.isInteger else {
            return .failure(violation("type", "'\(shortened(literal))', expected an integer"))
        }
        guard let value = number.integer else {
            let (keyword, bound) = number.isNegative ? ("minimum", minimum) : ("maximum", maximum)
            return .failure(violation(keyword, "\(shortened(literal)) is outside the bound \(bound)"))
        }
        return inside(value, minimum, maximum)
    }

    /// Reads up to 18 digits with an optional sign, which covers almost all integers.
    private static func plainInteger(_ literal: UnsafeRawBufferPointer) -> Int? {
        let isNegative = literal.first == UInt8(ascii: "-")
        let digits = literal.dropFirst(isNegative ? 1 : 0)
        guard (1...18).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            return nil
        }
        var value = 0
        for byte in digits {
            guard let digit = byte.decimalDigit else { return nil }
            value = value * 10 + digit
        }
        return isNegative ? -value : value
    }

    private static func inside(_ value: Int, _ minimum: Int, _ maximum: Int) -> Result<Int, Violation> {
        if value < minimum { return .failure(violation("minimum", "\(value), expected at least \(minimum)")) }
        if value > maximum { return .failure(violation("maximum", "\(value), expected at most \(maximum)")) }
        return .success(value)
    }

    static func number(
        _ literal: UnsafeRawBufferPointer,
        _ minimum: Double,
        _ maximum: Double
    ) -> Result<Double, Violation> {
        guard ExactNumber(literal) != nil, let value = Double(String(decoding: literal, as: UTF8.self)) else {
            return .failure(violation("type", "'\(shortened(literal))', expected a number"))
        }
        guard value.isFinite else {
            return .failure(violation("format", "\(shortened(literal)) is too large for a number"))
        }
        // Digits that a Double drops may decide a comparison with a bound.
        let isLong = literal.count > 15
        if value < minimum || (isLong && value == minimum && isBelow(literal, minimum)) {
            return .failure(violation("minimum", "\(shortened(literal)), expected at least \(minimum)"))
        }
        if value > maximum || (isLong && value == maximum && isAbove(literal, maximum)) {
            return .failure(violation("maximum", "\(shortened(literal)), expected at most \(maximum)"))
        }
        return .success(value)
    }

    /// Checks that a number kept as text is in the range of a 64-bit float (RFC 8259, section 6). PostgreSQL writes numbers without an
    /// exponent, so `1e131071` would become 128 KiB, and many readers reject such numbers.
    static func keptNumber(_ literal: UnsafeRawBufferPointer) -> Violation? {
        let hasExponent = literal.contains { $0 | 0x20 == UInt8(ascii: "e") }
        guard hasExponent || literal.count > 300, let number = ExactNumber(literal), !number.digits.isEmpty else {
            return nil
        }
        let isFinite = Double(String(decoding: literal, as: UTF8.self))?.isFinite ?? false
        if isFinite, number.exponent >= -400 { return nil }
        return violation("format", "\(shortened(literal)) is too \(isFinite ? "small" : "large") for a number")
    }

    private static func isBelow(_ literal: UnsafeRawBufferPointer, _ bound: Double) -> Bool {
        guard let number = ExactNumber(literal), let bound = ExactNumber(bound.description) else { return false }
        return number < bound
    }

    private static func isAbove(_ literal: UnsafeRawBufferPointer, _ bound: Double) -> Bool {
        guard let number = ExactNumber(literal), let bound = ExactNumber(bound.description) else { return false }
        return bound < number
    }

    static func decimal(
        _ literal: UnsafeRawBufferPointer,
        _ minimum: Decimal?,
        _ maximum: Decimal?,
        in direction: JSONDirection
    ) -> Result<Decimal, Violation> {
        // A sum in a response may need more digits than a request may have.
        let wide = direction == .response && ExactNumber(literal) != nil
        guard
            let value = Decimal(literal: literal)
                ?? (wide ? Decimal(wide: String(decoding: literal, as: UTF8.self)) : nil)
        else {
            let limits = "\(Decimal.maximumDigits) digits, \(Decimal.maximumScale) of them after the point"
            return .failure(violation("format", "'\(shortened(literal))', expected a decimal of at most \(limits)"))
        }
        if let minimum, value < minimum {
            return .failure(violation("minimum", "\(value), expected at least \(minimum)"))
        }
        if let maximum, value > maximum {
            return .failure(violation("maximum", "\(value), expected at most \(maximum)"))
        }
        return .success(value)
    }

    static func format(_ text: String, _ expected: String) -> Violation {
        violation("format", "\(quoted(text)), expected \(expected)")
    }

    static func pattern(_ text: String, _ pattern: Pattern) -> Violation? {
        if pattern.matches(text) { return nil }
        return violation("pattern", "\(quoted(text)), expected a match of \(pattern.source)")
    }

    static func enumeration(_ text: String, _ expected: [String]) -> Violation {
        violation("enum", "\(quoted(text)), expected one of \(expected.joined(separator: ", "))")
    }

    private static func violation(_ keyword: String, _ message: String) -> Violation {
        Violation(pointer: "", keyword: keyword, message: message)
    }

    /// The value, shortened for a message.
    private static func quoted(_ text: String) -> String { "\"\(text.shortened(to: 40))\"" }

    private static func shortened(_ literal: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: literal.prefix(40), as: UTF8.self)
        return literal.count > 40 ? text + "…" : text
    }
}
