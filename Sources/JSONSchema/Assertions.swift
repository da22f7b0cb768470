package import ContractCompiler
package import Formats
internal import Patterns

/// Evaluates the keywords that depend on one value alone.
enum Assertions {
    /// The violation of a keyword by `instance`; nil if it is valid or the keyword does not apply to its type.
    static func message(_ assertion: CompiledSchema.Assertion, _ instance: Node) throws(SchemaError) -> String? {
        switch assertion {
        case .type(let types): return type(instance, types)
        case .values(let values):
            if values.contains(where: { instance.isEqual(to: $0) }) { return nil }
            let expected = values.prefix(8).map(NodeWriter.compactJSON).joined(separator: ", ")
            return "\(described(instance)), expected \(values.count == 1 ? "" : "one of ")\(expected)"
        case .multipleOf, .bound: return try number(assertion, instance)
        case .length, .pattern, .format: return text(assertion, instance)
        case .itemCount(let isMaximum, let limit):
            return instance.items.flatMap { count($0.count, "items", isMaximum, limit) }
        case .uniqueItems: return try instance.items.flatMap { (items) throws(SchemaError) in try uniqueItems(items) }
        case .propertyCount(let isMaximum, let limit):
            return instance.members.flatMap { count($0.count, "members", isMaximum, limit) }
        case .required(let names):
            guard let members = instance.members else { return nil }
            let known = names.count > 8 ? Set(members.map { Array($0.key.utf8) }) : nil
            let missing = names.filter { name in !(known?.contains(Array(name.utf8)) ?? instance.has(name)) }
            return missing.isEmpty ? nil : "\(quoted(missing)) \(missing.count == 1 ? "is" : "are") missing"
        case .dependentRequired(let dependencies):
            let missing = dependencies.filter { instance.has($0.0) }.flatMap(\.1).filter { !instance.has($0) }
            return missing.isEmpty ? nil : "\(quoted(missing)) \(missing.count == 1 ? "is" : "are") missing"
        default: return nil
        }
    }

    private static func type(_ instance: Node, _ types: Set<String>) -> String? {
        let type = instance.jsonType
        if types.contains(type) || (type == "number" && types.contains("integer") && instance.number?.isInteger == true)
        {
            return nil
        }
        return "\(described(instance)) is of type \(type), expected \(types.sorted().joined(separator: " or "))"
    }

    private static func number(_ assertion: CompiledSchema.Assertion, _ instance: Node) throws(SchemaError) -> String? {
        guard let number = instance.number else { return nil }
        switch assertion {
        case .multipleOf(let divisor):
            guard let isMultiple = number.isMultiple(of: divisor) else {
                throw SchemaError("the numbers have too many digits for a division")
            }
            return isMultiple ? nil : "\(described(instance)) is not a multiple of the divisor"
        case .bound(let isMaximum, let isExclusive, let bound):
            let isInside = number == bound ? !isExclusive : (number < bound) == isMaximum
            return isInside ? nil : "\(described(instance)) is \(isMaximum ? "above" : "below") the bound"
        default: return nil
        }
    }

    private static func text(_ assertion: CompiledSchema.Assertion, _ instance: Node) -> String? {
        guard let text = instance.string else { return nil }
        switch assertion {
        case .length(let isMaximum, let limit): return count(text.unicodeScalars.count, "characters", isMaximum, limit)
        case .pattern(let pattern):
            return pattern.matches(text) ? nil : "\(described(instance)) does not match \(pattern.source)"
        case .format(let format):
            return format.matches(text) ? nil : "\(described(instance)) does not have the format \(format.rawValue)"
        default: return nil
        }
    }

    private static func count(_ count: Int, _ unit: String, _ isMaximum: Bool, _ limit: Int) -> String? {
        if isMaximum ? count <= limit : count >= limit { return nil }
        return "\(count) \(unit), expected at \(isMaximum ? "most" : "least") \(limit)"
    }

    private static func uniqueItems(_ items: [Node]) throws(SchemaError) -> String? {
        var places: [Int: [Int]] = [:]
        for (position, item) in items.enumerated() {
            var hasher = Hasher()
            item.hashValue(into: &hasher)
            let hash = hasher.finalize()
            if let other = places[hash]?.first(where: { items[$0].isEqual(to: item) }) {
                return "the items \(other) and \(position) are equal"
            }
            places[hash, default: []].append(position)
        }
        return nil
    }

    private static func described(_ instance: Node) -> String {
        let text = NodeWriter.compactJSON(instance)
        return text.count > 40 ? "\(text.prefix(40))…" : text
    }

    private static func quoted(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
}

extension Node {
    /// The exact value, if it is a number.
    package var number: ExactNumber? {
        jsonNumber.flatMap { ExactNumber($0) }
    }

    /// Equality by JSON Schema (Core 2020-12, section 4.2.2): numbers by value, strings by code points, members in any order.
    package func isEqual(to other: Node) -> Bool {
        switch (value, other.value) {
        case (.scalar(let lhs), .scalar(let rhs)):
            guard lhs.kind == rhs.kind else { return false }
            return switch lhs.kind {
            case .null: true
            case .boolean: boolean == other.boolean
            case .number: number == other.number
            case .string: lhs.text.utf8.elementsEqual(rhs.text.utf8)
            }
        case (.sequence(let lhs), .sequence(let rhs)):
            return lhs.count == rhs.count && zip(lhs, rhs).allSatisfy { $0.isEqual(to: $1) }
        case (.mapping(let lhs), .mapping(let rhs)):
            guard lhs.count == rhs.count else { return false }
            let known =
                rhs.count > 8 ? Dictionary(rhs.map { (Array($0.key.utf8), $0.value) }) { first, _ in first } : nil
            return lhs.allSatisfy { member in
                let value = known.map { $0[Array(member.key.utf8)] } ?? other.member(member.key)?.value
                return value.map { member.value.isEqual(to: $0) } ?? false
            }
        default: return false
        }
    }

    /// A hash that equal instances share.
    func hashValue(into hasher: inout Hasher) {
        hasher.combine(jsonType)
        switch value {
        case .mapping(let members):
            // The order of members does not affect equality, so it must not affect the hash.
            let hashes = members.map { member in
                var hasher = Hasher()
                hasher.combine(member.key)
                member.value.hashValue(into: &hasher)
                return hasher.finalize()
            }
            hasher.combine(hashes.reduce(0, ^))
        case .sequence(let items): for item in items { item.hashValue(into: &hasher) }
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: break
            case .boolean: hasher.combine(boolean)
            case .number: hasher.combine(number)
            case .string: hasher.combine(scalar.text)
            }
        }
    }
}
