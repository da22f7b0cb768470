import ContractCompiler

extension LintRules {
    /// Rules about operations and their responses.
    static let operationRules: [LintRule] = [
        LintRule("operation-summary", "Operations have summaries.", .levels(.error, minimal: .warn), each: .operation) {
            operation,
            _,
            findings in
            if !operation.hasText("summary") { findings.report("\(operation.title) lacks 'summary'", key: operation) }
        },
        LintRule("operation-description", "Operations have descriptions.", .off, each: .operation) {
            operation,
            _,
            findings in
            if !operation.hasText("description") {
                findings.report("\(operation.title) lacks 'description'", key: operation)
            }
        },
        LintRule(
            "operation-operationId",
            "Operations have an operationId.",
            .levels(.warn, minimal: .warn),
            each: .operation
        ) {
            operation,
            _,
            findings in
            if operation["operationId"] == nil {
                findings.report("\(operation.title) lacks 'operationId'", key: operation)
            }
        },
        LintRule(
            "operation-operationId-unique",
            "Operation ids are unique.",
            .levels(.error, minimal: .warn, spec: .error)
        ) { context, findings in
            var seen: [String: Location] = [:]
            for operation in context.operations {
                guard let node = operation["operationId"], let id = node.scalar?.text else { continue }
                if let other = seen.updateValue(node.location, forKey: id) {
                    let note = Diagnostic.Note(message: "the other definition", location: other)
                    findings.report("two operations are named '\(id)'", at: node, notes: [note])
                }
            }
        },
        LintRule(
            "operation-operationId-url-safe",
            "Operation ids contain only characters that a URL allows.",
            .levels(.error, minimal: .warn),
            each: .operation
        ) { operation, _, findings in
            guard let node = operation["operationId"], let id = node.scalar?.text else { return }
            // RFC 3986, section 2: unreserved and reserved characters.
            guard
                let found = id.first(where: {
                    !($0.isASCII && ($0.isLetter || $0.isNumber || "-._~:/?#[]@!$&'()*+,;=".contains($0)))
                })
            else {
                return
            }
            findings.report("the id '\(id)' contains '\(found)', which a URL does not allow", at: node)
        },
        LintRule(
            "operation-parameters-unique",
            "An operation's parameters are unique by name and location.",
            .levels(.error, minimal: .warn, spec: .error)
        ) { context, findings in
            for visit in context.visits(.operation) + context.visits(.pathItem) {
                var seen: [String: Location] = [:]
                for item in visit["parameters"]?.items ?? [] {
                    guard let parameter = context.source.followed(item) else { continue }
                    let names = LintContext.names(parameter)
                    if let other = seen.updateValue(item.location, forKey: names) {
                        let note = Diagnostic.Note(message: "the other definition", location: other)
                        findings.report(
                            "the \(names.replacing(" ", with: " parameter '", maxReplacements: 1))' is given twice",
                            at: item,
                            notes: [note]
                        )
                    }
                }
            }
        },
        LintRule("operation-singular-tag", "Operations have exactly one tag.", .off, each: .operation) {
            operation,
            _,
            findings in
            guard let tags = operation["tags"], let count = tags.items?.count, count != 1 else { return }
            findings.report("\(operation.title) has \(count) tags, expected one", at: tags)
        },
        LintRule("operation-tag-defined", "The tags of operations are declared.", .off, each: .operation) {
            operation,
            context,
            findings in
            let known = context.visits(.tag).compactMap { $0["name"]?.scalar?.text }
            for tag in operation["tags"]?.items ?? [] {
                guard let name = tag.scalar?.text, !known.contains(name) else { continue }
                findings.report("the tag '\(name)' is not declared\(Suggestion.text(for: name, in: known))", at: tag)
            }
        },
        LintRule(
            "operation-2xx-response",
            "Operations have a success response.",
            .levels(.warn, minimal: .warn),
            each: .operation
        ) {
            operation,
            context,
            findings in
            expect(operation, context, &findings, "no response for success") { $0.hasPrefix("2") || $0 == "default" }
        },
        LintRule("operation-4xx-response", "Operations have a 4xx response.", .levels(.warn), each: .operation) {
            operation,
            context,
            findings in
            expect(operation, context, &findings, "no response for client errors") { $0.hasPrefix("4") }
        },
        LintRule(
            "operation-4xx-problem-details-rfc7807",
            "Error responses are problem details (RFC 9457).",
            .off,
            each: .operation
        ) { operation, context, findings in
            for response in context.responses(of: operation) where response.status.hasPrefix("4") {
                let problem = response.node["content"]?["application/problem+json"].flatMap(context.source.followed)
                guard let problem else {
                    findings.report(
                        "the response \(response.status) has no 'application/problem+json'",
                        at: response.node
                    )
                    continue
                }
                guard let schema = problem["schema"] else { continue }
                let names = PropertyNames(context).all(of: schema)
                for name in ["type", "title"] where !names.contains(name) {
                    findings.report(
                        "the problem of response \(response.status) lacks the property '\(name)'",
                        at: schema
                    )
                }
            }
        },
        LintRule(
            "response-contains-header",
            "Responses have the headers listed in the configuration.",
            .off,
            each: .operation
        ) {
            operation,
            context,
            findings in
            for response in context.responses(of: operation) {
                let known = (response.node["headers"]?.members ?? []).map { $0.key.lowercased() }
                for name in expected("response-contains-header", response.status, context)
                where !known.contains(name.lowercased()) {
                    findings.report("the response \(response.status) lacks the header '\(name)'", at: response.node)
                }
            }
        },
        LintRule(
            "response-contains-property",
            "Responses have the properties listed in the configuration.",
            .off,
            each: .operation
        ) {
            operation,
            context,
            findings in
            for response in context.responses(of: operation) {
                let names = expected("response-contains-property", response.status, context)
                guard !names.isEmpty else { continue }
                for (_, content) in context.contents(of: response.node) where content["schema"] != nil {
                    guard let schema = content["schema"],
                        context.types(of: context.resolved(schema))?.contains("object") ?? true
                    else { continue }
                    let known = PropertyNames(context).all(of: schema)
                    for name in names where !known.contains(name) {
                        findings.report("the response \(response.status) lacks the property '\(name)'", at: schema)
                    }
                }
            }
        },
        LintRule("request-mime-type", "Request bodies have an allowed media type.", .off, each: .requestBody) {
            body,
            context,
            findings in
            checkMediaTypes(of: body, "request-mime-type", context, &findings)
        },
        LintRule("response-mime-type", "Response bodies have an allowed media type.", .off, each: .response) {
            response,
            context,
            findings in
            checkMediaTypes(of: response, "response-mime-type", context, &findings)
        },
    ]

    private static func expect(
        _ operation: Visit,
        _ context: LintContext,
        _ findings: inout LintFindings,
        _ message: String,
        _ matches: (String) -> Bool
    ) {
        // Webhooks and callbacks are requests from the server: the client sends the response.
        guard operation.ancestor(.paths) != nil, let responses = operation["responses"]?.members else { return }
        if !responses.contains(where: { matches($0.key) }) {
            findings.report("\(operation.title) has \(message)", at: operation["responses"] ?? operation.node)
        }
    }

    /// The names listed in the option `names` for a status: under the status itself, under `2xx`, and so on.
    private static func expected(_ rule: String, _ status: String, _ context: LintContext) -> [String] {
        context.members(rule, "names").filter { member in
            member.key == status || member.key.lowercased() == "\(status.prefix(1))xx"
        }.flatMap { ($0.value.items ?? []).compactMap { $0.scalar?.text } }
    }

    private static func checkMediaTypes(
        of visit: Visit,
        _ rule: String,
        _ context: LintContext,
        _ findings: inout LintFindings
    ) {
        guard let allowed = context.words(rule, "allowedValues") else { return }
        for member in visit["content"]?.members ?? [] where !allowed.contains(member.key) {
            findings.report(
                "the media type '\(member.key)' is not one of \(allowed.joined(separator: ", "))",
                at: member
            )
        }
    }
}

extension Visit {
    /// `GET /bots`, for an operation.
    var title: String { "\(key.uppercased()) \(parent?.key ?? "")" }
}

extension LintContext {
    /// The resolved media types of a body.
    func contents(of node: Node) -> [(mediaType: String, node: Node)] {
        (node["content"]?.members ?? []).compactMap { member in source.followed(member.value).map { (member.key, $0) } }
    }
}

/// The properties of a schema, including those from its parts.
struct PropertyNames {
    private let source: ContractSource
    private var seen: Set<NodeKey> = []

    init(_ context: LintContext) {
        source = context.source
    }

    /// Those of the names that are properties of the schema or of a schema in its composition.
    func all(of schema: Node) -> Set<String> {
        var reader = self
        return reader.names(schema)
    }

    private mutating func names(_ schema: Node) -> Set<String> {
        guard seen.insert(NodeKey(schema)).inserted else { return [] }
        var names = Set((schema["properties"]?.members ?? []).map(\.key))
        if let reference = schema["$ref"], let target = source.target(of: reference, from: source.owner(of: schema)) {
            names.formUnion(self.names(target.node))
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in schema[keyword]?.items ?? [] { names.formUnion(self.names(branch)) }
        }
        for keyword in ["if", "then", "else"] {
            if let branch = schema[keyword] { names.formUnion(self.names(branch)) }
        }
        return names
    }
}
