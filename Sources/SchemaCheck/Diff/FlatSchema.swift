import ContractCompiler
import Formats
import JSONSchema

/// Every assertion about one value, collected from a schema, its reference and the members of its `allOf`. Schemas that have the same
/// meaning have the same flat form.
struct FlatSchema {
    /// A numeric bound.
    struct Bound {
        let value: ExactNumber
        let isExclusive: Bool
        let node: Node
    }

    /// The alternatives of an `anyOf` or a `oneOf`.
    struct Group {
        let keyword: String
        let branches: [Node]
        let discriminator: Node?
        /// The array that lists the alternatives.
        let node: Node
    }

    /// The allowed JSON types; nil if all are.
    var types: Set<String>?
    /// The allowed values; nil if all are.
    var values: [Node]?
    var isConstant = false
    /// Whether no value is valid.
    var isNever = false
    var minimum: Bound?
    var maximum: Bound?
    /// Counts by keyword: `minLength`, `maxItems`, …
    var counts: [String: Int] = [:]
    var hasUniqueItems = false
    var formats: Set<String> = []
    var patterns: Set<String> = []
    var divisors: Set<ExactNumber> = []
    /// The schemas of each property.
    var properties: [String: [Node]] = [:]
    var required: Set<String> = []
    /// The schemas of all other properties. A `false` schema closes the object.
    var additional: [Node] = []
    var items: [Node] = []
    var prefixItems: [[Node]] = []
    var groups: [Group] = []
    /// Keywords that are compared as a whole, by name: `if`, `not`, `dependentRequired`, …
    var others: [String: [Node]] = [:]
    var defaultNode: Node?
    var isReadOnly = false
    var isWriteOnly = false
    var isExtensible = false
    /// The nodes that this was collected from, the first one first.
    private(set) var sources: [Node] = []
    /// The same nodes as a set: an `allOf` may have thousands of parts.
    private var sourceKeys: Set<NodeKey> = []

    static let allTypes: Set = ["null", "boolean", "object", "array", "number", "string"]

    /// The types; `integer` appears only where other numbers are not allowed.
    var effectiveTypes: Set<String> {
        var types = types ?? Self.allTypes
        if let values {
            let found = Set(
                values.map { $0.jsonType == "number" && $0.number?.isInteger == true ? "integer" : $0.jsonType }
            )
            types = types.intersection(found.contains("integer") ? found.union(["number"]) : found)
            if types.contains("number"), !found.contains("number") {
                types = types.subtracting(["number"]).union(["integer"])
            }
        }
        return types.contains("number") ? types.subtracting(["integer"]) : types
    }

    /// The first value of a keyword, for the location of a finding.
    func keyword(_ name: String) -> Node? { sources.lazy.compactMap { $0[name] }.first }

    /// Whether properties that no keyword describes are forbidden.
    var isClosed: Bool { additional.contains { $0.boolean == false } }

    /// Whether the schema restricts only types or values.
    fileprivate var isPlain: Bool {
        groups.isEmpty && others.isEmpty && properties.isEmpty && required.isEmpty && additional.isEmpty
            && items.isEmpty
            && prefixItems.isEmpty && counts.isEmpty && formats.isEmpty && patterns.isEmpty && divisors.isEmpty
            && minimum == nil && maximum == nil && !hasUniqueItems && !isNever
    }

    fileprivate var isOnlyNull: Bool {
        types == ["null"] || values.map { $0.allSatisfy { $0.jsonType == "null" } } ?? false
    }
}

extension FlatSchema {
    /// A flat schema without assertions, for a node.
    init(source: Node) {
        sources = [source]
        sourceKeys = [NodeKey(source)]
    }

    /// This schema with an alternative of the first group chosen.
    func choosing(_ branch: FlatSchema) -> FlatSchema {
        var chosen = self
        chosen.groups.removeFirst()
        chosen.merge(branch)
        return chosen
    }

    /// Adds the assertions of another flat schema.
    mutating func merge(_ other: FlatSchema) {
        types = Self.intersection(types, other.types)
        if let more = other.values {
            let texts = Set(more.map(CanonicalText.value))
            values = values?.filter { texts.contains(CanonicalText.value($0)) } ?? more
        }
        isConstant = isConstant || other.isConstant
        isNever = isNever || other.isNever
        if let bound = other.minimum,
            minimum.map({ $0.value < bound.value || $0.value == bound.value && bound.isExclusive }) ?? true
        {
            minimum = bound
        }
        if let bound = other.maximum,
            maximum.map({ bound.value < $0.value || $0.value == bound.value && bound.isExclusive }) ?? true
        {
            maximum = bound
        }
        for (keyword, count) in other.counts {
            counts[keyword] =
                counts[keyword].map { keyword.hasPrefix("min") ? max($0, count) : min($0, count) } ?? count
        }
        hasUniqueItems = hasUniqueItems || other.hasUniqueItems
        formats.formUnion(other.formats)
        patterns.formUnion(other.patterns)
        divisors.formUnion(other.divisors)
        properties.merge(other.properties, uniquingKeysWith: Self.union)
        required.formUnion(other.required)
        Self.formUnion(&additional, other.additional)
        Self.formUnion(&items, other.items)
        for (index, nodes) in other.prefixItems.enumerated() {
            if index < prefixItems.count {
                Self.formUnion(&prefixItems[index], nodes)
            } else {
                prefixItems.append(nodes)
            }
        }
        if !other.groups.isEmpty {
            var lists = Set(groups.map { NodeKey($0.node) })
            groups += other.groups.filter { lists.insert(NodeKey($0.node)).inserted }
        }
        others.merge(other.others, uniquingKeysWith: Self.union)
        defaultNode = defaultNode ?? other.defaultNode
        isReadOnly = isReadOnly || other.isReadOnly
        isWriteOnly = isWriteOnly || other.isWriteOnly
        isExtensible = isExtensible || other.isExtensible
        for source in other.sources where sourceKeys.insert(NodeKey(source)).inserted { sources.append(source) }
    }

    /// The nodes of both lists without duplicates: several paths may lead to one schema.
    private static func union(_ nodes: [Node], _ others: [Node]) -> [Node] {
        var nodes = nodes
        formUnion(&nodes, others)
        return nodes
    }

    private static func formUnion(_ nodes: inout [Node], _ others: [Node]) {
        if others.count == 1, let only = others.first {
            let key = NodeKey(only)
            if !nodes.contains(where: { NodeKey($0) == key }) { nodes.append(only) }
        } else if nodes.isEmpty {
            nodes = others
        } else if !others.isEmpty {
            var known = Set(nodes.map(NodeKey.init))
            nodes += others.filter { known.insert(NodeKey($0)).inserted }
        }
    }

    /// Its sources and its open alternatives. Flat schemas with equal identities are equivalent.
    struct Identity: Hashable {
        private let sources: [NodeKey]
        private let groups: [NodeKey]
        /// Stored, because a set hashes its elements again when it shrinks.
        private let digest: Int

        fileprivate init(_ flat: FlatSchema) {
            sources = flat.sources.map(NodeKey.init)
            groups = flat.groups.map { NodeKey($0.node) }
            var hasher = Hasher()
            hasher.combine(sources)
            hasher.combine(groups)
            digest = hasher.finalize()
        }

        func hash(into hasher: inout Hasher) { hasher.combine(digest) }
    }

    var identity: Identity { Identity(self) }

    private static func intersection(_ lhs: Set<String>?, _ rhs: Set<String>?) -> Set<String>? {
        guard let lhs, let rhs else { return lhs ?? rhs }
        var both = lhs.intersection(rhs)
        if lhs.contains("number") && rhs.contains("integer") || lhs.contains("integer") && rhs.contains("number") {
            both.insert("integer")
        }
        return both
    }
}

/// Flattens the schemas of a contract.
final class Flattener {
    let source: ContractSource
    private var known: [NodeKey: FlatSchema] = [:]
    private var digests: CanonicalDigest
    private var open: Set<NodeKey> = []
    /// Whether a schema was too deep to be flattened completely.
    private(set) var isTruncated = false
    private static let depthLimit = 500

    init(_ source: ContractSource) {
        self.source = source
        digests = CanonicalDigest(source)
    }

    /// A number that schemas with the same meaning share.
    func digest(_ node: Node) -> Int { digests.digest(node) }

    /// The flat form of several schemas that all apply.
    func flat(_ nodes: [Node]) -> FlatSchema {
        guard let first = nodes.first else { return FlatSchema() }
        var flat = flat(first)
        for node in nodes.dropFirst() { flat.merge(self.flat(node)) }
        return flat
    }

    /// The flat form of a schema.
    func flat(_ node: Node) -> FlatSchema {
        let key = NodeKey(node)
        if let flat = known[key] { return flat }
        // A schema that leads back to itself adds no assertion about the same value.
        guard !open.contains(key) else { return FlatSchema() }
        guard open.count < Self.depthLimit else {
            isTruncated = true
            return FlatSchema()
        }
        open.insert(key)
        defer { open.remove(key) }
        let flat = read(node)
        known[key] = flat
        return flat
    }

    private func read(_ node: Node) -> FlatSchema {
        var flat = FlatSchema(source: node)
        if node.boolean == false { flat.isNever = true }
        for member in node.members ?? [] { read(member, of: node, into: &flat) }
        // An exclusive bound of an integer equals an inclusive bound at its neighbour.
        if flat.types == ["integer"] {
            flat.minimum = flat.minimum.map { Self.inclusive($0, by: 1) }
            flat.maximum = flat.maximum.map { Self.inclusive($0, by: -1) }
        }
        return flat
    }

    private static func inclusive(_ bound: FlatSchema.Bound, by step: Int) -> FlatSchema.Bound {
        guard bound.isExclusive, let integer = bound.value.integer else { return bound }
        let (next, isTooLarge) = integer.addingReportingOverflow(step)
        return isTooLarge ? bound : FlatSchema.Bound(value: ExactNumber(next), isExclusive: false, node: bound.node)
    }

    private func read(_ member: Node.Member, of node: Node, into flat: inout FlatSchema) {
        let value = member.value
        switch member.key {
        case "$ref":
            if let target = source.target(of: value, from: source.owner(of: node)) {
                flat.merge(self.flat(target.node))
            }
        case "allOf": for part in value.items ?? [] { flat.merge(self.flat(part)) }
        case "anyOf", "oneOf": flat.merge(group(member, of: node))
        case "type":
            var own = FlatSchema()
            own.types = Set((value.items ?? [value]).compactMap { $0.scalar?.text })
            if own.types?.contains("number") == true { own.types?.remove("integer") }
            flat.merge(own)
        case "enum", "const":
            var own = FlatSchema()
            own.values = member.key == "const" ? [value] : value.items ?? []
            own.isConstant = member.key == "const"
            flat.merge(own)
        case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum":
            guard let number = value.number else { return }
            let bound = FlatSchema.Bound(value: number, isExclusive: member.key.hasPrefix("exclusive"), node: value)
            var own = FlatSchema()
            if member.key.lowercased().hasSuffix("minimum") { own.minimum = bound } else { own.maximum = bound }
            flat.merge(own)
        case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
            guard let count = value.number?.integer, count >= (member.key.hasPrefix("max") ? 0 : 1) else { return }
            var own = FlatSchema()
            own.counts[member.key] = count
            flat.merge(own)
        case "uniqueItems": flat.hasUniqueItems = flat.hasUniqueItems || value.boolean == true
        case "format": if let text = value.scalar?.text { flat.formats.insert(text) }
        case "pattern": if let text = value.scalar?.text { flat.patterns.insert(text) }
        case "multipleOf": if let number = value.number { flat.divisors.insert(number) }
        default: readParts(member, into: &flat)
        }
    }

    private func readParts(_ member: Node.Member, into flat: inout FlatSchema) {
        let value = member.value
        switch member.key {
        case "properties":
            for property in value.members ?? [] { flat.properties[property.key, default: []].append(property.value) }
        case "required": flat.required.formUnion((value.items ?? []).compactMap { $0.scalar?.text })
        case "additionalProperties": if !Self.isOpen(value) { flat.additional.append(value) }
        case "items": if !Self.isOpen(value) { flat.items.append(value) }
        case "prefixItems":
            var own = FlatSchema()
            own.prefixItems = (value.items ?? []).map { [$0] }
            flat.merge(own)
        case "if", "then", "else", "not", "contains", "minContains", "maxContains", "dependentRequired",
            "dependentSchemas",
            "patternProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema",
            "contentMediaType", "contentEncoding", "$dynamicRef":
            flat.others[member.key, default: []].append(value)
        case "default": flat.defaultNode = flat.defaultNode ?? value
        case "readOnly": flat.isReadOnly = flat.isReadOnly || value.boolean == true
        case "writeOnly": flat.isWriteOnly = flat.isWriteOnly || value.boolean == true
        case "x-extensible-enum": flat.isExtensible = true
        default: return
        }
    }

    private static func isOpen(_ node: Node) -> Bool { node.boolean == true || node.members?.isEmpty == true }

    /// An equivalent `anyOf` or `oneOf` in its simplest form.
    private func group(_ member: Node.Member, of node: Node) -> FlatSchema {
        let branches = member.value.items ?? []
        let flats = branches.map(flat)
        let others = zip(branches, flats).filter { !$0.1.isOnlyNull }
        let acceptsNull = others.count < branches.count
        if others.count == 1, let (_, only) = others.first {
            var only = only
            if acceptsNull {
                only.types?.insert("null")
                if let values = only.values, let null = zip(branches, flats).first(where: { $0.1.isOnlyNull })?.0 {
                    only.values =
                        values + [
                            Node(
                                value: .scalar(.init(kind: .null, text: "null")),
                                location: null.location,
                                pointer: null.pointer
                            )
                        ]
                }
            }
            return only
        }
        var result = FlatSchema(source: node)
        if !flats.isEmpty, flats.allSatisfy({ $0.isPlain && $0.values == nil && $0.types != nil }),
            isDisjoint(flats, member.key)
        {
            result.types = flats.reduce(into: []) { $0.formUnion($1.types ?? []) }
        } else if !flats.isEmpty, flats.allSatisfy({ $0.isPlain && $0.values != nil }), isDisjoint(flats, member.key) {
            result.values = flats.flatMap { $0.values ?? [] }
        } else {
            result.groups = [
                .init(
                    keyword: member.key,
                    branches: branches,
                    discriminator: node["discriminator"],
                    node: member.value
                )
            ]
        }
        return result
    }

    /// Whether `oneOf` and `anyOf` mean the same, because each alternative restricts only types or values.
    private func isDisjoint(_ flats: [FlatSchema], _ keyword: String) -> Bool {
        guard keyword == "oneOf" else { return true }
        let types = flats.flatMap { Array($0.values == nil ? $0.types ?? [] : []) }
        let values = flats.flatMap { ($0.values ?? []).map(NodeWriter.compactJSON) }
        return Set(types).count == types.count && Set(values).count == values.count
            && !(types.contains("number") && types.contains("integer"))
    }
}
