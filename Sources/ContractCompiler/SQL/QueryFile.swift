/// The queries of one `.sql` file, as declared in their headers.
///
///     -- Text for the doc comment.
///     -- name: listBots :many
///     -- in:  limit int8, offset int8
///     -- out: bot_id text, seen timestamptz?
///     SELECT … LIMIT :limit
///
/// A `:batch` query has `row:` instead of `in:`. Its parameters are arrays with one element per row.
package struct QueryFile: Sendable {
    /// The number of rows that a query returns.
    package enum Cardinality: String, CaseIterable, Sendable {
        case one, optional, many, exec, batch
    }

    /// A parameter or a column.
    package struct Field: Sendable {
        package let name: String
        package let type: SQLType
        package let isOptional: Bool
        /// A Swift enumeration of strings that represents the `text`.
        let enumeration: String?
        package let location: Location
    }

    /// One statement with its declaration.
    package struct Query: Sendable {
        package let name: String
        package let cardinality: Cardinality
        package let inputs: [Field]
        package let outputs: [Field]
        /// The statement with numbered parameters.
        package let sql: String
        package let location: Location
        let documentation: String?
    }

    package let file: SourceFile
    package let queries: [Query]
    /// The modules of the types in the headers.
    let imports: [String]
}

/// The PostgreSQL types that queries use.
package enum SQLType: String, CaseIterable, Sendable {
    case bool, int4, int8, float8, text, uuid, timestamptz, numeric, jsonb
    case textArray = "text[]"

    /// The name that PostgreSQL prints for the type (`format_type`).
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
