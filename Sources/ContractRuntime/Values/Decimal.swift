internal import Formats

/// An exact decimal number for money: at most 38 significant digits and 18 digits after the point.
///
/// It is read from the digits of a JSON number, never through a binary float, and written as the shortest literal with the same value:
/// `0.3`, never `0.30000000000000004`.
public struct Decimal: Sendable {
    /// The digits without the point, at most 38 of them.
    public let coefficient: Int128
    /// The number of digits after the point, 0…18. The last of them is not zero.
    public let scale: Int
    /// The complete text of a sum that needs more digits; otherwise nil. Such sums occur only in responses, never in requests.
    private let wide: String?

    /// The maximum number of significant digits.
    public static let maximumDigits = 38
    /// The maximum number of digits after the point.
    public static let maximumScale = 18

    private static let limit: Int128 = (0..<maximumDigits).reduce(1) { power, _ in power * 10 }

    /// `coefficient` × 10⁻ˢᶜᵃˡᵉ; nil if the value needs more digits than a `Decimal` has.
    public init?(coefficient: Int128, scale: Int) {
        var coefficient = coefficient
        var scale = scale
        if coefficient == 0 { scale = 0 }
        while scale > 0, coefficient % 10 == 0 {
            coefficient /= 10
            scale -= 1
        }
        while scale < 0 {
            guard coefficient.magnitude < Self.limit.magnitude / 10 else { return nil }
            coefficient *= 10
            scale += 1
        }
        guard scale <= Self.maximumScale, coefficient.magnitude < Self.limit.magnitude else { return nil }
        self.init(unchecked: coefficient, scale: scale)
    }

    /// The negated value.
    public var negated: Decimal {
        guard let wide else { return Decimal(unchecked: -coefficient, scale: scale) }
        return Decimal(wide: wide.hasPrefix("-") ? String(wide.dropFirst()) : "-" + wide)
    }

    /// Creates the exact value.
    public init(_ value: Int) {
        self.init(unchecked: Int128(value), scale: 0)
    }

    /// Creates a decimal from text that the compiler wrote.
    public init(checked text: StaticString) {
        guard let value = Decimal("\(text)") else {
            // traps: the text is in generated code, and the compiler has parsed it.
            preconditionFailure("'\(text)' was written by the contract's compiler")
        }
        self = value
    }

    private init(unchecked coefficient: Int128, scale: Int) {
        self.coefficient = coefficient
        self.scale = scale
        wide = nil
    }

    /// A sum with more than 38 digits, as text without an exponent and without trailing zeros.
    package init(wide text: String) {
        coefficient = text.hasPrefix("-") ? -1 : 1
        scale = 0
        wide = text
    }

    /// Reads a JSON number (RFC 8259, section 6), including an exponent; nil for other text and for a value outside of the
    /// limits.
    public init?(literal text: UnsafeRawBufferPointer) {
        guard let number = ExactNumber(text), number.digits.count <= Self.maximumDigits else { return nil }
        let coefficient = number.digits.reduce(Int128(0)) { $0 * 10 + Int128($1) }
        self.init(coefficient: number.isNegative ? -coefficient : coefficient, scale: -number.exponent)
    }

    /// Reads a JSON number; nil for other text and for a value outside of the limits.
    public init?(_ text: String) {
        var text = text
        guard let value = text.withUTF8({ Decimal(literal: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }
}

extension Decimal: Hashable, Comparable {
    public static func < (lhs: Decimal, rhs: Decimal) -> Bool {
        if lhs.wide != nil || rhs.wide != nil {
            guard let left = ExactNumber(lhs.description), let right = ExactNumber(rhs.description) else {
                return false
            }
            return left < right
        }
        // Equal scales may need more than 128 bits, so compare the integer and fractional parts separately.
        let (lhsWhole, lhsFraction) = lhs.parts
        let (rhsWhole, rhsFraction) = rhs.parts
        return (lhsWhole, lhsFraction) < (rhsWhole, rhsFraction)
    }

    /// The integer part and the fractional part in units of 10⁻¹⁸, both with the sign of the number.
    private var parts: (whole: Int128, fraction: Int128) {
        let power = Self.powerOfTen(scale)
        return (coefficient / power, coefficient % power * Self.powerOfTen(Self.maximumScale - scale))
    }

    private static func powerOfTen(_ exponent: Int) -> Int128 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}

extension Decimal: CustomStringConvertible {
    /// The shortest JSON number with this value, without an exponent.
    public var description: String {
        if let wide { return wide }
        let sign = coefficient < 0 ? "-" : ""
        let digits = String(coefficient.magnitude)
        guard scale > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, scale + 1 - digits.utf8.count)) + digits
        return "\(sign)\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }
}

extension Decimal: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Decimal(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a decimal")
        }
        self = value
    }

    /// Encodes a string, because Swift's coders pass JSON numbers through `Double`, which would lose digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
