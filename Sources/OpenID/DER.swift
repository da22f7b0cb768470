/// Values in the encoding DER (ITU-T X.690).
enum DER {
    static func sequence(_ content: [UInt8]) -> [UInt8] { value(0x30, content) }

    /// A bit string whose last byte is complete.
    static func bitString(_ content: [UInt8]) -> [UInt8] { value(0x03, [0] + content) }

    /// An integer that is not negative, from big-endian bytes.
    static func integer(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        // The first bit is the sign.
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return value(0x02, digits)
    }

    private static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        if content.count < 0x80 { return [tag, UInt8(clamping: content.count)] + content }
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(clamping: length.count)] + length + content
    }
}
