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
    ///
    /// - Parameter checksChanges: Whether an entry that does not match the changes is a finding.
    func filter(_ findings: [Finding], checksChanges: Bool = false) -> (findings: [Finding], ignored: Int) {
        let file = IgnoreFile(reading: ignoreFile)
        let kept = findings.filter { !file.covers($0) }
        let faults = file.faults + (checksChanges ? file.changeFaults(findings) : [])
        return (kept + faults, findings.count - kept.count)
    }

    func generate(_ findings: [Finding]) throws {
        try Data(IgnoreFile.text(for: findings).utf8).write(to: URL(fileURLWithPath: ignoreFile))
        print("\(ignoreFile): \(findings.count) findings")
    }
}

/// Accepted findings: by file, rule and JSON Pointer; differences by their fingerprints, or all that match an entry of `changes`. Each
/// entry may have an end date.
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
///     changes:
///       - rule: request-property-pattern-added
///         operation: [POST /orders, POST /trades]
///         message: "*: the pattern '^[A-Z]+$' was added"
///         count: 4
///         reason: the server always rejected other symbols
struct IgnoreFile {
    static let name = "schema-check.ignore.yaml"

    private struct Entry: Hashable {
        let file, rule, pointer: String
    }

    private var entries: Set<Entry> = []
    /// The accepted differences, each with its entry.
    private var fingerprints: [String: Node] = [:]
    private var changes: [AcceptedChange] = []
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
            switch file.key {
            case "fingerprints":
                for item in file.value.items ?? [] where !isExpired(item) {
                    fingerprints[(item["fingerprint"] ?? item).scalar?.text ?? ""] = item
                }
            case "changes":
                for item in file.value.items ?? [] where !isExpired(item) {
                    if let change = AcceptedChange(item, faults: &faults) { changes.append(change) }
                }
            default: readRules(file)
            }
        }
    }

    /// Reads the entries of a file by rule.
    private mutating func readRules(_ file: Node.Member) {
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

    /// The current date, in UTC.
    static var today: String { String(Date.now.ISO8601Format().prefix(10)) }

    private mutating func isExpired(_ item: Node) -> Bool {
        guard let node = item["until"], let until = node.scalar?.text else { return false }
        guard until.wholeMatch(of: #/\d{4}-\d{2}-\d{2}/#) != nil else {
            faults.append(Self.fault(.error, "'\(until)' is not a date, expected YYYY-MM-DD", at: node))
            return true
        }
        if until >= today { return false }
        let message = "this entry expired on \(until): fix the finding or extend 'until'"
        faults.append(Self.fault(.warn, message, at: node))
        return true
    }

    /// A finding about the ignore file itself.
    static func fault(_ severity: Finding.Severity, _ message: String, at node: Node) -> Finding {
        Finding(
            code: "ignore-file",
            severity: severity,
            message: message,
            location: node.location,
            pointer: node.pointer
        )
    }

    static let unusedEntry = "no change matches this entry: remove it"

    /// Errors for accepted differences that do not occur, or not as often as their `count`.
    func changeFaults(_ findings: [Finding]) -> [Finding] {
        let found = Set(findings.map(\.fingerprint))
        return fingerprints.filter { !found.contains($0.key) }.map {
            Self.fault(.error, Self.unusedEntry, at: $0.value)
        }
            + changes.compactMap { $0.fault(in: findings) }
    }

    /// Whether a finding is accepted.
    func covers(_ finding: Finding) -> Bool {
        fingerprints[finding.fingerprint] != nil || changes.contains { $0.covers(finding) }
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
