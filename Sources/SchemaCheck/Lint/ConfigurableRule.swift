import ContractCompiler
import Patterns

/// A rule defined in a configuration: a subject and assertions (https://redocly.com/docs/cli/rules/configurable-rules).
struct ConfigurableRule {
    /// The objects that a rule or a condition applies to.
    struct Subject {
        /// Nil means objects of every kind.
        let kind: NodeKind?
        /// The properties whose values are checked. If it is empty, the names of the object's members are checked.
        let properties: [String]
        let keysIn: [String]?
        let keysOut: [String]?
        let keyPattern: Pattern?

        /// Whether the subject includes an object.
        func matches(_ visit: Visit) -> Bool {
            if let kind, kind != visit.kind { return false }
            if let keysIn, !keysIn.contains(visit.key) { return false }
            if let keysOut, keysOut.contains(visit.key) { return false }
            return keyPattern?.matches(visit.key) ?? true
        }
    }

    /// A subject with assertions.
    struct Clause {
        let subject: Subject
        let assertions: [Assertion]

        /// The violations in an object.
        func problems(of visit: Visit) -> [Assertion.Problem] {
            assertions.flatMap { $0.problems(of: visit, properties: subject.properties) }
        }
    }

    let name: String
    let severity: Finding.Severity?
    let clause: Clause
    /// Conditions on objects around the subject, the outermost first.
    let conditions: [Clause]
    private let message: String?
    private let suggestions: [String]

    /// Reads a rule. Returns nil if it is invalid; `log` then has the reason.
    init?(_ member: Node.Member, log: inout [Finding]) {
        name = member.key
        severity = member.value["severity"].flatMap(LintConfiguration.severity) ?? .error
        message = member.value["message"]?.string
        suggestions = (member.value["suggest"].map { $0.items ?? [$0] } ?? []).compactMap(\.string)
        guard let clause = Clause(member.value, log: &log) else { return nil }
        self.clause = clause
        conditions = (member.value["where"]?.items ?? []).compactMap { Clause($0, log: &log) }
    }

    /// Applies the rule to the contract.
    func check(_ context: LintContext, _ findings: inout LintFindings) {
        for visit in context.walk.visits where clause.subject.matches(visit) && parentsMatch(visit) {
            let problems = clause.problems(of: visit)
            guard let first = problems.first else { continue }
            let standard = "\(visit.kind.phrase): \(problems.map(\.text).joined(separator: "; "))"
            let text = message.map { fill($0, visit, problems) } ?? standard
            let notes = suggestions.map { Diagnostic.Note(message: "suggestion: \($0)", location: nil) }
            findings.report(text, at: first.location, pointer: first.pointer, notes: notes)
        }
    }

    /// Whether the objects around this one meet all conditions, in order from the outside in.
    private func parentsMatch(_ visit: Visit) -> Bool {
        var chain: [Visit] = [visit]
        while let parent = chain.last?.parent { chain.append(parent) }
        var rest = chain.reversed()[...]
        return conditions.allSatisfy { condition in
            guard let index = rest.firstIndex(where: condition.subject.matches) else { return false }
            defer { rest = rest[rest.index(after: index)...] }
            return condition.problems(of: rest[index]).isEmpty
        }
    }

    private func fill(_ message: String, _ visit: Visit, _ problems: [Assertion.Problem]) -> String {
        let values = [
            "assertionName": name, "property": clause.subject.properties.joined(separator: ", "),
            "nodeType": visit.kind.rawValue,
            "problems": problems.map(\.text).joined(separator: "; "), "pointer": visit.node.pointer, "key": visit.key,
            "file": visit.node.location.file.displayPath,
        ]
        return values.reduce(message) { $0.replacing("{{\($1.key)}}", with: $1.value) }
    }
}

extension ConfigurableRule.Clause {
    fileprivate init?(_ node: Node, log: inout [Finding]) {
        guard let subject = node["subject"] else {
            log.append(LintConfiguration.fault("the rule lacks 'subject'", at: node))
            return nil
        }
        let type = subject["type"]?.string ?? ""
        let kind = NodeKind(rawValue: type)
        if kind == nil, type != "any" {
            let names = NodeKind.allCases.map(\.rawValue) + ["any"]
            log.append(
                LintConfiguration.fault(
                    "'\(type)' is not a subject type\(Suggestion.text(for: type, in: names))",
                    at: subject["type"] ?? subject
                )
            )
            return nil
        }
        func words(_ name: String) -> [String]? {
            subject[name].map { ($0.items ?? [$0]).compactMap { $0.scalar?.text } }
        }
        self.subject = ConfigurableRule.Subject(
            kind: kind,
            properties: words("property") ?? [],
            keysIn: words("filterInParentKeys"),
            keysOut: words("filterOutParentKeys"),
            keyPattern: subject["matchParentKeys"].flatMap { Assertion.pattern($0, log: &log) }
        )
        assertions = (node["assertions"]?.members ?? []).compactMap { Assertion($0, log: &log) }
    }
}
