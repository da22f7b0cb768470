import ContractCompiler
import Foundation

@testable import SchemaCheck

/// The findings for two texts.
enum Differences {
    static func of(_ old: String, _ new: String, days: Int = 0, others: [String: String] = [:]) throws
        -> [Finding]
    {
        // Two readings need two files, as on disk.
        let (before, after) = (
            try InMemory.contract(old, name: "old.yaml", others: others),
            try InMemory.contract(new, name: "new.yaml", others: others)
        )
        let now = try Date("2026-11-22T00:00:00Z", strategy: .iso8601)
        return ContractComparison(old: before, new: after, days: days, now: now).findings
    }

    static func described(_ findings: [Finding]) -> [String] {
        findings.filter { $0.severity > .info }.map { "\($0.code) \($0.severity.rawValue)" }.sorted()
    }

    /// A document with these paths.
    static func paths(_ text: String, more: String = "") -> String {
        "openapi: 3.1.0\ninfo: { title: T, version: '1' }\n\(more)\npaths:\n"
            + text.split(separator: "\n").map { "  \($0)\n" }.joined()
    }

    /// The shortest responses.
    static let answer = "responses: { '200': { description: x } }"
}
