import ContractCompiler

/// Compares one schema with several alternatives.
extension SchemaComparison {
    /// Compares one schema, the old or the new one, with the alternatives of the other side.
    ///
    /// A change inside the schema has its own finding: the schema is compared with the alternatives that it matches, or at least with the
    /// assertions outside of the group.
    mutating func compareOne(
        _ one: FlatSchema,
        with group: FlatSchema.Group,
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        let isWrapped = before.groups.isEmpty
        func sides(_ one: FlatSchema, _ other: FlatSchema) -> (old: FlatSchema, new: FlatSchema) {
            isWrapped ? (one, other) : (other, one)
        }
        var common = isWrapped ? after : before
        let flats = group.branches.map { isWrapped ? new.flat($0) : old.flat($0) }
        let branches = flats.map(common.choosing)
        common.groups.removeFirst()
        let compatible = compatibleIndices(of: branches.map { sides(one, $0) })
        // All alternatives matter if clients sent values of each, or receive them now. Otherwise one that fits is enough.
        let needsAll = isWrapped != isRequest
        var matches: [(index: Int, part: FlatSchema)] = []
        if needsAll || compatible.isEmpty {
            let alone = flats.map { sides(one, $0.allowing(one.properties.keys)) }
            let fitting = needsAll ? nil : compatibleIndices(of: alone).first
            matches = fitting.map { [($0, one)] } ?? Self.matches(of: one, in: branches)
        }
        for (index, part) in matches where !compatible.contains(index) {
            let (old, new) = sides(part, branches[index])
            within(needsAll ? index : nil) { $0.compare(old, new) }
        }
        if compatible.isEmpty, matches.isEmpty, common.types != nil {
            let (old, new) = sides(one, common)
            compare(old, new)
        }
        let left = branches.indices.first { index in
            !compatible.contains(index) && !matches.contains { $0.index == index }
        }
        let breaks = needsAll ? left != nil : compatible.isEmpty && matches.isEmpty
        let word = Self.word(group.keyword)
        let (suffix, message) =
            isWrapped
            ? ("wrapped-in-\(word)", "one schema became \(branches.count) alternatives")
            : ("\(word)-removed", "\(branches.count) alternatives became one schema")
        within(needsAll ? left : nil) { $0.report(suffix, breaks ? .error : .info, message, before, after) }
        if isWrapped, isRequest, group.keyword == "oneOf", let index = compatible.first ?? matches.first?.index {
            compareRivals(of: index, in: group, branches, before, after)
        }
    }

    /// The indices of the pairs of which the new schema can replace the old one without breaking a client.
    private mutating func compatibleIndices(of pairs: [(old: FlatSchema, new: FlatSchema)]) -> [Int] {
        pairs.indices.filter { isCompatible(pairs[$0].old, pairs[$0].new) }
    }

    /// The alternatives that accept types of a schema, each with the part of the schema that has these types. Empty if two alternatives
    /// accept the same type, or if they do not accept all types of the schema between them.
    private static func matches(
        of one: FlatSchema,
        in branches: [FlatSchema]
    ) -> [(index: Int, part: FlatSchema)] {
        let indices = branches.indices.filter { branches[$0].sharesType(with: one) }
        if indices.count == 1 { return [(indices[0], one)] }
        let accepted = indices.flatMap { one.jsonTypes.intersection(branches[$0].jsonTypes) }
        guard accepted.count == one.jsonTypes.count, Set(accepted) == one.jsonTypes else { return [] }
        return indices.map { ($0, one.restricted(to: branches[$0].jsonTypes)) }
    }

    /// Reports that values of the old schema may be valid for a second alternative, which `oneOf` forbids.
    private mutating func compareRivals(
        of index: Int,
        in group: FlatSchema.Group,
        _ branches: [FlatSchema],
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        let rival = branches.indices.first {
            $0 != index && !isClosed(before, to: branches[$0]) && !areDisjoint(branches[index], branches[$0])
        }
        guard let rival else { return }
        var sampler = Sampler(flattener: new)
        // Trials need no witness.
        let both = isTrial ? nil : sampler.value([group.branches[index], group.branches[rival]], [], .sample)
        report(
            "one-of-ambiguous",
            .warn,
            "a value may match both the alternative \(Self.label(group.branches[index])) and \(Self.label(group.branches[rival]))",
            before,
            after,
            probes: [both.map(Probe.value) ?? .sample]
        )
    }

    /// Whether a schema evidently has no value that another one accepts: no type, or no member that the other one requires.
    private func isClosed(_ schema: FlatSchema, to other: FlatSchema) -> Bool {
        let shared = schema.jsonTypes.intersection(other.jsonTypes)
        guard shared == ["object"] else { return shared.isEmpty }
        return schema.isClosed && schema.others["patternProperties"] == nil
            && other.required.contains { schema.properties[$0] == nil }
    }

    /// Whether two schemas of the new contract evidently have no value in common: no type, or no value of a member that one of them
    /// requires.
    private func areDisjoint(_ first: FlatSchema, _ second: FlatSchema) -> Bool {
        let shared = first.jsonTypes.intersection(second.jsonTypes)
        guard shared == ["object"] else { return shared.isEmpty }
        return first.required.union(second.required).contains { name in
            guard let own = first.properties[name].flatMap({ new.flat($0).values }),
                let other = second.properties[name].flatMap({ new.flat($0).values })
            else { return false }
            return Set(own.map(CanonicalText.value)).isDisjoint(with: other.map(CanonicalText.value))
        }
    }
}

extension FlatSchema {
    /// The types as JSON has them: an integer is a number.
    var jsonTypes: Set<String> { Set(effectiveTypes.map(Self.jsonType)) }

    private static func jsonType(_ type: String) -> String { type == "integer" ? "number" : type }

    /// Whether values of some type may be valid for both schemas.
    func sharesType(with other: FlatSchema) -> Bool { !jsonTypes.isDisjoint(with: other.jsonTypes) }

    /// This schema with properties that it allows without naming them, as an alternative does that only requires others.
    func allowing(_ names: some Sequence<String>) -> FlatSchema {
        guard !isClosed else { return self }
        var schema = self
        for name in names where properties[name] == nil { schema.properties[name] = additional }
        return schema
    }

    /// This schema without the values of other types.
    func restricted(to jsonTypes: Set<String>) -> FlatSchema {
        var part = self
        part.types = effectiveTypes.filter { jsonTypes.contains(Self.jsonType($0)) }
        part.values = values?.filter { jsonTypes.contains($0.jsonType) }
        return part
    }
}
