import ContractCompiler

extension LintRules {
    /// Rules about path templates.
    static let pathRules: [LintRule] = [
        LintRule("no-ambiguous-paths", "No request matches two path templates.", .levels(.warn, minimal: .warn)) {
            context,
            findings in
            var known = TemplateIndex()
            for path in context.paths {
                guard let index = known.insert(path.template) else { continue }
                let other = context.paths[index]
                let note = Diagnostic.Note(message: "the other definition", location: other.location)
                findings.report(
                    "'\(path.template)' and '\(other.template)' match the same requests",
                    key: path.item,
                    notes: [note]
                )
            }
        },
        LintRule(
            "no-identical-paths",
            "Paths differ in more than the names of their parameters.",
            .levels(.error, minimal: .warn, spec: .error)
        ) { context, findings in
            var seen: [String: (String, Location)] = [:]
            for path in context.paths {
                if let (template, location) = seen.updateValue(
                    (path.template, path.location),
                    forKey: Template.shape(path.template)
                ) {
                    let note = Diagnostic.Note(message: "the other definition", location: location)
                    findings.report(
                        "'\(path.template)' is the same path as '\(template)'",
                        key: path.item,
                        notes: [note]
                    )
                }
            }
        },
        LintRule("no-path-trailing-slash", "Paths do not end with a slash.", .levels(.error, minimal: .warn)) {
            context,
            findings in
            for path in context.paths where path.template.hasSuffix("/") && path.template != "/" {
                findings.report(
                    "the path '\(path.template)' ends with '/'",
                    key: path.item,
                    fix: "write '\(path.template.dropLast())'"
                )
            }
        },
        LintRule(
            "path-not-include-query",
            "Paths contain no query string.",
            .levels(.error, minimal: .warn, spec: .error)
        ) {
            context,
            findings in
            for path in context.paths where path.template.contains("?") {
                findings.report(
                    "the path '\(path.template)' contains a query string: describe it with query parameters",
                    key: path.item
                )
            }
        },
        LintRule(
            "path-declaration-must-exist",
            "Path parameters have names.",
            .levels(.error, minimal: .warn, spec: .error)
        ) { context, findings in
            for path in context.paths where path.template.contains("{}") {
                findings.report("the path '\(path.template)' has a parameter without a name", key: path.item)
            }
        },
        LintRule("no-http-verbs-in-paths", "Paths contain no HTTP methods.", .off) { context, findings in
            let splits = context.flag("no-http-verbs-in-paths", "splitIntoWords")
            let exceptions = context.words("no-http-verbs-in-paths", "exceptions") ?? []
            for path in context.paths where !exceptions.contains(path.template) {
                for segment in Template.literals(path.template) {
                    let words = splits ? Casing.words(of: segment) : [segment.lowercased()]
                    guard
                        let verb = words.first(where: {
                            ["get", "head", "post", "put", "patch", "delete", "options", "trace", "query"].contains($0)
                        })
                    else { continue }
                    findings.report("the path '\(path.template)' contains the HTTP method '\(verb)'", key: path.item)
                    break
                }
            }
        },
        LintRule("path-segment-plural", "Path segments are plural.", .off) { context, findings in
            let exceptions = context.words("path-segment-plural", "exceptions") ?? []
            let ignoresLast = context.flag("path-segment-plural", "ignoreLastPathSegment")
            for path in context.paths {
                let segments = path.template.split(separator: "/").map(String.init)
                for (index, segment) in segments.enumerated() {
                    let isLast = index == segments.count - 1 && segments.count > 1
                    if segment.contains("{") || exceptions.contains(segment) || isLast && ignoresLast { continue }
                    if !segment.lowercased().hasSuffix("s") {
                        findings.report("the segment '\(segment)' of '\(path.template)' is not plural", key: path.item)
                    }
                }
            }
        },
        LintRule("paths-kebab-case", "Paths are in kebab-case.", .off) { context, findings in
            for path in context.paths {
                for segment in Template.literals(path.template)
                where segment.wholeMatch(of: #/[a-z0-9.]+(-[a-z0-9.]+)*/#) == nil {
                    findings.report(
                        "the segment '\(segment)' of '\(path.template)' is not in kebab-case",
                        key: path.item
                    )
                }
            }
        },
        LintRule("path-http-verbs-order", "The methods of a path are in the configured order.", .off, each: .pathItem) {
            item,
            context,
            findings in
            let order =
                context.words("path-http-verbs-order", "order") ?? [
                    "get", "head", "post", "put", "patch", "delete", "options", "trace",
                ]
            let methods = (item.node.members ?? []).filter { order.contains($0.key) }
            for (method, next) in zip(methods, methods.dropFirst()) {
                guard let first = order.firstIndex(of: method.key), let second = order.firstIndex(of: next.key),
                    first > second
                else { continue }
                findings.report("'\(next.key)' comes after '\(method.key)'", at: next)
            }
        },
        pathParameters("path-parameters-defined", .levels(.error, minimal: .warn, spec: .error)),
        pathParameters("path-params-defined", .off),
    ]

    private static func pathParameters(_ name: String, _ levels: RuleLevels) -> LintRule {
        LintRule(name, "Path parameters are described exactly if the path template contains them.", levels) {
            context,
            findings in
            for path in context.paths {
                let names = Template.parameters(path.template)
                let shared = context.parameters(in: path.item.node)
                report(unknown: shared, in: path.template, names, &findings)
                for operation in context.operations where operation.parent === path.item {
                    report(unknown: context.parameters(in: operation.node), in: path.template, names, &findings)
                    let known = context.parameters(of: operation).filter { $0["in"]?.string == "path" }.compactMap {
                        $0["name"]?.scalar?.text
                    }
                    for name in names where !known.contains(name) {
                        let suggestion = Suggestion.text(for: name, in: known)
                        findings.report(
                            "\(operation.key.uppercased()) \(path.template) does not describe its parameter '\(name)'\(suggestion)",
                            key: operation
                        )
                    }
                }
            }
        }
    }

    private static func report(
        unknown parameters: [Node],
        in template: String,
        _ names: [String],
        _ findings: inout LintFindings
    ) {
        for parameter in parameters where parameter["in"]?.string == "path" {
            guard let node = parameter["name"], let name = node.scalar?.text, !names.contains(name) else { continue }
            findings.report(
                "'\(template)' has no parameter '\(name)'\(Suggestion.text(for: name, in: names))",
                at: node
            )
        }
    }
}

/// The template of a path.
enum Template {
    /// The names of its path parameters.
    static func parameters(_ template: String) -> [String] {
        template.matches(of: #/\{([^{}]+)\}/#).map { String($0.1) }
    }

    /// The template without the names of its parameters.
    static func shape(_ template: String) -> String { template.replacing(#/\{[^{}]*\}/#, with: "{}") }

    /// The segments that are literal words.
    static func literals(_ template: String) -> [String] {
        template.split(separator: "/").map(String.init).filter { !$0.contains("{") }
    }
}
