import ContractCompiler

/// Compares keywords that have no finer comparison as a whole.
extension SchemaComparison {
    private static let otherNames = [
        "patternProperties": "pattern-property", "propertyNames": "property-names",
        "dependentRequired": "dependent-required",
        "dependentSchemas": "dependent-schema", "unevaluatedItems": "unevaluated-items",
        "unevaluatedProperties": "unevaluated-properties", "minContains": "min-contains", "maxContains": "max-contains",
        "contentSchema": "content-schema", "contentMediaType": "content-media-type",
        "contentEncoding": "content-encoding",
        "$dynamicRef": "dynamic-reference",
    ]

    mutating func compareOthers(_ before: FlatSchema, _ after: FlatSchema) {
        for keyword in Set(before.others.keys).union(after.others.keys).sorted() {
            let (was, now) = (before.others[keyword] ?? [], after.others[keyword] ?? [])
            let (wasText, nowText) = (text(was, keyword, old), text(now, keyword, new))
            guard wasText != nowText else { continue }
            let name = Self.otherNames[keyword] ?? keyword
            let nodes = (was.first, now.first)
            let probes =
                [Probe.sample, .with("unexpected", nil), .value(SyntheticNode.number("1"))] + memberProbes(was + now)
            if was.isEmpty {
                report(
                    "\(name)-added",
                    isRequest ? .error : .info,
                    "'\(keyword)' was added",
                    before,
                    after,
                    at: nodes,
                    probes: probes
                )
            } else if now.isEmpty {
                report(
                    "\(name)-removed",
                    isRequest ? .info : .error,
                    "'\(keyword)' was removed",
                    before,
                    after,
                    at: nodes,
                    probes: probes
                )
            } else {
                report(
                    "\(name)-changed",
                    .error,
                    "'\(keyword)' changed",
                    before,
                    after,
                    at: nodes,
                    probes: probes
                )
            }
        }
    }

    /// Objects with and without each of the properties that a keyword names.
    private func memberProbes(_ nodes: [Node]) -> [Probe] {
        let names = nodes.reduce(into: Set<String>()) { Self.collectNames($1, &$0) }
        return names.sorted().prefix(8).flatMap { [.with($0, nil), .without($0)] }
    }

    private static func collectNames(_ node: Node, _ names: inout Set<String>) {
        names.formUnion((node["properties"]?.members ?? []).map(\.key))
        names.formUnion((node["required"]?.items ?? []).compactMap(\.string))
        // Names in the map of 'dependentRequired' and similar keywords.
        for member in node.members ?? [] where SchemaKeyword.table[member.key] == nil { names.insert(member.key) }
    }

    private func text(_ nodes: [Node], _ keyword: String, _ flattener: Flattener) -> Set<String> {
        let isMap = SchemaKeyword.table[keyword].map { if case .map = $0.children { true } else { false } } ?? false
        if keyword == "dependentRequired" {
            // Compare each pair of a name and a name it requires.
            let pairs = nodes.flatMap { $0.members ?? [] }.flatMap { member in
                (member.value.items ?? []).map { "\(member.key):\(CanonicalText.value($0))" }
            }
            return Set(pairs)
        }
        guard isMap else { return Set(nodes.map { "\(flattener.digest($0))" }) }
        return Set(nodes.flatMap { $0.members ?? [] }.map { "\($0.key):\(flattener.digest($0.value))" })
    }
}
