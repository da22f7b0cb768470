public import ContractRuntime

// `numeric` in binary (`numeric_send`): the number of base-10000 digits, the weight of the first (a power of 10000), the sign,
// the number of decimals to show, then the digits; all of 16 bits.
extension Decimal: PostgresCodable {
    private static let negative: UInt16 = 0x4000

    public func encode(to bytes: inout [UInt8]) {
        let magnitude = coefficient.magnitude
        // The processor divides UInt64; Int128 needs a function call.
        if let small = UInt64(exactly: magnitude) { encode(small, to: &bytes) } else { encode(magnitude, to: &bytes) }
    }

    private func encode(_ magnitude: some UnsignedInteger & FixedWidthInteger, to bytes: inout [UInt8]) {
        // 38 digits, in groups of four in both directions from the decimal point.
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: 11) { groups in
            var (rest, count) = (magnitude, 0)
            func add(_ group: Int16) {
                groups[count] = group
                count += 1
            }
            // The last group after the decimal point is padded with zeros.
            let power = [1, 10, 100, 1_000][scale % 4]
            if power > 1 {
                // traps: the first factor is less than the power, the product less than 10,000.
                add(Int16(truncatingIfNeeded: rest % .init(power)) * Int16(truncatingIfNeeded: 10_000 / power))
                rest /= .init(power)
            }
            while rest > 0 {
                add(Int16(truncatingIfNeeded: rest % 10_000))
                rest /= 10_000
            }
            let weight = count - 1 - (scale + 3) / 4
            let first = groups[..<count].firstIndex { $0 != 0 } ?? count
            bytes.append(bigEndian: Int16(truncatingIfNeeded: count - first))
            bytes.append(bigEndian: Int16(truncatingIfNeeded: count == first ? 0 : weight))
            bytes.append(bigEndian: coefficient < 0 ? Self.negative : 0)
            bytes.append(bigEndian: Int16(truncatingIfNeeded: scale))
            for group in groups[first..<count].reversed() { bytes.append(bigEndian: group) }
        }
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard let count = bytes.integer(Int16.self), let weight = bytes.integer(Int16.self, at: 2),
            let sign = bytes.integer(UInt16.self, at: 4), sign == 0 || sign == Self.negative,
            bytes.count == 8 + 2 * Int(count)
        else { throw .malformed("finite numeric") }
        var literal = sign == 0 ? "0" : "-0"
        literal +=
            "."
            + (0..<Int(count)).map { index in
                let text = String(bytes.integer(Int16.self, at: 8 + 2 * index) ?? 0)
                return String(repeating: "0", count: max(4 - text.count, 0)) + text
            }.joined()
        if count == 0 { literal += "0" }
        // 0.d₁d₂… × 10000^(weight + 1)
        let exponent = 4 * (Int(weight) + 1)
        self = Decimal("\(literal)e\(exponent)") ?? Decimal(wide: Self.text(of: literal, exponent))
    }

    /// The text of `0.digits` with its decimal point moved right by `exponent` places, without an exponent.
    private static func text(of literal: String, _ exponent: Int) -> String {
        let sign = literal.hasPrefix("-") ? "-" : ""
        var digits = literal.drop { $0 != "." }.dropFirst() + ""
        if digits.count < exponent { digits += String(repeating: "0", count: exponent - digits.count) }
        var whole = String(digits.prefix(max(exponent, 0)).drop { $0 == "0" })
        if whole.isEmpty { whole = "0" }
        var fraction = String(repeating: "0", count: max(-exponent, 0)) + digits.dropFirst(max(exponent, 0))
        while fraction.last == "0" { fraction.removeLast() }
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
    }
}
