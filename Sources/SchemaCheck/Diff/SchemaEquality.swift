import ContractCompiler
import JSONSchema

/// Finds schemas that did not change, including everything they refer to. Only the others are compared.
final class SchemaEquality {
    private let old: ContractSource
    private let new: ContractSource
    /// The results for visited pairs.
    private var known: [Pair: Bool] = [:]

    /// The pairs compared with each other.
    private(set) var comparisons = 0

    /// The maximum number of visited pairs. Beyond it, schemas count as changed and are compared.
    private static let limit = 400_000

    private struct Pair: Hashable {
        let old: NodeKey
        let new: NodeKey
    }

    /// Keywords for readers, which do not affect validation.
    private static let annotations: Set = [
        "title", "description", "summary", "example", "examples", "$comment", "externalDocs", "xml",
    ]

    init(old: ContractSource, new: ContractSource) {
        self.old = old
        self.new = new
    }

    /// Whether two schemas have equal text after references are followed. A cycle counts as equal.
    ///
    /// Every pair reachable from the two is decided at once, so no pair is visited twice.
    func areEqual(_ was: Node, _ now: Node) -> Bool {
        let first = Pair(old: NodeKey(was), new: NodeKey(now))
        if first.old == first.new { return true }
        if let isSame = known[first] { return isSame }
        known[first] = true
        var work = [(first, was, now)]
        var users: [Pair: [Pair]] = [first: []]
        var different: [Pair] = []
        while let (pair, was, now) = work.popLast() {
            comparisons += 1
            guard known.count <= Self.limit, let parts = parts(was, now) else {
                different.append(pair)
                continue
            }
            for (before, after) in parts {
                let part = Pair(old: NodeKey(before), new: NodeKey(after))
                if part.old == part.new { continue }
                switch known[part] {
                case false?: different.append(pair)
                // A pair that an earlier call found equal stays equal and needs no users.
                case true?: users[part]?.append(pair)
                case nil:
                    known[part] = true
                    users[part] = [pair]
                    work.append((part, before, after))
                }
            }
        }
        while let pair = different.popLast() {
            if known.updateValue(false, forKey: pair) == true { different += users[pair] ?? [] }
        }
        return known[first] == true
    }

    /// The schemas at the same places of both nodes; nil if the nodes differ anywhere else.
    private func parts(_ was: Node, _ now: Node) -> [(Node, Node)]? {
        guard let before = was.members, let after = now.members else { return was.isEqual(to: now) ? [] : nil }
        let known = Dictionary(after.map { ($0.key, $0.value) }) { first, _ in first }
        let isSaid: (Node.Member) -> Bool = { !Self.annotations.contains($0.key) }
        guard before.count(where: isSaid) == after.count(where: isSaid) else { return nil }
        var parts: [(Node, Node)] = []
        for member in before where isSaid(member) {
            guard let other = known[member.key], let more = self.parts(member, other, was, now) else { return nil }
            parts += more
        }
        return parts
    }

    private func parts(_ member: Node.Member, _ other: Node, _ was: Node, _ now: Node) -> [(Node, Node)]? {
        if member.key == "$ref" {
            guard let before = old.target(of: member.value, from: old.owner(of: was))?.node,
                let after = new.target(of: other, from: new.owner(of: now))?.node
            else { return nil }
            return [(before, after)]
        }
        switch SchemaKeyword.table[member.key]?.children ?? .none {
        case .schema: return [(member.value, other)]
        case .list:
            guard let before = member.value.items, let after = other.items, before.count == after.count else {
                return nil
            }
            return Array(zip(before, after))
        case .map:
            guard let before = member.value.members, let after = other.members, before.count == after.count else {
                return nil
            }
            let known = Dictionary(after.map { ($0.key, $0.value) }) { first, _ in first }
            let pairs = before.compactMap { member in known[member.key].map { (member.value, $0) } }
            return pairs.count == before.count ? pairs : nil
        case .none: return member.value.isEqual(to: other) ? [] : nil
        }
    }
}
