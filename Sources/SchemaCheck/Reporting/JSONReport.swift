import ContractCompiler
import Foundation

/// Writes findings as JSON.
struct JSONReport: Encodable {
    struct Entry: Encodable {
        let code, severity, message, file: String
        let line, column: Int
        let pointer, fingerprint: String
        let operation, fix: String?
        let witness: Witness?
        let notes: [Note]
    }

    struct Witness: Encodable {
        let description, json: String
    }

    struct Note: Encodable {
        let message: String
        let file: String?
        let line, column: Int?
    }

    let checked: String
    let errors, warnings, notes, ignored: Int
    let findings: [Entry]

    init(_ report: Report, _ shown: [Finding]) {
        checked = report.checked
        errors = report.findings.count { $0.severity == .error }
        warnings = report.findings.count { $0.severity == .warn }
        notes = report.findings.count { $0.severity == .info }
        ignored = report.ignored
        findings = shown.map { finding in
            Entry(
                code: finding.code,
                severity: finding.severity.rawValue,
                message: finding.message,
                file: finding.location.file.displayPath,
                line: finding.location.line,
                column: finding.location.column,
                pointer: finding.pointer,
                fingerprint: finding.fingerprint,
                operation: finding.operation,
                fix: finding.fix,
                witness: finding.witness.map { Witness(description: $0.description, json: $0.json) },
                notes: finding.notes.map { note in
                    Note(
                        message: note.message,
                        file: note.location?.file.displayPath,
                        line: note.location?.line,
                        column: note.location?.column
                    )
                }
            )
        }
    }

    var text: String { JSONText.of(self) }
}

/// Encodes values as JSON.
enum JSONText {
    /// Indented, with members sorted by name.
    static func of(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Strings, integers and lists of them always encode without an error.
        return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "") + "\n"
    }
}
