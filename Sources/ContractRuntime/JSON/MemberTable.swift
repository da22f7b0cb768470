#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The names of a structure's members, prepared for fast lookup.
public struct MemberTable<Key: CodingKey & CaseIterable & RawRepresentable<String> & Hashable & Sendable>: Sendable {
    @usableFromInline let keys: [Key]
    @usableFromInline let names: MemberNames

    /// Creates a table of the cases of `type`.
    ///
    /// - Parameters:
    ///   - required: The required members.
    ///   - readOnly: Those of the required members that requests may omit.
    ///   - writeOnly: Those of the required members that responses may omit.
    ///   - isClosed: Whether other members are rejected.
    public init(
        _ type: Key.Type,
        required: [Key] = [],
        readOnly: [Key] = [],
        writeOnly: [Key] = [],
        isClosed: Bool = false
    ) {
        keys = Array(type.allCases)
        names = MemberNames(
            keys.map(\.rawValue),
            required: keys.map { required.contains($0) },
            readOnly: keys.map { readOnly.contains($0) },
            writeOnly: keys.map { writeOnly.contains($0) },
            isClosed: isClosed
        )
    }
}

/// Names in buckets by length, first and last bytes, so that most lookups need one comparison of bytes.
@usableFromInline
final class MemberNames: Sendable {
    let texts: [String]
    let required: [Bool]
    let readOnly: [Bool]
    let writeOnly: [Bool]
    let isClosed: Bool
    private let bytes: [[UInt8]]
    /// The first name of each bucket, and the next name in the same bucket for each name; -1 if there is none.
    private let heads: [Int16]
    private let followers: [Int16]
    private let mask: Int

    init(_ texts: [String], required: [Bool], readOnly: [Bool], writeOnly: [Bool], isClosed: Bool) {
        self.texts = texts
        self.required = required
        self.readOnly = readOnly
        self.writeOnly = writeOnly
        self.isClosed = isClosed
        bytes = texts.map { Array($0.utf8) }
        var size = 4
        while size < texts.count * 2 { size *= 2 }
        // traps: the size is 4 or a larger power of two.
        mask = size - 1
        var heads = [Int16](repeating: -1, count: size)
        var followers = [Int16](repeating: -1, count: texts.count)
        for (index, name) in bytes.enumerated() {
            let bucket = name.withUnsafeBytes { Self.hash($0) } & mask
            followers[index] = heads[bucket]
            // traps: the index of a member of the contract, which no request changes.
            heads[bucket] = Int16(index)
        }
        self.heads = heads
        self.followers = followers
    }

    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        guard let first = name.first else { return 0 }
        return name.count &* 31 &+ Int(first) &* 7 &+ Int(name[name.count - 1]) &* 3 &+ Int(name[name.count / 2])
    }

    /// The index of a name; nil if it is not in the table.
    func index(of name: UnsafeRawBufferPointer) -> Int? {
        var candidate = Int(heads[Self.hash(name) & mask])
        while candidate >= 0 {
            let found = bytes[candidate].withUnsafeBytes { known in
                guard known.count == name.count else { return false }
                guard let known = known.baseAddress, let start = name.baseAddress else { return true }
                return memcmp(known, start, name.count) == 0
            }
            if found { return candidate }
            candidate = Int(followers[candidate])
        }
        return nil
    }
}

/// The members of an object seen so far.
public struct SeenMembers {
    private var low: UInt64 = 0
    /// The members with indices of 64 or more.
    private var high: Set<Int> = []
    /// The names of members that are not in the table.
    private var others: Set<ExactText> = []

    /// Creates an empty set.
    public init() {}

    /// Adds a member. Returns false if it is a duplicate.
    mutating func insert(_ member: Int) -> Bool {
        guard member < 64 else { return high.insert(member).inserted }
        let bit: UInt64 = 1 << UInt64(member)
        defer { low |= bit }
        return low & bit == 0
    }

    /// Adds a member that is not in the table. Returns false if it is a duplicate.
    mutating func insert(_ name: String) -> Bool { others.insert(ExactText(name)).inserted }

    func contains(_ member: Int) -> Bool {
        member < 64 ? low & (1 << UInt64(member)) != 0 : high.contains(member)
    }
}

// Used by generated codecs to read objects.
extension JSONReader {
    /// The next member that is in the table, or nil after the end of the object. A closed table rejects other members; an open one skips them.
    @inlinable
    public mutating func nextKey<Key>(
        in table: borrowing MemberTable<Key>,
        _ seen: inout SeenMembers
    ) throws(JSONSyntaxError) -> Key? {
        guard let index = try nextMember(of: table.names, &seen) else { return nil }
        return table.keys[index]
    }

    @usableFromInline
    mutating func nextMember(of names: MemberNames, _ seen: inout SeenMembers) throws(JSONSyntaxError) -> Int? {
        while let name = try nextName() {
            if let index = name.withBytes({ names.index(of: $0) }) {
                guard seen.insert(index) else { throw repeatedMember }
                return index
            }
            guard seen.insert(name.string) else { throw repeatedMember }
            if names.isClosed { try rejectMember(name) } else { try skipValue() }
        }
        return nil
    }

    /// The member with this name; nil if it is not in the table, and then the caller must read its value.
    public mutating func key<Key>(
        _ name: JSONText,
        in table: borrowing MemberTable<Key>,
        _ seen: inout SeenMembers
    ) throws(JSONSyntaxError) -> Key? {
        let names = table.names
        guard let index = name.withBytes({ names.index(of: $0) }) else { return nil }
        guard seen.insert(index) else { throw repeatedMember }
        return table.keys[index]
    }

    /// Keeps a member that is not in the table. A duplicate is an error.
    public mutating func collect<Value>(
        _ value: Value?,
        as name: String,
        in members: inout [String: Value]
    ) throws(JSONSyntaxError) {
        guard let value else { return }
        guard let index = members.index(forKey: name) else {
            members[name] = value
            return
        }
        if members[index].key.hasSameScalars(as: name) { throw repeatedMember }
        // Both are valid members, but a dictionary holds only one of them.
        reject("propertyNames", "\"\(name)\" differs from another member only in Unicode normalization")
    }

    /// Records each required member that was not seen in the object that began at `start`.
    public mutating func require<Key>(_ table: borrowing MemberTable<Key>, _ seen: SeenMembers, at start: Int) {
        requireMembers(of: table.names, seen, at: start)
    }

    private mutating func requireMembers(of names: MemberNames, _ seen: SeenMembers, at start: Int) {
        for index in names.required.indices where names.required[index] && !seen.contains(index) {
            if direction == .request, names.readOnly[index] { continue }
            if direction == .response, names.writeOnly[index] { continue }
            let name = names.texts[index]
            findings.add("required", "\"\(name)\" is missing", at: start, below: "/" + JSONLocator.escape(name))
        }
    }

    var repeatedMember: JSONSyntaxError { error("duplicate member name") }
}
