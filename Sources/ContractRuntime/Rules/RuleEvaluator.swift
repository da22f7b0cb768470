internal import Formats
internal import Patterns

/// Checks values against rules.
///
/// Time is bounded: a check fails if it takes more than a million steps or is nested too deeply.
struct RuleEvaluator {
    /// The members and items of one value that rules have evaluated so far.
    private struct Evaluated {
        var members: Set<ExactText> = []
        var items: Set<Int> = []

        mutating func formUnion(_ other: Evaluated) {
            members.formUnion(other.members)
            items.formUnion(other.items)
        }
    }

    private static let stepLimit = 1_000_000
    private static let depthLimit = 1_000

    private let direction: JSONDirection
    private var found: [Violation] = []
    private var scope: [[String: @Sendable () -> Rule]] = []
    private var steps = 0
    private var depth = 0
    /// The reason why the check could not be completed.
    private(set) var failure: String?

    init(direction: JSONDirection = .any) {
        self.direction = direction
    }

    /// The violations of `rule`. Their pointers are relative to the value.
    mutating func violations(of rule: Rule, for value: JSONValue) -> [Violation] {
        found = []
        var evaluated = Evaluated()
        _ = check(rule, value, "", &evaluated)
        return found
    }

    mutating func holds(_ rule: Rule, for value: JSONValue) -> Bool {
        var evaluated = Evaluated()
        return holds(rule, value, "", &evaluated)
    }

    private mutating func holds(_ rule: Rule, _ value: JSONValue, _ pointer: String, _ evaluated: inout Evaluated)
        -> Bool
    {
        let count = found.count
        var inner = Evaluated()
        let holds = check(rule, value, pointer, &inner)
        found.removeLast(found.count - count)
        if holds { evaluated.formUnion(inner) }
        return holds
    }

    private mutating func fail(_ pointer: String, _ keyword: String, _ message: String) -> Bool {
        if found.count < Violation.limit {
            found.append(Violation(pointer: pointer, keyword: keyword, message: message))
        }
        return false
    }

    // MARK: - Rules

    /// Whether the value matches the rule. The function adds to `evaluated`, which is undefined if the value does not match.
    private mutating func check(_ rule: Rule, _ value: JSONValue, _ pointer: String, _ evaluated: inout Evaluated)
        -> Bool
    {
        steps += 1
        depth += 1
        defer { depth -= 1 }
        guard steps <= Self.stepLimit, depth <= Self.depthLimit else {
            failure = "the value needs too many steps to check against its schema"
            return false
        }
        switch rule {
        case .always: return true
        case .never: return fail(pointer, "false", "no value is allowed here")
        case .all(let rules):
            // A rule sees what the rules before it in the same schema evaluated. The enclosing schema sees everything.
            var inner = Evaluated()
            var holds = true
            for rule in rules where !check(rule, value, pointer, &inner) { holds = false }
            if holds { evaluated.formUnion(inner) }
            return holds
        case .any, .one, .not, .condition: return checkChoice(rule, value, pointer, &evaluated)
        case .reference(let target): return checkSeparately(target(), value, pointer, &evaluated)
        case .dynamicReference(let anchor, let target):
            return checkSeparately((scope.lazy.compactMap { $0[anchor] }.first ?? target)(), value, pointer, &evaluated)
        case .resource(let anchors, let rule):
            scope.append(anchors)
            defer { scope.removeLast() }
            return checkSeparately(rule, value, pointer, &evaluated)
        case .type, .values: return checkKind(rule, value, pointer)
        case .multipleOf, .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum:
            guard case .number(let number) = value else { return true }
            return checkNumber(rule, number, pointer)
        case .minLength, .maxLength, .pattern, .format:
            guard case .string(let text) = value else { return true }
            return checkText(rule, text, pointer)
        case .minItems, .maxItems, .uniqueItems, .items, .contains, .unevaluatedItems:
            guard case .array(let items) = value else { return true }
            return checkItems(rule, items, pointer, &evaluated)
        default:
            guard case .object(let members) = value else { return true }
            return checkMembers(rule, value, members, pointer, &evaluated)
        }
    }

    /// Checks the rule of a separate schema, whose unevaluated items and properties depend on that schema alone.
    private mutating func checkSeparately(
        _ rule: Rule,
        _ value: JSONValue,
        _ pointer: String,
        _ evaluated: inout Evaluated
    ) -> Bool {
        var inner = Evaluated()
        guard check(rule, value, pointer, &inner) else { return false }
        evaluated.formUnion(inner)
        return true
    }

    private mutating func checkChoice(
        _ rule: Rule,
        _ value: JSONValue,
        _ pointer: String,
        _ evaluated: inout Evaluated
    ) -> Bool {
        switch rule {
        case .any(let rules, let keyword):
            var count = 0
            for rule in rules where holds(rule, value, pointer, &evaluated) { count += 1 }
            return count > 0 || fail(pointer, keyword, "none of \(rules.count) alternatives matches")
        case .one(let rules):
            var count = 0
            for rule in rules where holds(rule, value, pointer, &evaluated) { count += 1 }
            let found = count == 0 ? "none" : "\(count)"
            return count == 1
                || fail(pointer, "oneOf", "\(found) of \(rules.count) alternatives match, expected exactly one")
        case .not(let rule):
            var ignored = Evaluated()
            return !holds(rule, value, pointer, &ignored)
                || fail(pointer, "not", "the value matches the schema of 'not'")
        case .condition(let condition, let then, let otherwise):
            let isMet = holds(condition, value, pointer, &evaluated)
            return checkSeparately(isMet ? then : otherwise, value, pointer, &evaluated)
        default: return true
        }
    }

    // MARK: - Scalars

    private mutating func checkKind(_ rule: Rule, _ value: JSONValue, _ pointer: String) -> Bool {
        switch rule {
        case .type(let types):
            let expected = types.map(\.rawValue).joined(separator: " or ")
            return types.contains { value.isOf($0) }
                || fail(pointer, "type", "\(shortened(value)), expected \(expected)")
        case .values(let values, let keyword):
            guard case .array(let values) = values, !values.contains(value) else { return true }
            let expected = values.prefix(8).map(\.description).joined(separator: ", ")
            return fail(pointer, keyword, "\(shortened(value)), expected one of \(expected)")
        default: return true
        }
    }

    private mutating func checkNumber(_ rule: Rule, _ number: JSONNumber, _ pointer: String) -> Bool {
        func value(_ text: String) -> ExactNumber { ExactNumber(text) ?? ExactNumber(0) }
        let exact = number.value
        switch rule {
        case .multipleOf(let divisor):
            guard let isMultiple = exact.isMultiple(of: value(divisor)) else {
                failure = "the numbers have too many digits for a division"
                return false
            }
            return isMultiple || fail(pointer, "multipleOf", "\(number.text), expected a multiple of \(divisor)")
        case .minimum(let bound):
            return exact >= value(bound) || fail(pointer, "minimum", "\(number.text), expected at least \(bound)")
        case .maximum(let bound):
            return exact <= value(bound) || fail(pointer, "maximum", "\(number.text), expected at most \(bound)")
        case .exclusiveMinimum(let bound):
            return exact > value(bound)
                || fail(pointer, "exclusiveMinimum", "\(number.text), expected more than \(bound)")
        case .exclusiveMaximum(let bound):
            return exact < value(bound)
                || fail(pointer, "exclusiveMaximum", "\(number.text), expected less than \(bound)")
        default: return true
        }
    }

    private mutating func checkText(_ rule: Rule, _ text: String, _ pointer: String) -> Bool {
        switch rule {
        case .minLength(let bound):
            let count = text.unicodeScalars.count
            return count >= bound || fail(pointer, "minLength", "length \(count), expected at least \(bound)")
        case .maxLength(let bound):
            let count = text.unicodeScalars.count
            return count <= bound || fail(pointer, "maxLength", "length \(count), expected at most \(bound)")
        case .pattern(let pattern):
            return pattern.matches(text)
                || fail(pointer, "pattern", "\(shortened(.string(text))), expected a match of \(pattern.source)")
        case .format(let format):
            return format.matches(text)
                || fail(pointer, "format", "\(shortened(.string(text))), expected \(format.name)")
        default: return true
        }
    }

    // MARK: - Arrays

    private mutating func checkItems(
        _ rule: Rule,
        _ items: [JSONValue],
        _ pointer: String,
        _ evaluated: inout Evaluated
    ) -> Bool {
        switch rule {
        case .minItems(let bound):
            return items.count >= bound
                || fail(pointer, "minItems", "item count \(items.count), expected at least \(bound)")
        case .maxItems(let bound):
            return items.count <= bound
                || fail(pointer, "maxItems", "item count \(items.count), expected at most \(bound)")
        case .uniqueItems:
            return Set(items).count == items.count || fail(pointer, "uniqueItems", "two items are equal")
        case .items(let prefix, let rest):
            return check(items, from: 0, pointer, &evaluated) { $0 < prefix.count ? prefix[$0] : rest }
        case .unevaluatedItems(let rule):
            let seen = evaluated.items
            return check(items, from: 0, pointer, &evaluated) { seen.contains($0) ? nil : rule }
        case .contains(let rule, let minimum, let maximum):
            var count = 0
            for (index, item) in items.enumerated() {
                var ignored = Evaluated()
                guard holds(rule, item, pointer, &ignored) else { continue }
                evaluated.items.insert(index)
                count += 1
            }
            if count < minimum {
                return fail(
                    pointer,
                    minimum == 1 ? "contains" : "minContains",
                    "\(count) items match, expected at least \(minimum)"
                )
            }
            if let maximum, count > maximum {
                return fail(pointer, "maxContains", "\(count) items match, expected at most \(maximum)")
            }
            return true
        default: return true
        }
    }

    /// Checks each item that has a rule.
    private mutating func check(
        _ items: [JSONValue],
        from first: Int,
        _ pointer: String,
        _ evaluated: inout Evaluated,
        by rule: (Int) -> Rule?
    ) -> Bool {
        var holds = true
        for (index, item) in items.enumerated().dropFirst(first) {
            guard let rule = rule(index) else { continue }
            evaluated.items.insert(index)
            var inner = Evaluated()
            if !check(rule, item, "\(pointer)/\(index)", &inner) { holds = false }
        }
        return holds
    }

    // MARK: - Objects

    private mutating func checkMembers(
        _ rule: Rule,
        _ value: JSONValue,
        _ members: [JSONMember],
        _ pointer: String,
        _ evaluated: inout Evaluated
    ) -> Bool {
        switch rule {
        case .minProperties(let bound):
            return members.count >= bound
                || fail(pointer, "minProperties", "\(members.count) members, expected at least \(bound)")
        case .maxProperties(let bound):
            return members.count <= bound
                || fail(pointer, "maxProperties", "\(members.count) members, expected at most \(bound)")
        case .required(let names): return require(names, in: value, pointer, "required")
        case .dependentRequired(let dependencies):
            var holds = true
            for (name, others) in dependencies where value[name] != nil {
                if !require(others, in: value, pointer, "dependentRequired") { holds = false }
            }
            return holds
        case .dependentSchemas(let rules):
            var holds = true
            for (name, rule) in rules where value[name] != nil {
                if !checkSeparately(rule, value, pointer, &evaluated) { holds = false }
            }
            return holds
        case .members(let properties, let patterns, let others):
            var holds = true
            for member in members {
                var rules = properties.value(exactly: member.name).map { [$0] } ?? []
                rules += patterns.filter { $0.0.matches(member.name) }.map(\.1)
                if rules.isEmpty, let others { rules = [others] }
                if !check(member, by: rules, pointer, "additionalProperties", &evaluated) { holds = false }
            }
            return holds
        case .unevaluatedMembers(let rule):
            var holds = true
            for member in members where !evaluated.members.contains(ExactText(member.name)) {
                if !check(member, by: [rule], pointer, "unevaluatedProperties", &evaluated) { holds = false }
            }
            return holds
        case .memberNames(let rule):
            var holds = true
            for member in members {
                var ignored = Evaluated()
                if !check(rule, .string(member.name), "\(pointer)/\(JSONLocator.escape(member.name))", &ignored) {
                    holds = false
                }
            }
            return holds
        default: return true
        }
    }

    private mutating func check(
        _ member: JSONMember,
        by rules: [Rule],
        _ pointer: String,
        _ keyword: String,
        _ evaluated: inout Evaluated
    ) -> Bool {
        let place = "\(pointer)/\(JSONLocator.escape(member.name))"
        var holds = true
        for rule in rules {
            evaluated.members.insert(ExactText(member.name))
            if case .never = rule {
                holds = fail(place, keyword, "\"\(member.name)\" is not a member of this object")
                continue
            }
            var inner = Evaluated()
            if !check(rule, member.value, place, &inner) { holds = false }
        }
        return holds
    }

    private mutating func require(_ names: [String], in value: JSONValue, _ pointer: String, _ keyword: String) -> Bool
    {
        var holds = true
        for name in names where value[name] == nil {
            holds = fail("\(pointer)/\(JSONLocator.escape(name))", keyword, "\"\(name)\" is missing")
        }
        return holds
    }

    private func shortened(_ value: JSONValue) -> String { value.description.shortened(to: 40) }
}

extension JSONValue {
    /// Whether the value has this type.
    fileprivate func isOf(_ type: Rule.ValueType) -> Bool {
        switch (self, type) {
        case (.null, .null), (.boolean, .boolean), (.object, .object), (.array, .array), (.number, .number),
            (.string, .string):
            true
        case (.number(let number), .integer): number.value.isInteger
        default: false
        }
    }
}
