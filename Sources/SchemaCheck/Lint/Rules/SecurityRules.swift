import ContractCompiler

extension LintRules {
    /// Rules about security.
    static let securityRules: [LintRule] = [
        LintRule(
            "security-defined",
            "Every operation has security requirements, and their schemes exist.",
            .levels(.error, minimal: .warn)
        ) {
            context,
            findings in
            let schemes = context.root["components"]?["securitySchemes"]?.members?.map(\.key) ?? []
            for requirement in context.visits(.securityRequirement) {
                for member in requirement.node.members ?? [] where !schemes.contains(member.key) {
                    let suggestion = Suggestion.text(for: member.key, in: schemes)
                    findings.report("'\(member.key)' is not a security scheme\(suggestion)", at: member)
                }
            }
            guard context.root["security"] == nil else { return }
            let exceptions = context.options["security-defined"]?["exceptions"]?.items ?? []
            for operation in context.operations where operation["security"] == nil && operation.ancestor(.paths) != nil
            {
                let isException = exceptions.contains { exception in
                    guard exception["path"]?.scalar?.text == operation.parent?.key else { return false }
                    return exception["methods"]?.items?.contains { $0.scalar?.text.lowercased() == operation.key }
                        ?? true
                }
                if !isException {
                    findings.report(
                        "\(operation.title) has no 'security', and neither has the document",
                        key: operation
                    )
                }
            }
        },
        LintRule("security-scopes-defined", "The scopes that operations require exist.", .levels(.warn)) {
            context,
            findings in
            let schemes = context.root["components"]?["securitySchemes"]
            for requirement in context.visits(.securityRequirement) {
                for member in requirement.node.members ?? [] {
                    guard let scheme = schemes?[member.key].flatMap(context.source.followed),
                        scheme["type"]?.string == "oauth2"
                    else { continue }
                    let flows = (scheme["flows"]?.members ?? []).filter { !$0.key.hasPrefix("x-") }
                    let known = flows.flatMap { $0.value["scopes"]?.members ?? [] }.map(\.key)
                    for scope in member.value.items ?? [] where !known.contains(scope.scalar?.text ?? "") {
                        let name = scope.scalar?.text ?? ""
                        findings.report(
                            "'\(name)' is not a scope of '\(member.key)'\(Suggestion.text(for: name, in: known))",
                            at: scope
                        )
                    }
                }
            }
        },
    ]
}
