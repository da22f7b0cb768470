import ContractCompiler

/// Compares `allOf` when the new contract only adds parts to it.
extension SchemaComparison {
    /// Compares schemas if the new `allOf` has every part of the old one, and reports what each additional part requires. Returns false
    /// for all other schemas.
    mutating func compareParts(_ was: Node, _ now: Node) -> Bool {
        guard isRequest, let (wasParts, _) = parts(of: was, old.source),
            let (nowParts, owner) = parts(of: now, new.source)
        else {
            return false
        }
        let known = Set(wasParts.map(old.digest))
        let added = nowParts.filter { !known.contains(new.digest($0)) }
        guard !added.isEmpty, nowParts.count - added.count >= known.count else { return false }
        let rest = Self.node(owner, without: added)
        compare(old.flat(was), new.flat(rest))
        for part in added where isComplete {
            // Both sides are of the new contract: without this part, and with it.
            let reasons = differences(new.flat(rest), new.flat([rest, part])).filter { $0.severity >= .warn }
            guard let first = reasons.first else { continue }
            let name = part["$ref"]?.string ?? part.pointer
            let text = reasons.map { $0.message.dropFirst(place.name.count).trimmedStart }.joined(separator: "; ")
            add(
                "\(place.prefix(steps))-all-of-added",
                .error,
                "\(place.description(steps)): the part '\(name)' was added to 'allOf': \(text)",
                FlatSchema(),
                FlatSchema(),
                at: (was, part),
                steps: steps + first.steps,
                probes: reasons.flatMap(\.probes)
            )
        }
        return true
    }

    /// The schema that a node is or refers to, and its parts.
    private func parts(of node: Node, _ source: ContractSource) -> (parts: [Node], owner: Node)? {
        var node = node
        for _ in 0..<16 {
            if let parts = node["allOf"]?.items { return (parts, node) }
            guard node.members?.count == 1, let reference = node["$ref"],
                let target = source.target(of: reference, from: source.owner(of: node))
            else { return nil }
            node = target.node
        }
        return nil
    }

    /// A schema with fewer parts. Its pointer differs from that of the complete schema.
    private static func node(_ node: Node, without parts: [Node]) -> Node {
        let left = Set(parts.map(NodeKey.init))
        let members = (node.members ?? []).map { member in
            guard member.key == "allOf", let items = member.value.items else { return member }
            return member.with(member.value.with(.sequence(items.filter { !left.contains(NodeKey($0)) })))
        }
        return Node(value: .mapping(members), location: node.location, pointer: node.pointer + "/~rest")
    }
}

extension Substring {
    /// The text without the leading colon and spaces.
    fileprivate var trimmedStart: String { String(drop { $0 == ":" || $0 == " " }) }
}
