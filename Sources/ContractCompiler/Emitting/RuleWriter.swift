/// Writes rules as expressions of `ContractRuntime`'s `Rule`.
enum RuleWriter {
    static func text(_ rule: Rule) -> String {
        switch rule {
        case .always: ".always"
        case .never: ".never"
        case .all(let rules): ".all(\(list(rules)))"
        case .any(let rules): ".any(\(list(rules)), keyword: \"anyOf\")"
        case .one(let rules): ".one(\(list(rules)))"
        case .not(let rule): ".not(\(text(rule)))"
        case .condition(let condition, let then, let otherwise):
            ".condition(\(text(condition)), then: \(text(then)), else: \(text(otherwise)))"
        case .reference(let name): ".reference { \(constant(name)) }"
        case .dynamicReference(let anchor, let name):
            ".dynamicReference(\(SwiftWriter.literal(anchor))) { \(constant(name)) }"
        case .resource(let anchors, let rule):
            ".resource(\(map(anchors) { "{ \(constant($0)) }" }), \(text(rule)))"

        case .type(let types): ".type([\(types.map { ".\($0)" }.lines(", "))])"
        case .values(let values, let isConstant):
            ".values(\(json(values)), keyword: \(SwiftWriter.literal(isConstant ? "const" : "enum")))"
        case .multipleOf(let number): ".multipleOf(\(SwiftWriter.literal(number)))"
        case .minimum(let number): ".minimum(\(SwiftWriter.literal(number)))"
        case .maximum(let number): ".maximum(\(SwiftWriter.literal(number)))"
        case .exclusiveMinimum(let number): ".exclusiveMinimum(\(SwiftWriter.literal(number)))"
        case .exclusiveMaximum(let number): ".exclusiveMaximum(\(SwiftWriter.literal(number)))"
        case .minLength(let count): ".minLength(\(count))"
        case .maxLength(let count): ".maxLength(\(count))"
        case .pattern(let source): ".pattern(\(pattern(source)))"
        case .format(let format): ".format(.\(format))"

        case .minItems(let count): ".minItems(\(count))"
        case .maxItems(let count): ".maxItems(\(count))"
        case .uniqueItems: ".uniqueItems"
        case .items(let prefix, let rest):
            call("items", [("prefix", prefix.isEmpty ? nil : list(prefix)), ("rest", rest.map(text))])
        case .contains(let rule, let minimum, let maximum):
            call(
                "contains",
                [(nil, text(rule)), ("minimum", minimum.map(String.init)), ("maximum", maximum.map(String.init))]
            )
        case .unevaluatedItems(let rule): ".unevaluatedItems(\(text(rule)))"

        case .minProperties(let count): ".minProperties(\(count))"
        case .maxProperties(let count): ".maxProperties(\(count))"
        case .required(let names): ".required(\(strings(names)))"
        case .dependentRequired(let names): ".dependentRequired(\(map(names, strings)))"
        case .dependentSchemas(let schemas): ".dependentSchemas(\(map(schemas, text)))"
        case .members(let properties, let patterns, let others):
            call(
                "members",
                [
                    ("properties", properties.isEmpty ? nil : map(properties, text)),
                    ("patterns", patterns.isEmpty ? nil : self.patterns(patterns)), ("others", others.map(text)),
                ]
            )
        case .memberNames(let rule): ".memberNames(\(text(rule)))"
        case .unevaluatedMembers(let rule): ".unevaluatedMembers(\(text(rule)))"
        }
    }

    static func list(_ rules: [Rule]) -> String { "[\(rules.map(text).lines(", "))]" }

    private static func constant(_ name: String) -> String { "Rules.\(SwiftName.escaped(name))" }

    private static func call(_ name: String, _ arguments: [(label: String?, text: String?)]) -> String {
        let texts = arguments.compactMap { label, text in text.map { "\(label.map { "\($0): " } ?? "")\($0)" } }
        return ".\(name)(\(texts.lines(", ")))"
    }

    private static func strings(_ names: [String]) -> String { "[\(names.map(SwiftWriter.literal).lines(", "))]" }

    private static func map<Value>(_ entries: [Rule.Named<Value>], _ text: (Value) -> String) -> String {
        "[\(entries.map { "\(SwiftWriter.literal($0.name)): \(text($0.value))" }.lines(", "))]"
    }

    private static func patterns(_ entries: [Rule.Named<Rule>]) -> String {
        "[\(entries.map { "(\(pattern($0.name)), \(text($0.value)))" }.lines(", "))]"
    }

    private static func pattern(_ source: String) -> String {
        "Pattern(checked: \(SwiftWriter.rawLiteral(source)))"
    }

    private static func json(_ values: [Node]) -> String {
        "JSONValue(checked: \(SwiftWriter.rawLiteral("[\(values.map(NodeWriter.compactJSON).lines(","))]")))"
    }
}
