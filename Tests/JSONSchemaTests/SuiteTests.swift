import ContractCompiler
import JSONSchema
import Testing

/// Runs and counts all tests of the official suite.
@Suite(.enabled(if: Suite.isAvailable, "the JSON Schema test suite is not on this machine"))
struct SuiteTests {
    /// The tests whose result differs from the expected one.
    private static func failures(_ files: [String], assertsFormats: Bool = false) throws -> (
        count: Int, failed: [String]
    ) {
        var count = 0
        var failed: [String] = []
        for file in files {
            for entry in try Suite.cases(in: file) {
                let name = "\(file): \(entry.description)"
                count += entry.tests.count
                do {
                    var validator = try SchemaValidator(
                        entry.schema,
                        registry: Suite.remotes,
                        assertsFormats: assertsFormats
                    )
                    for test in entry.tests {
                        let isValid = Result { () throws(SchemaError) in try validator.validate(test.instance).isValid }
                        if isValid != .success(test.isValid) {
                            failed.append("\(name): \(test.description): \(isValid)")
                        }
                    }
                } catch {
                    failed.append("\(name): \(error)")
                }
            }
        }
        return (count, failed)
    }

    @Test func `every required test passes`() throws {
        let (count, failed) = try Self.failures(Suite.files(in: ""))
        #expect(failed == [])
        // The copy on PyPI is slightly older and smaller.
        #expect(count >= 1_250)
    }

    @Test func `optional tests pass`() throws {
        let (count, failed) = try Self.failures(Suite.files(in: "optional"))
        // The only exception is a schema of an older draft, which this validator does not support.
        #expect(
            failed == [
                """
                optional/cross-draft.json: refs to historic drafts are processed as historic drafts: first item not a \
                string is valid: failure(the dialect 'https://json-schema.org/draft/2019-09/schema' is unknown)
                """
            ]
        )
        #expect(count >= 100)
    }

    @Test func `format tests pass`() throws {
        let (count, failed) = try Self.failures(Suite.files(in: "optional/format"), assertsFormats: true)
        #expect(failed == [])
        #expect(count >= 490)
    }
}
