/// A condition on a whole JSON value: the part of a schema that a codec does not check while it reads.
///
/// The cases are the keywords of JSON Schema 2020-12. Keywords that must be applied together share a case. Generated code stores rules as
/// constants.
public indirect enum Rule: Sendable {
    /// Matches every value.
    case always
    /// Matches no value.
    case never
    /// All of these must match.
    case all([Rule])
    /// At least one of these must match: `anyOf`.
    case any([Rule], keyword: String)
    /// Exactly one of these must match: `oneOf`.
    case one([Rule])
    /// This must not match: `not`.
    case not(Rule)
    /// `if`, `then` and `else`.
    case condition(Rule, then: Rule, else: Rule)
    /// The rule of another schema.
    case reference(@Sendable () -> Rule)
    /// The rule for this anchor in the outermost resource that has it, or else the given rule: `$dynamicRef`.
    case dynamicReference(String, @Sendable () -> Rule)
    /// A schema resource with dynamic anchors, and its rule.
    case resource([String: @Sendable () -> Rule], Rule)

    /// The value must have one of these types.
    case type([ValueType])
    /// The value must be one of the items of an array: `enum` and `const`.
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
