internal import Formats

/// Schemas that all apply to one value: a schema, the target of its reference, and the members of its `allOf`.
struct Facets {
    private(set) var schemas: [Schema] = []
    /// Unions replaced by their only alternative other than null, by schema.
    private(set) var resolvedUnions: Set<ObjectIdentifier> = []
    private var alternatives: Set<ObjectIdentifier> = []
    private(set) var isNullable = true
    private(set) var isNever = false

    /// The facets of `schemas`.
    init(_ schemas: [Schema], _ reader: inout SchemaReader) {
        var seen: Set<NodeKey> = []
        for schema in schemas { add(schema, &reader, &seen) }
        isNullable = schemas.allSatisfy { Self.admitsNull($0, &reader) }
    }

    private mutating func add(_ schema: Schema, _ reader: inout SchemaReader, _ seen: inout Set<NodeKey>) {
        if let always = schema.always {
            if !always { isNever = true }
            return
        }
        guard seen.insert(NodeKey(schema.node)).inserted else { return }
        self.schemas.append(schema)
        if let reference = schema.reference, let target = reader.follow(reference, from: schema) {
            add(target, &reader, &seen)
        }
        for member in schema.allOf { add(member, &reader, &seen) }
    }

    /// Replaces a union of a schema and null by the schema.
    mutating func resolveNullableUnion(_ reader: inout SchemaReader) {
        var seen = Set(schemas.map { NodeKey($0.node) })
        var index = 0
        while index < schemas.count {
            let schema = schemas[index]
            index += 1
            guard (schema.anyOf.isEmpty) != (schema.oneOf.isEmpty) else { continue }
            let branches = (schema.anyOf + schema.oneOf).filter { !Self.isNull($0) }
            guard branches.count == 1, let branch = branches.first, branch.always == nil else { continue }
            resolvedUnions.insert(ObjectIdentifier(schema))
            let known = schemas.count
            add(branch, &reader, &seen)
            alternatives.formUnion(schemas[known...].map(ObjectIdentifier.init))
        }
    }

    /// Whether a facet applies only to values other than null.
    func isAlternative(_ schema: Schema) -> Bool { alternatives.contains(ObjectIdentifier(schema)) }

    /// Whether a schema allows only null.
    static func isNull(_ schema: Schema) -> Bool {
        schema.types == [.null]
            || (schema.types == nil && schema.values?.isEmpty == false
                && schema.values?.allSatisfy { $0.scalar?.kind == .null } == true)
    }

    /// Whether null is allowed, judged by types, values and unions.
    static func admitsNull(_ schema: Schema, _ reader: inout SchemaReader) -> Bool {
        if let always = schema.always { return always }
        if schema.acceptsNull, schema.types == nil { return true }
        let key = ObjectIdentifier(schema)
        if let known = reader.nullables[key] { return known }
        // A schema that leads back to itself adds no constraint.
        reader.nullables[key] = true
        let admits = readsNull(schema, &reader)
        reader.nullables[key] = admits
        return admits
    }

    private static func readsNull(_ schema: Schema, _ reader: inout SchemaReader) -> Bool {
        if let types = schema.types, !types.contains(.null) { return false }
        if let values = schema.values, !values.contains(where: { $0.scalar?.kind == .null }) { return false }
        if let reference = schema.reference, let target = reader.follow(reference, from: schema),
            !admitsNull(target, &reader)
        {
            return false
        }
        for member in schema.allOf where !admitsNull(member, &reader) { return false }
        for choice in [schema.anyOf, schema.oneOf] where !choice.isEmpty {
            if !choice.contains(where: { admitsNull($0, &reader) }) { return false }
        }
        return true
    }

    // MARK: - Combining the facets

    /// The first non-nil result among the facets.
    func first<Answer>(_ answer: (Schema) -> Answer?) -> Answer? {
        for schema in schemas {
            if let found = answer(schema) { return found }
        }
        return nil
    }

    /// The types that all facets allow, without null; nil if no facet has a `type`.
    func types(_ log: inout DiagnosticLog) -> Set<Schema.TypeName>? {
        var types: Set<Schema.TypeName>?
        var first: Schema?
        for schema in schemas {
            guard var own = schema.types else { continue }
            if own.contains(.number) { own.insert(.integer) }
            guard let known = types, let other = first else {
                (types, first) = (own, schema)
                continue
            }
            let common = known.intersection(own)
            if common.isEmpty {
                let place = schema.node["type"]?.location ?? schema.node.location
                let note = Diagnostic.Note(message: "the other type", location: other.node["type"]?.location)
                log.strictly(.contradiction, "no value has both of these types", at: place, notes: [note])
            }
            types = common
        }
        guard var types else { return nil }
        types.remove(.null)
        // An integer is also a number, so keep only the number.
        if types.contains(.number) { types.remove(.integer) }
        return types
    }

    /// The remaining unions, with the schemas that contain them.
    var unions: [(schema: Schema, branches: [Schema], isExclusive: Bool)] {
        schemas.filter { !resolvedUnions.contains(ObjectIdentifier($0)) }.flatMap { schema in
            [(schema, schema.anyOf, false), (schema, schema.oneOf, true)].filter { !$0.1.isEmpty }
        }
    }

    /// The schemas of each property, in the order of the facets.
    var properties: [(name: String, schemas: [Schema])] {
        var order: [String] = []
        var found: [String: [Schema]] = [:]
        for property in schemas.flatMap(\.properties) {
            if found[property.name] == nil { order.append(property.name) }
            found[property.name, default: []].append(property.schema)
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    /// The largest lower bound of the facets, or the smallest upper bound.
    func strictest(_ bound: (Schema) -> String?, isMaximum: Bool) -> String? {
        var strictest: (text: String, value: ExactNumber)?
        for text in schemas.compactMap(bound) {
            guard let value = ExactNumber(text) else { continue }
            if strictest.map({ isMaximum ? value < $0.value : $0.value < value }) ?? true { strictest = (text, value) }
        }
        return strictest?.text
    }
}
