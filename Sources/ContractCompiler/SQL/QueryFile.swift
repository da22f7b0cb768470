/// The queries of one `.sql` file, as declared in their headers.
///
///     -- Text for the doc comment.
///     -- name: listBots :many
///     -- in:  limit int8, offset int8
///     -- out: bot_id text, seen timestamptz?
///     SELECT … LIMIT :limit
///
/// A `:batch` query has `row:` instead of `in:`. Its parameters are arrays with one element per row.
///
/// Columns that several queries return are declared once, as a type. Any file may use it: as the whole row, or with a name beside other
/// columns.
///
///     -- type: BotRow
///     -- out: bot_id text, seen timestamptz?
///
///     -- name: listBots :many
///     -- out: BotRow
///
///     -- name: storeBot :one
///     -- out: bot BotRow, is_new bool
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

    /// Columns with a name for all of them, declared after `type:`.
    package struct RowType: Sendable {
        let name: String
        let columns: [Field]
        let location: Location
        let documentation: String?
    }

    /// An entry of `out:`.
    enum Output: Sendable {
        case column(Field)
        /// All columns of a type. The name is nil if they are the whole row.
        case row(RowType, name: String?, location: Location)
    }

    /// One statement with its declaration.
    package struct Query: Sendable {
        package let name: String
        package let cardinality: Cardinality
        package let inputs: [Field]
        let outputs: [Output]
        /// The statement with numbered parameters.
        package let sql: String
        package let location: Location
        let documentation: String?

        /// The columns of the result, in order. Those of a type have the location of its use.
        package var columns: [Field] { outputs.flatMap(\.columns) }
    }

    package let file: SourceFile
    package let queries: [Query]
    /// The types that the file declares.
    package let types: [RowType]
    /// The modules of the types in the headers.
    let imports: [String]
}

extension QueryFile.Output {
    /// Nil if the columns of a type are the whole row.
    var name: String? {
        switch self {
        case .column(let field): field.name
        case .row(_, let name, _): name
        }
    }

    var isOptional: Bool {
        switch self {
        case .column(let field): field.isOptional
        case .row: false
        }
    }

    /// As written in the header.
    var typeName: String {
        switch self {
        case .column(let field): field.type.rawValue
        case .row(let type, _, _): type.name
        }
    }

    var columns: [QueryFile.Field] {
        switch self {
        case .column(let field): [field]
        case .row(let type, _, let location): type.columns.map { $0.used(at: location) }
        }
    }
}

extension QueryFile.Field {
    fileprivate func used(at location: Location) -> Self {
        Self(name: name, type: type, isOptional: isOptional, enumeration: enumeration, location: location)
    }
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
