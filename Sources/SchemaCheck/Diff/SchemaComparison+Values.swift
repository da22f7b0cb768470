import ContractCompiler
import Formats
import JSONSchema

/// Compares types and values.
extension SchemaComparison {
    /// Compares the types. Returns whether anything else remains to be compared.
    mutating func compareTypes(_ before: FlatSchema, _ after: FlatSchema) -> Bool {
        if before.isNever != after.isNever {
            let severity: Finding.Severity = after.isNever == isRequest ? .error : .info
            report(
                after.isNever ? "became-impossible" : "became-possible",
                severity,
                after.isNever ? "no value is allowed any longer" : "values are now allowed",
                before,
                after
            )
            return false
        }
        let isNullableNow = after.effectiveTypes.contains("null")
        if before.effectiveTypes.contains("null") != isNullableNow {
            let severity: Finding.Severity = isNullableNow == isRequest ? .info : .error
            let probe = Probe.value(Self.null(after.sources.first ?? before.sources.first))
            report(
                isNullableNow ? "became-nullable" : "became-not-nullable",
                severity,
                isNullableNow ? "null is now allowed" : "null is no longer allowed",
                before,
                after,
                probes: [probe]
            )
        }
        let (was, now) = (before.effectiveTypes.subtracting(["null"]), after.effectiveTypes.subtracting(["null"]))
        let lost = was.filter { !now.contains($0) && !($0 == "integer" && now.contains("number")) }
        let gained = now.filter { !was.contains($0) && !($0 == "integer" && was.contains("number")) }
        if lost.isEmpty && gained.isEmpty { return true }
        // The comparison of enum values is more precise.
        if before.values != nil || after.values != nil,
            (before.types ?? FlatSchema.allTypes) == (after.types ?? FlatSchema.allTypes)
        {
            return true
        }
        let text = "the type changed from \(Self.list(before, was)) to \(Self.list(after, now))"
        let probes = (isRequest ? lost : gained).sorted().map {
            Probe.value(Self.example(of: $0, like: after.sources.first ?? before.sources.first))
        }
        let isSingle = was.count == 1 && now.count == 1
        let narrows = !lost.isEmpty
        let widens = !gained.isEmpty
        let breaks = isRequest ? narrows : widens
        let suffix: String
        if narrows && widens {
            suffix = "type-changed"
        } else if isSingle || before.types == nil || after.types == nil {
            suffix =
                breaks && isRequest
                ? "type-changed" : widens ? "type-generalized" : isRequest ? "type-changed" : "type-specialized"
        } else {
            suffix = narrows ? "list-of-types-narrowed" : "list-of-types-widened"
        }
        report(suffix, breaks ? .error : .info, text, before, after, probes: probes + [.sample])
        return !(narrows && widens) && !lost.isSuperset(of: was)
    }

    private static func list(_ flat: FlatSchema, _ types: Set<String>) -> String {
        if types.isEmpty { return flat.effectiveTypes.isEmpty ? "none" : "null" }
        return flat.types == nil && flat.values == nil ? "any" : types.sorted().joined(separator: " or ")
    }

    private static func null(_ node: Node?) -> Node { example(of: "null", like: node) }

    /// A value of a type.
    private static func example(of type: String, like node: Node?) -> Node {
        let place = node ?? SyntheticNode.node
        switch type {
        case "object": return place.with(.mapping([]))
        case "array": return place.with(.sequence([]))
        case "string": return place.with(.scalar(.init(kind: .string, text: "text")))
        case "boolean": return place.with(.scalar(.init(kind: .boolean, text: "true")))
        case "number": return place.with(.scalar(.init(kind: .number, text: "1.5")))
        case "integer": return place.with(.scalar(.init(kind: .number, text: "1")))
        default: return place.with(.scalar(.init(kind: .null, text: "null")))
        }
    }

    // MARK: - Values

    mutating func compareValues(_ before: FlatSchema, _ after: FlatSchema) {
        guard before.values != nil || after.values != nil else { return }
        func without(_ values: [Node], _ others: [Node]) -> [Node] {
            let known = Set(others.map(CanonicalText.value))
            return values.filter { $0.jsonType != "null" && !known.contains(CanonicalText.value($0)) }
        }
        func listed(_ values: [Node]) -> String { values.map(NodeWriter.compactJSON).joined(separator: ", ") }
        guard let was = before.values else {
            let values = after.values ?? []
            let suffix = after.isConstant ? "const-added" : "became-enum"
            return report(
                suffix,
                isRequest ? .error : .info,
                "only \(listed(values)) \(values.count == 1 ? "is" : "are") now allowed",
                before,
                after,
                probes: [.sample] + Sampler.texts
            )
        }
        guard let now = after.values else {
            let suffix = before.isConstant ? "const-removed" : "enum-removed"
            let severity: Finding.Severity = isRequest ? .info : before.isConstant ? .error : .warn
            return report(
                suffix,
                severity,
                "values other than \(listed(was)) are now allowed",
                before,
                after,
                probes: [.sample] + Sampler.texts
            )
        }
        let (lost, gained) = (without(was, now), without(now, was))
        let list = after.keyword("enum") ?? after.keyword("const")
        if before.isConstant, after.isConstant, !lost.isEmpty {
            return report(
                "const-changed",
                .error,
                "the value changed from \(listed(was)) to \(listed(now))",
                before,
                after
            )
        }
        for value in lost {
            report(
                "enum-value-removed",
                isRequest ? .error : .info,
                "the value \(listed([value])) is no longer allowed",
                before,
                after,
                at: (value, list),
                probes: [.value(value)]
            )
        }
        for value in gained {
            let severity: Finding.Severity = isRequest || before.isExtensible || after.isExtensible ? .info : .warn
            report(
                "enum-value-added",
                severity,
                "the value \(listed([value])) is now allowed",
                before,
                after,
                at: (nil, value),
                probes: [.value(value)]
            )
        }
    }
}
