import Testing

@testable import ContractCompiler

@Suite struct SchemaKeywordTests {
    private func diagnostics(of schema: String) -> [String] {
        let file = SourceFile(path: "/x.schema.json", displayPath: "x.schema.json", bytes: Array(schema.utf8))
        var log = DiagnosticLog()
        var registry = Registry { $0 == file.path ? file : nil }
        guard let node = registry.root(of: file.path, log: &log) else { return log.sorted.map(\.rendered) }
        var builder = ModelBuilder(registry: registry, log: log)
        if let schema = Schema(node, log: &builder.log) { builder.define(schema, name: "X") }
        return builder.log.sorted.map { "\($0.location): \($0.message)" }
    }

    @Test(arguments: SchemaKeyword.table.filter { $0.value == .unsupported }.map(\.key).sorted())
    func `a keyword that is not supported is an error at its place`(keyword: String) {
        let found = diagnostics(of: "{\"type\": \"string\",\n  \"\(keyword)\": {}}")
        #expect(found == ["x.schema.json:2:3: '\(keyword)' of a schema is not supported"])
    }

    @Test(arguments: SchemaKeyword.table.filter { $0.value == .annotation }.map(\.key).sorted())
    func `an annotation changes nothing`(keyword: String) {
        #expect(diagnostics(of: "{\"type\": \"string\", \"\(keyword)\": \"text\"}") == [])
    }

    @Test func `a keyword that nobody knows is an error with what may be meant`() {
        let found = diagnostics(of: #"{"type": "string", "minLenght": 1}"#)
        #expect(found == ["x.schema.json:1:20: a schema has no field 'minLenght' (did you mean 'minLength'?)"])
    }
}
