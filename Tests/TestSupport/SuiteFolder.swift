public import Foundation

/// The locations of the official test suites.
public enum SuiteFolder {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The JSON Schema test suite: in `JSON_SCHEMA_SUITE`, beside the checkout, or where `./flotilla test` downloaded it.
    public static let jsonSchema: URL? = [
        URL(fileURLWithPath: ProcessInfo.processInfo.environment["JSON_SCHEMA_SUITE"] ?? "/nowhere"),
        checkout.deletingLastPathComponent().appending(path: "shared/suites/json-schema-test-suite"),
        checkout.appending(path: ".build/suites/json-schema-test-suite"),
    ].first { FileManager.default.fileExists(atPath: $0.appending(path: "tests/draft2020-12").path) }
}
