import ContractCompiler

/// The XML formats of reports.
enum XMLReport {
    /// JUnit test results as written by Ant's JUnit task: one suite per file, one case per finding.
    static func junit(_ findings: [Finding], checked: String) -> String {
        let failures = findings.count { $0.severity != .info }
        var text = header
        text += "<testsuites name=\"schema-check\" tests=\"\(max(1, findings.count))\" failures=\"\(failures)\">\n"
        if findings.isEmpty {
            text += "  <testsuite name=\(quoted(checked)) tests=\"1\" failures=\"0\" errors=\"0\">\n"
            text += "    <testcase name=\"no findings\" classname=\(quoted(checked)) time=\"0\"/>\n  </testsuite>\n"
        }
        for (file, findings) in groups(findings) {
            let failures = findings.count { $0.severity != .info }
            text +=
                "  <testsuite name=\(quoted(file)) tests=\"\(findings.count)\" failures=\"\(failures)\" errors=\"0\">\n"
            for finding in findings {
                let name = "\(finding.code) at \(finding.location.line):\(finding.location.column) \(finding.pointer)"
                text += "    <testcase name=\(quoted(name)) classname=\(quoted(file)) time=\"0\">\n"
                let body = ([finding.message] + PlainText.details(finding)).joined(separator: "\n")
                if finding.severity == .info {
                    text += "      <system-out>\(escaped(body))</system-out>\n"
                } else {
                    let attributes = "message=\(quoted(finding.message)) type=\(quoted(finding.severity.rawValue))"
                    text += "      <failure \(attributes)>\(escaped(body))</failure>\n"
                }
                text += "    </testcase>\n"
            }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    /// A Checkstyle report, which many editors and build servers read.
    static func checkstyle(_ findings: [Finding]) -> String {
        var text = header + "<checkstyle version=\"4.3\">\n"
        for (file, findings) in groups(findings) {
            text += "  <file name=\(quoted(file))>\n"
            for finding in findings {
                let place = "line=\"\(finding.location.line)\" column=\"\(finding.location.column)\""
                let severity = finding.severity == .warn ? "warning" : finding.severity.rawValue
                let message = ([finding.message] + PlainText.details(finding)).joined(separator: "; ")
                text +=
                    "    <error \(place) severity=\"\(severity)\" message=\(quoted(message)) source=\(quoted(finding.code))/>\n"
            }
            text += "  </file>\n"
        }
        return text + "</checkstyle>\n"
    }

    private static let header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    private static func groups(_ findings: [Finding]) -> [(String, [Finding])] {
        Dictionary(grouping: findings) { $0.location.file.displayPath }.sorted { $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text).replacing("\n", with: "&#10;"))\"" }

    /// The text without characters that XML 1.0 does not allow (XML 1.0, production 2).
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n", "\r", " "..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"...:
                escaped.unicodeScalars.append(scalar)
            default: escaped += "\u{FFFD}"
            }
        }
        return escaped
    }
}
