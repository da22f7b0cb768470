import ContractCompiler

extension FuzzTarget {
    /// Headers of `.sql` files.
    static let query = FuzzTarget(name: "query") { bytes in
        var log = DiagnosticLog()
        let file = SourceFile(path: "fuzz.sql", displayPath: "fuzz.sql", bytes: bytes)
        let isEmpty = QueryFileReader.read([file], log: &log).allSatisfy { $0.queries.isEmpty && $0.types.isEmpty }
        expect(!isEmpty || log.hasErrors, "a file without a query is accepted")
    }
}
