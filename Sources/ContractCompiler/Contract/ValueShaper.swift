internal import Formats

/// Chooses the Swift type for the facets of a schema.
struct ValueShaper {
    let facets: Facets
    let name: String
    /// The schema that a new type is generated from.
    let origin: Schema
    let isDeclared: Bool
    /// The keywords that the type and its codec check, in addition to those that every type checks.
    var covered: Set<String> = ["type", "$ref", "allOf"]
    /// Keywords that the type checks for some facets only.
    var coveredBy: [ObjectIdentifier: Set<String>] = [:]
    /// Whether null is a value of the type itself, so that it needs no optional.
    var coversNull = false

    init(facets: Facets, name: String, origin: Schema, isDeclared: Bool) {
        self.facets = facets
        self.name = name
        self.origin = origin
        self.isDeclared = isDeclared
    }

    var description: String? { origin.description ?? facets.first(\.description) }

    mutating func value(_ builder: inout ModelBuilder) -> Value {
        let types = facets.types(&builder.reader.log)
        var value = Value(kind: kind(types, &builder))
        value.isNullable = facets.isNullable
        let rule = residual(&builder, beside: isWhole ? nil : elementRule(of: value.kind))
        switch value.kind {
        case .any, .null: value.isNullable = false
        default: if coversNull { value.isNullable = false }
        }
        if case .named(let name) = value.kind, builder.model(name)?.node.pointer == origin.node.pointer {
            // A type that is created here checks its own rule.
            builder.change(name) { $0.rule = Rule.all(of: [isWhole ? nil : $0.rule, rule].compactMap(\.self)) }
        } else {
            value.rule = rule
        }
        return value
    }

    /// The rule of an array's items or a map's values. The enclosing type checks it.
    func elementRule(of kind: Value.Kind) -> Rule? {
        switch kind {
        case .array(let element, _, _): element.rule.map { .items(prefix: [], rest: $0) }
        case .map(let element): element.rule.map { .members(properties: [], patterns: [], others: $0) }
        default: nil
        }
    }

    // MARK: - The remaining rule

    /// Whether the schema must be checked as a whole, because some keywords depend on what others evaluated.
    var isWhole: Bool {
        origin.hasDynamicScope
            || facets.schemas.contains {
                $0.dynamicReference != nil || $0.unevaluatedItems != nil || $0.unevaluatedProperties != nil
            }
    }

    /// The rule of everything that the type does not check; nil if the type checks all keywords, as for a plain string.
    func residual(_ builder: inout ModelBuilder, beside other: Rule?) -> Rule? {
        if isWhole { return builder.wholeRule(origin) }
        var rules = [other].compactMap(\.self)
        for schema in facets.schemas where !builder.reader.admitsEverything(schema) {
            var covered = covered.union(coveredBy[ObjectIdentifier(schema)] ?? [])
            if facets.resolvedUnions.contains(ObjectIdentifier(schema)) { covered.formUnion(["anyOf", "oneOf"]) }
            guard let rule = builder.rule(schema, covered: covered) else { continue }
            rules.append(facets.isNullable && facets.isAlternative(schema) ? rule.orNull : rule)
        }
        return Rule.all(of: rules)
    }

    // MARK: - Types

    mutating func kind(_ types: Set<Schema.TypeName>?, _ builder: inout ModelBuilder) -> Value.Kind {
        if let enumeration = enumeration(types, &builder) { return enumeration }
        let unions = facets.unions
        let isStructural = !facets.properties.isEmpty
        // Alternatives that only narrow the rest need no types. The rule checks them.
        let choices = unions.filter { !isConstraint($0.branches) }
        if !choices.isEmpty, !isStructural {
            if choices.count == 1, let union = unionKind(choices[0], &builder) { return union }
            return any()
        }
        guard let types else { return untyped(&builder) }
        if types.isEmpty {
            if facets.isNullable { return .null }
            return any()
        }
        if types.count > 1 {
            if types == [.number, .string], facets.first(\.format) == "decimal" { return decimal(&builder) }
            return typeUnion(types, &builder)
        }
        return kind(of: types.first ?? .object, &builder)
    }

    mutating func any() -> Value.Kind {
        // The type checks nothing here, so flattened schemas are checked as a whole.
        covered = ["$ref", "allOf"]
        coveredBy = [:]
        return .any
    }

    mutating func kind(of type: Schema.TypeName, _ builder: inout ModelBuilder) -> Value.Kind {
        switch type {
        case .string: return string(&builder)
        case .integer: return integer()
        case .number:
            if facets.first(\.format) == "decimal" { return decimal(&builder) }
            covered.formUnion(["minimum", "maximum"])
            return .number(
                minimum: facets.strictest(\.minimum, isMaximum: false),
                maximum: facets.strictest(\.maximum, isMaximum: true)
            )
        case .boolean: return .boolean
        case .null: return .null
        case .array: return array(&builder)
        case .object: return object(&builder)
        }
    }
}
