/// Shapes arrays and objects.
extension ValueShaper {
    mutating func array(_ builder: inout ModelBuilder) -> Value.Kind {
        covered.formUnion(["items", "minItems", "maxItems"])
        let minItems = facets.schemas.compactMap(\.minItems).max()
        let maxItems = facets.schemas.compactMap(\.maxItems).min()
        let prefixed = facets.schemas.filter { !$0.prefixItems.isEmpty }
        let items = facets.schemas.compactMap(\.items)
        if prefixed.isEmpty {
            guard let first = items.first else {
                return .array(of: Value(kind: .any), minItems: minItems, maxItems: maxItems)
            }
            let element = builder.value(of: items, name: name + "Item", at: first)
            return .array(of: element, minItems: minItems, maxItems: maxItems)
        }
        covered.remove("items")
        guard facets.schemas.count == 1, let schema = prefixed.first, schema.prefixItems.count <= 32 else {
            return .array(of: Value(kind: .any), minItems: minItems, maxItems: maxItems)
        }
        // The tuple checks its items with their rules, and the number of required ones.
        covered.insert("items")
        covered.remove("maxItems")
        if (minItems ?? 0) > schema.prefixItems.count { covered.remove("minItems") }
        let elements = schema.prefixItems.enumerated().map {
            builder.value(of: $0.element, name: "\(name)Item\($0.offset)")
        }
        let rest =
            schema.items?.always == false
            ? nil : schema.items.map { builder.value(of: $0, name: name + "Rest") } ?? Value(kind: .any)
        if schema.items?.always == false { covered.remove("items") }
        let shape = Model.Shape.tuple(elements, required: min(minItems ?? 0, elements.count), rest: rest)
        let rule = itemRule(elements, rest)
        return .named(builder.add(name, origin, description, isDeclared: isDeclared, rule: rule) { _ in shape })
    }

    func itemRule(_ elements: [Value], _ rest: Value?) -> Rule? {
        guard elements.contains(where: { $0.rule != nil }) || rest?.rule != nil else { return nil }
        return .items(prefix: elements.map { $0.rule ?? .always }, rest: rest?.rule)
    }

    // MARK: - Objects

    mutating func object(_ builder: inout ModelBuilder) -> Value.Kind {
        var properties = facets.properties
        // A property that only some alternatives describe may have any value in the others: it has no type, and the rule checks it.
        if !properties.isEmpty {
            var known = Set(properties.map(\.name))
            for branch in facets.unions.flatMap(\.branches) {
                for property in Facets([branch], &builder.reader).properties where known.insert(property.name).inserted
                {
                    properties.append((property.name, []))
                }
            }
        }
        let others = others(properties.map(\.name), &builder)
        if properties.isEmpty {
            covered.formUnion(["properties"])
            switch others {
            case .collected(let element):
                if case .any = element.kind, element.rule == nil { return .object }
                return .map(of: element)
            default:
                // The rule checks required names that are not properties.
                if case .forbidden = others { uncover("additionalProperties") }
                return .object
            }
        }
        covered.formUnion(["properties", "required"])
        return structure(properties, others, &builder)
    }

    /// Records that the type checks a keyword of one facet.
    mutating func cover(_ keyword: String, of schema: Schema) {
        coveredBy[ObjectIdentifier(schema), default: []].insert(keyword)
    }

    mutating func uncover(_ keyword: String) {
        covered.remove(keyword)
        for key in coveredBy.keys { coveredBy[key]?.remove(keyword) }
    }

    /// How members without a property are treated. If several facets decide this, the rule does.
    mutating func others(_ names: [String], _ builder: inout ModelBuilder) -> OtherMembers {
        let hasPatterns = facets.schemas.contains { !$0.patternProperties.isEmpty }
        let restricting = facets.schemas.filter { schema in
            schema.additionalProperties.map { !builder.reader.admitsEverything($0) } ?? false
        }
        for schema in facets.schemas
        where schema.additionalProperties != nil && !restricting.contains(where: { $0 === schema }) {
            cover("additionalProperties", of: schema)
        }
        let isExplicit = facets.schemas.contains { $0.additionalProperties != nil }
        if hasPatterns { return .collected(Value(kind: .any)) }
        guard let schema = restricting.first else { return isExplicit ? .collected(Value(kind: .any)) : .ignored }
        let isWhole = restricting.count == 1 && Set(names).isSubset(of: schema.properties.map(\.name))
        guard isWhole, let others = schema.additionalProperties else {
            return restricting.contains { $0.additionalProperties?.always == false }
                ? .ignored : .collected(Value(kind: .any))
        }
        coveredBy[ObjectIdentifier(schema), default: []].insert("additionalProperties")
        if others.always == false { return .forbidden }
        return .collected(builder.value(of: others, name: name + "Value"))
    }

    mutating func structure(
        _ properties: [(name: String, schemas: [Schema])],
        _ others: OtherMembers,
        _ builder: inout ModelBuilder
    ) -> Value.Kind {
        // Take the name before those of the inner types.
        let typeName = builder.add(name, origin, description, isDeclared: isDeclared, rule: nil) { _ in
            .structure([], others: others)
        }
        builder.count(properties.count, at: origin)
        let required = Set(facets.schemas.flatMap(\.required))
        var built: [Property] = []
        for (name, schemas) in properties {
            guard let first = schemas.first else {
                built.append(property(name, Value(kind: .any), [], required, origin, &builder))
                continue
            }
            let value = builder.value(of: schemas, name: typeName + SwiftName.type(name), at: first)
            built.append(property(name, value, schemas, required, first, &builder))
        }
        // A required name without a schema is a property with any value.
        let names = Set(properties.map(\.name))
        let missing = facets.schemas.flatMap(\.required).filter { !names.contains($0) }
        var seen: Set<String> = []
        for name in missing where seen.insert(name).inserted {
            let places = facets.schemas.compactMap { $0.node["required"]?.items?.first { $0.scalar?.text == name } }
            let suggestion = Suggestion.text(for: name, in: properties.map(\.name))
            builder.reader.log.strictly(
                .requiredProperty,
                "'\(name)' is required but not described\(suggestion)",
                at: places.first?.location ?? origin.node.location
            )
            built.append(property(name, Value(kind: .any), [], required, origin, &builder))
        }
        let rule = memberRule(built, others)
        builder.change(typeName) { model in
            model.shape = .structure(built, others: others)
            model.rule = rule
        }
        return .named(typeName)
    }

    /// The rules of the properties. The structure checks them.
    func memberRule(_ properties: [Property], _ others: OtherMembers) -> Rule? {
        let rules = properties.compactMap { property in
            property.value.rule.map { Rule.Named(name: property.name, value: $0) }
        }
        if case .collected(let element) = others, let rule = element.rule {
            let names = properties.filter { $0.value.rule == nil }.map { Rule.Named(name: $0.name, value: Rule.always) }
            return .members(properties: rules + names, patterns: [], others: rule)
        }
        return rules.isEmpty ? nil : .members(properties: rules, patterns: [], others: nil)
    }

    mutating func property(
        _ name: String,
        _ value: Value,
        _ schemas: [Schema],
        _ required: Set<String>,
        _ schema: Schema,
        _ builder: inout ModelBuilder
    ) -> Property {
        let defaultNode = schemas.lazy.compactMap(\.defaultValue).first
        return Property(
            name: name,
            givenName: schema.swiftName,
            value: value,
            isRequired: required.contains(name),
            defaultValue: defaultNode.flatMap { builder.defaultValue($0, for: value) },
            description: schemas.lazy.compactMap(\.description).first,
            node: schema.node,
            isReadOnly: schemas.contains(where: \.isReadOnly),
            isWriteOnly: schemas.contains(where: \.isWriteOnly)
        )
    }
}
