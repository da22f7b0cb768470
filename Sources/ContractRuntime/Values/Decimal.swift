/// An exact decimal number for money: at most 38 significant digits and 18 places after the point.
///
/// It is read from a JSON number's own digits, never through a binary float, and written as the shortest literal of the
/// same value: `0.3`, never `0.30000000000000004`.
public struct Decimal: Sendable {
    /// The digits without the point, at most 38 of them.
    public let coefficient: Int128
    /// How many of the digits stand behind the point, 0…18. The last of them is not zero.
    public let scale: Int

    /// The largest number of significant digits.
    public static let maximumDigits = 38
    /// The largest number of digits after the point.
    public static let maximumScale = 18

    private static let limit: Int128 = (0..<maximumDigits).reduce(1) { power, _ in power * 10 }

    /// `coefficient` × 10⁻ˢᶜᵃˡᵉ; nil when the value needs more digits than a `Decimal` has.
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

    /// `value`, exactly.
    public init(_ value: Int) {
        self.init(unchecked: Int128(value), scale: 0)
    }

    private init(unchecked coefficient: Int128, scale: Int) {
        self.coefficient = coefficient
        self.scale = scale
    }

    /// Reads a number as JSON writes it (RFC 8259, section 6), exponent included; nil for other text and for a value
    /// outside the limits.
    public init?(literal text: UnsafeRawBufferPointer) {
        guard let number = NumberLiteral(text) else { return nil }
        // Zeros at either end carry no value, so they may be as many as they like.
        var digits = number.digits[...]
        while digits.first == 0 { digits = digits.dropFirst() }
        var scale = number.scale
        while digits.last == 0 {
            digits = digits.dropLast()
            scale -= 1
        }
        guard digits.count <= Self.maximumDigits else { return nil }
        let coefficient = digits.reduce(Int128(0)) { $0 * 10 + Int128($1) }
        self.init(coefficient: number.isNegative ? -coefficient : coefficient, scale: scale)
    }

    /// Reads a number as JSON writes it; nil for other text and for a value outside the limits.
    public init?(_ text: String) {
        var text = text
        guard let value = text.withUTF8({ Decimal(literal: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }
}

extension Decimal: Hashable, Comparable {
    public static func < (lhs: Decimal, rhs: Decimal) -> Bool {
        // Aligning the scales may need more than 128 bits, so whole and fractional parts are compared apart.
        let (lhsWhole, lhsFraction) = lhs.parts
        let (rhsWhole, rhsFraction) = rhs.parts
        return (lhsWhole, lhsFraction) < (rhsWhole, rhsFraction)
    }

    /// The part before the point and the part behind it in units of 10⁻¹⁸, both with the number's sign.
    private var parts: (whole: Int128, fraction: Int128) {
        let power = Self.powerOfTen(scale)
        return (coefficient / power, coefficient % power * Self.powerOfTen(Self.maximumScale - scale))
    }

    private static func powerOfTen(_ exponent: Int) -> Int128 {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}

extension Decimal: CustomStringConvertible {
    /// The shortest JSON number of this value, without an exponent.
    public var description: String {
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

    /// Encodes a string: Swift's coders carry JSON numbers through `Double`, which would lose digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A JSON number taken apart: `digits` × 10⁻ˢᶜᵃˡᵉ.
struct NumberLiteral {
    var isNegative = false
    var digits: [UInt8] = []
    /// How many digits stand behind the point; negative when zeros are missing in front of it.
    var scale = 0

    /// Nil unless `text` is a JSON number (RFC 8259, section 6). An exponent too large to matter is kept at ±10⁹.
    init?(_ text: UnsafeRawBufferPointer) {
        var index = 0
        func peek() -> UInt8? { index < text.count ? text[index] : nil }
        func skip(_ scalar: Unicode.Scalar) -> Bool {
            guard peek() == UInt8(ascii: scalar) else { return false }
            index += 1
            return true
        }
        isNegative = skip("-")
        let firstDigit = index
        while let digit = peek()?.decimalDigit {
            digits.append(UInt8(digit))
            index += 1
        }
        guard !digits.isEmpty, digits.count == 1 || text[firstDigit] != UInt8(ascii: "0") else { return nil }
        if skip(".") {
            let whole = digits.count
            while let digit = peek()?.decimalDigit {
                digits.append(UInt8(digit))
                index += 1
            }
            scale = digits.count - whole
            guard scale > 0 else { return nil }
        }
        if skip("e") || skip("E") {
            let isNegativeExponent = skip("-")
            if !isNegativeExponent { _ = skip("+") }
            var exponent = 0
            var hasDigits = false
            while let digit = peek()?.decimalDigit {
                exponent = min(exponent * 10 + digit, 1_000_000_000)
                hasDigits = true
                index += 1
            }
            guard hasDigits else { return nil }
            scale += isNegativeExponent ? exponent : -exponent
        }
        guard index == text.count else { return nil }
    }

    /// The value when it is a whole number of 64 bits; nil when it has a fraction or does not fit.
    var integer: Int? {
        var digits = digits[...]
        while digits.first == 0 { digits = digits.dropFirst() }
        var scale = scale
        while scale > 0, digits.last == 0 {
            digits = digits.dropLast()
            scale -= 1
        }
        guard !digits.isEmpty else { return 0 }
        guard scale <= 0, digits.count - scale <= 19 else { return nil }
        var value: Int128 = digits.reduce(0) { $0 * 10 + Int128($1) }
        for _ in scale..<0 { value *= 10 }
        return Int(exactly: isNegative ? -value : value)
    }

    /// Whether the value has no fraction, however large it is.
    var isWhole: Bool {
        var digits = digits[...]
        var scale = scale
        while scale > 0, digits.last == 0 {
            digits = digits.dropLast()
            scale -= 1
        }
        return scale <= 0 || digits.allSatisfy { $0 == 0 }
    }
}
