/// Reads security requirements.
extension ContractBuilder {
    mutating func security(_ node: Node?) -> [[SecurityRequirement]] {
        guard let node else { return [] }
        guard let alternatives = node.items else {
            builder.reader.log.error(
                .fieldType,
                "'security' is \(node.kindDescription), expected a sequence",
                at: node.location
            )
            return []
        }
        return alternatives.map { alternative in
            (alternative.members ?? []).compactMap { member in
                let known = document.components.securitySchemes
                if let scheme = known.first(where: { $0.name == member.key }) {
                    return SecurityRequirement(scheme: scheme, scopes: (member.value.items ?? []).compactMap(\.string))
                }
                let suggestion = Suggestion.text(for: member.key, in: known.map(\.name))
                builder.reader.log.strictly(
                    .unknownSecurityScheme,
                    "'\(member.key)' is not a security scheme\(suggestion)",
                    at: member.keyLocation
                )
                return nil
            }
        }
    }
}
