extension ModelBuilder {
    /// Whether `schema` accepts every readable JSON value, as a recursive schema for any JSON without U+0000 does.
    mutating func admitsEverything(_ schema: Schema) -> Bool {
        var seen: Set<NodeKey> = []
        var pending = [schema]
        while let schema = pending.popLast() {
            if let always = schema.always {
                if !always { return false }
                continue
            }
            guard seen.insert(NodeKey(schema.node)).inserted else { continue }
            guard schema.assertions.isSubset(of: Self.harmless), schema.checkedPattern == nil,
                schema.types.map({ $0.union([.integer]) == Set(Schema.TypeName.allCases) }) ?? true
            else { return false }
            if let reference = schema.reference {
                guard let target = follow(reference, from: schema) else { return false }
                pending.append(target)
            }
            pending += [schema.items, schema.propertyNames, schema.additionalProperties].compactMap(\.self)
        }
        return true
    }

    /// The keywords that `admitsEverything` handles.
    private static let harmless: Set = [
        "$schema", "$ref", "type", "pattern", "items", "propertyNames", "additionalProperties",
    ]
}
