import ContractCompiler
import Testing

@Suite struct SchemaFilesTests {
    private static let header = "-- schema: 2\n-- routines: 7 abc\n"

    private func read(_ files: KeyValuePairs<String, String>) -> (schema: SchemaFiles?, errors: [String]) {
        var log = DiagnosticLog()
        let sources = files.map {
            SourceFile(path: "/project/database/\($0.key)", displayPath: $0.key, bytes: Array($0.value.utf8))
        }
        let schema = SchemaFiles.read(sources, log: &log)
        return (schema, log.sorted.map { "\($0.location): \($0.message)" })
    }

    @Test func `the routines are read in the order in which the baseline includes them`() {
        let baseline =
            Self.header + "CREATE TABLE a ();\n\\ir routines/two.sql\n\\ir routines/one.sql\nCREATE VIEW b AS SELECT;"
        let (schema, errors) = read(["baseline.sql": baseline, "routines/one.sql": "one;", "routines/two.sql": "two;"])
        #expect(errors == [])
        #expect(schema?.version == 2)
        #expect(schema?.revision == 7)
        #expect(schema?.fingerprint == "abc")
        #expect(schema?.tables == Self.header + "CREATE TABLE a ();")
        #expect(schema?.routines == "two;\none;")
        #expect(schema?.dependents == "CREATE VIEW b AS SELECT;")
    }

    @Test func `every file is included exactly once`() {
        let baseline = Self.header + "\\ir routines/one.sql\n\\ir routines/one.sql\n\\ir routines/gone.sql"
        let (_, errors) = read(["baseline.sql": baseline, "routines/one.sql": "", "routines/two.sql": ""])
        #expect(
            errors == [
                "baseline.sql:4:1: 'one.sql' is not a file in routines/, or is included twice",
                "baseline.sql:5:1: 'gone.sql' is not a file in routines/, or is included twice",
                "routines/two.sql:1:1: baseline.sql does not include this file: add '\\ir routines/two.sql'",
            ]
        )
    }

    @Test(arguments: [
        ("", "baseline.sql:1:1: expected a line like '-- schema: 43'"),
        ("-- schema: 0\n-- routines: 1 a", "baseline.sql:1:1: expected a line like '-- schema: 43'"),
        ("-- schema: 2\n-- routines: x a", "baseline.sql:2:1: expected a line like '-- routines: 1 9a3f'"),
        ("-- schema: 2\n-- routines: 1", "baseline.sql:2:1: expected a line like '-- routines: 1 9a3f'"),
        (
            "-- schema: 2\n-- routines: 1 a",
            "baseline.sql:1:1: expected one block of lines like '\\ir routines/alerts.sql'"
        ),
        (
            "-- schema: 2\n-- routines: 1 a\n\\ir routines/one.sql\nSELECT;\n\\ir routines/two.sql",
            "baseline.sql:1:1: expected one block of lines like '\\ir routines/alerts.sql'"
        ),
    ])
    func `an incomplete baseline is rejected`(baseline: String, error: String) {
        let (schema, errors) = read(["baseline.sql": baseline])
        #expect(schema == nil)
        #expect(errors == [error])
    }

    @Test func `routines without a baseline are rejected`() {
        #expect(read(["routines/one.sql": ""]).errors == ["routines/one.sql:1:1: baseline.sql is missing"])
    }
}
