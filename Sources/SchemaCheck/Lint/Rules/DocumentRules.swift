import ContractCompiler

extension LintRules {
    /// Rules about the document itself: its structure, information, servers and tags.
    static let documentRules: [LintRule] = [
        LintRule(
            "struct",
            "The document has the structure that OpenAPI requires.",
            .levels(.error, minimal: .error, spec: .error)
        ) {
            context,
            findings in
            for fault in context.walk.faults {
                findings.report(fault.message, at: fault.location, pointer: fault.pointer)
            }
        },
        LintRule(
            "no-unresolved-refs",
            "Every reference has a target.",
            .levels(.error, minimal: .error, spec: .error)
        ) {
            context,
            findings in
            let lost = context.source.log.sorted.filter { $0.code == .unresolvedReference }
            for diagnostic in lost {
                findings.report(
                    diagnostic.message,
                    at: diagnostic.location,
                    pointer: context.pointer(at: diagnostic.location)
                )
            }
        },
        LintRule("info-contact", "The document has a contact.", .off, each: .info) { info, _, findings in
            if info["contact"] == nil { findings.report("the info object lacks 'contact'", at: info.node) }
        },
        LintRule("info-license", "The document has a license.", .levels(.warn), each: .info) { info, _, findings in
            if info["license"] == nil { findings.report("the info object lacks 'license'", at: info.node) }
        },
        LintRule("info-license-strict", "A license has a URL or an identifier.", .levels(.warn), each: .license) {
            license,
            _,
            findings in
            if license["url"] == nil, license["identifier"] == nil {
                findings.report("the license has neither 'url' nor 'identifier'", at: license.node)
            }
        },
        LintRule("no-empty-servers", "The document lists servers.", .levels(.error, minimal: .warn)) {
            context,
            findings in
            guard let servers = context.root["servers"] else {
                return findings.report("the document lacks 'servers'", at: context.root)
            }
            if servers.items?.isEmpty == true { findings.report("'servers' is empty", at: servers) }
        },
        LintRule(
            "no-server-example.com",
            "Server URLs are not placeholders.",
            .levels(.warn, minimal: .warn),
            each: .server
        ) {
            server,
            _,
            findings in
            guard let node = server["url"], let url = node.string else { return }
            let host = url.split(separator: "//", maxSplits: 1).last?.prefix { $0 != "/" && $0 != ":" } ?? ""
            if host == "localhost" || host == "example.com" || host.hasSuffix(".example.com") {
                findings.report("the server '\(url)' is a placeholder", at: node)
            }
        },
        LintRule(
            "no-server-trailing-slash",
            "Server URLs do not end with a slash.",
            .levels(.error, minimal: .error),
            each: .server
        ) {
            server,
            _,
            findings in
            guard let node = server["url"], let url = node.string, url.hasSuffix("/"), url != "/" else { return }
            findings.report("the server '\(url)' ends with '/'", at: node, fix: "write '\(url.dropLast())'")
        },
        LintRule(
            "no-server-variables-empty-enum",
            "The values of a server variable are not empty and include its default.",
            .levels(.error, minimal: .error),
            each: .serverVariable
        ) { variable, _, findings in
            guard let node = variable["enum"], let values = node.items else { return }
            let standard = variable["default"]?.scalar?.text ?? ""
            if values.isEmpty {
                return findings.report("the server variable '\(variable.key)' has no values", at: node)
            }
            if !values.contains(where: { $0.scalar?.text == standard }) {
                findings.report(
                    "the default '\(standard)' is not one of the values of '\(variable.key)'",
                    at: variable["default"] ?? node
                )
            }
        },
        LintRule(
            "no-undefined-server-variable",
            "Every variable in a server URL is described.",
            .levels(.error, minimal: .warn, spec: .error),
            each: .server
        ) { server, _, findings in
            guard let node = server["url"], let url = node.string else { return }
            let known = server["variables"]?.members?.map(\.key) ?? []
            for match in url.matches(of: #/\{([^{}]*)\}/#) where !known.contains(String(match.1)) {
                let suggestion = Suggestion.text(for: String(match.1), in: known)
                findings.report("the server variable '\(match.1)' is not described\(suggestion)", at: node)
            }
        },
        LintRule("no-duplicated-tag-names", "Tag names are unique.", .levels(.warn, spec: .error)) {
            context,
            findings in
            let ignoresCase = context.flag("no-duplicated-tag-names", "ignoreCase")
            var seen: [String: Location] = [:]
            for tag in context.visits(.tag) {
                guard let node = tag["name"], let name = node.scalar?.text else { continue }
                if let other = seen.updateValue(node.location, forKey: ignoresCase ? name.lowercased() : name) {
                    let note = Diagnostic.Note(message: "the other definition", location: other)
                    findings.report("the tag '\(name)' is declared twice", at: node, notes: [note])
                }
            }
        },
        LintRule("tag-description", "Tags have descriptions.", .levels(.warn, minimal: .warn), each: .tag) {
            tag,
            _,
            findings in
            if !tag.hasText("description") {
                findings.report("the tag '\(tag["name"]?.scalar?.text ?? "")' lacks 'description'", at: tag.node)
            }
        },
        LintRule("tags-alphabetical", "Tags are in alphabetical order.", .off) { context, findings in
            let ignoresCase = context.flag("tags-alphabetical", "ignoreCase")
            let tags = context.root["tags"]?.items ?? []
            func name(_ tag: Node) -> String {
                let name = tag["name"]?.scalar?.text ?? ""
                return ignoresCase ? name.lowercased() : name
            }
            for (tag, next) in zip(tags, tags.dropFirst()) where name(tag) > name(next) {
                findings.report("the tag '\(name(next))' comes after '\(name(tag))'", at: next)
            }
        },
        LintRule(
            "spec-no-invalid-tag-parents",
            "A tag's parent exists and is not its own descendant.",
            .versions("3.2", .error)
        ) {
            context,
            findings in
            let tags = Dictionary(
                context.visits(.tag).compactMap { tag in tag["name"]?.scalar.map { ($0.text, tag.node) } }
            ) { first, _ in first }
            for (name, tag) in tags.sorted(by: { $0.key < $1.key }) {
                guard let node = tag["parent"], let parent = node.string else { continue }
                guard tags[parent] != nil else {
                    findings.report(
                        "the parent '\(parent)' is not a declared tag\(Suggestion.text(for: parent, in: tags.keys))",
                        at: node
                    )
                    continue
                }
                var ancestors: Set = [name]
                var next: String? = parent
                while let current = next, ancestors.insert(current).inserted { next = tags[current]?["parent"]?.string }
                if next != nil { findings.report("the tag '\(name)' is its own ancestor", at: node) }
            }
        },
        LintRule("no-unsafe-markdown", "Descriptions contain no code that a browser would execute.", .levels(.warn)) {
            context,
            findings in
            for visit in context.walk.visits {
                for field in ["description", "summary", "title"] {
                    guard let node = visit[field], let text = node.string, let found = Markdown.unsafe(in: text) else {
                        continue
                    }
                    findings.report("the \(field) contains '\(found)', which a browser may execute", at: node)
                }
            }
        },
    ]
}

extension RuleLevels {
    /// A rule that applies to one OpenAPI version only.
    static func versions(_ version: String, _ severity: Finding.Severity) -> RuleLevels {
        RuleLevels(versions: [version], exceptions: [version: severity])
    }
}

extension Visit {
    /// Whether a field has text other than white space.
    func hasText(_ name: String) -> Bool {
        node[name]?.string.map { text in text.contains { !$0.isWhitespace } } ?? false
    }
}
