import ArgumentParser
import ContractCompiler
import Foundation

/// The options of commands that support accepted findings.
struct IgnoreOptions: ParsableArguments {
    @Option(help: "The file with accepted findings.")
    var ignoreFile = IgnoreFile.name

    @Flag(help: "Writes the current findings to the ignore file instead of reporting them.")
    var generateIgnoreFile = false

    /// The findings that are not accepted, and the number of accepted ones.
    func filter(_ findings: [Finding]) -> (findings: [Finding], ignored: Int) {
        let file = IgnoreFile(reading: ignoreFile)
        let kept = findings.filter { !file.covers($0) } + file.faults
        return (kept, findings.count + file.faults.count - kept.count)
    }

    func generate(_ findings: [Finding]) throws {
        try Data(IgnoreFile.text(for: findings).utf8).write(to: URL(fileURLWithPath: ignoreFile))
        print("\(ignoreFile): \(findings.count) findings")
    }
}

/// Accepted findings: by file, rule and JSON Pointer, or by the fingerprint of a difference, with an optional end date.
///
///     openapi/openapi.yaml:
///       operation-4xx-response:
///         - '#/paths/~1ping/get/responses'
///         - pointer: '#/paths/~1pong/get/responses'
///           until: 2027-01-31
///     fingerprints:
///       - fingerprint: 0a1b2c3d4e5f
///         until: 2027-01-31
///         reason: no client reads it
struct IgnoreFile {
    static let name = "schema-check.ignore.yaml"

    private struct Entry: Hashable {
        let file, rule, pointer: String
    }

    private var entries: Set<Entry> = []
    private var fingerprints: Set<String> = []
    /// Findings about the ignore file itself: expired and unreadable entries.
    private(set) var faults: [Finding] = []
    private let today: String

    /// Reads a file. A missing file accepts nothing.
    ///
    /// - Parameter today: The current date as `YYYY-MM-DD`, in UTC.
    init(reading path: String, today: String = IgnoreFile.today) {
        self.today = today
        guard let source = SourceFile(reading: path) else { return }
        var log = DiagnosticLog()
        guard let root = Node.read(source, log: &log) else {
            faults = log.sorted.map { Finding($0) }
            return
        }
        for file in root.members ?? [] {
            if file.key == "fingerprints" {
                for item in file.value.items ?? [] where !isExpired(item) {
                    fingerprints.insert((item["fingerprint"] ?? item).scalar?.text ?? "")
                }
                continue
            }
            for rule in file.value.members ?? [] {
                for item in rule.value.items ?? [] where !isExpired(item) {
                    let pointer = (item["pointer"] ?? item).string ?? ""
                    entries.insert(
                        Entry(
                            file: file.key,
                            rule: rule.key,
                            pointer: pointer.hasPrefix("#") ? String(pointer.dropFirst()) : pointer
                        )
                    )
                }
            }
        }
    }

    /// The current date, in UTC.
    static var today: String { String(Date.now.ISO8601Format().prefix(10)) }

    private mutating func isExpired(_ item: Node) -> Bool {
        guard let node = item["until"], let until = node.scalar?.text else { return false }
        guard until.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) != nil else {
            faults.append(
                Finding(
                    code: "ignore-file",
                    severity: .error,
                    message: "'\(until)' is not a date, expected YYYY-MM-DD",
                    location: node.location,
                    pointer: node.pointer
                )
            )
            return true
        }
        if until >= today { return false }
        faults.append(
            Finding(
                code: "ignore-file",
                severity: .warn,
                message: "this entry expired on \(until): fix the finding or extend 'until'",
                location: node.location,
                pointer: node.pointer
            )
        )
        return true
    }

    /// Whether a finding is accepted.
    func covers(_ finding: Finding) -> Bool {
        fingerprints.contains(finding.fingerprint)
            || entries.contains(
                Entry(file: finding.location.file.displayPath, rule: finding.code, pointer: finding.pointer)
            )
    }

    /// The text of a file that accepts these findings.
    static func text(for findings: [Finding]) -> String {
        var text =
            "# Accepted findings. Add 'until: YYYY-MM-DD' beside a pointer or a fingerprint to let the entry expire.\n"
        let lint = findings.filter { $0.operation == nil }
        for (file, findings) in Dictionary(grouping: lint, by: { $0.location.file.displayPath }).sorted(by: {
            $0.key < $1.key
        }) {
            text += "\(NodeWriter.quoted(file)):\n"
            for (rule, findings) in Dictionary(grouping: findings, by: \.code).sorted(by: { $0.key < $1.key }) {
                text += "  \(NodeWriter.quoted(rule)):\n"
                for pointer in Set(findings.map(\.pointer)).sorted() {
                    text += "    - \(NodeWriter.quoted("#" + pointer))\n"
                }
            }
        }
        let differences = findings.filter { $0.operation != nil }
        if !differences.isEmpty { text += "fingerprints:\n" }
        for finding in differences {
            text += "  # \(finding.operation ?? ""): \(finding.message.replacing("\n", with: " "))\n"
            text += "  - fingerprint: \(NodeWriter.quoted(finding.fingerprint))\n"
        }
        return text
    }
}
