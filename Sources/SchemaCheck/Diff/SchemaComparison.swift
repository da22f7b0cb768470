import ContractCompiler
import Formats
import JSONSchema

/// Compares the old and the new schema of one value in a request or response.
struct SchemaComparison {
    let old: Flattener
    let new: Flattener
    let place: Place
    let lifecycle: Lifecycle
    private(set) var differences: [Difference] = []
    private let equality: SchemaEquality
    private var seen: Set<Pair> = []
    /// The pairs first visited during a trial. They are unmarked after it.
    private var seenInTrial: [Pair] = []
    /// Pairs of flat schemas in comparison, and those already compared.
    private var open: Set<FlatPair> = []
    private var done: Set<FlatPair> = []
    /// Known results of whether one flat schema can replace another.
    private var compatible: [FlatPair: Bool] = [:]
    var steps: [Step] = []
    /// Whether the comparison was complete.
    private(set) var isComplete = true
    /// The number of compared flat schemas.
    private(set) var effort = 0
    private let effortLimit: Int
    /// Whether to stop at the first breaking difference.
    private(set) var isTrial = false
    private var isBroken = false
    private var depth = 0

    /// The maximum number of flat schemas for one value.
    static let effortLimit = 100_000
    /// The maximum depth of nested comparisons.
    private static let depthLimit = 200

    /// A pair of schema lists already compared: a cycle ends there.
    private struct Pair: Hashable {
        let old: [NodeKey]
        let new: [NodeKey]
    }

    private struct FlatPair: Hashable {
        let old: FlatSchema.Identity
        let new: FlatSchema.Identity
    }

    /// - Parameter effortLimit: The maximum number of flat schemas to compare.
    init(
        old: Flattener,
        new: Flattener,
        place: Place,
        lifecycle: Lifecycle,
        equality: SchemaEquality,
        effortLimit: Int = effortLimit
    ) {
        self.old = old
        self.new = new
        self.place = place
        self.lifecycle = lifecycle
        self.equality = equality
        self.effortLimit = effortLimit
    }

    var isRequest: Bool { place.direction == .request }

    /// Compares the old and the new assertions about the value.
    mutating func compare(_ oldNodes: [Node], _ newNodes: [Node]) {
        let pair = Pair(old: oldNodes.map(NodeKey.init), new: newNodes.map(NodeKey.init))
        guard seen.insert(pair).inserted else { return }
        if isTrial { seenInTrial.append(pair) }
        if oldNodes.count == newNodes.count, zip(oldNodes, newNodes).allSatisfy(equality.areEqual) { return }
        if oldNodes.count == 1, newNodes.count == 1, compareParts(oldNodes[0], newNodes[0]) { return }
        compare(old.flat(oldNodes), new.flat(newNodes))
    }

    mutating func compare(_ before: FlatSchema, _ after: FlatSchema) {
        if isTrial && isBroken { return }
        // A schema that was collected from many others costs as much as several schemas.
        effort += 1 + (before.sources.count + after.sources.count) / 8
        guard steps.count < 100, depth < Self.depthLimit, effort <= effortLimit else {
            isComplete = false
            return
        }
        let pair = FlatPair(old: before.identity, new: after.identity)
        guard !done.contains(pair), open.insert(pair).inserted else { return }
        depth += 1
        compareAll(before, after)
        depth -= 1
        open.remove(pair)
        done.insert(pair)
    }

    private mutating func compareAll(_ before: FlatSchema, _ after: FlatSchema) {
        // A property that exists only in the other direction does not matter here.
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

    /// Reports a difference whose code needs no prefix.
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
        isBroken = isBroken || severity >= .warn
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

    /// Whether one schema can replace the other without breaking a client.
    mutating func isCompatible(_ before: FlatSchema, _ after: FlatSchema) -> Bool {
        let pair = FlatPair(old: before.identity, new: after.identity)
        if let known = compatible[pair] { return known }
        var trial = trial(old, new, equality)
        trial.isTrial = true
        // Moved out and back: copying the state for each trial would cost quadratic time.
        swap(&trial.seen, &seen)
        swap(&trial.open, &open)
        swap(&trial.compatible, &compatible)
        trial.compare(before, after)
        finish(trial)
        for pair in trial.seenInTrial { trial.seen.remove(pair) }
        swap(&trial.seen, &seen)
        swap(&trial.open, &open)
        swap(&trial.compatible, &compatible)
        compatible[pair] = !trial.isBroken
        return !trial.isBroken
    }

    /// The differences between two schemas of the new contract.
    mutating func differences(_ before: FlatSchema, _ after: FlatSchema) -> [Difference] {
        var trial = trial(new, new, SchemaEquality(old: new.source, new: new.source))
        trial.compare(before, after)
        finish(trial)
        return trial.differences
    }

    /// A comparison nested in this one.
    private func trial(_ old: Flattener, _ new: Flattener, _ equality: SchemaEquality) -> SchemaComparison {
        var trial = SchemaComparison(
            old: old,
            new: new,
            place: place,
            lifecycle: lifecycle,
            equality: equality,
            effortLimit: effortLimit
        )
        trial.effort = effort
        trial.depth = depth
        return trial
    }

    private mutating func finish(_ trial: SchemaComparison) {
        effort = trial.effort
        isComplete = isComplete && trial.isComplete
    }
}
