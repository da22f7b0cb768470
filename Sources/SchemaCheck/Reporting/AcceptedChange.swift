import ContractCompiler

/// An entry of the ignore file that accepts all changes with one reason. Its texts may contain `*`, which stands for any characters.
struct AcceptedChange {
    /// The node of the entry, for findings about it.
    let node: Node
    /// The number of changes that the entry accepts; nil accepts any number.
    let count: Int?
    /// The texts of each field, of which a change must match one.
    private let patterns: [Field: [TextPattern]]

    private enum Field: String, CaseIterable {
        case rule
        case operation
        case message
        /// The place in the new contract: `jsonschema/order.schema.json#/properties/price`.
        case at
    }

    private static let fields = Field.allCases.map(\.rawValue) + ["reason", "count", "until"]

    /// Reads an entry. Errors are added to `faults`.
    init?(_ node: Node, faults: inout [Finding]) {
        func fault(_ message: String, _ place: Node) {
            faults.append(IgnoreFile.fault(.error, message, at: place))
        }
        let known = faults.count
        for member in node.members ?? [] where !Self.fields.contains(member.key) {
            fault(
                "an entry has no field '\(member.key)'\(Suggestion.text(for: member.key, in: Self.fields))",
                member.value
            )
        }
        for name in ["rule", "reason"] where node[name] == nil {
            fault("this entry needs a '\(name)'", node)
        }
        if let count = node["count"], count.integer.map({ $0 < 1 }) ?? true {
            fault("'count' must be a whole number of at least 1", count)
        }
        guard faults.count == known else { return nil }
        self.node = node
        count = node["count"]?.integer
        var patterns: [Field: [TextPattern]] = [:]
        for field in Field.allCases {
            guard let value = node[field.rawValue] else { continue }
            patterns[field] = (value.items ?? [value]).map { TextPattern($0.scalar?.text ?? "") }
        }
        self.patterns = patterns
    }

    /// Whether this entry accepts a finding.
    func covers(_ finding: Finding) -> Bool {
        guard let operation = finding.operation else { return false }
        return patterns.allSatisfy { field, patterns in
            let text =
                switch field {
                case .rule: finding.code
                case .operation: operation
                case .message: finding.message
                case .at: "\(finding.location.file.displayPath)#\(finding.pointer)"
                }
            return patterns.contains { $0.matches(text) }
        }
    }

    /// The error in an entry that does not match the findings, if there is one.
    func fault(in findings: [Finding]) -> Finding? {
        let found = findings.count(where: covers)
        if found == 0 { return IgnoreFile.fault(.error, IgnoreFile.unusedEntry, at: node) }
        guard let count, count != found else { return nil }
        let message = "this entry accepts \(count) changes, but matches \(found): review them and correct 'count'"
        return IgnoreFile.fault(.error, message, at: node)
    }
}

/// A text in which `*` stands for any characters. Texts are compared byte by byte.
private struct TextPattern {
    private let pieces: [[UInt8]]

    init(_ text: String) {
        pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return pieces.first == bytes }
        guard bytes.count >= first.count + last.count, bytes.starts(with: first), bytes.suffix(last.count) == last[...]
        else { return false }
        var rest = bytes.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
