/// A condition on a whole JSON value: what a schema asks beyond the types and constraints that a codec checks while it reads.
///
/// The cases are the keywords of JSON Schema 2020-12, those that must be applied together in one case. Generated code holds them as
/// constants.
public indirect enum Rule: Sendable {
    /// Every value.
    case always
    /// No value.
    case never
    /// All of these.
    case all([Rule])
    /// At least one of these: `anyOf`.
    case any([Rule], keyword: String)
    /// Exactly one of these: `oneOf`.
    case one([Rule])
    /// Not this.
    case not(Rule)
    /// `if`, `then` and `else`.
    case condition(Rule, then: Rule, else: Rule)
    /// Another schema's rule.
    case reference(@Sendable () -> Rule)
    /// The rule that the outermost resource with this anchor has for it, or the one that is given: `$dynamicRef`.
    case dynamicReference(String, @Sendable () -> Rule)
    /// A schema resource with dynamic anchors, and what it asks.
    case resource([String: @Sendable () -> Rule], Rule)

    /// A value of one of these types.
    case type([ValueType])
    /// One of the items of an array of values: `enum` and `const`.
    case values(JSONValue, keyword: String)
    case multipleOf(String)
    case minimum(String)
    case maximum(String)
    case exclusiveMinimum(String)
    case exclusiveMaximum(String)
    case minLength(Int)
    case maxLength(Int)
    case pattern(Pattern)
    case format(Format)

    case minItems(Int)
    case maxItems(Int)
    case uniqueItems
    /// `prefixItems` and `items`.
    case items(prefix: [Rule] = [], rest: Rule? = nil)
    case contains(Rule, minimum: Int = 1, maximum: Int? = nil)
    case unevaluatedItems(Rule)

    case minProperties(Int)
    case maxProperties(Int)
    case required([String])
    case dependentRequired([String: [String]])
    case dependentSchemas([String: Rule])
    /// `properties`, `patternProperties` and `additionalProperties`.
    case members(properties: [String: Rule] = [:], patterns: [(Pattern, Rule)] = [], others: Rule? = nil)
    /// `propertyNames`.
    case memberNames(Rule)
    case unevaluatedMembers(Rule)

    /// The types of JSON Schema. An integer is a number without a fraction.
    public enum ValueType: String, Sendable {
        case null, boolean, object, array, number, string, integer
    }
}
