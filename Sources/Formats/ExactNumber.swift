/// The exact value of a number in text, of any size: `digits` × 10^`exponent`.
///
/// Texts with the same value are equal: `1`, `1.0` and `10e-1`. Values are not rounded, as the comparisons of JSON Schema require
/// (JSON Schema Core 2020-12, section 4.2.1, and RFC 8259, section 6).
public struct ExactNumber: Hashable, Sendable {
    /// Whether the value is less than 0.
    public let isNegative: Bool
    /// The significant digits, each 0 to 9, without leading and trailing zeros; empty for 0.
    public let digits: [UInt8]
    /// The power of ten of the last digit; 0 if the value is 0.
    public let exponent: Int

    /// Exponents are clamped to this limit: no practical number needs a larger one.
    private static let exponentLimit = 100_000_000_000_000_000

    /// Parses a JSON number (RFC 8259, section 6); nil for other text.
    public init?(_ text: some StringProtocol) {
        let value = text.utf8.withContiguousStorageIfAvailable { ExactNumber(UnsafeRawBufferPointer($0)) }
        guard let value = value ?? Array(text.utf8).withUnsafeBytes({ ExactNumber($0) }) else { return nil }
        self = value
    }

    /// Parses a JSON number (RFC 8259, section 6); nil for other text.
    public init?(_ text: UnsafeRawBufferPointer) {
        var index = 0
        func peek() -> UInt8? { index < text.count ? text[index] : nil }
        func skip(_ scalar: Unicode.Scalar) -> Bool {
            guard peek() == UInt8(ascii: scalar) else { return false }
            index += 1
            return true
        }
        var digits: [UInt8] = []
        func readDigits() -> Int {
            let start = index
            while let byte = peek(), byte &- 0x30 < 10 {
                digits.append(byte - 0x30)
                index += 1
            }
            return index - start
        }
        let isNegative = skip("-")
        let first = index
        let whole = readDigits()
        guard whole == 1 || (whole > 1 && text[first] != UInt8(ascii: "0")) else { return nil }
        var exponent = 0
        if skip(".") {
            exponent = -readDigits()
            guard exponent < 0 else { return nil }
        }
        if skip("e") || skip("E") {
            let isNegativeExponent = skip("-")
            if !isNegativeExponent { _ = skip("+") }
            let start = index
            var power = 0
            while let byte = peek(), byte &- 0x30 < 10 {
                power = min(power * 10 + Int(byte - 0x30), Self.exponentLimit)
                index += 1
            }
            guard index > start else { return nil }
            exponent += isNegativeExponent ? -power : power
        }
        guard index == text.count else { return nil }
        self.init(isNegative: isNegative, digits: digits, exponent: exponent)
    }

    /// The exact value of an integer.
    public init(_ value: Int) {
        self.init(isNegative: value < 0, digits: String(value.magnitude).utf8.map { $0 - 0x30 }, exponent: 0)
    }

    private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        let end = (digits.lastIndex { $0 != 0 } ?? -1) + 1
        let start = digits.firstIndex { $0 != 0 } ?? end
        self.isNegative = isNegative && start < end
        self.digits = start == 0 && end == digits.count ? digits : Array(digits[start..<max(start, end)])
        self.exponent = start < end ? exponent + digits.count - end : 0
    }

    /// Whether the value is a whole number.
    public var isInteger: Bool { exponent >= 0 }

    /// The value as an `Int`; nil if it is not a whole number or does not fit into 64 bits.
    public var integer: Int? {
        guard exponent >= 0 else { return nil }
        guard !digits.isEmpty else { return 0 }
        guard digits.count + exponent <= 19 else { return nil }
        var value: Int128 = digits.reduce(0) { $0 * 10 + Int128($1) }
        for _ in 0..<exponent { value *= 10 }
        return Int(exactly: isNegative ? -value : value)
    }
}

extension ExactNumber: Comparable {
    public static func < (lhs: ExactNumber, rhs: ExactNumber) -> Bool {
        if lhs.isNegative != rhs.isNegative { return lhs.isNegative }
        return lhs.isNegative ? rhs.isCloserToZero(than: lhs) : lhs.isCloserToZero(than: rhs)
    }

    private func isCloserToZero(than other: ExactNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        // Without leading zeros, the number whose first digit has the higher power of ten is larger.
        let (magnitude, otherMagnitude) = (digits.count + exponent, other.digits.count + other.exponent)
        if magnitude != otherMagnitude { return magnitude < otherMagnitude }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}

extension ExactNumber {
    /// Whether the value is a whole multiple of `divisor`, which must not be 0.
    ///
    /// - Returns: Nil if the numbers have too many digits to divide in reasonable time.
    public func isMultiple(of divisor: ExactNumber) -> Bool? {
        if digits.isEmpty { return true }
        // Neither has trailing zeros, so this value lacks any power of ten that remains in the divisor.
        let power = exponent - divisor.exponent
        guard power >= 0 else { return false }
        if divisor.digits == [1] { return true }
        guard digits.count * divisor.digits.count <= 100_000_000 else { return nil }
        if divisor.digits.count <= 18 {
            let modulus = divisor.digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1) }
            let rest = digits.reduce(UInt64(0)) { ($0 * 10 + UInt64($1)) % modulus }
            return Self.multiply(rest, Self.power(10 % modulus, power, modulus), modulus) == 0
        }
        // Powers of ten add only the factors 2 and 5. A divisor of n digits has fewer than 4n of them.
        return Self.remainderIsZero(
            digits + Array(repeating: 0, count: min(power, divisor.digits.count * 4)),
            divisor.digits
        )
    }

    private static func multiply(_ lhs: UInt64, _ rhs: UInt64, _ modulus: UInt64) -> UInt64 {
        modulus.dividingFullWidth(lhs.multipliedFullWidth(by: rhs)).remainder
    }

    private static func power(_ base: UInt64, _ exponent: Int, _ modulus: UInt64) -> UInt64 {
        var (result, base, exponent) = (1 % modulus, base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 { result = multiply(result, base, modulus) }
            base = multiply(base, base, modulus)
            exponent >>= 1
        }
        return result
    }

    /// Whether long division leaves no remainder.
    private static func remainderIsZero(_ dividend: [UInt8], _ divisor: [UInt8]) -> Bool {
        var rest = [UInt8](repeating: 0, count: divisor.count + 1)
        let divisor = [0] + divisor
        for digit in dividend {
            rest.removeFirst()
            rest.append(digit)
            while !rest.lexicographicallyPrecedes(divisor) {
                var borrow: Int8 = 0
                for index in rest.indices.reversed() {
                    // traps: digits are 0 to 9, so the difference is -10 to 9.
                    let difference = Int8(rest[index]) - Int8(divisor[index]) - borrow
                    borrow = difference < 0 ? 1 : 0
                    rest[index] = UInt8(truncatingIfNeeded: difference < 0 ? difference + 10 : difference)
                }
            }
        }
        return rest.allSatisfy { $0 == 0 }
    }
}
