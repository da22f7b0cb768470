import ContractCompiler

extension LintRules {
    /// Rules about parameters.
    static let parameterRules: [LintRule] = [
        LintRule("parameter-description", "Parameters have descriptions.", .off, each: .parameter) {
            parameter,
            _,
            findings in
            if !parameter.hasText("description") {
                findings.report(
                    "the parameter '\(parameter["name"]?.scalar?.text ?? "")' lacks 'description'",
                    at: parameter.node
                )
            }
        },
        LintRule(
            "array-parameter-serialization",
            "Array parameters have 'style' and 'explode'.",
            .off,
            each: .parameter
        ) { parameter, context, findings in
            guard let schema = parameter["schema"] else { return }
            let resolved = context.resolved(schema)
            guard context.types(of: resolved) == ["array"] || resolved["items"] != nil || resolved["prefixItems"] != nil
            else { return }
            if parameter["style"] == nil || parameter["explode"] == nil {
                findings.report(
                    "the array '\(parameter["name"]?.scalar?.text ?? "")' needs 'style' and 'explode'",
                    at: parameter.node
                )
            }
        },
        LintRule(
            "boolean-parameter-prefixes",
            "Boolean parameters have a prefix such as 'is' or 'has'.",
            .off,
            each: .parameter
        ) {
            parameter,
            context,
            findings in
            guard let node = parameter["name"], let name = node.scalar?.text, let schema = parameter["schema"],
                context.types(of: context.resolved(schema)) == ["boolean"]
            else { return }
            let prefixes = context.words("boolean-parameter-prefixes", "prefixes") ?? ["is", "has"]
            let fits = prefixes.contains { prefix in
                name.hasPrefix(prefix)
                    && name.dropFirst(prefix.count).first.map { $0.isUppercase || $0 == "_" || $0 == "-" } ?? false
            }
            if !fits {
                findings.report(
                    "the boolean '\(name)' does not begin with \(prefixes.joined(separator: " or "))",
                    at: node
                )
            }
        },
        LintRule(
            "spec-querystring-parameters",
            "An operation has at most one 'querystring' parameter, and then no 'query' parameters.",
            .versions("3.2", .error)
        ) {
            context,
            findings in
            for operation in context.operations {
                let parameters = context.parameters(of: operation)
                let whole = parameters.filter { $0["in"]?.string == "querystring" }
                guard let first = whole.first else { continue }
                if let second = whole.dropFirst().first {
                    findings.report("\(operation.title) has more than one 'querystring' parameter", at: second)
                }
                if parameters.contains(where: { $0["in"]?.string == "query" }) {
                    findings.report(
                        "\(operation.title) has 'querystring' and 'query' parameters, expected only one of the two",
                        at: first
                    )
                }
            }
        },
    ]
}
