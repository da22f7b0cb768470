import ContractCompiler

/// The text formats of reports.
enum PlainText {
    /// One heading per file, one line per finding.
    static func stylish(_ findings: [Finding]) -> String {
        var text = ""
        var file = ""
        for finding in findings {
            if finding.location.file.displayPath != file {
                file = finding.location.file.displayPath
                text += (text.isEmpty ? "" : "\n") + file + "\n"
            }
            let place = padded("\(finding.location.line):\(finding.location.column)", 9)
            text += "  \(place)\(padded(finding.severity.rawValue, 7))\(finding.code)  \(finding.message)\n"
            text += details(finding).map { "             \($0)\n" }.joined()
        }
        return text.isEmpty ? "" : text + "\n"
    }

    /// Each finding with its source line.
    static func codeframe(_ findings: [Finding]) -> String {
        findings.map { finding in
            let severity = ["warn": "warning", "info": "note"][finding.severity.rawValue] ?? "error"
            return "\(finding.location): \(severity): \(finding.message) [\(finding.code)]\n\(finding.location.excerpt)"
                + details(finding).map { $0 + "\n" }.joined()
        }.joined()
    }

    /// A Markdown table for a job summary.
    static func markdown(_ findings: [Finding], summary: String) -> String {
        guard !findings.isEmpty else { return "\(cell(summary))\n" }
        let rows = findings.map { finding in
            let message = ([finding.message] + details(finding)).map(cell).joined(separator: "<br>")
            return "| \(finding.severity.rawValue) | `\(cell(finding.code))` | `\(finding.location)` | \(message) |\n"
        }
        return "\(cell(summary))\n\n| severity | rule | place | message |\n| --- | --- | --- | --- |\n\(rows.joined())"
    }

    /// Workflow commands, which GitHub shows beside the lines of a pull request
    /// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
    static func githubActions(_ findings: [Finding]) -> String {
        findings.map { finding in
            let command = ["warn": "warning", "info": "notice"][finding.severity.rawValue] ?? "error"
            let place = finding.location
            let properties = "file=\(property(place.file.displayPath)),line=\(place.line),col=\(place.column)"
            let message = ([finding.message] + details(finding)).joined(separator: "\n")
            return "::\(command) \(properties),title=\(property(finding.code))::\(escaped(message))\n"
        }.joined()
    }

    /// The details of a finding, one per line.
    static func details(_ finding: Finding) -> [String] {
        var lines = finding.notes.map { note in
            note.location.map { "\($0): note: \(note.message)" } ?? "note: \(note.message)"
        }
        if let operation = finding.operation { lines.append("in \(operation), fingerprint \(finding.fingerprint)") }
        if let witness = finding.witness { lines.append("witness: \(witness.description): \(witness.json)") }
        if let fix = finding.fix { lines.append("fix: \(fix)") }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ").replacing("<", with: "&lt;")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        escaped(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
