internal import ContractCompiler
internal import Formats
internal import Patterns

/// Compiles schemas as they are reached.
struct SchemaReader {
    var index: SchemaIndex
    let assertsFormats: Bool
    private var compiled: [NodeKey: CompiledSchema] = [:]
    private var dialects: [String: Dialect] = [:]

    init(index: SchemaIndex, assertsFormats: Bool) {
        self.index = index
        self.assertsFormats = assertsFormats
    }

    /// The schema at `node`. It belongs to `resource` unless it starts its own.
    mutating func schema(_ node: Node, in resource: SchemaResource) throws(SchemaError) -> CompiledSchema {
        let key = NodeKey(node)
        if let known = compiled[key] { return known }
        let schema = CompiledSchema(node, in: index.resource(startingAt: node) ?? resource)
        compiled[key] = schema
        guard schema.always == nil else { return schema }
        guard let members = node.members else {
            throw SchemaError("\(node.kindDescription) at \(pointer(node)), expected a schema: an object or a boolean")
        }
        let dialect = try dialect(of: schema.resource)
        for member in members where dialect.has(member.key) {
            guard let assertion = try assertion(member, of: schema) else { continue }
            schema.clauses.append(.init(name: member.key, node: member.value, assertion: assertion))
        }
        // Unevaluated items and properties are known only after everything else was applied.
        schema.clauses.sort { Self.rank($0) < Self.rank($1) }
        return schema
    }

    private static func rank(_ clause: CompiledSchema.Clause) -> Int {
        switch clause.assertion {
        case .unevaluatedItems, .unevaluatedProperties: 1
        default: 0
        }
    }

    private mutating func dialect(of resource: SchemaResource) throws(SchemaError) -> Dialect {
        if let known = dialects[resource.uri] { return known }
        do throws(DialectError) {
            let dialect = try index.dialect(of: resource)
            dialects[resource.uri] = dialect
            return dialect
        } catch {
            throw SchemaError(error.description)
        }
    }

    private func pointer(_ node: Node) -> String { node.pointer.isEmpty ? "the root" : node.pointer }

    private mutating func assertion(
        _ member: Node.Member,
        of schema: CompiledSchema
    ) throws(SchemaError) -> CompiledSchema.Assertion? {
        let node = member.value
        switch member.key {
        case "type": return .type(Set((node.items ?? [node]).compactMap(\.string)))
        case "enum": return .values(node.items ?? [])
        case "const": return .values([node])
        case "multipleOf": return .multipleOf(try number(node))
        case "maximum": return .bound(isMaximum: true, isExclusive: false, try number(node))
        case "exclusiveMaximum": return .bound(isMaximum: true, isExclusive: true, try number(node))
        case "minimum": return .bound(isMaximum: false, isExclusive: false, try number(node))
        case "exclusiveMinimum": return .bound(isMaximum: false, isExclusive: true, try number(node))
        case "maxLength": return .length(isMaximum: true, try count(node))
        case "minLength": return .length(isMaximum: false, try count(node))
        case "pattern": return .pattern(try pattern(node.string ?? ""))
        case "format":
            let dialect = try dialect(of: schema.resource)
            let isAsserted = assertsFormats || dialect.assertsFormats
            guard isAsserted, let format = node.string.flatMap(Format.init), format.isStandard else {
                return .annotation
            }
            return .format(format)
        case "maxItems": return .itemCount(isMaximum: true, try count(node))
        case "minItems": return .itemCount(isMaximum: false, try count(node))
        case "uniqueItems": return node.boolean == true ? .uniqueItems : nil
        case "maxProperties": return .propertyCount(isMaximum: true, try count(node))
        case "minProperties": return .propertyCount(isMaximum: false, try count(node))
        case "required": return .required((node.items ?? []).compactMap(\.string))
        case "dependentRequired":
            return .dependentRequired(
                (node.members ?? []).map { ($0.key, ($0.value.items ?? []).compactMap(\.string)) }
            )
        case "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "contentEncoding",
            "contentMediaType", "contentSchema":
            return .annotation
        case "$ref": return .reference(node)
        case "$dynamicRef": return .dynamicReference(node)
        default: return try applicator(member, of: schema)
        }
    }

    private mutating func applicator(
        _ member: Node.Member,
        of schema: CompiledSchema
    ) throws(SchemaError) -> CompiledSchema.Assertion? {
        let (node, parent) = (member.value, schema.node)
        switch member.key {
        case "allOf": return .allOf(try list(node, schema))
        case "anyOf": return .anyOf(try list(node, schema))
        case "oneOf": return .oneOf(try list(node, schema))
        case "not": return .not(try self.schema(node, in: schema.resource))
        case "if":
            let then = try parent["then"].map { (node) throws(SchemaError) in try self.schema(node, in: schema.resource)
            }
            let otherwise = try parent["else"].map { (node) throws(SchemaError) in
                try self.schema(node, in: schema.resource)
            }
            return .condition(try self.schema(node, in: schema.resource), then: then, else: otherwise)
        case "dependentSchemas": return .dependentSchemas(try map(node, schema))
        // The older name of both keywords, before 2019-09.
        case "dependencies": return try dependencies(node, schema)
        case "prefixItems": return .prefixItems(try list(node, schema))
        case "items":
            return .items(try self.schema(node, in: schema.resource), after: parent["prefixItems"]?.items?.count ?? 0)
        case "contains":
            let minimum = try parent["minContains"].map { (node) throws(SchemaError) in try count(node) } ?? 1
            let maximum = try parent["maxContains"].map { (node) throws(SchemaError) in try count(node) }
            return .contains(try self.schema(node, in: schema.resource), minimum: minimum, maximum: maximum)
        case "properties": return .properties(CompiledSchema.Properties(try map(node, schema)))
        case "patternProperties":
            let patterns = try map(node, schema).map { (name, schema) throws(SchemaError) in (try pattern(name), schema)
            }
            return .patternProperties(patterns)
        case "additionalProperties":
            let names = Set((parent["properties"]?.members ?? []).map { Array($0.key.utf8) })
            let patterns = try (parent["patternProperties"]?.members ?? []).map { (member) throws(SchemaError) in
                try pattern(member.key)
            }
            return .additionalProperties(try self.schema(node, in: schema.resource), besides: names, patterns)
        case "propertyNames": return .propertyNames(try self.schema(node, in: schema.resource))
        case "unevaluatedItems": return .unevaluatedItems(try self.schema(node, in: schema.resource))
        case "unevaluatedProperties": return .unevaluatedProperties(try self.schema(node, in: schema.resource))
        default: return nil
        }
    }

    private mutating func dependencies(
        _ node: Node,
        _ parent: CompiledSchema
    ) throws(SchemaError) -> CompiledSchema.Assertion {
        var names: [(String, [String])] = []
        var schemas: [(String, CompiledSchema)] = []
        for member in node.members ?? [] {
            if let items = member.value.items {
                names.append((member.key, items.compactMap(\.string)))
            } else {
                schemas.append((member.key, try schema(member.value, in: parent.resource)))
            }
        }
        return .dependencies(names, schemas)
    }

    private mutating func list(_ node: Node, _ parent: CompiledSchema) throws(SchemaError) -> [CompiledSchema] {
        try (node.items ?? []).map { (node) throws(SchemaError) in try schema(node, in: parent.resource) }
    }

    private mutating func map(_ node: Node, _ parent: CompiledSchema) throws(SchemaError) -> [(String, CompiledSchema)]
    {
        try (node.members ?? []).map { (member) throws(SchemaError) in
            (member.key, try schema(member.value, in: parent.resource))
        }
    }

    private func number(_ node: Node) throws(SchemaError) -> ExactNumber {
        guard let scalar = node.scalar, scalar.kind == .number, let number = ExactNumber(scalar.text) else {
            throw SchemaError("\(node.kindDescription) at \(pointer(node)), expected a number")
        }
        return number
    }

    /// A limit. A value above the largest `Int` becomes the largest, because no text or array reaches either.
    private func count(_ node: Node) throws(SchemaError) -> Int {
        let number = try number(node)
        guard number.isInteger, !number.isNegative else {
            throw SchemaError("\(node.scalar?.text ?? "") at \(pointer(node)), expected an integer of at least 0")
        }
        return number.integer ?? .max
    }

    private func pattern(_ source: String) throws(SchemaError) -> Pattern {
        do throws(PatternError) {
            return try Pattern(source)
        } catch {
            throw SchemaError("the regular expression '\(source)' is invalid: \(error)")
        }
    }

    /// The target of `reference` in `schema`, and its dynamic anchor, if it names one.
    mutating func follow(
        _ reference: Node,
        from schema: CompiledSchema
    ) throws(SchemaError) -> (schema: CompiledSchema, dynamicAnchor: String?) {
        let text = reference.string ?? ""
        guard let (node, resource) = index.resolve(text, from: schema.resource) else {
            throw SchemaError("the reference '\(text)' at \(pointer(reference)) has no target")
        }
        let fragment = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        let anchor = fragment.map(String.init).flatMap { resource.dynamicAnchors[$0] == nil ? nil : $0 }
        return (try self.schema(node, in: resource), anchor)
    }

    /// The schema with a dynamic anchor in `resource`.
    mutating func schema(at anchor: String, in resource: SchemaResource) throws(SchemaError) -> CompiledSchema? {
        guard let node = resource.dynamicAnchors[anchor] else { return nil }
        return try schema(node, in: resource)
    }
}
