internal import Formats

/// Shapes strings, numbers and enumerations of them.
extension ValueShaper {
    mutating func string(_ builder: inout ModelBuilder) -> Value.Kind {
        let format = facets.first(\.format)
        switch format {
        case "date-time": return typed("format", .timestamp)
        case "date": return typed("format", .date)
        case "uuid": return typed("format", .uuid)
        case "byte": return typed("format", .bytes)
        default: break
        }
        if facets.first(\.contentEncoding) == "base64", facets.first(\.contentMediaType) == nil { return .bytes }
        covered.formUnion(["minLength", "maxLength"])
        var constraints = TextConstraints(
            minLength: facets.schemas.compactMap(\.minLength).max(),
            maxLength: facets.schemas.compactMap(\.maxLength).min()
        )
        if let schema = facets.schemas.first(where: { $0.checkedPattern != nil }) {
            constraints.pattern = schema.checkedPattern
            coveredBy[ObjectIdentifier(schema), default: []].insert("pattern")
        }
        if let schema = facets.schemas.first(where: { $0.format != nil }) {
            checkFormat(schema, &builder)
            constraints.format = format.flatMap(Format.init)
            coveredBy[ObjectIdentifier(schema), default: []].insert("format")
        }
        return .string(constraints)
    }

    /// Unknown formats are allowed, but one that is similar to a known format is probably a typing mistake.
    func checkFormat(_ schema: Schema, _ builder: inout ModelBuilder) {
        let known =
            Format.allCases.map(\.rawValue) + ["binary", "password", "decimal", "float", "double", "int32", "int64"]
        guard let format = schema.format, !known.contains(format), let node = schema.node["format"] else { return }
        let suggestion = Suggestion.text(for: format, in: known)
        if !suggestion.isEmpty {
            builder.reader.log.warning(
                .unknownFormat,
                "the format '\(format)' is unknown\(suggestion)",
                at: node.location
            )
        }
    }

    /// The type for the first `keyword` in the facets.
    mutating func typed(_ keyword: String, _ kind: Value.Kind) -> Value.Kind {
        if let schema = facets.schemas.first(where: { $0.format != nil }) {
            coveredBy[ObjectIdentifier(schema), default: []].insert(keyword)
        }
        return kind
    }

    mutating func integer() -> Value.Kind {
        var minimum = bound(\.minimum, isMaximum: false)
        var maximum = bound(\.maximum, isMaximum: true)
        if facets.first(\.format) == "int32" {
            minimum = max(minimum ?? .min, Int(Int32.min))
            maximum = min(maximum ?? .max, Int(Int32.max))
        }
        return .integer(minimum: minimum, maximum: maximum)
    }

    /// A bound that is a 64-bit integer. The rule checks all others.
    mutating func bound(_ keyword: KeyPath<Schema, String?>, isMaximum: Bool) -> Int? {
        guard let text = facets.strictest({ $0[keyPath: keyword] }, isMaximum: isMaximum) else { return nil }
        guard let value = ExactNumber(text)?.integer else { return nil }
        covered.insert(isMaximum ? "maximum" : "minimum")
        return value
    }

    mutating func decimal(_ builder: inout ModelBuilder) -> Value.Kind {
        // JSON Schema has no bounds for a decimal in a string, but we support them.
        covered.formUnion(["minimum", "maximum", "format", "pattern"])
        for schema in facets.schemas {
            for keyword in ["minimum", "maximum"] {
                guard let node = schema.node[keyword], let text = node.jsonNumber, let number = ExactNumber(text) else {
                    continue
                }
                if number.digits.count + max(0, number.exponent) > 38 || number.exponent < -18 {
                    builder.reader.log.error(
                        .decimalBound,
                        "the bound of a decimal must have at most 38 digits, 18 of them after the point",
                        at: node.location
                    )
                }
            }
            coverLimits(of: schema)
        }
        return .decimal(
            minimum: facets.strictest(\.minimum, isMaximum: false),
            maximum: facets.strictest(\.maximum, isMaximum: true),
            patterns: facets.schemas.compactMap(\.checkedPattern)
        )
    }

    /// Marks as checked the limits that every `Decimal` meets: 18 digits after the point, and fewer than 39 before it.
    private mutating func coverLimits(of schema: Schema) {
        func exact(_ text: String?) -> ExactNumber? { text.flatMap { ExactNumber($0) } }
        if let step = exact(schema.multipleOf), ExactNumber("1e-18")?.isMultiple(of: step) == true {
            cover("multipleOf", of: schema)
        }
        if let bound = exact(schema.exclusiveMinimum), let limit = ExactNumber("-1e38"), bound <= limit {
            cover("exclusiveMinimum", of: schema)
        }
        if let bound = exact(schema.exclusiveMaximum), let limit = ExactNumber("1e38"), limit <= bound {
            cover("exclusiveMaximum", of: schema)
        }
    }

    // MARK: - Enumerations

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
