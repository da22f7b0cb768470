internal import Formats

/// Writes schemas as rules: conditions on a whole value that generated code checks beyond the types.
struct RuleBuilder {
    private(set) var rules: [NamedRule] = []
    private var names: [NodeKey: String] = [:]
    private var taken: Set<String> = []
    /// The rules that have a name but no text yet, the next one last.
    private var pending: [(name: String, schema: Schema)] = []

    /// The rule of all keywords of `schema` except `covered`; nil if there is nothing left to check.
    mutating func rule(_ schema: Schema, covered: Set<String> = [], in contract: inout ModelBuilder) -> Rule? {
        if let always = schema.always { return always ? nil : Rule(text: ".never") }
        var parts: [Rule] = []
        func add(_ text: String?) {
            if let text { parts.append(Rule(text: text)) }
        }
        func add(_ keyword: String, _ text: @autoclosure () -> String?) {
            if !covered.contains(keyword) { add(text()) }
        }
        add(
            "type",
            schema.types.map { ".type(\(Self.list($0.sorted { $0.rawValue < $1.rawValue }.map { ".\($0)" })))" }
        )
        let keyword = schema.isConstant ? "const" : "enum"
        add(
            keyword,
            schema.values.map {
                ".values(\(Self.json("[" + $0.map(NodeWriter.compactJSON).lines(",") + "]")), keyword: \(SwiftWriter.literal(keyword)))"
            }
        )
        add("multipleOf", schema.multipleOf.map { ".multipleOf(\(SwiftWriter.literal($0)))" })
        for (name, bound) in [
            ("minimum", schema.minimum), ("maximum", schema.maximum), ("exclusiveMinimum", schema.exclusiveMinimum),
            ("exclusiveMaximum", schema.exclusiveMaximum),
        ] {
            add(name, bound.map { ".\(name)(\(SwiftWriter.literal($0)))" })
        }
        for (name, count) in [
            ("minLength", schema.minLength), ("maxLength", schema.maxLength), ("minItems", schema.minItems),
            ("maxItems", schema.maxItems), ("minProperties", schema.minProperties),
            ("maxProperties", schema.maxProperties),
        ] {
            add(name, count.map { ".\(name)(\($0))" })
        }
        add("pattern", schema.checkedPattern.map { ".pattern(Pattern(checked: \(SwiftWriter.rawLiteral($0))))" })
        add("format", schema.format.flatMap(Format.init).map { ".format(.\($0))" })
        add("uniqueItems", schema.uniqueItems ? ".uniqueItems" : nil)
        add("required", schema.required.isEmpty ? nil : ".required(\(Self.strings(schema.required)))")
        if !schema.dependentRequired.isEmpty {
            let entries = schema.dependentRequired.map { "\(SwiftWriter.literal($0.name)): \(Self.strings($0.others))" }
            add("dependentRequired", ".dependentRequired([\(entries.lines(", "))])")
        }
        if !covered.contains("$ref"), let reference = schema.reference {
            add(self.reference(reference, schema, &contract))
        }
        if let reference = schema.dynamicReference { add(dynamicReference(reference, schema, &contract)) }
        addApplicators(schema, covered, &contract, &parts)
        addMembers(schema, covered, &contract, &parts)
        addItems(schema, covered, &contract, &parts)
        // Unevaluated items and properties are known only after everything else was applied.
        if let others = schema.unevaluatedItems { add(".unevaluatedItems(\(text(others, &contract)))") }
        if let others = schema.unevaluatedProperties { add(".unevaluatedMembers(\(text(others, &contract)))") }
        guard let rule = Rule.all(parts) else { return nil }
        return schema.acceptsNull && schema.types == nil ? rule.orNull : rule
    }

    private mutating func addApplicators(
        _ schema: Schema,
        _ covered: Set<String>,
        _ contract: inout ModelBuilder,
        _ parts: inout [Rule]
    ) {
        if !covered.contains("allOf") { parts += schema.allOf.compactMap { rule($0, in: &contract)?.isolated } }
        if !schema.anyOf.isEmpty, !covered.contains("anyOf") {
            parts.append(Rule(text: ".any(\(list(schema.anyOf, &contract)), keyword: \"anyOf\")"))
        }
        if !schema.oneOf.isEmpty, !covered.contains("oneOf") {
            parts.append(Rule(text: ".one(\(list(schema.oneOf, &contract)))"))
        }
        if let not = schema.not { parts.append(Rule(text: ".not(\(text(not, &contract)))")) }
        // An `if` alone rejects nothing, but the properties and items that it evaluates count.
        if let condition = schema.condition {
            let then = schema.then.map { text($0, &contract) } ?? ".always"
            let otherwise = schema.otherwise.map { text($0, &contract) } ?? ".always"
            parts.append(Rule(text: ".condition(\(text(condition, &contract)), then: \(then), else: \(otherwise))"))
        }
        if !schema.dependentSchemas.isEmpty {
            parts.append(Rule(text: ".dependentSchemas(\(map(schema.dependentSchemas, &contract)))"))
        }
    }

    private mutating func addMembers(
        _ schema: Schema,
        _ covered: Set<String>,
        _ contract: inout ModelBuilder,
        _ parts: inout [Rule]
    ) {
        let others = covered.contains("additionalProperties") ? nil : schema.additionalProperties
        let patterns = covered.contains("patternProperties") ? [] : schema.patternProperties
        let isTyped = covered.contains("properties")
        if (!isTyped && !schema.properties.isEmpty) || others != nil || !patterns.isEmpty {
            var arguments: [String] = []
            if !schema.properties.isEmpty {
                let properties = schema.properties.map { property in
                    "\(SwiftWriter.literal(property.name)): \(isTyped ? ".always" : text(property.schema, &contract))"
                }
                arguments.append("properties: \(Self.list(properties))")
            }
            if !patterns.isEmpty {
                let expressions = patterns.map { property in
                    "(Pattern(checked: \(SwiftWriter.rawLiteral(property.name))), \(text(property.schema, &contract)))"
                }
                arguments.append("patterns: \(Self.list(expressions))")
            }
            if let others { arguments.append("others: \(text(others, &contract))") }
            parts.append(Rule(text: ".members(\(arguments.lines(", ")))"))
        }
        if let names = schema.propertyNames, !contract.admitsEverything(names) {
            parts.append(Rule(text: ".memberNames(\(text(names, &contract)))"))
        }
    }

    private mutating func addItems(
        _ schema: Schema,
        _ covered: Set<String>,
        _ contract: inout ModelBuilder,
        _ parts: inout [Rule]
    ) {
        if !covered.contains("items"), schema.items != nil || !schema.prefixItems.isEmpty {
            var arguments: [String] = []
            if !schema.prefixItems.isEmpty { arguments.append("prefix: \(list(schema.prefixItems, &contract))") }
            if let items = schema.items { arguments.append("rest: \(text(items, &contract))") }
            parts.append(Rule(text: ".items(\(arguments.lines(", ")))"))
        }
        if let contains = schema.contains {
            var arguments = [text(contains, &contract)]
            if let least = schema.minContains { arguments.append("minimum: \(least)") }
            if let most = schema.maxContains { arguments.append("maximum: \(most)") }
            parts.append(Rule(text: ".contains(\(arguments.lines(", ")))"))
        }
    }

    // MARK: - References

    /// The constant for the rule of `schema`, to which other rules refer. `writeConstants` writes its text.
    mutating func constant(for schema: Schema) -> String {
        let key = NodeKey(schema.node)
        if let name = names[key] { return "Rules.\(name)" }
        var name = SwiftName.property(ModelBuilder.name(of: schema.node))
        if name == "_" || name.hasPrefix("_") { name = "rule" + name }
        name = SwiftName.distinct(name, &taken)
        names[key] = name
        pending.append((name, schema))
        return "Rules.\(name)"
    }

    /// Writes the constants that rules refer to, and those that the constants refer to. It works through a list, so a chain of
    /// references causes no recursion.
    mutating func writeConstants(in contract: inout ModelBuilder) {
        pending.reverse()
        while let (name, schema) = pending.popLast() {
            let known = pending.count
            var text = rule(schema, in: &contract)?.text ?? ".always"
            let anchors = schema.resource.dynamicAnchors.sorted { $0.key < $1.key }.compactMap { anchor, node in
                contract.schema(at: node, in: schema.resource).map { schema in
                    "\(SwiftWriter.literal(anchor)): { \(constant(for: schema)) }"
                }
            }
            if !anchors.isEmpty { text = ".resource(\(Self.list(anchors)), \(text))" }
            rules.append(NamedRule(name: name, rule: Rule(text: text), node: schema.node))
            pending[known...].reverse()
        }
    }

    private mutating func reference(_ reference: Node, _ schema: Schema, _ contract: inout ModelBuilder) -> String? {
        guard let target = contract.follow(reference, from: schema) else { return nil }
        return ".reference { \(constant(for: target)) }"
    }

    private mutating func dynamicReference(_ reference: Node, _ schema: Schema, _ contract: inout ModelBuilder)
        -> String?
    {
        guard let target = contract.follow(reference, from: schema) else { return nil }
        let constant = constant(for: target)
        let fragment = reference.string?.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            .dropFirst().first
        guard let anchor = fragment.map(String.init), target.resource.dynamicAnchors[anchor] != nil else {
            return ".reference { \(constant) }"
        }
        return ".dynamicReference(\(SwiftWriter.literal(anchor))) { \(constant) }"
    }

    // MARK: - Text

    private mutating func text(_ schema: Schema, _ contract: inout ModelBuilder) -> String {
        // A schema with a `$id` is a separate resource for dynamic references inside it.
        if schema.resource.root.pointer == schema.node.pointer, !schema.resource.dynamicAnchors.isEmpty {
            return ".reference { \(constant(for: schema)) }"
        }
        return rule(schema, in: &contract)?.text ?? ".always"
    }

    private mutating func list(_ schemas: [Schema], _ contract: inout ModelBuilder) -> String {
        Self.list(schemas.map { text($0, &contract) })
    }

    private mutating func map(_ schemas: [Schema.Named], _ contract: inout ModelBuilder) -> String {
        Self.list(schemas.map { "\(SwiftWriter.literal($0.name)): \(text($0.schema, &contract))" })
    }

    private static func list(_ items: [String]) -> String { "[\(items.lines(", "))]" }

    private static func strings(_ items: [String]) -> String { list(items.map(SwiftWriter.literal)) }

    private static func json(_ text: String) -> String { "JSONValue(checked: \(SwiftWriter.rawLiteral(text)))" }
}
