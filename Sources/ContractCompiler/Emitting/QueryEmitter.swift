/// Writes a `.sql` file in Swift: a function for each query, and a type for rows with several columns or of a declared type.
package enum QueryEmitter {
    package static func file(_ file: QueryFile) -> String {
        """
        \(SwiftWriter.header(source: file.file.displayPath))
        import ContractRuntime
        \(file.imports.map { "import \($0)\n" }.lines(""))import Postgres

        \((file.types.map(type) + file.queries.map(query)).lines("\n\n"))

        """
    }

    private static func query(_ query: QueryFile.Query) -> String {
        query.cardinality == .batch ? batch(query) : single(query)
    }

    // MARK: - Single statements

    private static func single(_ query: QueryFile.Query) -> String {
        let inputs = query.inputs.map { "\(SwiftName.property($0.name)): \(type($0))" }.lines(", ")
        return """
            private let \(query.name)Statement = \(statement(query))

            \(rowType(query))extension Query where Result == \(result(query)) {
                \(SwiftWriter.doc(query.documentation, origin: "\(query.name), line \(query.location.line)").indented())
                static func \(query.name)(\(inputs)) -> Self {
                    Query(
                        \(query.name)Statement,
                        bind: { parameters in\(query.inputs.map { "\n                parameters.append(\(SwiftName.property($0.name)))" }.lines(""))
                        },
                        read: \(reader(query))
                    )
                }
            }
            """
    }

    private static func statement(_ query: QueryFile.Query) -> String {
        let suffix = query.cardinality == .batch ? "Array" : ""
        return """
            Statement(
                name: \(SwiftWriter.literal(query.name)),
                parameterTypes: [\(query.inputs.map { ".\($0.type.constant)\(suffix)" }.lines(", "))],
                sql: \(SwiftWriter.block(query.sql).indented())
            )
            """
    }

    private static func result(_ query: QueryFile.Query) -> String {
        switch query.cardinality {
        case .one: row(query)
        case .optional: query.outputs.count == 1 && query.outputs[0].isOptional ? row(query) : "\(row(query))?"
        case .many: "[\(row(query))]"
        case .exec, .batch: "Int"
        }
    }

    /// The type of a row: the type of the column if there is only one.
    private static func row(_ query: QueryFile.Query) -> String {
        query.outputs.count == 1 ? type(query.outputs[0]) : rowName(query)
    }

    private static func type(_ output: QueryFile.Output) -> String {
        switch output {
        case .column(let field): type(field)
        case .row(let type, _, _): type.name
        }
    }

    private static func rowName(_ query: QueryFile.Query) -> String {
        query.name.prefix(1).uppercased() + query.name.dropFirst() + "Row"
    }

    private static func rowType(_ query: QueryFile.Query) -> String {
        guard query.outputs.count > 1 else { return "" }
        let columns = query.outputs.map { "let \(property($0)): \(type($0))" }
        var position = 0
        let reads = query.outputs.map { output in
            defer { position += output.columns.count }
            return "\(property(output)) = \(read(output, at: position))"
        }
        return """
            /// A row of `\(query.name)`.
            struct \(rowName(query)): Hashable, Sendable {
                \(columns.lines().indented())

                init(_ row: borrowing Row) throws(PostgresError) {
                    \(reads.lines().indented(2))
                }
            }


            """
    }

    private static func reader(_ query: QueryFile.Query) -> String {
        if query.cardinality == .exec { return "{ (rows) throws(PostgresError) in rows.affected }" }
        let verb =
            switch query.cardinality {
            case .one: "one"
            case .optional: "optional"
            default: "many"
            }
        let read = query.outputs.count == 1 ? read(query.outputs[0], at: 0) : "try \(rowName(query))(row)"
        return "{ (rows) throws(PostgresError) in try rows.\(verb) { (row) throws(PostgresError) in \(read) } }"
    }

    private static func property(_ output: QueryFile.Output) -> String {
        SwiftName.property(output.name ?? output.typeName)
    }

    private static func read(_ output: QueryFile.Output, at position: Int) -> String {
        switch output {
        case .column: "try row.read(\(position))"
        case .row(let type, _, _): "try \(type.name)(row\(position == 0 ? "" : ", at: \(position)"))"
        }
    }

    private static func type(_ type: QueryFile.RowType) -> String {
        let columns = type.columns.map { "let \(SwiftName.property($0.name)): \(self.type($0))" }
        let reads = type.columns.enumerated().map {
            "\(SwiftName.property($0.element.name)) = try row.read(column + \($0.offset))"
        }
        return """
            \(SwiftWriter.doc(type.documentation, origin: "\(type.name), line \(type.location.line)"))
            struct \(type.name): Hashable, Sendable {
                \(columns.lines().indented())

                /// Reads the columns from the given one on.
                init(_ row: borrowing Row, at column: Int = 0) throws(PostgresError) {
                    \(reads.lines().indented(2))
                }
            }
            """
    }

    static func type(_ field: QueryFile.Field) -> String {
        (field.enumeration ?? field.type.swiftType) + (field.isOptional ? "?" : "")
    }

    // MARK: - Batches

    private static func batch(_ query: QueryFile.Query) -> String {
        let columns = query.inputs.map { "var \(SwiftName.property($0.name)): \(type($0))" }
        let binds = query.inputs.map {
            "parameters.append(array: .\($0.type.constant), of: rows, \\.\(SwiftName.property($0.name)))"
        }
        // The first column is the number of the row.
        let outcome =
            query.columns.dropFirst().first.map { column in
                """


                static func readOutcome(_ row: borrowing Row) throws(PostgresError) -> \(type(column)) {
                    try row.read(1)
                }
                """
            } ?? ""
        return """
            \(SwiftWriter.doc(query.documentation, origin: "\(query.name), line \(query.location.line)"))
            struct \(query.name.prefix(1).uppercased() + query.name.dropFirst()): \(query.outputs.isEmpty ? "SilentBatchRow" : "BatchRow") {
                \(columns.lines().indented())

                static let statement = \(statement(query).indented())

                static func bind(_ rows: [Self], to parameters: inout Parameters) {
                    \(binds.lines().indented(2))
                }\(outcome.indented())
            }
            """
    }
}
