import ContractCompiler
import Formats
import JSONSchema

extension LintRules {
    /// Rules about schemas.
    static let schemaRules: [LintRule] = [
        LintRule(
            "no-duplicated-enum-values",
            "Enumeration values are unique.",
            .levels(.warn),
            each: .schema
        ) {
            schema,
            _,
            findings in
            var seen: Set<String> = []
            for value in schema["enum"]?.items ?? [] where !seen.insert(CanonicalText.value(value)).inserted {
                findings.report("the value \(NodeWriter.compactJSON(value)) is listed twice", at: value)
            }
        },
        LintRule(
            "no-enum-type-mismatch",
            "Enumeration values have the type of their schema.",
            .levels(.error, minimal: .warn),
            each: .schema
        ) { schema, context, findings in
            guard let types = context.types(of: schema.node) else { return }
            let allowsNull = context.version == "3.0" && schema["nullable"]?.boolean == true
            for value in schema["enum"]?.items ?? []
            where !fits(value, types) && !(allowsNull && value.jsonType == "null") {
                findings.report(
                    "\(NodeWriter.compactJSON(value)) is \(value.kindDescription), expected \(types.joined(separator: " or "))",
                    at: value
                )
            }
        },
        LintRule(
            "no-schema-type-mismatch",
            "Only objects have properties, and only arrays have items.",
            .levels(.error, minimal: .warn),
            each: .schema
        ) { schema, context, findings in
            guard let types = context.types(of: schema.node), !types.isEmpty else { return }
            for (keyword, type) in [("items", "array"), ("properties", "object")] {
                if let member = schema.node.members?.first(where: { $0.key == keyword }), !types.contains(type) {
                    findings.report(
                        "'\(keyword)' has no effect for the type \(types.joined(separator: " or "))",
                        at: member
                    )
                }
            }
        },
        LintRule(
            "no-mixed-number-range-constraints",
            "A bound is inclusive or exclusive, not both.",
            RuleLevels(recommended: .warn, versions: ["3.1", "3.2"]),
            each: .schema
        ) { schema, _, findings in
            for (inclusive, exclusive) in [("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")]
            where schema[inclusive] != nil && schema[exclusive] != nil {
                findings.report(
                    "'\(inclusive)' and '\(exclusive)' are both present, expected only one of them",
                    at: schema.node
                )
            }
        },
        LintRule(
            "no-required-schema-properties-undefined",
            "Every required property is described.",
            .levels(.warn, minimal: .warn),
            each: .schema
        ) { schema, context, findings in
            guard let required = schema["required"]?.items, !required.isEmpty else { return }
            // The schema that contains this one may describe the property.
            var known: Set<String> = []
            var around: Visit? = schema
            while let visit = around, visit.kind == .schema {
                known.formUnion(PropertyNames(context).all(of: visit.node))
                guard let parent = visit.parent, parent.kind == .schema, isComposed(visit, of: parent) else { break }
                around = parent
            }
            for name in required where name.scalar.map({ !known.contains($0.text) }) ?? false {
                let text = name.scalar?.text ?? ""
                findings.report(
                    "'\(text)' is required but not described\(Suggestion.text(for: text, in: known.sorted()))",
                    at: name
                )
            }
        },
        LintRule(
            "required-string-property-missing-min-length",
            "Required strings have a minimum length.",
            .off,
            each: .schema
        ) {
            schema,
            context,
            findings in
            let required = (schema["required"]?.items ?? []).compactMap { $0.scalar?.text }
            for property in schema["properties"]?.members ?? [] where required.contains(property.key) {
                let value = context.resolved(property.value)
                if context.types(of: value) == ["string"], value["minLength"] == nil {
                    findings.report("the required string '\(property.key)' has no 'minLength'", at: property)
                }
            }
        },
        LintRule("scalar-property-missing-example", "Scalar properties have examples.", .off, each: .schema) {
            schema,
            context,
            findings in
            let scalars: Set = ["string", "number", "integer", "boolean"]
            for property in schema["properties"]?.members ?? [] {
                let value = context.resolved(property.value)
                guard let types = context.types(of: value), !scalars.isDisjoint(with: types),
                    value["format"]?.string != "binary"
                else { continue }
                if !["example", "examples", "const", "default", "enum"].contains(where: {
                    value[$0] != nil || property.value[$0] != nil
                }) {
                    findings.report("the property '\(property.key)' has no example", at: property)
                }
            }
        },
        LintRule(
            "nullable-type-sibling",
            "'nullable' is used with 'type'.",
            RuleLevels(versions: ["3.0"], exceptions: ["3.0": .error]),
            each: .schema
        ) { schema, _, findings in
            if let node = schema["nullable"], schema["type"] == nil {
                findings.report("'nullable' needs a 'type' beside it", at: node)
            }
        },
        LintRule(
            "spec-discriminator-defaultMapping",
            "An optional discriminator property has a default mapping.",
            .versions("3.2", .warn),
            each: .schema
        ) { schema, context, findings in
            guard let discriminator = schema["discriminator"], let name = discriminator["propertyName"]?.string else {
                return
            }
            let branches =
                (schema["oneOf"]?.items ?? schema["anyOf"]?.items ?? []).map(context.resolved) + [schema.node]
            let isRequired = branches.contains { ($0["required"]?.items ?? []).contains { $0.string == name } }
            if !isRequired, discriminator["defaultMapping"] == nil {
                findings.report(
                    "the property '\(name)' is optional, but there is no 'defaultMapping'",
                    at: discriminator
                )
            }
        },
        LintRule(
            "spec-ref-siblings",
            "References have no siblings that are ignored.",
            .levels(.warn, spec: .error)
        ) { context, findings in
            for reference in context.walk.references {
                let allowed: Set<String>
                switch reference.kind {
                // Since OpenAPI 3.1, '$ref' in a schema is a keyword among others.
                case .schema where context.version != "3.0", .pathItem: continue
                case _ where context.version == "3.0": allowed = ["$ref"]
                default: allowed = ["$ref", "summary", "description"]
                }
                for member in reference.object.members ?? []
                where !allowed.contains(member.key) && !member.key.hasPrefix("x-") {
                    findings.report("'\(member.key)' beside '$ref' is ignored", at: member)
                }
            }
        },
        LintRule("spec-strict-refs", "References appear only where OpenAPI allows them.", .levels(nil, spec: .error)) {
            context,
            findings in
            for reference in context.walk.references
            where reference.kind != .schema && !reference.kind.shape.isReferenceable {
                findings.report("a reference cannot replace \(reference.kind.phrase)", at: reference.node)
            }
        },
    ]

    private static func fits(_ value: Node, _ types: [String]) -> Bool {
        types.contains(value.jsonType)
            || value.jsonType == "number" && types.contains("integer") && value.number?.isInteger == true
    }

    /// Whether a schema applies to the same value as its parent schema.
    private static func isComposed(_ visit: Visit, of parent: Visit) -> Bool {
        let path = (visit.reference?.pointer ?? visit.node.pointer).dropFirst(parent.node.pointer.count).split(
            separator: "/"
        )
        return path.first.map {
            ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"].contains($0)
        } ?? false
    }
}
