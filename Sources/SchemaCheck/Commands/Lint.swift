import ArgumentParser
import ContractCompiler
import Foundation

struct Lint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds errors and bad practices in a contract.",
        discussion: """
            Rules have the names and defaults of Redocly CLI. Configure them in schema-check.yaml or redocly.yaml:

                extends: [recommended-strict]        # spec, minimal, recommended (default), recommended-strict
                rules:
                  operation-4xx-response: off        # error, warn, info, off
                  rule/ids-are-camel-case:           # a custom rule
                    subject: { type: Operation, property: operationId }
                    assertions: { casing: camelCase }

            Lint also reports errors that would stop the build, under the codes of the compiler's diagnostics. Accepted findings are listed in \
            schema-check.ignore.yaml by file, rule and JSON Pointer, with an optional end date. --generate-ignore-file writes that file.
            """
    )

    @Argument(
        help: "OpenAPI documents (default: those under 'apis' in the configuration, else openapi/openapi.yaml)."
    )
    var documents: [String] = []

    @Option(help: "The folder that references must not leave (default: the parent of the document's folder).")
    var root: String?

    @Option(help: "The configuration file.")
    var config: String?

    @Option(name: .customLong("extends"), help: "Rulesets to use instead of those in the configuration.")
    var rulesets: [Ruleset] = []

    @Option(help: "Rules to skip.")
    var skipRule: [String] = []

    @OptionGroup var ignoring: IgnoreOptions
    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = LargeStack.value { lint() }
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
