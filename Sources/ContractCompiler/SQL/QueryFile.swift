/// The queries of one `.sql` file, as their headers declare them.
///
///     -- Text for the doc comment.
///     -- name: listBots :many
///     -- in:  limit int8, offset int8
///     -- out: bot_id text, seen timestamptz?
///     SELECT … LIMIT :limit
///
/// `row:` stands in place of `in:` for a `:batch`, whose parameters are arrays with one element a row.
package struct QueryFile: Sendable {
    /// How many rows a query answers.
    package enum Cardinality: String, CaseIterable, Sendable {
        case one, optional, many, exec, batch
    }

    /// A parameter or a column.
    package struct Field: Sendable {
        package let name: String
        package let type: SQLType
        package let isOptional: Bool
        /// A Swift enumeration of strings that stands for a `text`.
        let enumeration: String?
        package let location: Location
    }

    /// One statement with its declaration.
    package struct Query: Sendable {
        package let name: String
        package let cardinality: Cardinality
        package let inputs: [Field]
        package let outputs: [Field]
        /// The statement with its parameters numbered.
        package let sql: String
        package let location: Location
        let documentation: String?
    }

    package let file: SourceFile
    package let queries: [Query]
    /// Modules whose types the headers name.
    let imports: [String]
}

/// The PostgreSQL types that queries use.
package enum SQLType: String, CaseIterable, Sendable {
    case bool, int4, int8, float8, text, uuid, timestamptz, numeric, jsonb
    case textArray = "text[]"

    /// As PostgreSQL prints the type (`format_type`).
    package var postgresName: String {
        switch self {
        case .bool: "boolean"
        case .int4: "integer"
        case .int8: "bigint"
        case .float8: "double precision"
        case .timestamptz: "timestamp with time zone"
        case .text, .uuid, .numeric, .jsonb, .textArray: rawValue
        }
    }

    /// The constant of `PostgresType`.
    var constant: String { self == .textArray ? "textArray" : rawValue }

    var swiftType: String {
        switch self {
        case .bool: "Bool"
        case .int4: "Int32"
        case .int8: "Int"
        case .float8: "Double"
        case .text: "String"
        case .uuid: "UUID"
        case .timestamptz: "Timestamp"
        case .numeric: "Decimal"
        case .jsonb: "JSONObject"
        case .textArray: "[String]"
        }
    }
}
