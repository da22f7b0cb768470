public import ContractRuntime

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A value with a binary PostgreSQL format.
public protocol PostgresCodable: Sendable {
    /// Appends the value in binary format.
    func encode(to bytes: inout [UInt8])
    /// Reads the binary format; throws if the bytes are malformed.
    init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError)
}

extension PostgresError {
    static func malformed(_ type: String) -> PostgresError {
        PostgresError(.decoding, "not a \(type) in binary format")
    }
}

extension UnsafeRawBufferPointer {
    /// The big-endian integer at `offset`; nil if the bytes are too short.
    func integer<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int = 0) -> Value? {
        // traps: the offset is a place in a buffer in memory, plus 2^31 at most.
        guard offset + MemoryLayout<Value>.size <= count else { return nil }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}

extension [UInt8] {
    /// Appends an integer in network order.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension Bool: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 1, let byte = bytes.first else { throw .malformed("bool") }
        self = byte != 0
    }
}

extension Int32: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { bytes.append(bigEndian: self) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 4, let value = bytes.integer(Int32.self) else { throw .malformed("int4") }
        self = value
    }
}

extension Int: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { bytes.append(bigEndian: Int64(self)) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 8, let value = bytes.integer(Int64.self) else { throw .malformed("int8") }
        self = Int(value)
    }
}

extension Double: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { bytes.append(bigEndian: bitPattern) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 8, let bits = bytes.integer(UInt64.self) else { throw .malformed("float8") }
        self = Double(bitPattern: bits)
    }
}

extension String: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension UUID: PostgresCodable {
    public func encode(to bytes: inout [UInt8]) { withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) } }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 16 else { throw .malformed("uuid") }
        var value = UUID().uuid
        withUnsafeMutableBytes(of: &value) { $0.copyMemory(from: bytes) }
        self.init(uuid: value)
    }
}

extension Timestamp: PostgresCodable {
    /// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z (`timestamp_send`).
    private static let postgresEpoch: Int64 = 946_684_800_000_000

    public func encode(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: microsecondsSinceEpoch.subtractingSaturated(Self.postgresEpoch))
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        // The largest and the smallest value represent the infinities.
        guard bytes.count == 8, let value = bytes.integer(Int64.self), value != .max, value != .min
        else { throw .malformed("finite timestamptz") }
        // PostgreSQL supports the years from 4713 BC to 294276. A time outside RFC 3339's range is read as the nearest bound.
        let time = Timestamp(microsecondsSinceEpoch: value.addingSaturated(Self.postgresEpoch))
        self = min(max(time, .earliest), .latest)
    }
}

extension JSONObject: PostgresCodable {
    /// Version 1 of `jsonb`'s binary format is the text (`jsonb_send`).
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(1)
        bytes.append(contentsOf: self.bytes)
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count > 1, bytes[0] == 1, bytes[1] == UInt8(ascii: "{") else { throw .malformed("jsonb object") }
        self.init(validated: Array(bytes.dropFirst()))
    }
}

extension [String]: PostgresCodable {
    /// A one-dimensional array (`array_send`): dimensions, whether there are NULLs, the type; length and lower bound; elements.
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: (isEmpty ? 0 : 1) as Int32)
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: PostgresType.text.oid)
        guard !isEmpty else { return }
        bytes.append(bigEndian: Int32(clamping: count))
        bytes.append(bigEndian: Int32(1))
        for text in self {
            bytes.append(bigEndian: Int32(clamping: text.utf8.count))
            text.encode(to: &bytes)
        }
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard let dimensions = bytes.integer(Int32.self), dimensions <= 1 else { throw .malformed("text[]") }
        self = []
        guard dimensions == 1 else { return }
        guard let count = bytes.integer(Int32.self, at: 12), count >= 0 else { throw .malformed("text[]") }
        var offset = 20
        for _ in 0..<count {
            guard let length = bytes.integer(Int32.self, at: offset), length >= 0,
                // traps: the offset is a place in a buffer in memory, the length 2^31 at most.
                offset + 4 + Int(length) <= bytes.count
            else { throw .malformed("text[] without NULLs") }
            let end = offset + 4 + Int(length)  // traps: the guard above has bounded it by the buffer
            append(String(decoding: bytes[(end - Int(length))..<end], as: UTF8.self))
            offset = end
        }
    }
}
