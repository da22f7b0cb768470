import ContractCompiler

/// Rewrites the schemas of OpenAPI 3.0 documents as equivalent JSON Schema 2020-12 (OpenAPI 3.0.3, "Schema Object"). Locations and
/// pointers remain those of the original.
enum OpenAPI30Schemas {
    /// The role of a file in an OpenAPI 3.0 contract: document, part of a document, or schema.
    static func rewritten(_ root: Node) -> Node {
        let looksLikeSchema =
            root["openapi"] == nil && root["in"] == nil
            && ["type", "properties", "allOf", "anyOf", "oneOf", "enum", "items"].contains { root[$0] != nil }
        return looksLikeSchema ? schema(root) : document(root)
    }

    private static func document(_ node: Node) -> Node {
        if let items = node.items { return node.with(.sequence(items.map(document))) }
        guard let members = node.members else { return node }
        return node.with(
            .mapping(
                members.map { member in
                    switch member.key {
                    case "schema": member.with(schema(member.value))
                    case "schemas": member.with(named(member.value))
                    case "example", "examples", "default", "enum", "const": member
                    default: member.with(document(member.value))
                    }
                }
            )
        )
    }

    private static func named(_ node: Node) -> Node {
        guard let members = node.members else { return node }
        return node.with(.mapping(members.map { $0.with(schema($0.value)) }))
    }

    private static func schema(_ node: Node) -> Node {
        guard let members = node.members else { return node }
        var rewritten = members.filter { $0.key != "nullable" }.map { member in
            switch SchemaKeyword.table[member.key]?.children ?? .none {
            case .none: member
            case .schema: member.with(schema(member.value))
            case .list:
                member.with(member.value.items.map { member.value.with(.sequence($0.map(schema))) } ?? member.value)
            case .map: member.with(named(member.value))
            }
        }
        exchangeBound("exclusiveMinimum", "minimum", &rewritten)
        exchangeBound("exclusiveMaximum", "maximum", &rewritten)
        let result = node.with(.mapping(rewritten))
        return node["nullable"]?.boolean == true ? nullable(result) : result
    }

    /// Turns `exclusiveMinimum: true` with `minimum` into the 2020-12 keyword.
    private static func exchangeBound(_ exclusive: String, _ inclusive: String, _ members: inout [Node.Member]) {
        guard let flag = members.first(where: { $0.key == exclusive })?.value.boolean else { return }
        members.removeAll { $0.key == exclusive }
        guard flag, let index = members.firstIndex(where: { $0.key == inclusive }) else { return }
        let member = members[index]
        members[index] = Node.Member(key: exclusive, keyLocation: member.keyLocation, value: member.value)
    }

    private static func nullable(_ node: Node) -> Node {
        var members = node.members ?? []
        let null = Node(
            value: .scalar(.init(kind: .null, text: "null")),
            location: node.location,
            pointer: node.pointer
        )
        if let index = members.firstIndex(where: { $0.key == "enum" }), let values = members[index].value.items,
            !values.contains(where: { $0.jsonType == "null" })
        {
            members[index] = members[index].with(members[index].value.with(.sequence(values + [null])))
        }
        let name = Node(
            value: .scalar(.init(kind: .string, text: "null")),
            location: node.location,
            pointer: node.pointer
        )
        if let index = members.firstIndex(where: { $0.key == "type" }) {
            members[index] = members[index].with(members[index].value.with(.sequence([members[index].value, name])))
            return node.with(.mapping(members))
        }
        guard ["$ref", "allOf", "anyOf", "oneOf"].contains(where: { node[$0] != nil }) else { return node }
        // Different pointers keep the inner and the outer schema apart.
        let inner = Node(value: .mapping(members), location: node.location, pointer: node.pointer + "/~nullable")
        let nothing = Node(
            value: .mapping([Node.Member(key: "type", keyLocation: node.location, value: name)]),
            location: node.location,
            pointer: node.pointer + "/~null"
        )
        let either = Node(value: .sequence([inner, nothing]), location: node.location, pointer: node.pointer)
        return node.with(.mapping([Node.Member(key: "anyOf", keyLocation: node.location, value: either)]))
    }
}

extension Node {
    /// The same location with another value.
    func with(_ value: Value) -> Node { Node(value: value, location: location, pointer: pointer) }
}

extension Node.Member {
    /// The same name with another value.
    func with(_ value: Node) -> Node.Member { Node.Member(key: key, keyLocation: keyLocation, value: value) }
}
