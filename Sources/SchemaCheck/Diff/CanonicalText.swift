import ContractCompiler
import Formats
import JSONSchema

/// Writes schemas so that those which say the same in another order, or in another place, read the same.
struct CanonicalText {
    private let source: ContractSource
    private var open: [NodeKey] = []
    private var size = 0
    /// Schemas that are written out at most: shared ones may be as many as there are ways to them.
    private static let sizeLimit = 20_000

    private static let annotations: Set = [
        "title", "description", "summary", "example", "examples", "deprecated", "$comment", "externalDocs", "xml",
        "$id", "$anchor",
        "$schema", "$defs", "default", "readOnly", "writeOnly",
    ]

    init(_ source: ContractSource) {
        self.source = source
    }

    /// A schema, its references written out and its annotations left out.
    static func schema(_ node: Node, _ source: ContractSource) -> String {
        var text = CanonicalText(source)
        return text.schema(node)
    }

    private mutating func schema(_ node: Node) -> String {
        guard let members = node.members else { return Self.value(node) }
        let key = NodeKey(node)
        // A schema inside of itself is known by how far up it stands.
        if let depth = open.lastIndex(of: key) { return "^\(open.count - depth)" }
        size += 1
        guard open.count < 64, size <= Self.sizeLimit else { return "…" }
        open.append(key)
        defer { open.removeLast() }
        var parts: [String] = []
        for member in members where !Self.annotations.contains(member.key) && !member.key.hasPrefix("x-") {
            if member.key == "$ref" {
                let target = source.target(of: member.value, from: source.owner(of: node))?.node
                let text = target.map { schema($0) } ?? Self.value(member.value)
                if members.count == 1 { return text }
                parts.append("&:\(text)")
                continue
            }
            parts.append("\(member.key):\(keyword(member))")
        }
        return "{\(parts.sorted().joined(separator: ","))}"
    }

    private mutating func keyword(_ member: Node.Member) -> String {
        switch SchemaKeyword.table[member.key]?.children ?? .none {
        case .schema: return schema(member.value)
        case .list:
            let items = (member.value.items ?? []).map { schema($0) }
            return "[\((member.key == "prefixItems" ? items : items.sorted()).joined(separator: ","))]"
        case .map:
            let entries = (member.value.members ?? []).map { "\($0.key):\(schema($0.value))" }
            return "{\(entries.sorted().joined(separator: ","))}"
        case .none:
            guard ["enum", "type", "required"].contains(member.key), let items = member.value.items else {
                return Self.value(member.value)
            }
            return "[\(items.map(Self.value).sorted().joined(separator: ","))]"
        }
    }

    /// A value, its members in the order of their names.
    static func value(_ node: Node) -> String {
        switch node.value {
        case .scalar(let scalar):
            guard scalar.kind == .number, let number = node.number else { return NodeWriter.compactJSON(node) }
            return "\(number.isNegative ? "-" : "")\(number.digits.map(String.init).joined())e\(number.exponent)"
        case .sequence(let items): return "[\(items.map(value).joined(separator: ","))]"
        case .mapping(let members):
            return "{\(members.map { "\($0.key):\(value($0.value))" }.sorted().joined(separator: ","))}"
        }
    }
}
