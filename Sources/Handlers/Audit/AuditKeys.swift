import ContractRuntime
import Digests

/// The keys of the audit log's seals, oldest first. The last one seals new entries; the others verify older seals.
public struct AuditKeys: Sendable {
    /// A key, or the id of one that is lost.
    enum Entry: Sendable {
        case secret(id: String, [UInt8])
        /// Seals with it cannot be verified.
        case lost(id: String)

        var id: String {
            switch self {
            case .secret(let id, _), .lost(let id): id
            }
        }
    }

    let entries: [Entry]
    /// The key that seals new entries.
    let active: (id: String, secret: [UInt8])

    /// An error in a list of keys. The text contains no secret.
    public struct Malformed: Error {
        /// The value that was found.
        public let found: String
        /// The value that was expected.
        public static let expected =
            "keys of 64 hexadecimal digits, as openssl rand -hex 32 prints them; the last one seals"
    }

    /// Reads a list of keys, which commas, spaces or line breaks separate. `lost:ID` is a key that is lost. Lines may have a comment after `#`.
    public init(_ text: String) throws(Malformed) {
        var entries: [Entry] = []
        for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let content = line.prefix { $0 != UInt8(ascii: "#") }
            let words = content.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            for word in words {
                guard let entry = Self.entry(word) else {
                    throw Malformed(found: "a malformed key at place \(entries.count + 1)")
                }
                if entries.contains(where: { $0.id.hasSameScalars(as: entry.id) }) {
                    throw Malformed(found: "the key \(entry.id) twice")
                }
                entries.append(entry)
            }
        }
        guard case .secret(let id, let secret)? = entries.last else {
            throw Malformed(found: entries.isEmpty ? "no key" : "a lost key at the end")
        }
        self.entries = entries
        active = (id, secret)
    }

    /// The id of the key that seals new entries: the beginning of a hash of it.
    public var activeID: String { active.id }

    /// The place of a key in the list; nil if it is not in the list.
    func place(of id: String) -> Int? { entries.firstIndex { $0.id.hasSameScalars(as: id) } }

    private static let lost = Array("lost:".utf8)

    private static func entry(_ word: Substring.UTF8View.SubSequence) -> Entry? {
        if word.starts(with: lost) {
            let id = word.dropFirst(lost.count)
            guard id.count == 8, id.allSatisfy({ $0.hexadecimalDigit != nil }) else { return nil }
            return .lost(id: String(decoding: id, as: UTF8.self))
        }
        let digits = word.compactMap(\.hexadecimalDigit)
        guard word.count == 64, digits.count == 64 else { return nil }
        let secret = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return .secret(id: id(of: secret), secret)
    }

    /// The id of a key, which tells nothing about the key.
    private static func id(of secret: [UInt8]) -> String {
        var sum = SHA256()
        sum.update("flotilla-audit-key\n".utf8)
        sum.update(secret)
        return Array(sum.hash.prefix(4)).hexadecimal
    }
}
