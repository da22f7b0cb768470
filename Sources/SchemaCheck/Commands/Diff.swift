import ArgumentParser
import ContractCompiler
import Foundation

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the changes between two versions of a contract, and which ones break clients.",
        discussion: """
            Findings have the names of oasdiff's checks. Schemas are compared by meaning: references, allOf, the different ways to write \
            null, and order make no difference. A witness is a value that one version accepts and the other rejects. Each witness is \
            validated against both versions, so it proves that the change breaks a client.

            OLD and NEW are files, or git:REV[:PATH]:

                schema-check diff git:v1.2.0 openapi/openapi.yaml
                schema-check diff releases/1.0.0.yaml openapi/openapi.yaml --format sarif

            Accepted changes are listed in schema-check.ignore.yaml: single ones by their fingerprints, and all changes with the same reason \
            by patterns in which * stands for any characters. 'count' is the number of accepted changes, so that one more is reported.

                fingerprints:
                  - fingerprint: 0a1b2c3d4e5f
                    reason: no client reads it
                changes:
                  - rule: request-property-pattern-added
                    operation: [POST /orders, POST /trades]
                    message: "*: the pattern '^[A-Z]+$' was added"
                    count: 4
                    reason: the server always rejected other symbols

            An entry needs 'rule' and 'reason'. Instead of 'message', or beside it, 'at' is the place in the new contract, such as \
            jsonschema/symbol.schema.json#/pattern. Set the severity of a single check under 'diff' in schema-check.yaml:

                diff:
                  request-parameter-removed: error
            """
    )

    @Argument(help: "The old contract, which clients use today.")
    var old: String

    @Argument(help: "The new contract.")
    var new: String

    @Option(
        help:
            "The minimum number of days from announcement to sunset. With 1 or more, each deprecation must have a sunset."
    )
    var deprecationDays = 0

    @Option(help: "The configuration file.")
    var config: String?

    @Flag(help: "Reports accepted changes that do not occur, or not as often as their 'count'.")
    var checkIgnoreFile = false

    @OptionGroup var ignoring: IgnoreOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = LargeStack.value { self.compared() }
        if ignoring.generateIgnoreFile { return try ignoring.generate(result.findings) }
        let (findings, ignored) = ignoring.filter(result.findings, checksChanges: checkIgnoreFile)
        try Report(findings, checked: result.checked, ignored: ignored).print(report)
    }

    private func compared() -> (findings: [Finding], checked: String) {
        let severities = LintConfiguration.load(config).differences
        let (before, after) = (contract(old, beside: new), contract(new, beside: old))
        let comparison = ContractComparison(old: before, new: after, days: deprecationDays)
        let lost = (before.log.sorted + after.log.sorted).map { Finding($0) }
        let findings = comparison.findings.compactMap { finding -> Finding? in
            guard let setting = severities[finding.code] else { return finding }
            guard let severity = setting else { return nil }
            var finding = finding
            finding.severity = severity
            return finding
        }
        return (lost + findings, "\(old) → \(new)")
    }

    private func contract(_ side: String, beside other: String) -> ContractSource {
        do throws(GitError) {
            let files = try ContractFiles.side(
                side,
                otherwise: other.hasPrefix("git:") ? "openapi/openapi.yaml" : other
            )
            var log = DiagnosticLog(isStrict: false)
            if let contract = ContractSource(files, isNormalised: true, log: &log) { return contract }
            if log.hasErrors {
                couldNotRun("'\(side)' cannot be read\n" + PlainText.codeframe(log.sorted.map { Finding($0) }))
            }
            couldNotRun("'\(side)' cannot be read")
        } catch {
            couldNotRun(error.description)
        }
    }
}
