import ContractCompiler
import Formats
import JSONSchema

/// Compares the schemas of one value that travels, before and after.
struct SchemaComparison {
    let old: Flattener
    let new: Flattener
    let place: Place
    let lifecycle: Lifecycle
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

    init(old: Flattener, new: Flattener, place: Place, lifecycle: Lifecycle) {
        self.old = old
        self.new = new
        self.place = place
        self.lifecycle = lifecycle
    }

    var isRequest: Bool { place.direction == .request }

    /// Compares what holds of the value now with what held before.
    mutating func compare(_ oldNodes: [Node], _ newNodes: [Node]) {
        guard seen.insert(Pair(old: oldNodes.map(NodeKey.init), new: newNodes.map(NodeKey.init))).inserted else {
            return
        }
        if oldNodes.count == 1, newNodes.count == 1, compareParts(oldNodes[0], newNodes[0]) { return }
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
        if before.effectiveTypes.contains("object"), after.effectiveTypes.contains("object") {
            compareObjects(before, after)
        }
        if before.effectiveTypes.contains("array"), after.effectiveTypes.contains("array") {
            compareArrays(before, after)
        }
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
        let text = "\(place.description(steps)): \(message)"
        add("\(place.prefix(steps))-\(suffix)", severity, text, before, after, at: nodes, probes: probes)
    }

    /// Reports a difference whose id says by itself what it is about.
    mutating func add(
        _ id: String,
        _ severity: Finding.Severity,
        _ message: String,
        _ before: FlatSchema,
        _ after: FlatSchema,
        at nodes: (old: Node?, new: Node?) = (nil, nil),
        steps: [Step]? = nil,
        probes: [Probe]
    ) {
        differences.append(
            Difference(
                id: id,
                severity: severity,
                message: message,
                old: nodes.old ?? before.sources.first,
                new: nodes.new ?? after.sources.first,
                steps: steps ?? self.steps,
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
        var trial = SchemaComparison(old: old, new: new, place: place, lifecycle: lifecycle)
        trial.seen = seen
        trial.effort = effort
        trial.compare(before, after)
        effort = trial.effort
        return !trial.differences.contains { $0.severity >= .warn }
    }
}
