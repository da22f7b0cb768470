/// Raw bytes: a body that is not text, or a string with Base64 (RFC 4648, section 4).
public struct Bytes: Hashable, Sendable {
    /// The bytes.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads Base64 with padding; nil for any other text.
    public init?(base64 text: UnsafeRawBufferPointer) {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var accumulator: UInt32 = 0
        for (index, byte) in text.dropLast(padding).enumerated() {
            guard let digit = Self.digit(byte) else { return nil }
            accumulator = accumulator << 6 | UInt32(digit)
            if index % 4 == 3 {
                bytes.append(contentsOf: [
                    UInt8(truncatingIfNeeded: accumulator >> 16), UInt8(truncatingIfNeeded: accumulator >> 8),
                    UInt8(truncatingIfNeeded: accumulator),
                ])
                accumulator = 0
            }
        }
        switch padding {
        case 1:
            bytes.append(UInt8(truncatingIfNeeded: accumulator >> 10))
            bytes.append(UInt8(truncatingIfNeeded: accumulator >> 2))
        case 2: bytes.append(UInt8(truncatingIfNeeded: accumulator >> 4))
        default: break
        }
        self.bytes = bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends the Base64 text.
    func appendBase64(to text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let rest = min(3, bytes.count - index)
            var group: UInt32 = 0
            // traps: the index is below `bytes.count`, because the offset is below the rest.
            for offset in 0..<3 { group = group << 8 | UInt32(offset < rest ? bytes[index + offset] : 0) }
            for position in 0..<4 {
                let digit = Self.digits[Int(group >> UInt32(18 - 6 * position) & 63)]
                text.append(position <= rest ? digit : UInt8(ascii: "="))
            }
            index += 3
        }
    }

    /// The Base64 text.
    public var base64: String {
        var text: [UInt8] = []
        appendBase64(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

extension Bytes: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        var text = try container.decode(String.self)
        guard let value = text.withUTF8({ Bytes(base64: UnsafeRawBufferPointer($0)) }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not Base64")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(base64)
    }
}
