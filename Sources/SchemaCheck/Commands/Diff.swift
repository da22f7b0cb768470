import ArgumentParser
import ContractCompiler
import Foundation

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds what changed for the clients of a contract.",
        discussion: """
            Differences have the names of oasdiff's checks. Schemas are compared by what they say, not by how: references, allOf, the spellings of \
            null and the order of things make no difference. A witness is a value that one side takes and the other refuses, found and validated \
            on both sides: a proof that something breaks.

            OLD and NEW are files, or git:REV[:PATH]:

                schema-check diff git:v1.2.0 openapi/openapi.yaml
                schema-check diff releases/1.0.0.yaml openapi/openapi.yaml --format sarif

            A finding is accepted by its fingerprint in schema-check.ignore.yaml. Severities of single checks are set under 'diff' in \
            schema-check.yaml:

                diff:
                  request-parameter-removed: error
            """
    )

    @Argument(help: "The contract that clients know.")
    var old: String

    @Argument(help: "The contract that they get.")
    var new: String

    @Option(help: "How many days a sunset must lie ahead of its announcement; with 1 or more a deprecation needs one.")
    var deprecationDays = 0

    @Option(help: "The configuration file.")
    var config: String?

    @OptionGroup var ignoring: IgnoreOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = DeepStack.value { self.compared() }
        if ignoring.generateIgnoreFile { return try ignoring.generate(result.findings) }
        let (findings, ignored) = ignoring.filter(result.findings)
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
