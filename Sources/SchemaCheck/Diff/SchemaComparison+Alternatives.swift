import ContractCompiler

/// Compares the alternatives of `oneOf` and `anyOf`.
extension SchemaComparison {
    /// Compares the alternatives of both sides, each with all assertions outside of the group.
    mutating func compareGroups(_ before: FlatSchema, _ after: FlatSchema) {
        switch (before.groups.first, after.groups.first) {
        case (let was?, let now?):
            compareDiscriminators(was, now, before, after)
            compareBranches(was, now, before, after)
        case (nil, let now?): compareOne(before, with: now, before, after)
        case (let was?, nil): compareOne(after, with: was, before, after)
        case (nil, nil): return
        }
    }

    static func word(_ keyword: String) -> String { keyword == "anyOf" ? "any-of" : "one-of" }

    /// A pair of alternatives, one of each side, that correspond to each other.
    private struct BranchPair {
        let old: Int
        let new: Int
    }

    /// Pairs alternatives: equal ones first, then those with the same name, then compatible ones, then those that alone accept a type.
    private mutating func pairs(
        _ was: FlatSchema.Group,
        _ now: FlatSchema.Group,
        _ before: FlatSchema,
        _ after: FlatSchema
    ) -> [BranchPair] {
        var pairs: [BranchPair] = []
        var (left, right) = (Array(was.branches.indices), Array(now.branches.indices))
        func take<Key: Hashable>(_ oldKeys: [Key?], _ newKeys: [Key?]) {
            // In order of the last alternative with each key.
            var places: [Key: [Int]] = [:]
            for index in right.reversed() {
                if let key = newKeys[index] { places[key, default: []].append(index) }
            }
            var taken = (old: Set<Int>(), new: Set<Int>())
            for index in left {
                guard let key = oldKeys[index], let other = places[key]?.popLast() else { continue }
                pairs.append(BranchPair(old: index, new: other))
                taken.old.insert(index)
                taken.new.insert(other)
            }
            left.removeAll { taken.old.contains($0) }
            right.removeAll { taken.new.contains($0) }
        }
        func take(_ isSame: (Int, Int) -> Bool) {
            for index in left {
                guard let other = right.first(where: { isSame(index, $0) }) else { continue }
                pairs.append(BranchPair(old: index, new: other))
                left.removeAll { $0 == index }
                right.removeAll { $0 == other }
            }
        }
        take(was.branches.map(old.digest), now.branches.map(new.digest))
        take(was.branches.map(Self.name), now.branches.map(Self.name))
        let (oldFlats, newFlats) = (was.branches.map { old.flat($0) }, now.branches.map { new.flat($0) })
        if left.count <= 16, right.count <= 16 {
            take { isCompatible(before.choosing(oldFlats[$0]), after.choosing(newFlats[$1])) }
        }
        let owners = (old: Self.soleOwners(of: oldFlats, left), new: Self.soleOwners(of: newFlats, right))
        for (type, index) in owners.old.sorted(by: { $0.key < $1.key }) {
            guard let other = owners.new[type], left.contains(index), right.contains(other) else { continue }
            pairs.append(BranchPair(old: index, new: other))
            left.removeAll { $0 == index }
            right.removeAll { $0 == other }
        }
        return pairs
    }

    /// The types that only one of the alternatives accepts, each with that alternative.
    private static func soleOwners(of flats: [FlatSchema], _ indices: [Int]) -> [String: Int] {
        let owners = indices.flatMap { index in flats[index].jsonTypes.map { (type: $0, index: index) } }
        return Dictionary(grouping: owners, by: \.type).compactMapValues { $0.count == 1 ? $0[0].index : nil }
    }

    private mutating func compareBranches(
        _ was: FlatSchema.Group,
        _ now: FlatSchema.Group,
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        let pairs = pairs(was, now, before, after)
        let paired = (old: Set(pairs.map(\.old)), new: Set(pairs.map(\.new)))
        for pair in pairs {
            let (was, now) = (old.flat(was.branches[pair.old]), new.flat(now.branches[pair.new]))
            within(isRequest ? pair.old : pair.new) { $0.compare(before.choosing(was), after.choosing(now)) }
        }
        for (index, branch) in was.branches.enumerated() where !paired.old.contains(index) {
            // Not lost if another alternative accepts its values.
            let flat = before.choosing(old.flat(branch))
            let isLost = isRequest && !now.branches.contains { isCompatible(flat, after.choosing(new.flat($0))) }
            steps.append(.branch(index))
            let message = "the alternative \(Self.label(branch)) was removed"
            report(
                "\(Self.word(was.keyword))-removed",
                isLost ? .error : .info,
                message,
                before,
                after,
                at: (branch, nil)
            )
            steps.removeLast()
        }
        for (index, branch) in now.branches.enumerated() where !paired.new.contains(index) {
            let flat = after.choosing(new.flat(branch))
            let isNew = !isRequest && !was.branches.contains { isCompatible(before.choosing(old.flat($0)), flat) }
            steps.append(.branch(index))
            let message = "the alternative \(Self.label(branch)) was added"
            report("\(Self.word(now.keyword))-added", isNew ? .error : .info, message, before, after, at: (nil, branch))
            steps.removeLast()
        }
    }

    /// Compares something with an alternative chosen; nil chooses none.
    mutating func within(_ branch: Int?, _ compare: (inout SchemaComparison) -> Void) {
        guard let branch else { return compare(&self) }
        steps.append(.branch(branch))
        compare(&self)
        steps.removeLast()
    }

    /// The name of the schema that an alternative refers to, or its title.
    private static func name(of node: Node) -> String? {
        if let reference = node["$ref"]?.string { return reference.split(separator: "/").last.map(String.init) }
        return node["title"]?.string
    }

    static func label(_ node: Node) -> String { name(of: node).map { "'\($0)'" } ?? "at \(node.pointer)" }

    private mutating func compareDiscriminators(
        _ was: FlatSchema.Group,
        _ now: FlatSchema.Group,
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        switch (was.discriminator, now.discriminator) {
        case (nil, nil): return
        case (nil, let added?):
            report(
                "discriminator-added",
                isRequest ? .error : .info,
                "the discriminator was added",
                before,
                after,
                at: (nil, added),
                probes: []
            )
        case (let removed?, nil):
            report(
                "discriminator-removed",
                isRequest ? .info : .error,
                "the discriminator was removed",
                before,
                after,
                at: (removed, nil),
                probes: []
            )
        case (let old?, let new?):
            let (wasName, nowName) = (old["propertyName"]?.string ?? "", new["propertyName"]?.string ?? "")
            if wasName != nowName {
                report(
                    "discriminator-property-name-changed",
                    .error,
                    "the discriminator changed from '\(wasName)' to '\(nowName)'",
                    before,
                    after,
                    at: (old, new),
                    probes: []
                )
            }
            compareMappings(old["mapping"]?.members ?? [], new["mapping"]?.members ?? [], before, after)
        }
    }

    private mutating func compareMappings(
        _ was: [Node.Member],
        _ now: [Node.Member],
        _ before: FlatSchema,
        _ after: FlatSchema
    ) {
        func target(_ member: Node.Member) -> String? {
            member.value.string?.split(separator: "/").last.map(String.init)
        }
        let known = Set(was.map(\.key))
        let others = Dictionary(now.map { ($0.key, $0) }) { first, _ in first }
        for member in was {
            guard let other = others[member.key] else {
                report(
                    "discriminator-mapping-removed",
                    .error,
                    "the discriminator's value '\(member.key)' was removed",
                    before,
                    after,
                    at: (member.value, nil),
                    probes: []
                )
                continue
            }
            if target(member) != target(other) {
                report(
                    "discriminator-mapping-changed",
                    .error,
                    "the discriminator's value '\(member.key)' now selects another schema",
                    before,
                    after,
                    at: (member.value, other.value),
                    probes: []
                )
            }
        }
        for member in now where !known.contains(member.key) {
            report(
                "discriminator-mapping-added",
                isRequest ? .info : .error,
                "the discriminator's value '\(member.key)' was added",
                before,
                after,
                at: (nil, member.value),
                probes: []
            )
        }
    }
}
