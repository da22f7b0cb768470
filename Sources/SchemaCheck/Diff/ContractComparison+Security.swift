import ContractCompiler

/// Compares security requirements. A change breaks clients if credentials that were sufficient no longer are.
extension ContractComparison {
    /// One security requirement: the scopes by scheme. An empty requirement admits every caller.
    private typealias Requirement = [String: Set<String>]

    mutating func compareSecurity(_ was: ContractSide.Operation, _ now: ContractSide.Operation) {
        let isGlobal = was.inheritsSecurity && now.inheritsSecurity
        let prefix = isGlobal ? "api-global-security" : "api-security"
        let (before, after) = (Self.requirements(was.security), Self.requirements(now.security))
        guard Set(before) != Set(after) else { return }
        // Report a change of the inherited security once, not for each operation.
        let operation = isGlobal ? "the document" : now.title
        let nodes = (was.security ?? was.node, now.security ?? now.node)
        var breaks = false
        for requirement in before where !after.contains(where: { Self.isSatisfied($0, by: requirement) }) {
            breaks = true
            let others = after.filter { Set($0.keys).isSubset(of: requirement.keys) }
            guard let other = others.first else {
                let found = after.map(Self.phrase).joined(separator: ", or ")
                report(
                    "\(prefix)-added",
                    .error,
                    "\(Self.phrase(requirement)) was sufficient; the operation now requires \(found)",
                    in: operation,
                    at: nodes
                )
                continue
            }
            for (scheme, scopes) in other.sorted(by: { $0.key < $1.key }) {
                for scope in scopes.subtracting(requirement[scheme] ?? []).sorted() {
                    report(
                        "\(prefix)-scope-added",
                        .error,
                        "'\(scheme)' now requires the scope '\(scope)'",
                        in: operation,
                        at: nodes
                    )
                }
            }
        }
        if !breaks {
            report("\(prefix)-removed", .info, "the security requirements were relaxed", in: operation, at: nodes)
        }
    }

    private static func requirements(_ node: Node?) -> [Requirement] {
        let items = node?.items ?? []
        guard !items.isEmpty else { return [[:]] }
        return items.map { item in
            Dictionary(
                (item.members ?? []).map { ($0.key, Set(($0.value.items ?? []).compactMap { $0.scalar?.text })) }
            ) { $0.union($1) }
        }
    }

    /// Whether a caller who satisfies one requirement satisfies another.
    private static func isSatisfied(_ requirement: Requirement, by other: Requirement) -> Bool {
        requirement.allSatisfy { scheme, scopes in other[scheme].map(scopes.isSubset) ?? false }
    }

    private static func phrase(_ requirement: Requirement) -> String {
        if requirement.isEmpty { return "nothing" }
        return requirement.sorted { $0.key < $1.key }.map { scheme, scopes in
            "'\(scheme)'" + (scopes.isEmpty ? "" : " with \(scopes.sorted().joined(separator: ", "))")
        }.joined(separator: " and ")
    }

    mutating func compareSecuritySchemes() {
        func schemes(_ side: ContractSide) -> [String: Node] {
            let members = side.source.root["components"]?["securitySchemes"]?.members ?? []
            return Dictionary(
                members.compactMap { member in side.source.followed(member.value).map { (member.key, $0) } }
            ) { $1 }
        }
        let (before, after) = (schemes(old), schemes(new))
        for (name, scheme) in before.sorted(by: { $0.key < $1.key }) {
            guard let other = after[name] else {
                report(
                    "api-security-component-removed",
                    .error,
                    "the security scheme '\(name)' was removed",
                    in: "the document",
                    at: (scheme, nil)
                )
                continue
            }
            for field in ["type", "in", "name", "scheme", "openIdConnectUrl"] {
                let (was, now) = (scheme[field]?.scalar?.text.lowercased(), other[field]?.scalar?.text.lowercased())
                guard was != now else { continue }
                report(
                    "api-security-component-type-changed",
                    .error,
                    "the '\(field)' of the security scheme '\(name)' changed from '\(was ?? "")' to '\(now ?? "")'",
                    in: "the document",
                    at: (scheme[field] ?? scheme, other[field] ?? other)
                )
            }
        }
        for (name, scheme) in after.sorted(by: { $0.key < $1.key }) where before[name] == nil {
            report(
                "api-security-component-added",
                .info,
                "the security scheme '\(name)' was added",
                in: "the document",
                at: (nil, scheme)
            )
        }
    }
}
