/// An expression that decides for each code point of a text whether it is allowed, such as `^[^\\u0000]*$`.
///
/// One pass over the bytes checks it, without the general machine. Names have such patterns, and every heartbeat contains names.
struct RepeatedSet: Sendable {
    private let set: ScalarSet
    /// The ASCII characters in the set, one bit each.
    private let ascii: (low: UInt64, high: UInt64)

    /// The expression in `node`; nil if `node` has another form.
    init?(_ node: PatternNode) {
        guard case .sequence(let nodes) = node, nodes.count == 3, case .start = nodes[0], case .end = nodes[2],
            // traps: there are three nodes.
            case .repeated(.set(let set), minimum: 0, maximum: nil) = nodes[1]
        else { return nil }
        self.set = set
        func bits(from first: UInt8) -> UInt64 {
            (0..<64).reduce(0) { bits, offset in
                // traps: the first is 0 or 64, the offset less than 64.
                set.contains(Unicode.Scalar(first + offset)) ? bits | 1 << UInt64(offset) : bits
            }
        }
        ascii = (bits(from: 0), bits(from: 64))
    }

    func matches(_ text: some StringProtocol) -> Bool {
        let isASCII = text.utf8.withContiguousStorageIfAvailable { bytes -> Bool? in
            for byte in bytes {
                if byte >= 0x80 { return nil }
                let bits = byte < 64 ? ascii.low : ascii.high
                if bits >> UInt64(byte & 63) & 1 == 0 { return false }
            }
            return true
        }
        return (isASCII ?? nil) ?? text.unicodeScalars.allSatisfy(set.contains)
    }
}
