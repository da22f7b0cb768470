import ContractCompiler
import Formats
import JSONSchema

extension LintRules {
    /// Rules about schemas.
    static let schemaRules: [LintRule] = [
        LintRule(
            "no-duplicated-enum-values",
            "No value of an enumeration is listed twice.",
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
            "The values of an enumeration are of the type that stands beside them.",
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
            "Objects have properties and arrays have items.",
            .levels(.error, minimal: .warn),
            each: .schema
        ) { schema, context, findings in
            guard let types = context.types(of: schema.node), !types.isEmpty else { return }
            for (keyword, type) in [("items", "array"), ("properties", "object")] {
                if let member = schema.node.members?.first(where: { $0.key == keyword }), !types.contains(type) {
                    findings.report(
                        "'\(keyword)' beside the type \(types.joined(separator: " or ")) means nothing",
                        at: member
                    )
                }
            }
        },
        LintRule(
            "no-mixed-number-range-constraints",
            "A bound is inclusive or exclusive.",
            RuleLevels(recommended: .warn, versions: ["3.1", "3.2"]),
            each: .schema
        ) { schema, _, findings in
            for (inclusive, exclusive) in [("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")]
            where schema[inclusive] != nil && schema[exclusive] != nil {
                findings.report("'\(inclusive)' and '\(exclusive)' stand beside each other", at: schema.node)
            }
        },
        LintRule(
            "no-required-schema-properties-undefined",
            "Every required property is described.",
            .levels(.warn, minimal: .warn),
            each: .schema
        ) { schema, context, findings in
            guard let required = schema["required"]?.items, !required.isEmpty else { return }
            // What this schema is a part of may describe the property.
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
                    "'\(text)' is required but is no property\(Suggestion.text(for: text, in: known.sorted()))",
                    at: name
                )
            }
        },
        LintRule(
            "required-string-property-missing-min-length",
            "Required strings may not be empty.",
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
        LintRule("scalar-property-missing-example", "Properties that are scalars have examples.", .off, each: .schema) {
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
            "'nullable' stands beside a type.",
            RuleLevels(versions: ["3.0"], exceptions: ["3.0": .error]),
            each: .schema
        ) { schema, _, findings in
            if let node = schema["nullable"], schema["type"] == nil {
                findings.report("'nullable' needs a 'type' beside it", at: node)
            }
        },
        LintRule(
            "spec-discriminator-defaultMapping",
            "A discriminator that may be missing has a default.",
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
                    "the property '\(name)' may be missing, and there is no 'defaultMapping'",
                    at: discriminator
                )
            }
        },
        LintRule(
            "spec-ref-siblings",
            "Beside a reference stands nothing that is ignored.",
            .levels(.warn, spec: .error)
        ) { context, findings in
            for reference in context.walk.references {
                let allowed: Set<String>
                switch reference.kind {
                // A schema's reference is a keyword among others since OpenAPI 3.1.
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
        LintRule("spec-strict-refs", "References stand only where they may.", .levels(nil, spec: .error)) {
            context,
            findings in
            for reference in context.walk.references
            where reference.kind != .schema && !reference.kind.shape.isReferencable {
                findings.report("a reference cannot stand for \(reference.kind.phrase)", at: reference.node)
            }
        },
    ]

    private static func fits(_ value: Node, _ types: [String]) -> Bool {
        types.contains(value.jsonType)
            || value.jsonType == "number" && types.contains("integer") && value.number?.isInteger == true
    }

    /// Whether a schema says something about the same value as the one that it stands in.
    private static func isComposed(_ visit: Visit, of parent: Visit) -> Bool {
        let path = (visit.reference?.pointer ?? visit.node.pointer).dropFirst(parent.node.pointer.count).split(
            separator: "/"
        )
        return path.first.map {
            ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"].contains($0)
        } ?? false
    }
}
