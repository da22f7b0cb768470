#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Text that is equal to another only if both have the same code points.
///
/// Swift's `==` and `hash` treat canonically equivalent strings as equal: `"é"` equals `"e\u{301}"`, and `"K"` equals the Kelvin sign.
/// JSON (RFC 8259, section 8.3) and PostgreSQL distinguish them. Use this type to compare ids and member names from outside, and as
/// their key in dictionaries.
public struct ExactText: Sendable {
    /// The text.
    public let text: String

    /// Wraps a text.
    public init(_ text: String) {
        self.text = text
    }
}

extension ExactText: Hashable {
    public static func == (lhs: ExactText, rhs: ExactText) -> Bool { lhs.text.hasSameScalars(as: rhs.text) }

    public func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
        // No text contains this byte, so hashes of consecutive texts cannot run into each other.
        hasher.combine(0xFF as UInt8)
    }
}

extension StringProtocol {
    /// Whether the other text has the same code points, which `==` does not check.
    public func hasSameScalars(as other: some StringProtocol) -> Bool {
        // Nearly all strings are contiguous, and comparing their bytes is many times faster.
        let isSame = utf8.withContiguousStorageIfAvailable { text in
            other.utf8.withContiguousStorageIfAvailable { other in
                guard text.count == other.count, let first = text.baseAddress, let second = other.baseAddress else {
                    return text.isEmpty && other.isEmpty
                }
                return memcmp(first, second, text.count) == 0
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension Dictionary where Key == String {
    /// The value whose key has the same code points as `name`.
    func value(exactly name: String) -> Value? {
        guard let index = index(forKey: name), self[index].key.hasSameScalars(as: name) else { return nil }
        return self[index].value
    }
}
