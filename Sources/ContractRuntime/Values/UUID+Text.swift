#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension UUID {
    /// Reads the 36-character form of RFC 9562, section 4, in either case; nil for any other text.
    public init?(text: UnsafeRawBufferPointer) {
        guard text.count == 36 else { return nil }
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isValid = withUnsafeMutableBytes(of: &bytes) { bytes in
            var index = 0
            for position in 0..<16 {
                if position == 4 || position == 6 || position == 8 || position == 10 {
                    guard text[index] == UInt8(ascii: "-") else { return false }
                    index += 1
                }
                guard let high = text[index].hexadecimalDigit, let low = text[index + 1].hexadecimalDigit
                else { return false }
                bytes[position] = high << 4 | low
                index += 2
            }
            return true
        }
        guard isValid else { return nil }
        self.init(uuid: bytes)
    }

    /// The 36-character form in lower case, as in RFC 9562 and in PostgreSQL's output.
    public var text: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        appendText(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the 36-character form in lower case.
    func appendText(to text: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes in
            for (position, byte) in bytes.enumerated() {
                if position == 4 || position == 6 || position == 8 || position == 10 { text.append(UInt8(ascii: "-")) }
                text.append(Self.hexadecimalDigits[Int(byte >> 4)])
                text.append(Self.hexadecimalDigits[Int(byte & 15)])
            }
        }
    }

    private static let hexadecimalDigits = Array("0123456789abcdef".utf8)
}
