public import ContractRuntime

// `numeric` in binary (`numeric_send`): the number of base-10000 digits, the weight of the first (a power of 10000), the sign,
// the number of decimals to show, then the digits; all of 16 bits.
extension Decimal: PostgresCodable {
    private static let negative: UInt16 = 0x4000

    public func encode(to bytes: inout [UInt8]) {
        let power = (0..<scale).reduce(Int128(1)) { power, _ in power * 10 }
        let magnitude = coefficient < 0 ? -coefficient : coefficient
        let whole = Self.groups(of: magnitude / power)
        // Digits behind the point are filled up to a multiple of four.
        let padding = (4 - scale % 4) % 4
        var fraction = Self.groups(of: (0..<padding).reduce(magnitude % power) { value, _ in value * 10 })
        fraction = Array(repeating: 0, count: (scale + padding) / 4 - fraction.count) + fraction
        var groups = (whole + fraction)[...]
        var weight = whole.count - 1
        while groups.first == 0 {
            groups = groups.dropFirst()
            weight -= 1
        }
        while groups.last == 0 { groups = groups.dropLast() }
        bytes.append(bigEndian: Int16(groups.count))
        bytes.append(bigEndian: Int16(groups.isEmpty ? 0 : weight))
        bytes.append(bigEndian: coefficient < 0 ? Self.negative : 0)
        bytes.append(bigEndian: Int16(scale))
        for group in groups { bytes.append(bigEndian: group) }
    }

    /// The base-10000 digits of `value`, without leading zeros.
    private static func groups(of value: Int128) -> [Int16] {
        var groups: [Int16] = []
        var rest = value
        while rest > 0 {
            groups.append(Int16(rest % 10_000))
            rest /= 10_000
        }
        return groups.reversed()
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
                return String(repeating: "0", count: 4 - text.count) + text
            }.joined()
        if count == 0 { literal += "0" }
        // 0.d₁d₂… × 10000^(weight + 1)
        let exponent = 4 * (Int(weight) + 1)
        self = Decimal("\(literal)e\(exponent)") ?? Decimal(wide: Self.text(of: literal, exponent))
    }

    /// The text of `0.digits` with its point moved so many places to the right, as it is written without an exponent.
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
