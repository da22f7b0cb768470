internal import Formats

/// Converts schemas to rules: conditions on a whole value that generated code checks beyond the types.
struct RuleBuilder {
    private(set) var rules: [NamedRule] = []
    private var names: [NodeKey: String] = [:]
    private var taken: Set<String> = []
    /// The schemas whose rules have a name but are not built yet, the next one last.
    private var pending: [(name: String, schema: Schema)] = []

    /// The rule of all keywords of `schema` except `covered`; nil if there is nothing left to check.
    mutating func rule(_ schema: Schema, covered: Set<String> = [], _ reader: inout SchemaReader) -> Rule? {
        if let always = schema.always { return always ? nil : .never }
        var parts: [Rule] = []
        func add(_ keyword: String, _ rule: @autoclosure () -> Rule?) {
            if !covered.contains(keyword), let rule = rule() { parts.append(rule) }
        }
        add("type", schema.types.map { .type($0.sorted { $0.rawValue < $1.rawValue }) })
        add(
            schema.isConstant ? "const" : "enum",
            schema.values.map { .values($0, isConstant: schema.isConstant) }
        )
        add("multipleOf", schema.multipleOf.map(Rule.multipleOf))
        add("minimum", schema.minimum.map(Rule.minimum))
        add("maximum", schema.maximum.map(Rule.maximum))
        add("exclusiveMinimum", schema.exclusiveMinimum.map(Rule.exclusiveMinimum))
        add("exclusiveMaximum", schema.exclusiveMaximum.map(Rule.exclusiveMaximum))
        add("minLength", schema.minLength.map(Rule.minLength))
        add("maxLength", schema.maxLength.map(Rule.maxLength))
        add("minItems", schema.minItems.map(Rule.minItems))
        add("maxItems", schema.maxItems.map(Rule.maxItems))
        add("minProperties", schema.minProperties.map(Rule.minProperties))
        add("maxProperties", schema.maxProperties.map(Rule.maxProperties))
        add("pattern", schema.checkedPattern.map(Rule.pattern))
        add("format", schema.format.flatMap(Format.init).map(Rule.format))
        add("uniqueItems", schema.uniqueItems ? .uniqueItems : nil)
        add("required", schema.required.isEmpty ? nil : .required(schema.required))
        add(
            "dependentRequired",
            schema.dependentRequired.isEmpty
                ? nil : .dependentRequired(schema.dependentRequired.map { .init(name: $0.name, value: $0.others) })
        )
        if !covered.contains("$ref"), let reference = schema.reference,
            let target = reader.follow(reference, from: schema)
        {
            parts.append(.reference(name(for: target)))
        }
        if let reference = schema.dynamicReference, let rule = dynamicReference(reference, schema, &reader) {
            parts.append(rule)
        }
        addApplicators(schema, covered, &reader, &parts)
        addMembers(schema, covered, &reader, &parts)
        addItems(schema, covered, &reader, &parts)
        // Unevaluated items and properties are known only after everything else was applied.
        if let others = schema.unevaluatedItems { parts.append(.unevaluatedItems(part(others, &reader))) }
        if let others = schema.unevaluatedProperties { parts.append(.unevaluatedMembers(part(others, &reader))) }
        guard let rule = Rule.all(of: parts) else { return nil }
        return schema.acceptsNull && schema.types == nil ? rule.orNull : rule
    }

    private mutating func addApplicators(
        _ schema: Schema,
        _ covered: Set<String>,
        _ reader: inout SchemaReader,
        _ parts: inout [Rule]
    ) {
        if !covered.contains("allOf") { parts += schema.allOf.compactMap { rule($0, &reader)?.isolated } }
        if !schema.anyOf.isEmpty, !covered.contains("anyOf") {
            parts.append(.any(self.parts(schema.anyOf, &reader)))
        }
        if !schema.oneOf.isEmpty, !covered.contains("oneOf") {
            parts.append(.one(self.parts(schema.oneOf, &reader)))
        }
        if let not = schema.not { parts.append(.not(part(not, &reader))) }
        // An `if` alone rejects nothing, but the properties and items that it evaluates count.
        if let condition = schema.condition {
            let then = schema.then.map { part($0, &reader) } ?? .always
            let otherwise = schema.otherwise.map { part($0, &reader) } ?? .always
            parts.append(.condition(part(condition, &reader), then: then, otherwise: otherwise))
        }
        if !schema.dependentSchemas.isEmpty {
            parts.append(.dependentSchemas(named(schema.dependentSchemas, &reader)))
        }
    }

    private mutating func addMembers(
        _ schema: Schema,
        _ covered: Set<String>,
        _ reader: inout SchemaReader,
        _ parts: inout [Rule]
    ) {
        let others = covered.contains("additionalProperties") ? nil : schema.additionalProperties
        let patterns = covered.contains("patternProperties") ? [] : schema.patternProperties
        let isTyped = covered.contains("properties")
        if (!isTyped && !schema.properties.isEmpty) || others != nil || !patterns.isEmpty {
            let properties =
                isTyped
                ? schema.properties.map { Rule.Named(name: $0.name, value: .always) }
                : named(schema.properties, &reader)
            let expressions = named(patterns, &reader)
            parts.append(
                .members(properties: properties, patterns: expressions, others: others.map { part($0, &reader) })
            )
        }
        if let names = schema.propertyNames, !reader.admitsEverything(names) {
            parts.append(.memberNames(part(names, &reader)))
        }
    }

    private mutating func addItems(
        _ schema: Schema,
        _ covered: Set<String>,
        _ reader: inout SchemaReader,
        _ parts: inout [Rule]
    ) {
        if !covered.contains("items"), schema.items != nil || !schema.prefixItems.isEmpty {
            let prefix = self.parts(schema.prefixItems, &reader)
            parts.append(.items(prefix: prefix, rest: schema.items.map { part($0, &reader) }))
        }
        if let contains = schema.contains {
            parts.append(
                .contains(part(contains, &reader), minimum: schema.minContains, maximum: schema.maxContains)
            )
        }
    }

    // MARK: - References

    /// The name of the rule of `schema`, to which other rules refer. `buildNamed` builds the rule.
    mutating func name(for schema: Schema) -> String {
        let key = NodeKey(schema.node)
        if let name = names[key] { return name }
        var name = SwiftName.property(SwiftName.schema(at: schema.node)).filter { $0 != "`" }
        if name == "_" || name.hasPrefix("_") { name = "rule" + name }
        name = SwiftName.distinct(name, &taken)
        names[key] = name
        pending.append((name, schema))
        return name
    }

    /// Builds the rules that others refer to, and those to which they refer in turn. It works through a list, so a chain of references
    /// causes no recursion.
    mutating func buildNamed(_ reader: inout SchemaReader) {
        pending.reverse()
        while let (name, schema) = pending.popLast() {
            let known = pending.count
            var rule = rule(schema, &reader) ?? .always
            let anchors = schema.resource.dynamicAnchors.sorted { $0.key < $1.key }.compactMap { anchor, node in
                reader.schema(at: node, in: schema.resource).map { schema in
                    Rule.Named(name: anchor, value: self.name(for: schema))
                }
            }
            if !anchors.isEmpty { rule = .resource(anchors, rule) }
            rules.append(NamedRule(name: name, rule: rule, node: schema.node))
            pending[known...].reverse()
        }
    }

    private mutating func dynamicReference(_ reference: Node, _ schema: Schema, _ reader: inout SchemaReader)
        -> Rule?
    {
        guard let target = reader.follow(reference, from: schema) else { return nil }
        let name = name(for: target)
        let fragment = reference.string?.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            .dropFirst().first
        guard let anchor = fragment.map(String.init), target.resource.dynamicAnchors[anchor] != nil else {
            return .reference(name)
        }
        return .dynamicReference(anchor: anchor, name)
    }

    // MARK: - Parts

    private mutating func part(_ schema: Schema, _ reader: inout SchemaReader) -> Rule {
        // A schema with a `$id` is a separate resource for dynamic references inside it.
        if schema.resource.root.pointer == schema.node.pointer, !schema.resource.dynamicAnchors.isEmpty {
            return .reference(name(for: schema))
        }
        return rule(schema, &reader) ?? .always
    }

    private mutating func parts(_ schemas: [Schema], _ reader: inout SchemaReader) -> [Rule] {
        schemas.map { part($0, &reader) }
    }

    private mutating func named(_ schemas: [Schema.Named], _ reader: inout SchemaReader) -> [Rule.Named<Rule>] {
        schemas.map { Rule.Named(name: $0.name, value: part($0.schema, &reader)) }
    }
}

extension ModelBuilder {
    /// The rule of `schema`, without the keywords that its type covers; nil if nothing is left to check.
    mutating func rule(_ schema: Schema, covered: Set<String> = []) -> Rule? {
        let rule = rules.rule(schema, covered: covered, &reader)
        rules.buildNamed(&reader)
        return rule
    }

    /// All of `schema` as a rule, resolved in its own resource.
    mutating func wholeRule(_ schema: Schema) -> Rule? {
        guard !schema.resource.dynamicAnchors.isEmpty else { return rule(schema) }
        let name = rules.name(for: schema)
        rules.buildNamed(&reader)
        return .reference(name)
    }
}
