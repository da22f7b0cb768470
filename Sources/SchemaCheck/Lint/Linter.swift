import ContractCompiler

/// Checks a contract with the rules of a configuration and with the compiler.
struct Linter {
    let configuration: LintConfiguration

    /// The compiler's diagnostics that a lint rule reports as well.
    private static let covered: [Diagnostic.Code: String] = [
        .unresolvedReference: "no-unresolved-refs", .unknownField: "struct", .fieldType: "struct",
        .missingField: "struct",
        .parameterPlace: "struct", .pathParameterOptional: "struct", .status: "struct", .unknownType: "struct",
        .securityScheme: "struct",
        .duplicateParameter: "operation-parameters-unique", .missingPathParameter: "path-parameters-defined",
        .unusedPathParameter: "path-parameters-defined", .ambiguousPath: "no-identical-paths",
        .undeclaredTag: "operation-tag-defined", .unknownSecurityScheme: "security-defined",
        .duplicateValue: "no-duplicated-enum-values", .enumerationValue: "no-enum-type-mismatch",
        .requiredProperty: "no-required-schema-properties-undefined",
    ]

    /// The codes that only the compiler reports. Each acts as a rule.
    static let compilerRules = Diagnostic.Code.allCases.filter { covered[$0] == nil }.map(\.rawValue)

    /// The findings in a contract, and a summary of its size.
    func lint(_ files: ContractFiles, name: String) -> (findings: [Finding], checked: String) {
        var log = DiagnosticLog(isStrict: false)
        guard let source = ContractSource(files, log: &log) else {
            if !log.hasErrors { couldNotRun("'\(name)' is outside of '\(files.folder)'") }
            return (log.sorted.map { Finding($0) }, name)
        }
        let isOld = source.version == "3.0"
        let normalised = isOld ? ContractSource(files, isNormalised: true, log: &log) ?? source : source
        if isOld { _ = DocumentWalk(normalised) }
        let context = LintContext(source: source, normalised: normalised, options: configuration.options)
        var findings: [Finding] = []
        for rule in LintRules.all {
            guard let severity = configuration.severity(of: rule, version: source.version) else { continue }
            var found = LintFindings(rule: rule.name, severity: severity)
            rule.check(context, &found)
            findings += found.findings
        }
        for rule in configuration.configurableRules {
            guard let severity = rule.severity else { continue }
            var found = LintFindings(rule: rule.name, severity: severity)
            rule.check(context, &found)
            findings += found.findings
        }
        let (contract, compilerLog) = compile(files, source.registry)
        findings += fromCompiler(source.log.sorted + compilerLog.sorted, besides: findings, context)
        let size = contract.map { ", \($0.operations.count) operations, \($0.models.count) schemas" } ?? ""
        return (findings.map(context.withOrigin), name + size)
    }

    /// The errors that stop a build.
    private func compile(_ files: ContractFiles, _ registry: Registry) -> (Contract?, DiagnosticLog) {
        var log = DiagnosticLog(isStrict: false)
        let contract = ContractBuilder.build(root: files.root, schemas: files.schemas, registry: registry, log: &log)
        return (contract, log)
    }

    /// The compiler's diagnostics, except those that a rule reported at the same line.
    private func fromCompiler(_ diagnostics: [Diagnostic], besides findings: [Finding], _ context: LintContext)
        -> [Finding]
    {
        let lines = Set(findings.map { "\($0.location.file.displayPath):\($0.location.line)" })
        let messages = Set(findings.map { "\($0.location) \($0.message)" })
        return diagnostics.compactMap { diagnostic in
            guard diagnostic.severity != .note else { return nil }
            let rule = Self.covered[diagnostic.code]
            if rule != nil, lines.contains("\(diagnostic.location.file.displayPath):\(diagnostic.location.line)") {
                return nil
            }
            if messages.contains("\(diagnostic.location) \(diagnostic.message)") { return nil }
            var finding = Finding(diagnostic, pointer: context.pointer(at: diagnostic.location), code: rule)
            if let rule = rule.flatMap({ LintRules.byName[$0] }) {
                guard let severity = configuration.severity(of: rule, version: context.version) else { return nil }
                finding.severity = severity
            } else if let setting = configuration.settings[finding.code] {
                guard let severity = setting.severity else { return nil }
                finding.severity = severity
            } else if configuration.rulesets.contains(.recommendedStrict) {
                finding.severity = .error
            }
            return finding
        }
    }
}
