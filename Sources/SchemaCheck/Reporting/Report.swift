import ArgumentParser
import ContractCompiler
import Foundation

/// The options of every command that reports findings.
struct ReportOptions: ParsableArguments {
    @Option(help: "The format of the findings: \(ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: ReportFormat = isatty(STDOUT_FILENO) == 1 ? .stylish : .codeframe

    @Option(help: "The lowest severity that makes the exit status 1: error, warn, info, or never.")
    var failOn = FailureLevel.error

    @Option(help: "The lowest severity to print: error, warn or info. The last line counts all findings.")
    var least = Finding.Severity.info

    @Option(help: "The maximum number of findings in formats for people (default: 100).")
    var maxProblems: Int?

    /// The lowest severity that makes a run fail.
    enum FailureLevel: String, ExpressibleByArgument, CaseIterable {
        case error, warn, info, never

        var severity: Finding.Severity? { Finding.Severity(rawValue: rawValue) }
    }
}

/// The output format of findings.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case stylish, codeframe, json, sarif, junit, checkstyle, markdown
    case githubActions = "github-actions"

    /// Whether the format is for people. Only such formats limit the number of findings.
    var isForPeople: Bool { [.stylish, .codeframe, .markdown].contains(self) }
}

/// The findings of a check, ready to print.
struct Report {
    /// Sorted by severity, file, line and column.
    let findings: [Finding]
    /// The subject of the check, for the last line.
    let checked: String
    /// The number of findings that an ignore file accepted.
    var ignored = 0

    init(_ findings: [Finding], checked: String, ignored: Int = 0) {
        self.findings = findings.sorted {
            ($0.location.file.displayPath, $0.location.line, $0.location.column, $0.code)
                < ($1.location.file.displayPath, $1.location.line, $1.location.column, $1.code)
        }
        self.checked = checked
        self.ignored = ignored
    }

    /// Prints the report, and throws the exit status if a finding makes the run fail.
    func print(_ options: ReportOptions) throws {
        let limit = options.maxProblems ?? (options.format.isForPeople ? 100 : .max)
        Swift.print(text(options.format, least: options.least, limit: max(0, limit)), terminator: "")
        if let level = options.failOn.severity, findings.contains(where: { $0.severity >= level }) { throw ExitCode(1) }
    }

    /// The text of the report with at most `limit` findings of severity `least` or higher.
    func text(_ format: ReportFormat, least: Finding.Severity = .info, limit: Int = .max) -> String {
        let chosen = findings.filter { $0.severity >= least }
        let shown = Array(chosen.prefix(limit))
        let left = chosen.count == shown.count ? "" : "… and \(chosen.count - shown.count) more (--max-problems)\n"
        let end = left + summary + "\n"
        switch format {
        case .stylish: return PlainText.stylish(shown) + end
        case .codeframe: return PlainText.codeframe(shown) + end
        case .markdown: return PlainText.markdown(shown, summary: summary) + left
        case .githubActions: return PlainText.githubActions(shown) + end
        case .json: return JSONReport(self, shown).text
        case .sarif: return SARIFLog(shown).text
        case .junit: return XMLReport.junit(shown, checked: checked)
        case .checkstyle: return XMLReport.checkstyle(shown)
        }
    }

    /// `openapi/openapi.yaml, 17 operations: 1 error, 2 warnings`
    var summary: String {
        func count(_ severity: Finding.Severity, _ noun: String) -> String {
            let count = findings.count { $0.severity == severity }
            return "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        var text = "\(checked): \(count(.error, "error")), \(count(.warn, "warning"))"
        if findings.contains(where: { $0.severity == .info }) { text += ", \(count(.info, "note"))" }
        if ignored > 0 { text += ", \(ignored) ignored" }
        return text
    }
}

extension Finding.Severity: ExpressibleByArgument {}

/// Ends the process because the check could not run.
func couldNotRun(_ reason: String) -> Never {
    FileHandle.standardError.write(Data("schema-check: \(reason)\n".utf8))
    exit(2)
}
