import Foundation
import Patterns
import Testing

/// The cases of the official JSON Schema test suite that depend only on a pattern.
@Suite struct SuiteTests {
    private struct Case {
        let pattern: String
        let description: String
        let tests: [(text: String, isValid: Bool)]
    }

    /// The path of the suite beside a checkout. The suite is not part of the project.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "shared/suites/json-schema-test-suite/tests/draft2020-12")

    static let isAvailable = FileManager.default.fileExists(atPath: folder.path)

    /// A string, or the names of an object that must all match.
    private static func cases(in file: String) throws -> [Case] {
        let value = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: file)))
        return (value as? [[String: Any]] ?? []).compactMap { entry in
            guard let schema = entry["schema"] as? [String: Any], let tests = entry["tests"] as? [[String: Any]],
                let pattern = schema["pattern"] as? String ?? onlyName(schema)
            else { return nil }
            let judged = tests.compactMap { test -> (text: String, isValid: Bool)? in
                guard let isValid = test["valid"] as? Bool else { return nil }
                if let names = (test["data"] as? [String: Any])?.keys, names.count == 1 {
                    return (names.first ?? "", isValid)
                }
                return (test["data"] as? String).map { ($0, isValid) }
            }
            return Case(pattern: pattern, description: entry["description"] as? String ?? "", tests: judged)
        }
    }

    /// The only name of `patternProperties` in a schema that allows no other members.
    private static func onlyName(_ schema: [String: Any]) -> String? {
        guard schema["additionalProperties"] as? Bool == false,
            let names = (schema["patternProperties"] as? [String: Any])?.keys,
            names.count == 1
        else { return nil }
        return names.first
    }

    @Test(
        .enabled(if: SuiteTests.isAvailable, "the JSON Schema test suite is not beside this checkout"),
        arguments: [("pattern.json", 2), ("optional/ecmascript-regex.json", 72)]
    )
    func `the suite's patterns match as expected`(file: String, least: Int) throws {
        let cases = try Self.cases(in: file)
        #expect(cases.reduce(0) { $0 + $1.tests.count } >= least)
        for entry in cases {
            let pattern = try Pattern(entry.pattern)
            for (text, isValid) in entry.tests {
                #expect(
                    pattern.matches(text) == isValid,
                    "\(entry.description): \(entry.pattern) on \(text.debugDescription)"
                )
            }
        }
    }
}
