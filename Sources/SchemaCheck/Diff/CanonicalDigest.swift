import ContractCompiler

/// Numbers schemas: schemas with the same meaning get the same number, wherever they are and in whatever order they are written.
///
/// The numbers are hashes, valid for one run. Each part of a schema is hashed once per depth of references, so the cost does not grow
/// with the number of paths through a contract.
struct CanonicalDigest {
    private let source: ContractSource
    private var known: [Place: Int] = [:]

    private struct Place: Hashable {
        let node: NodeKey
        let references: Int
    }

    /// The maximum length of a chain of references. Schemas that differ only beyond it get the same number.
    private static let referenceLimit = 32

    private static let annotations: Set = [
        "title", "description", "summary", "example", "examples", "deprecated", "$comment", "externalDocs", "xml",
        "$id", "$anchor",
        "$schema", "$defs", "default", "readOnly", "writeOnly",
    ]

    init(_ source: ContractSource) {
        self.source = source
    }

    /// The number of a schema. References are followed and annotations ignored.
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
