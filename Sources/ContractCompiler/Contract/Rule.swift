internal import Formats

/// A condition on values that their types do not express. It has the cases of `ContractRuntime`'s `Rule`.
indirect enum Rule {
    case always
    case never
    case all([Rule])
    case any([Rule])
    case one([Rule])
    case not(Rule)
    case condition(Rule, then: Rule, otherwise: Rule)
    /// The rule with this name.
    case reference(String)
    /// The rule for this anchor in the outermost resource that has it, or else the rule with this name.
    case dynamicReference(anchor: String, String)
    /// A schema resource with dynamic anchors, each with the name of its rule.
    case resource([Named<String>], Rule)

    case type([Schema.TypeName])
    case values([Node], isConstant: Bool)
    /// Numbers are in JSON notation, so they stay exact.
    case multipleOf(String)
    case minimum(String)
    case maximum(String)
    case exclusiveMinimum(String)
    case exclusiveMaximum(String)
    case minLength(Int)
    case maxLength(Int)
    case pattern(String)
    case format(Format)

    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    case items(prefix: [Rule], rest: Rule?)
    case contains(Rule, minimum: Int?, maximum: Int?)
    case unevaluatedItems(Rule)

    case minProperties(Int)
    case maxProperties(Int)
    case required([String])
    case dependentRequired([Named<[String]>])
    case dependentSchemas([Named<Rule>])
    /// The names of `patterns` are regular expressions.
    case members(properties: [Named<Rule>], patterns: [Named<Rule>], others: Rule?)
    case memberNames(Rule)
    case unevaluatedMembers(Rule)

    /// A value for a name.
    struct Named<Value> {
        let name: String
        let value: Value
    }

    /// The conjunction of `rules`; nil if there are none.
    static func all(of rules: [Rule]) -> Rule? { rules.count < 2 ? rules.first : .all(rules) }

    /// The rule for values that may also be null.
    var orNull: Rule { .any([.type([.null]), self]) }

    /// The rule as a separate schema, which does not see what other schemas evaluated.
    var isolated: Rule {
        switch self {
        case .all: self
        case .items, .members, .contains: .all([self])
        default: dependsOnEvaluation ? .all([self]) : self
        }
    }

    /// Whether the rule, or a rule inside it, depends on what other rules evaluated.
    private var dependsOnEvaluation: Bool {
        switch self {
        case .unevaluatedItems, .unevaluatedMembers: true
        default: parts.contains(where: \.dependsOnEvaluation)
        }
    }

    /// The rules directly inside this one.
    private var parts: [Rule] {
        switch self {
        case .all(let rules), .any(let rules), .one(let rules): rules
        case .not(let rule), .resource(_, let rule), .contains(let rule, _, _), .memberNames(let rule),
            .unevaluatedItems(let rule), .unevaluatedMembers(let rule):
            [rule]
        case .condition(let condition, let then, let otherwise): [condition, then, otherwise]
        case .items(let prefix, let rest): prefix + [rest].compactMap(\.self)
        case .dependentSchemas(let schemas): schemas.map(\.value)
        case .members(let properties, let patterns, let others):
            (properties + patterns).map(\.value) + [others].compactMap(\.self)
        case .always, .never, .reference, .dynamicReference, .type, .values, .multipleOf, .minimum, .maximum,
            .exclusiveMinimum, .exclusiveMaximum, .minLength, .maxLength, .pattern, .format, .minItems, .maxItems,
            .uniqueItems, .minProperties, .maxProperties, .required, .dependentRequired:
            []
        }
    }
}

/// A schema that rules refer to.
package struct NamedRule {
    let name: String
    let rule: Rule
    let node: Node
}
