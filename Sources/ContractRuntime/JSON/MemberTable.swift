#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The names of a structure's members, made ready for finding the one that stands in a text.
public struct MemberTable<Key: CodingKey & CaseIterable & RawRepresentable<String> & Hashable & Sendable>: Sendable {
    @usableFromInline let keys: [Key]
    @usableFromInline let names: MemberNames

    /// The names of `type`'s cases.
    ///
    /// - Parameters:
    ///   - required: The members that must be there.
    ///   - readOnly: Those of them that requests may leave out.
    ///   - writeOnly: Those of them that responses may leave out.
    ///   - isClosed: Whether other members are refused.
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

/// Names in buckets by their length and their ends, so that most are found with one comparison of bytes.
@usableFromInline
final class MemberNames: Sendable {
    let texts: [String]
    let required: [Bool]
    let readOnly: [Bool]
    let writeOnly: [Bool]
    let isClosed: Bool
    private let bytes: [[UInt8]]
    /// The first name of each bucket, and the one that follows each name in its bucket; -1 where there is none.
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

    /// The number of a name; nil for one that is not among them.
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

/// Which members of an object were met.
public struct SeenMembers {
    private var low: UInt64 = 0
    /// The members from number 64.
    private var high: Set<Int> = []
    /// The names of members that no table has.
    private var others: Set<ExactText> = []

    /// None yet.
    public init() {}

    /// Notes a member; false when it was met before.
    mutating func insert(_ member: Int) -> Bool {
        guard member < 64 else { return high.insert(member).inserted }
        let bit: UInt64 = 1 << UInt64(member)
        defer { low |= bit }
        return low & bit == 0
    }

    /// Notes a member that no table has; false when it was met before.
    mutating func insert(_ name: String) -> Bool { others.insert(ExactText(name)).inserted }

    func contains(_ member: Int) -> Bool {
        member < 64 ? low & (1 << UInt64(member)) != 0 : high.contains(member)
    }
}

// How generated codecs walk over objects.
extension JSONReader {
    /// The next member that the table names, or nil after the object's end. Others are skipped, or refused by a closed table.
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

    /// The member of this name; nil for one that the table does not name, which is the caller's to read.
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

    /// Keeps a member that no table names; a second one of its name is an error.
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
        // Both are members, and a dictionary holds only one of them.
        reject("propertyNames", "\"\(name)\" differs from another member only in Unicode normalization")
    }

    /// Records each required member that was not met, for the object that began at `start`.
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

    var repeatedMember: JSONSyntaxError { error("a member name that occurred before in its object") }
}
