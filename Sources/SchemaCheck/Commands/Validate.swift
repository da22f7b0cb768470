import ArgumentParser
import ContractCompiler
import Foundation
import JSONSchema

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates JSON or YAML files against a JSON Schema 2020-12.",
        discussion: """
            The schema may be a part of a file: FILE#/pointer. References lead to files in or below --root, or to schemas by their '$id'. Nothing \
            is fetched. --basic prints the 'basic' output of the specification, one JSON text per instance.
            """
    )

    @Argument(help: "The schema: FILE or FILE#/pointer.")
    var schema: String

    @Argument(help: "The JSON or YAML files to validate.")
    var instances: [String]

    @Option(help: "The folder that references must not leave (default: the schema's folder).")
    var root: String?

    @Flag(help: "Makes 'format' an assertion.")
    var assertFormat = false

    @Flag(help: "Prints the 'basic' output of the specification (JSON Schema Core 2020-12, section 12.4.2).")
    var basic = false

    @OptionGroup var report: ReportOptions

    func run() throws {
        let results = LargeStack.value { self.validated() }
        if basic {
            for result in results { print(result.output?.basic ?? "") }
            if results.contains(where: { $0.output?.isValid != true }) { throw ExitCode(1) }
            return
        }
        let valid = results.count { $0.findings.isEmpty }
        try Report(results.flatMap(\.findings), checked: "\(valid) of \(results.count) instances are valid").print(
            report
        )
    }

    private struct InstanceResult {
        var findings: [Finding] = []
        var output: ValidationOutput?
    }

    private func validated() -> [InstanceResult] {
        var validator = self.validator()
        return instances.map { path in
            guard let file = SourceFile(reading: path) else { couldNotRun("'\(path)' cannot be read") }
            var log = DiagnosticLog()
            guard let instance = Node.read(file, log: &log) else {
                return InstanceResult(findings: log.sorted.map { Finding($0) })
            }
            do throws(SchemaError) {
                let output = try validator.validate(instance)
                let findings = output.errors.map { unit in
                    let node = instance.node(at: unit.instanceLocation) ?? instance
                    let note = Diagnostic.Note(message: "rejected by \(unit.absoluteKeywordLocation)", location: nil)
                    return Finding(
                        code: unit.keywordLocation.split(separator: "/").last.map(String.init) ?? "schema",
                        severity: .error,
                        message: unit.error ?? "",
                        location: node.location,
                        pointer: unit.instanceLocation,
                        notes: [note]
                    )
                }
                return InstanceResult(findings: findings, output: output)
            } catch {
                return InstanceResult(findings: [
                    Finding(
                        code: "schema",
                        severity: .error,
                        message: error.description,
                        location: instance.location,
                        pointer: ""
                    )
                ])
            }
        }
    }

    private func validator() -> SchemaValidator {
        let parts = schema.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts.first ?? ""
        guard let file = SourceFile(reading: path) else { couldNotRun("'\(path)' cannot be read") }
        let folder = root.map(SourceFile.realPath) ?? URL(fileURLWithPath: file.path).deletingLastPathComponent().path
        var log = DiagnosticLog()
        guard let node = Node.read(file, log: &log), let schema = node.node(at: parts.count > 1 ? parts[1] : "") else {
            if log.hasErrors {
                couldNotRun("the schema cannot be read\n" + PlainText.codeframe(log.sorted.map { Finding($0) }))
            }
            couldNotRun("'\(path)' has nothing at '\(parts.count > 1 ? parts[1] : "")'")
        }
        do throws(SchemaError) {
            return try SchemaValidator(schema, of: node, uri: "file://" + file.path, assertsFormats: assertFormat) {
                uri in
                guard uri.hasPrefix("file://"), let path = uri.dropFirst("file://".count).removingPercentEncoding,
                    path.hasPrefix(folder + "/"), let file = SourceFile(reading: path)
                else { return nil }
                var log = DiagnosticLog()
                return Node.read(file, log: &log)
            }
        } catch {
            couldNotRun(error.description)
        }
    }
}
