import ContractCompiler
import JSONSchema

/// Tells schemas that did not change, with everything that they lead to, from those that must be compared.
final class Sameness {
    private let old: ContractSource
    private let new: ContractSource
    private var same: Set<Pair> = []
    private var different: Set<Pair> = []

    private struct Pair: Hashable {
        let old: NodeKey
        let new: NodeKey
    }

    /// Keywords that tell readers something.
    private static let annotations: Set = [
        "title", "description", "summary", "example", "examples", "$comment", "externalDocs", "xml",
    ]

    init(old: ContractSource, new: ContractSource) {
        self.old = old
        self.new = new
    }

    /// Whether two schemas are written alike, references followed. Each pair is looked at once: a cycle is no difference.
    func areSame(_ was: Node, _ now: Node) -> Bool {
        var assumed: Set<Pair> = []
        var work = [(was, now)]
        while let (was, now) = work.popLast() {
            let pair = Pair(old: NodeKey(was), new: NodeKey(now))
            if same.contains(pair) || !assumed.insert(pair).inserted { continue }
            guard !different.contains(pair), let parts = parts(was, now) else {
                different.insert(pair)
                different.insert(Pair(old: NodeKey(work.first?.0 ?? was), new: NodeKey(work.first?.1 ?? now)))
                return false
            }
            work += parts
        }
        same.formUnion(assumed)
        return true
    }

    /// The schemas that stand in both at the same places; nil when the two differ in anything else.
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
