import ContractCompiler

/// Gives schemas numbers: those that say the same in another order, or in another place, have the same one.
///
/// The numbers are hashes, good for one run. Each part of a schema is looked at once for each number of references that lead to it, so
/// that the effort does not grow with the number of ways through a contract.
struct CanonicalDigest {
    private let source: ContractSource
    private var known: [Place: Int] = [:]

    private struct Place: Hashable {
        let node: NodeKey
        let references: Int
    }

    /// References that are followed, one after the other: schemas that differ only beyond are one.
    private static let referenceLimit = 32

    private static let annotations: Set = [
        "title", "description", "summary", "example", "examples", "deprecated", "$comment", "externalDocs", "xml",
        "$id", "$anchor",
        "$schema", "$defs", "default", "readOnly", "writeOnly",
    ]

    init(_ source: ContractSource) {
        self.source = source
    }

    /// The number of a schema, its references followed and its annotations left out.
    mutating func digest(_ node: Node) -> Int { digest(node, 0) }

    private mutating func digest(_ node: Node, _ references: Int) -> Int {
        guard let members = node.members else { return Self.digest(CanonicalText.value(node)) }
        let place = Place(node: NodeKey(node), references: references)
        if let digest = known[place] { return digest }
        var parts: [Int] = []
        for member in members where !Self.annotations.contains(member.key) && !member.key.hasPrefix("x-") {
            guard member.key == "$ref" else {
                parts.append(Self.digest([member.key.hashValue, keyword(member, references)]))
                continue
            }
            let target = source.target(of: member.value, from: source.owner(of: node))?.node
            let part =
                references < Self.referenceLimit
                ? target.map { self.digest($0, references + 1) } ?? Self.digest(CanonicalText.value(member.value)) : 0
            if members.count == 1 {
                known[place] = part
                return part
            }
            parts.append(part)
        }
        let digest = Self.digest(parts.sorted())
        known[place] = digest
        return digest
    }

    private mutating func keyword(_ member: Node.Member, _ references: Int) -> Int {
        switch SchemaKeyword.table[member.key]?.children ?? .none {
        case .schema: return digest(member.value, references)
        case .list:
            let items = (member.value.items ?? []).map { digest($0, references) }
            return Self.digest(member.key == "prefixItems" ? items : items.sorted())
        case .map:
            let entries = (member.value.members ?? []).map {
                Self.digest([$0.key.hashValue, digest($0.value, references)])
            }
            return Self.digest(entries.sorted())
        case .none:
            guard ["enum", "type", "required"].contains(member.key), let items = member.value.items else {
                return Self.digest(CanonicalText.value(member.value))
            }
            return Self.digest(items.map { Self.digest(CanonicalText.value($0)) }.sorted())
        }
    }

    private static func digest(_ parts: [Int]) -> Int { parts.hashValue }

    private static func digest(_ text: String) -> Int { text.hashValue }
}
