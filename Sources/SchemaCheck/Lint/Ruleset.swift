/// The rulesets that a configuration extends. Names, rules and severities are those of Redocly CLI, so that teams can keep their
/// configuration (https://redocly.com/docs/cli/rules).
enum Ruleset: String, CaseIterable, Sendable {
    case spec, minimal, recommended
    case recommendedStrict = "recommended-strict"

    /// The severity of a rule in this ruleset for a document of a version; nil if it is off.
    func severity(of rule: LintRule, version: String) -> Finding.Severity? {
        switch self {
        case .spec: rule.levels.spec
        case .minimal: rule.levels.minimal
        case .recommended: rule.levels.recommended(version)
        case .recommendedStrict: rule.levels.recommended(version).map { _ in .error }
        }
    }
}

/// The severity of a rule in each ruleset; nil where it is off.
struct RuleLevels: Sendable {
    var recommended: Finding.Severity?
    var minimal: Finding.Severity?
    var spec: Finding.Severity?
    /// The OpenAPI versions that the rule applies to; nil means all.
    var versions: Set<String>?
    /// Severities of the recommended ruleset that differ by OpenAPI version.
    var exceptions: [String: Finding.Severity] = [:]

    func recommended(_ version: String) -> Finding.Severity? { exceptions[version] ?? recommended }

    func apply(to version: String) -> Bool { versions?.contains(version) ?? true }

    static let off = RuleLevels()
    static func levels(
        _ recommended: Finding.Severity?,
        minimal: Finding.Severity? = nil,
        spec: Finding.Severity? = nil,
        only versions: Set<String>? = nil
    ) -> RuleLevels {
        RuleLevels(recommended: recommended, minimal: minimal, spec: spec, versions: versions)
    }
}

/// One rule of the linter.
struct LintRule: Sendable {
    let name: String
    /// Describes a document that satisfies the rule.
    let meaning: String
    let levels: RuleLevels
    /// Checks the whole contract and reports violations.
    let check: @Sendable (LintContext, inout LintFindings) -> Void

    /// A rule that checks objects of some kinds one at a time.
    init(
        _ name: String,
        _ meaning: String,
        _ levels: RuleLevels,
        each kinds: NodeKind...,
        check: @escaping @Sendable (Visit, LintContext, inout LintFindings) -> Void
    ) {
        self.name = name
        self.meaning = meaning
        self.levels = levels
        self.check = { context, findings in
            for kind in kinds { for visit in context.visits(kind) { check(visit, context, &findings) } }
        }
    }

    /// A rule that checks the contract as a whole.
    init(
        _ name: String,
        _ meaning: String,
        _ levels: RuleLevels,
        check: @escaping @Sendable (LintContext, inout LintFindings) -> Void
    ) {
        self.name = name
        self.meaning = meaning
        self.levels = levels
        self.check = check
    }
}

/// All rules.
enum LintRules {
    static let all: [LintRule] =
        documentRules + pathRules + operationRules + parameterRules + schemaRules + exampleRules + securityRules
        + componentRules

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
