/// The violations that a reader found, by offset in the text. Pointers are computed on request in one pass, so a text with a hundred
/// violations is read once more, not a hundred times.
struct JSONFindings {
    private struct Finding {
        let offset: Int
        /// Appended to the pointer of the value at `offset`.
        let suffix: String
        let keyword: String
        let message: String
        /// Whether it is redundant if another finding has the same pointer and keyword.
        let isRedundant: Bool
    }

    private var findings: [Finding] = []

    /// Twice the number that is listed, because some findings are redundant.
    private static let maximumCount = 200

    var isEmpty: Bool { findings.isEmpty }

    /// Whether the limit is reached.
    var isFull: Bool { findings.count >= Self.maximumCount }

    /// Adds a finding about the value at `offset` or a part of it.
    mutating func add(
        _ keyword: String,
        _ message: String,
        at offset: Int,
        below suffix: String = "",
        unlessKnown isRedundant: Bool = false
    ) {
        guard !isFull else { return }
        findings.append(
            Finding(
                offset: offset,
                suffix: suffix,
                keyword: keyword,
                message: message,
                isRedundant: isRedundant
            )
        )
    }

    /// The findings in order, at most `Violation.limit`.
    func violations(in bytes: UnsafeRawBufferPointer) -> [Violation] {
        let pointers = JSONLocator.pointers(at: findings.map(\.offset), in: bytes)
        var violations: [Violation] = []
        for (finding, start) in zip(findings, pointers) where violations.count < Violation.limit {
            let pointer = start + finding.suffix
            let isKnown = violations.contains {
                $0.keyword == finding.keyword && $0.pointer.hasSameScalars(as: pointer)
            }
            if finding.isRedundant, isKnown { continue }
            violations.append(Violation(pointer: pointer, keyword: finding.keyword, message: finding.message))
        }
        return violations
    }
}
