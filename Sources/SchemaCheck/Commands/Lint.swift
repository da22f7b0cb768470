import ArgumentParser
import ContractCompiler
import Foundation

struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds what is wrong with a contract, and what is unwise.",
        discussion: """
            Rules have the names and defaults of Redocly CLI; schema-check.yaml, or a redocly.yaml, sets them:

                extends: [recommended-strict]        # spec, minimal, recommended (default), recommended-strict
                rules:
                  operation-4xx-response: off        # error, warn, info, off
                  rule/ids-are-camel-case:           # a rule of your own
                    subject: { type: Operation, property: operationId }
                    assertions: { casing: camelCase }

            What would stop the build is found too, under the names of the compiler's diagnostics. Findings that are known and accepted stand \
            in schema-check.ignore.yaml, by file, rule and JSON Pointer, with a date until which they are; --generate-ignore-file writes it.
            """
    )

    @Argument(
        help: "OpenAPI documents; those of the configuration's 'apis', or openapi/openapi.yaml, when none is named."
    )
    var documents: [String] = []

    @Option(help: "The folder that references must not leave; by default the one above the document's.")
    var root: String?

    @Option(help: "The configuration file.")
    var config: String?

    @Option(name: .customLong("extends"), help: "Rulesets instead of the configuration's.")
    var rulesets: [Ruleset] = []

    @Option(help: "Rules that are not applied.")
    var skipRule: [String] = []

    @OptionGroup var ignoring: IgnoreOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = DeepStack.value { lint() }
        if ignoring.generateIgnoreFile { return try ignoring.generate(result.findings) }
        let (findings, ignored) = ignoring.filter(result.findings)
        try Report(findings, checked: result.checked, ignored: ignored).print(report)
    }

    private func lint() -> (findings: [Finding], checked: String) {
        let configuration = LintConfiguration.load(config).extending(rulesets)
        let names = documents.isEmpty ? configuration.documents : documents
        var findings: [Finding] = []
        var checked: [String] = []
        for name in names.isEmpty ? ["openapi/openapi.yaml"] : names {
            guard let source = SourceFile(reading: name) else { couldNotRun("'\(name)' cannot be read") }
            let linter = Linter(configuration: configuration.configuration(for: name))
            let result = linter.lint(ContractFiles(document: name, folder: root), name: source.displayPath)
            findings += result.findings.filter { !skipRule.contains($0.code) }
            checked.append(result.checked)
        }
        return (findings, checked.joined(separator: "; "))
    }
}

extension Ruleset: ExpressibleByArgument {}
