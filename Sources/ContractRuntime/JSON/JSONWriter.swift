/// Writes JSON bytes from start to end.
public struct JSONWriter {
    /// The bytes so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// The direction of the text. Some members are omitted in one direction.
    public let direction: JSONDirection

    /// Creates a writer.
    public init(direction: JSONDirection = .any) {
        self.direction = direction
        bytes.reserveCapacity(256)
    }

    /// Encodes one value.
    public static func write(_ value: some JSONWritable, direction: JSONDirection = .any) -> [UInt8] {
        var json = JSONWriter(direction: direction)
        value.write(to: &json)
        return json.bytes
    }

    /// Writes `{`.
    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Writes `}`.
    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes `[`.
    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Writes `]`.
    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a member. A nil `value` is written as `null`.
    public mutating func member(_ name: StaticString, _ value: some JSONWritable) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { name in
            if name.allSatisfy(Self.isPlain) {
                bytes.append(contentsOf: name)
            } else {
                for byte in name { appendEscaped(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
        colon()
        value.write(to: &self)
    }

    /// Writes members whose names are known only at run time, sorted by name.
    public mutating func members<Value: JSONWritable>(_ members: [String: Value]) {
        for (name, value) in members.sorted(by: { $0.key < $1.key }) { member(dynamic: name, value) }
    }

    /// Writes the name of a member. Its value must follow.
    mutating func name(_ name: String) {
        string(name)
        colon()
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Writes a member, or nothing if there is no value.
    public mutating func member<Value: JSONWritable>(_ name: StaticString, ifPresent value: Value?) {
        if let value { member(name, value) }
    }

    /// Ends a member name that `string(_:)` wrote.
    mutating func colon() {
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes JSON text.
    public mutating func raw(_ text: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: text)
        needsComma = true
    }

    /// Writes a string with the escapes that RFC 8259, section 7, requires.
    public mutating func string(_ value: String) {
        separate()
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { text in
            if text.allSatisfy(Self.isPlain) {
                bytes.append(contentsOf: text)
            } else {
                // traps: the text is a buffer of bytes here.
                for byte in text { appendEscaped(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a string of the bytes that `append` adds. They must need no escapes.
    mutating func plainString(_ append: (inout [UInt8]) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case ..<0x20:
            let digits = String(byte, radix: 16)
            bytes.append(contentsOf: (digits.utf8.count == 1 ? "\\u000" : "\\u00").utf8)
            bytes.append(contentsOf: digits.utf8)
        default: bytes.append(byte)
        }
    }
}
