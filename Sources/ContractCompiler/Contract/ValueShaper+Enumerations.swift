/// Shapes enumerations of strings and integers.
extension ValueShaper {
    /// The values that all facets allow, if they are strings or integers.
    mutating func enumeration(_ types: Set<Schema.TypeName>?, _ builder: inout ModelBuilder) -> Value.Kind? {
        guard types == nil || types == [.string] || types == [.integer] else { return nil }
        let known = facets.first(\.knownValues)
        guard let schema = facets.schemas.first(where: { $0.values != nil || $0.knownValues != nil }) else {
            return nil
        }
        guard facets.schemas.filter({ $0.values != nil }).count <= 1, facets.unions.isEmpty else { return nil }
        let nodes = (schema.values ?? known ?? []).filter { $0.scalar?.kind != .null }
        guard !nodes.isEmpty else {
            if schema.values?.isEmpty == true {
                builder.reader.log.strictly(
                    .emptyEnumeration,
                    "an enumeration without values accepts nothing",
                    at: schema.node.location
                )
            }
            return nil
        }
        let isInteger =
            types == [.integer]
            || (types == nil && nodes.allSatisfy { $0.scalar?.kind == .number && $0.integer != nil })
        let values = isInteger ? integers(nodes) : texts(nodes, isString: types == [.string], &builder.reader.log)
        guard let values else { return nil }
        builder.count(values.count, at: origin)
        covered.formUnion(["enum", "const"])
        let enumeration = Enumeration(
            isInteger: isInteger,
            values: values,
            isOpen: schema.values == nil,
            location: schema.node["enum"]?.location ?? schema.node.location
        )
        return .named(
            builder.add(name, origin, description, isDeclared: isDeclared, rule: nil) { _ in .enumeration(enumeration) }
        )
    }

    private func integers(_ nodes: [Node]) -> [Enumeration.Value]? {
        var values: [Enumeration.Value] = []
        var seen: Set<Int> = []
        for node in nodes {
            guard node.scalar != nil, let number = node.integer else { return nil }
            if seen.insert(number).inserted { values.append(.integer(number)) }
        }
        return values
    }

    /// - Parameter isString: Whether the schema has the type string. A scalar of another YAML type then means its text.
    private func texts(_ nodes: [Node], isString: Bool, _ log: inout DiagnosticLog) -> [Enumeration.Value]? {
        var values: [Enumeration.Value] = []
        var seen: Set<String> = []
        for node in nodes {
            guard let scalar = node.scalar, scalar.kind == .string || isString else { return nil }
            if scalar.kind != .string, node.location.file.isJSON {
                log.strictly(
                    .enumerationValue,
                    "\(node.kindDescription) in the enumeration of a string",
                    at: node.location
                )
            } else if scalar.kind != .string {
                log.warning(
                    .unquotedString,
                    "\(node.kindDescription) in the enumeration of a string is read as \"\(scalar.text)\"; quote it",
                    at: node.location
                )
            }
            if seen.insert(scalar.text).inserted {
                values.append(.text(scalar.text))
            } else {
                log.warning(.duplicateValue, "the value '\(scalar.text)' is listed twice", at: node.location)
            }
        }
        return values
    }
}
