/// Shapes unions. As far as possible, the compiler decides how the branch of a value is chosen.
extension ValueShaper {
    /// Whether the branches only narrow the rest of the schema, so that they need no types.
    func isConstraint(_ branches: [Schema]) -> Bool {
        let structural: Set = [
            "$ref", "properties", "items", "prefixItems", "additionalProperties", "patternProperties", "allOf", "anyOf",
            "oneOf",
            "type", "enum", "const", "$dynamicRef",
        ]
        return branches.allSatisfy { branch in
            !(branch.node.members ?? []).contains { structural.contains($0.key) }
        }
    }

    /// The model of a union; nil if its branches cannot be distinguished by type.
    mutating func unionKind(
        _ union: (schema: Schema, branches: [Schema], isExclusive: Bool),
        _ builder: inout ModelBuilder
    ) -> Value.Kind? {
        let alternatives = union.branches.filter { !Facets.isNull($0) }
        guard alternatives.count > 1, alternatives.allSatisfy({ $0.always == nil }) else { return nil }
        // Take the name before those of the inner types.
        let typeName = builder.add(name, origin, description, isDeclared: isDeclared, rule: nil) { _ in
            .wrapper(Value(kind: .any))
        }
        builder.count(alternatives.count, at: origin)
        var branches: [Union.Branch] = []
        for (index, alternative) in alternatives.enumerated() {
            let label = label(of: alternative, index)
            let value = builder.value(of: alternative, name: typeName + SwiftName.type(label))
            branches.append(.init(label: label, value: value))
        }
        let (decision, rules) = decision(union, alternatives, branches, typeName, &builder)
        builder.change(typeName) { $0.shape = .union(Union(branches: branches, decision: decision, rules: rules)) }
        // If the branches accept null, the union decides about null as about any other value.
        coversNull = alternatives.count == union.branches.count && decision.types.contains("null")
        cover(union.isExclusive ? "oneOf" : "anyOf", of: union.schema)
        return .named(typeName)
    }

    /// The name of a branch: from its reference, its title or its type.
    private func label(of schema: Schema, _ index: Int) -> String {
        if let name = schema.swiftName { return name }
        if let reference = schema.reference?.string {
            let last = reference.split { $0 == "/" || $0 == "#" }.last.map(String.init) ?? ""
            let name = last.split(separator: ".schema.json").first.map(String.init) ?? ""
            if !SwiftName.type(JSONPointer.unescape(name)).isEmpty { return JSONPointer.unescape(name) }
        }
        if let title = schema.title, title.count <= 40, !SwiftName.type(title).isEmpty { return title }
        if let value = schema.values?.first?.string, schema.values?.count == 1 { return value }
        if schema.values != nil { return "value" }
        if schema.types == [.object], let name = schema.required.first { return name }
        if let type = schema.types?.sorted(by: { $0.rawValue < $1.rawValue }).first(where: { $0 != .null }) {
            return type.rawValue
        }
        return "option \(index + 1)"
    }

    /// Without `type`, each keyword applies only to values of one type, and values of other types are unrestricted.
    mutating func untyped(_ builder: inout ModelBuilder) -> Value.Kind {
        guard !facets.properties.isEmpty else { return any() }
        let structure = structureBranch(&builder)
        coversNull = true
        let union = Union(
            branches: [
                .init(label: "object", value: structure),
                .init(label: "other", value: Value(kind: .any)),
            ],
            decision: .type([
                (["object"], .branch(0)), (["array", "string", "number", "boolean", "null"], .branch(1)),
            ]),
            rules: []
        )
        return .named(builder.add(name, origin, description, isDeclared: isDeclared, rule: nil) { _ in .union(union) })
    }

    mutating func structureBranch(_ builder: inout ModelBuilder) -> Value {
        var inner = ValueShaper(facets: facets, name: name + "Object", origin: origin, isDeclared: false)
        let kind = inner.object(&builder)
        // The structure contains its own rule. Check the rest here.
        covered = inner.covered
        coveredBy = inner.coveredBy
        return Value(kind: kind)
    }

    mutating func typeUnion(_ types: Set<Schema.TypeName>, _ builder: inout ModelBuilder) -> Value.Kind {
        var branches: [Union.Branch] = []
        var table: [(types: [String], decision: Union.Decision)] = []
        for type in types.sorted(by: { $0.rawValue < $1.rawValue }) {
            var inner = ValueShaper(
                facets: facets,
                name: name + SwiftName.type(type.rawValue),
                origin: origin,
                isDeclared: false
            )
            let kind = inner.kind(of: type, &builder)
            // A keyword applies to one type only, so the branch of that type checks it.
            covered.formUnion(inner.covered)
            coveredBy.merge(inner.coveredBy) { $0.union($1) }
            table.append(([type == .integer ? "number" : type.rawValue], .branch(branches.count)))
            branches.append(.init(label: type.rawValue, value: Value(kind: kind)))
        }
        let union = Union(branches: branches, decision: .type(table), rules: [])
        return .named(builder.add(name, origin, description, isDeclared: isDeclared, rule: nil) { _ in .union(union) })
    }

    // MARK: - Choosing the branch

    private func decision(
        _ union: (schema: Schema, branches: [Schema], isExclusive: Bool),
        _ alternatives: [Schema],
        _ branches: [Union.Branch],
        _ typeName: String,
        _ builder: inout ModelBuilder
    ) -> (Union.Decision, [Rule]) {
        if let discriminator = facets.first(\.discriminator),
            let decision = byDiscriminator(discriminator, alternatives, &builder)
        {
            return (decision, [])
        }
        var byType: [(type: String, branches: [Int])] = []
        for (index, alternative) in alternatives.enumerated() {
            for type in Self.jsonTypes(of: alternative, &builder) {
                if let place = byType.firstIndex(where: { $0.type == type }) {
                    byType[place].branches.append(index)
                } else {
                    byType.append((type, [index]))
                }
            }
        }
        var table: [(types: [String], branches: [Int])] = []
        for (type, branches) in byType.sorted(by: { $0.type < $1.type }) {
            if let place = table.firstIndex(where: { $0.branches == branches }) {
                table[place].types.append(type)
            } else {
                table.append(([type], branches))
            }
        }
        var needsRules = false
        let decisions = table.map { entry -> (types: [String], decision: Union.Decision) in
            if entry.branches.count == 1 { return (entry.types, .branch(entry.branches[0])) }
            if entry.types == ["object"], let decision = byConstant(entry.branches, alternatives, &builder) {
                return (entry.types, decision)
            }
            needsRules = true
            let order = union.isExclusive ? entry.branches : Self.specificFirst(entry.branches, alternatives)
            return (entry.types, .validation(order, isExclusive: union.isExclusive))
        }
        let rules = needsRules ? alternatives.map { builder.rule($0) ?? .always } : []
        if decisions.count == 1, case .member = decisions[0].decision { return (decisions[0].decision, rules) }
        return (.type(decisions), rules)
    }

    /// Closed sets of values come before open ones, because the first match is taken.
    private static func specificFirst(_ branches: [Int], _ alternatives: [Schema]) -> [Int] {
        branches.filter { alternatives[$0].values != nil } + branches.filter { alternatives[$0].values == nil }
    }

    private func byDiscriminator(
        _ discriminator: Schema.Discriminator,
        _ alternatives: [Schema],
        _ builder: inout ModelBuilder
    ) -> Union.Decision? {
        var table: [(values: [String], branch: Int)] = []
        for (index, alternative) in alternatives.enumerated() {
            guard let reference = alternative.reference, let text = reference.string else { return nil }
            let target = builder.reader.follow(reference, from: alternative)
            var values = discriminator.mapping.filter { member in
                guard let name = member.value.scalar?.text else { return false }
                return name == text || text.hasSuffix("/\(name)")
                    || builder.reader.target(member.value, from: alternative).map { $0 === target } ?? false
            }.map(\.key)
            if values.isEmpty {
                // Without a mapping, the value is the name of the schema, unless the schema itself restricts the member.
                values = target.flatMap { Self.constants(in: $0, &builder)[discriminator.property] } ?? []
            }
            if values.isEmpty, let name = text.split(separator: "/").last {
                values = [JSONPointer.unescape(String(name))]
            }
            table.append((values, index))
        }
        let all = table.flatMap(\.values)
        guard Set(all).count == all.count else { return nil }
        return .member(discriminator.property, table, isDiscriminator: true)
    }

    /// A member that every branch requires, with values that no two branches share.
    private func byConstant(
        _ indices: [Int],
        _ alternatives: [Schema],
        _ builder: inout ModelBuilder
    ) -> Union.Decision? {
        guard let first = indices.first else { return nil }
        let constants = indices.map { Self.constants(in: alternatives[$0], &builder) }
        for property in Facets([alternatives[first]], &builder.reader).properties {
            let table = zip(indices, constants).compactMap { index, constants in
                constants[property.name].map { (values: $0, branch: index) }
            }
            let all = table.flatMap(\.values)
            if table.count == indices.count, Set(all).count == all.count {
                return .member(property.name, table, isDiscriminator: false)
            }
        }
        return nil
    }

    /// The possible strings of required members, by name. A member that is optional or may have other values is omitted.
    private static func constants(in schema: Schema, _ builder: inout ModelBuilder) -> [String: [String]] {
        let facets = Facets([schema], &builder.reader)
        let required = Set(facets.schemas.flatMap(\.required))
        var constants: [String: [String]] = [:]
        for property in facets.properties where required.contains(property.name) {
            let inner = Facets(property.schemas, &builder.reader)
            if let values = inner.first(\.values), values.allSatisfy({ $0.string != nil }) {
                constants[property.name] = values.compactMap(\.string)
            }
        }
        return constants
    }

    /// The JSON types that a schema may accept.
    private static func jsonTypes(of schema: Schema, _ builder: inout ModelBuilder) -> [String] {
        let key = ObjectIdentifier(schema)
        if let known = builder.reader.jsonTypes[key] { return known }
        var types: Set = ["object", "array", "string", "number", "boolean", "null"]
        // A schema that leads back to itself adds no constraint.
        builder.reader.jsonTypes[key] = types.sorted()
        for facet in Facets([schema], &builder.reader).schemas {
            if let own = facet.types {
                types.formIntersection(own.map { $0 == .integer ? "number" : $0.rawValue })
            }
            if let values = facet.values { types.formIntersection(values.map(\.jsonType)) }
            for branches in [facet.anyOf, facet.oneOf] where !branches.isEmpty {
                types.formIntersection(branches.flatMap { jsonTypes(of: $0, &builder) })
            }
        }
        builder.reader.jsonTypes[key] = types.sorted()
        return types.sorted()
    }
}
