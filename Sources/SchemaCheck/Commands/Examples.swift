import ArgumentParser
import ContractCompiler
import Foundation

struct Examples: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks every example of a contract against its schema.",
        discussion: """
            Checks the examples of bodies, parameters, headers and schemas. 'format' is an assertion unless --format-annotation is set.
            """
    )

    @Argument(help: "The OpenAPI document.")
    var document = "openapi/openapi.yaml"

    @Option(help: "The folder that references must not leave (default: the parent of the document's folder).")
    var root: String?

    @Flag(help: "Treats 'format' as an annotation.")
    var formatAnnotation = false

    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = LargeStack.value { check() }
        try Report(result.findings, checked: result.checked).print(report)
    }

    private func check() -> (findings: [Finding], checked: String) {
        guard let source = SourceFile(reading: document) else { couldNotRun("'\(document)' cannot be read") }
        var log = DiagnosticLog(isStrict: false)
        guard
            let contract = ContractSource(
                ContractFiles(document: document, folder: root),
                isNormalised: true,
                log: &log
            )
        else {
            return (log.sorted.map { Finding($0) }, source.displayPath)
        }
        let checker = ExampleChecker(DocumentWalk(contract), contract, assertsFormats: !formatAnnotation)
        let count = ExampleChecker.Place.allCases.reduce(0) { $0 + checker.examples($1).count }
        let findings = ExampleChecker.Place.allCases.flatMap { place in
            checker.faults(place).map { fault in
                Finding(
                    code: "example",
                    severity: .error,
                    message: fault.message,
                    location: fault.node.location,
                    pointer: fault.node.pointer,
                    notes: fault.notes
                )
            }
        }
        let lost = contract.log.sorted.filter { $0.severity == .error }.map { Finding($0) }
        return (lost + findings, "\(source.displayPath), \(count) examples")
    }
}
