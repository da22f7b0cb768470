import ContractCompiler
import JSONSchema

/// Searches for a value that proves a difference: one version accepts it and the other rejects it.
struct WitnessSearch {
    let old: Flattener
    let new: Flattener

    /// The approximate size of the values tried, in bytes.
    private(set) var size = 0

    init(old: Flattener, new: Flattener) {
        self.old = old
        self.new = new
    }

    /// The maximum number of keywords to apply per candidate; candidates are small.
    private static let stepLimit = 20_000

    /// A value that proves the difference; nil if none was found.
    mutating func witness(
        of difference: Difference,
        at place: Place,
        old oldSchema: Node,
        new newSchema: Node
    ) -> Finding.Witness? {
        let isRequest = place.direction == .request
        let (accepting, refusing) = isRequest ? (old, new) : (new, old)
        let (taken, refused) = isRequest ? (oldSchema, newSchema) : (newSchema, oldSchema)
        let probes = difference.probes.isEmpty ? [] : difference.probes + [.sample]
        for probe in probes.prefix(40) {
            var sampler = Sampler(flattener: accepting)
            let sample = sampler.value([taken], difference.steps[...], probe)
            size += sampler.size
            guard let value = sample else { continue }
            let text = NodeWriter.compactJSON(value)
            guard
                let instance = try? Node.readJSON(
                    SourceFile(path: "witness.json", displayPath: "witness", bytes: Array(text.utf8))
                ),
                let before = try? accepting.source.validate(instance, against: taken, limit: Self.stepLimit),
                before.isValid,
                let after = try? refusing.source.validate(instance, against: refused, limit: Self.stepLimit),
                !after.isValid
            else { continue }
            return Finding.Witness(
                description: isRequest ? "accepted before, rejected now" : "impossible before, possible now",
                json: text
            )
        }
        return nil
    }
}
