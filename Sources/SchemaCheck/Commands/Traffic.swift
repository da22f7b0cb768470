import ArgumentParser
import ContractCompiler
import Foundation

struct Traffic: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks recorded requests and responses against a contract.",
        discussion: """
            A file has one exchange per line:

                {"request": {"method": "POST", "path": "/orders?dry=1", "headers": {"Content-Type": "application/json"}, "body": "{}"}, \
            "response": {"status": 202, "headers": {}, "body": ""}}

            A header may have a list of values. Use 'body_base64' for a body that is not UTF-8. Every response must match the contract for its \
            status, and an invalid request must have been rejected.
            """
    )

    @Argument(help: "Files of recorded exchanges.")
    var files: [String]

    @Option(help: "The OpenAPI document.")
    var contract = "openapi/openapi.yaml"

    @OptionGroup var report: ReportOptions

    func run() throws {
        let result = LargeStack.value { self.checked() }
        try Report(result.findings, checked: "\(result.count) exchanges").print(report)
    }

    private func checked() -> (findings: [Finding], count: Int) {
        var log = DiagnosticLog(isStrict: false)
        guard let source = ContractSource(ContractFiles(document: contract), isNormalised: true, log: &log) else {
            couldNotRun("'\(contract)' cannot be read\n" + PlainText.codeframe(log.sorted.map { Finding($0) }))
        }
        let checker = TrafficChecker(source)
        // Errors in the contract leave gaps in the check, so report them too.
        var findings = source.log.sorted.filter { $0.severity == .error }.map { Finding($0) }
        var count = 0
        for path in files {
            guard let file = SourceFile(reading: path) else { couldNotRun("'\(path)' cannot be read") }
            for (index, line) in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated() where !line.isEmpty
            {
                count += 1
                let place = Location(file: file, line: index + 1, column: 1)
                findings += Self.faults(Array(line), checker).map { fault in
                    Finding(code: fault.code, severity: .error, message: fault.message, location: place, pointer: "")
                }
            }
        }
        return (findings, count)
    }

    private static func faults(_ line: [UInt8], _ checker: TrafficChecker) -> [TrafficChecker.Fault] {
        do throws(ReadingError) {
            let node = try Node.readJSON(SourceFile(path: "line.json", displayPath: "line", bytes: line))
            do throws(ExchangeError) {
                return checker.faults(try Exchange(node))
            } catch {
                return [.init(code: "exchange", message: error.message)]
            }
        } catch {
            return [
                .init(
                    code: "exchange",
                    message: "the line is not JSON: \(error.message) at column \(error.location.column)"
                )
            ]
        }
    }
}
