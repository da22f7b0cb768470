/// A JSON string as a slice of the input. It is decoded only if it has escapes.
///
/// It is valid only as long as the input. Generated code compares it in the same statement and keeps only copies.
public struct JSONText {
    private let borrowed: UnsafeRawBufferPointer
    private let unescaped: [UInt8]?

    init(borrowing bytes: UnsafeRawBufferPointer) {
        borrowed = bytes
        unescaped = nil
    }

    init(unescaped bytes: [UInt8]) {
        borrowed = UnsafeRawBufferPointer(start: nil, count: 0)
        unescaped = bytes
    }

    /// The UTF-8 of the string.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if let unescaped { unescaped.withUnsafeBytes(body) } else { body(borrowed) }
    }

    /// The length of the text in bytes of UTF-8.
    var byteCount: Int { unescaped?.count ?? borrowed.count }

    /// Whether the texts are equal byte by byte.
    func hasSameBytes(as other: JSONText) -> Bool {
        byteCount == other.byteCount && withBytes { bytes in other.withBytes { bytes.elementsEqual($0) } }
    }

    /// A copy that is independent of the input.
    public var string: String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The number of Unicode code points, which `minLength` and `maxLength` count (JSON Schema Validation, section 6.3).
    var codePointCount: Int {
        withBytes { bytes in bytes.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }
    }

    /// Lets `switch text { case "bot_id": … }` compare bytes without building a string.
    public static func ~= (pattern: StaticString, text: JSONText) -> Bool {
        text.withBytes { bytes in
            pattern.withUTF8Buffer { pattern in
                pattern.count == bytes.count && pattern.elementsEqual(bytes)
            }
        }
    }
}
