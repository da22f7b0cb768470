import ContractCompiler
import Formats
import JSONSchema

/// Compares the schemas of one value that travels, before and after.
struct SchemaComparison {
    let old: Flattener
    let new: Flattener
    let place: Place
    private(set) var differences: [Difference] = []
    private var seen: Set<Pair> = []
    var steps: [Step] = []
    /// Whether everything was compared.
    private(set) var isComplete = true
    private var effort = 0
    private static let effortLimit = 100_000

    /// Two lists of schemas that were compared already: a cycle ends there.
    private struct Pair: Hashable {
        let old: [NodeKey]
        let new: [NodeKey]
    }

    init(old: Flattener, new: Flattener, place: Place) {
        self.old = old
        self.new = new
        self.place = place
    }

    var isRequest: Bool { place.direction == .request }

    /// Compares what holds of the value now with what held before.
    mutating func compare(_ oldNodes: [Node], _ newNodes: [Node]) {
        guard seen.insert(Pair(old: oldNodes.map(NodeKey.init), new: newNodes.map(NodeKey.init))).inserted else { return }
        compare(old.flat(oldNodes), new.flat(newNodes))
    }

    mutating func compare(_ before: FlatSchema, _ after: FlatSchema) {
        effort += 1
        guard steps.count < 100, effort <= Self.effortLimit else {
            isComplete = false
            return
        }
        // What only travels the other way concerns nobody here.
        if isRequest ? before.isReadOnly && after.isReadOnly : before.isWriteOnly && after.isWriteOnly { return }
        guard before.groups.isEmpty, after.groups.isEmpty else { return compareGroups(before, after) }
        guard compareTypes(before, after) else { return }
        compareValues(before, after)
        compareBounds(before, after)
        compareCounts(before, after)
        compareTexts(before, after)
        compareDefaults(before, after)
        if before.effectiveTypes.contains("object"), after.effectiveTypes.contains("object") { compareObjects(before, after) }
        if before.effectiveTypes.contains("array"), after.effectiveTypes.contains("array") { compareArrays(before, after) }
        compareOthers(before, after)
    }

    // MARK: - Reporting

    /// Reports a difference.
    mutating func report(
        _ suffix: String,
        _ severity: Finding.Severity,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        at nodes: (old: Node?, new: Node?) = (nil, nil),
        probes: [Probe] = [.sample]
    ) {
        differences.append(
            Difference(
                id: "\(place.prefix(steps))-\(suffix)",
                severity: severity,
                message: "\(place.description(steps)): \(message)",
                old: nodes.old ?? before.sources.first,
                new: nodes.new ?? after.sources.first,
                steps: steps,
                probes: probes
            )
        )
    }

    mutating func add(
        _ id: String,
        _ severity: Finding.Severity,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        _ probes: [Probe]
    ) {
        differences.append(
            Difference(
                id: id,
                severity: severity,
                message: message,
                old: before.sources.first,
                new: after.sources.first,
                steps: steps,
                probes: probes
            )
        )
    }

    /// Compares a part of the value.
    mutating func descend(_ step: Step, _ oldNodes: [Node], _ newNodes: [Node]) {
        steps.append(step)
        compare(oldNodes, newNodes)
        steps.removeLast()
    }

    /// Whether nothing breaks if one schema takes the place of the other.
    mutating func isCompatible(_ before: FlatSchema, _ after: FlatSchema) -> Bool {
        var trial = SchemaComparison(old: old, new: new, place: place)
        trial.seen = seen
        trial.effort = effort
        trial.compare(before, after)
        effort = trial.effort
        return !trial.differences.contains { $0.severity >= .warn }
    }

    // MARK: - Types

    /// Whether the types leave anything else to compare.
    private mutating func compareTypes(_ before: FlatSchema, _ after: FlatSchema) -> Bool {
        if before.isNever != after.isNever {
            let severity: Finding.Severity = after.isNever == isRequest ? .error : .info
            report(after.isNever ? "became-impossible" : "became-possible", severity, after.isNever ? "nothing is allowed any more" : "something is allowed now", before, after)
            return false
        }
        let isNullableNow = after.effectiveTypes.contains("null")
        if before.effectiveTypes.contains("null") != isNullableNow {
            let severity: Finding.Severity = isNullableNow == isRequest ? .info : .error
            let probe = Probe.value(Self.null(after.sources.first ?? before.sources.first))
            report(isNullableNow ? "became-nullable" : "became-not-nullable", severity, isNullableNow ? "null is allowed now" : "null is not allowed any more", before, after, probes: [probe])
        }
        let (was, now) = (before.effectiveTypes.subtracting(["null"]), after.effectiveTypes.subtracting(["null"]))
        let lost = was.filter { !now.contains($0) && !($0 == "integer" && now.contains("number")) }
        let gained = now.filter { !was.contains($0) && !($0 == "integer" && was.contains("number")) }
        if lost.isEmpty && gained.isEmpty || was.isEmpty || now.isEmpty { return true }
        // The values of an enumeration say it better.
        if before.values != nil || after.values != nil, (before.types ?? FlatSchema.allTypes) == (after.types ?? FlatSchema.allTypes) { return true }
        let text = "the type was \(Self.list(before, was)) and is \(Self.list(after, now))"
        let probes = (isRequest ? lost : gained).sorted().map { Probe.value(Self.example(of: $0, like: after.sources.first ?? before.sources.first)) }
        let isSingle = was.count == 1 && now.count == 1
        let narrows = !lost.isEmpty
        let widens = !gained.isEmpty
        let breaks = isRequest ? narrows : widens
        let suffix: String
        if narrows && widens {
            suffix = "type-changed"
        } else if isSingle || before.types == nil || after.types == nil {
            suffix = breaks && isRequest ? "type-changed" : widens ? "type-generalized" : isRequest ? "type-changed" : "type-specialized"
        } else {
            suffix = narrows ? "list-of-types-narrowed" : "list-of-types-widened"
        }
        report(suffix, breaks ? .error : .info, text, before, after, probes: probes + [.sample])
        return !(narrows && widens) && !lost.isSuperset(of: was)
    }

    private static func list(_ flat: FlatSchema, _ types: Set<String>) -> String {
        flat.types == nil && flat.values == nil ? "any" : types.sorted().joined(separator: " or ")
    }

    private static func null(_ node: Node?) -> Node { example(of: "null", like: node) }

    /// A value of a type.
    private static func example(of type: String, like node: Node?) -> Node {
        let place = node ?? Nowhere.node
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

    private mutating func compareValues(_ before: FlatSchema, _ after: FlatSchema) {
        guard before.values != nil || after.values != nil else { return }
        func without(_ values: [Node], _ others: [Node]) -> [Node] {
            values.filter { value in value.jsonType != "null" && !others.contains { $0.isEqual(to: value) } }
        }
        func list(_ values: [Node]) -> String { values.map(NodeWriter.compactJSON).joined(separator: ", ") }
        guard let was = before.values else {
            let values = after.values ?? []
            let suffix = after.isConstant ? "const-added" : "became-enum"
            return report(suffix, isRequest ? .error : .info, "only \(list(values)) \(values.count == 1 ? "is" : "are") allowed now", before, after, probes: [.sample] + Sampler.texts)
        }
        guard let now = after.values else {
            let suffix = before.isConstant ? "const-removed" : "enum-removed"
            let severity: Finding.Severity = isRequest ? .info : before.isConstant ? .error : .warn
            return report(suffix, severity, "other values than \(list(was)) are allowed now", before, after, probes: [.sample] + Sampler.texts)
        }
        let (lost, gained) = (without(was, now), without(now, was))
        if before.isConstant, after.isConstant, !lost.isEmpty {
            return report("const-changed", .error, "the value was \(list(was)) and is \(list(now))", before, after)
        }
        for value in lost {
            report("enum-value-removed", isRequest ? .error : .info, "the value \(list([value])) is not allowed any more", before, after, at: (value, nil), probes: [.value(value)])
        }
        for value in gained {
            let severity: Finding.Severity = isRequest || before.isExtensible || after.isExtensible ? .info : .warn
            report("enum-value-added", severity, "the value \(list([value])) is allowed now", before, after, at: (nil, value), probes: [.value(value)])
        }
    }

    // MARK: - Limits

    /// Reports a limit that moved. `isTighter` says whether less is allowed than before.
    private mutating func reportLimit(
        _ suffix: String,
        isTighter: Bool,
        isNew: Bool,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        at nodes: (old: Node?, new: Node?) = (nil, nil),
        probes: [Probe]
    ) {
        // A limit where there was none is a warning: it may only write down what was always so.
        let severity: Finding.Severity = isTighter != isRequest ? .info : isRequest && isNew ? .warn : .error
        report(suffix, severity, message, before, after, at: nodes, probes: probes)
    }

    private mutating func compareBounds(_ before: FlatSchema, _ after: FlatSchema) {
        for (name, was, now, isMaximum) in [("min", before.minimum, after.minimum, false), ("max", before.maximum, after.maximum, true)] {
            let word = isMaximum ? "most" : "least"
            func text(_ bound: FlatSchema.Bound) -> String { "\(bound.isExclusive ? "beyond " : "")\(bound.node.scalar?.text ?? "")" }
            switch (was, now) {
            case (nil, nil): continue
            case (nil, let now?):
                let name = now.isExclusive ? "exclusive-\(name)" : name
                let probes = [Probe.sample, .value(now.node.number(beyond: now, upwards: isMaximum))]
                reportLimit("\(name)-set", isTighter: true, isNew: true, "a number is at \(word) \(text(now)) now", before, after, at: (nil, now.node), probes: probes)
            case (let was?, nil):
                let name = was.isExclusive ? "exclusive-\(name)" : name
                let probes = [Probe.value(was.node.number(beyond: was, upwards: isMaximum))]
                reportLimit("\(name)-unset", isTighter: false, isNew: false, "a number was at \(word) \(text(was))", before, after, at: (was.node, nil), probes: probes)
            case (let was?, let now?):
                guard was.value != now.value || was.isExclusive != now.isExclusive else { continue }
                let grew = was.value < now.value || was.value == now.value && (isMaximum ? was.isExclusive : now.isExclusive)
                let isTighter = grew != isMaximum
                let name = was.isExclusive && now.isExclusive ? "exclusive-\(name)" : name
                let refusing = isRequest ? now : was
                let probes = [was.node, now.node, refusing.node.number(beyond: refusing, upwards: isMaximum)].map(Probe.value)
                reportLimit("\(name)-\(grew ? "increased" : "decreased")", isTighter: isTighter, isNew: false, "a number was at \(word) \(text(was)) and is at \(word) \(text(now))", before, after, at: (was.node, now.node), probes: probes)
            }
        }
    }

    private static let countNames = [
        "minLength": "min-length", "maxLength": "max-length", "minItems": "min-items", "maxItems": "max-items",
        "minProperties": "min-properties", "maxProperties": "max-properties",
    ]

    private mutating func compareCounts(_ before: FlatSchema, _ after: FlatSchema) {
        for (keyword, name) in Self.countNames.sorted(by: { $0.key < $1.key }) {
            let (was, now) = (before.counts[keyword], after.counts[keyword])
            guard was != now else { continue }
            let isMaximum = keyword.hasPrefix("max")
            let unit = keyword.hasSuffix("Length") ? "characters" : keyword.hasSuffix("Items") ? "items" : "members"
            let isTighter = isMaximum ? (now ?? .max) < (was ?? .max) : (now ?? 0) > (was ?? 0)
            let word = isMaximum ? "most" : "least"
            let refusing = (isRequest ? now : was) ?? 0
            let length = isMaximum ? min(refusing, 10_000) + 1 : max(refusing - 1, 0)
            let probe: Probe = unit == "characters" ? .length(length) : .count(length)
            let message: String
            let suffix: String
            switch (was, now) {
            case (nil, let now?): (suffix, message) = (isMaximum ? "set" : "increased", "there must be at \(word) \(now) \(unit) now")
            case (let was?, nil): (suffix, message) = (isMaximum ? "unset" : isRequest ? "decreased" : "unset", "there had to be at \(word) \(was) \(unit)")
            case (let was, let now):
                suffix = (now ?? 0) > (was ?? 0) ? "increased" : "decreased"
                message = "there had to be at \(word) \(was ?? 0) \(unit) and must be at \(word) \(now ?? 0)"
            }
            reportLimit("\(name)-\(suffix)", isTighter: isTighter, isNew: was == nil && isMaximum, message, before, after, probes: [probe])
        }
        if before.hasUniqueItems != after.hasUniqueItems {
            let isSet = after.hasUniqueItems
            report("unique-items-\(isSet ? "added" : "removed")", isSet == isRequest ? .error : .info, isSet ? "items must differ now" : "items may be equal now", before, after, probes: [.count(-2)])
        }
        for (was, now) in [(before.divisors, after.divisors)] where was != now {
            let isTighter = !now.isSubset(of: was)
            let suffix = was.isEmpty ? "multiple-of-added" : now.isEmpty ? "multiple-of-removed" : "multiple-of-changed"
            let breaks = was.isEmpty ? isRequest : now.isEmpty ? !isRequest : true
            report(suffix, breaks ? .error : .info, isTighter ? "numbers must be multiples now" : "numbers may be others now", before, after, probes: ["1", "0.5", "3", "7"].map { .value(Nowhere.number($0)) })
        }
    }

    private mutating func compareTexts(_ before: FlatSchema, _ after: FlatSchema) {
        if before.patterns != after.patterns {
            let (was, now) = (before.patterns.sorted().joined(separator: "', '"), after.patterns.sorted().joined(separator: "', '"))
            if before.patterns.isEmpty {
                report("pattern-added", isRequest ? .error : .info, "the text must match '\(now)' now", before, after, probes: Sampler.texts)
            } else if after.patterns.isEmpty {
                report("pattern-removed", isRequest ? .info : .error, "the text had to match '\(was)'", before, after, probes: Sampler.texts)
            } else {
                report("pattern-changed", .warn, "the text had to match '\(was)' and must match '\(now)'", before, after, probes: [.sample] + Sampler.texts)
            }
        }
        guard before.formats != after.formats else { return }
        let (was, now) = (before.formats.sorted().joined(separator: ", "), after.formats.sorted().joined(separator: ", "))
        let widens = after.formats.isEmpty || [was, now] == ["int32", "int64"] || [was, now] == ["float", "double"]
        let narrows = before.formats.isEmpty || [now, was] == ["int32", "int64"] || [now, was] == ["float", "double"]
        let breaks = isRequest ? !widens : !narrows
        let suffix = widens ? "type-generalized" : narrows && !isRequest ? "type-specialized" : "type-changed"
        report(suffix, breaks ? .error : .info, "the format was \(was.isEmpty ? "free" : was) and is \(now.isEmpty ? "free" : now)", before, after, probes: [.sample] + Sampler.texts)
    }

    private mutating func compareDefaults(_ before: FlatSchema, _ after: FlatSchema) {
        // Only what is read has a default that means something.
        guard isRequest else { return }
        // The default of a parameter changes what a request without it means.
        let severity: Finding.Severity = place.scope == .parameter && steps.isEmpty ? .error : .info
        switch (before.standIn, after.standIn) {
        case (nil, nil): return
        case (nil, let now?): report("default-value-added", severity, "the default is \(NodeWriter.compactJSON(now)) now", before, after, at: (nil, now), probes: [])
        case (let was?, nil): report("default-value-removed", severity, "the default was \(NodeWriter.compactJSON(was))", before, after, at: (was, nil), probes: [])
        case (let was?, let now?):
            guard !was.isEqual(to: now) else { return }
            report("default-value-changed", severity, "the default was \(NodeWriter.compactJSON(was)) and is \(NodeWriter.compactJSON(now))", before, after, at: (was, now), probes: [])
        }
    }

    // MARK: - Keywords that are compared as wholes

    private static let otherNames = [
        "patternProperties": "pattern-property", "propertyNames": "property-names", "dependentRequired": "dependent-required",
        "dependentSchemas": "dependent-schema", "unevaluatedItems": "unevaluated-items",
        "unevaluatedProperties": "unevaluated-properties", "minContains": "min-contains", "maxContains": "max-contains",
        "contentSchema": "content-schema", "contentMediaType": "content-media-type", "contentEncoding": "content-encoding",
        "$dynamicRef": "dynamic-reference",
    ]

    private mutating func compareOthers(_ before: FlatSchema, _ after: FlatSchema) {
        for keyword in Set(before.others.keys).union(after.others.keys).sorted() {
            let (was, now) = (before.others[keyword] ?? [], after.others[keyword] ?? [])
            let (wasText, nowText) = (text(was, keyword, old.source), text(now, keyword, new.source))
            guard wasText != nowText else { continue }
            let name = Self.otherNames[keyword] ?? keyword
            let nodes = (was.first, now.first)
            let probes = [Probe.sample, .with("unexpected", nil), .value(Nowhere.number("1"))] + memberProbes(was + now)
            if was.isEmpty {
                report("\(name)-added", isRequest ? .error : .info, "'\(keyword)' is asked for now", before, after, at: nodes, probes: probes)
            } else if now.isEmpty {
                report("\(name)-removed", isRequest ? .info : .error, "'\(keyword)' is not asked for any more", before, after, at: nodes, probes: probes)
            } else {
                report("\(name)-changed", .error, "'\(keyword)' is another one", before, after, at: nodes, probes: probes)
            }
        }
    }

    /// Objects with and without each of the members that a keyword names.
    private func memberProbes(_ nodes: [Node]) -> [Probe] {
        let names = nodes.reduce(into: Set<String>()) { Self.collectNames($1, &$0) }
        return names.sorted().prefix(8).flatMap { [.with($0, nil), .without($0)] }
    }

    private static func collectNames(_ node: Node, _ names: inout Set<String>) {
        names.formUnion((node["properties"]?.members ?? []).map(\.key))
        names.formUnion((node["required"]?.items ?? []).compactMap(\.string))
        // The map of 'dependentRequired' and its like.
        for member in node.members ?? [] where SchemaKeyword.table[member.key] == nil { names.insert(member.key) }
    }

    private func text(_ nodes: [Node], _ keyword: String, _ source: ContractSource) -> Set<String> {
        let isMap = SchemaKeyword.table[keyword].map { if case .map = $0.children { true } else { false } } ?? false
        guard isMap || keyword == "dependentRequired" else { return Set(nodes.map { CanonicalText.schema($0, source) }) }
        return Set(nodes.flatMap { $0.members ?? [] }.map { "\($0.key):\(CanonicalText.schema($0.value, source))" })
    }
}

/// Nodes that stand in no file.
enum Nowhere {
    private static let file = SourceFile(path: "value.json", displayPath: "value", bytes: [])
    static let location = Location(file: file, line: 1, column: 1)
    static let node = Node(value: .scalar(.init(kind: .null, text: "null")), location: location, pointer: "")

    static func number(_ text: String) -> Node { node.with(.scalar(.init(kind: .number, text: text))) }

    static func string(_ text: String) -> Node { node.with(.scalar(.init(kind: .string, text: text))) }
}
