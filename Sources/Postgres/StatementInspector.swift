/// Asks PostgreSQL to describe a statement without running it.
public struct StatementInspector: Sendable {
    private let url: String

    /// Creates an inspector for the database at a libpq connection string.
    public init(url: String) {
        self.url = url
    }

    /// PostgreSQL's description of a statement.
    public struct Description: Sendable {
        /// The types that PostgreSQL infers for the parameters; nil if it cannot infer them.
        public let inferredParameters: [String]?
        /// The result columns.
        public let columns: [(name: String, type: String)]
    }

    /// Prepares `sql` with inferred parameter types or, if PostgreSQL cannot infer them, with `parameterTypes`. Types are written as
    /// `format_type` does.
    public func describe(_ sql: String, parameterTypes: [String]) async throws(PostgresError) -> Description {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            try Self.describe(sql, parameterTypes, on: connection)
        }
    }

    /// A function of the current schema.
    public struct Routine: Sendable {
        /// The name without the parameters.
        public let name: String
        /// The name with the types of the parameters.
        public let signature: String
        /// Why PostgreSQL rejects the body; nil if it accepts it.
        public let error: String?
    }

    /// The functions of the current schema. Each body is checked, as in a `CREATE FUNCTION` with `check_function_bodies`.
    public func routines() async throws(PostgresError) -> [Routine] {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            var routines: [Routine] = []
            for found in try connection.run(Self.foundRoutines, by: .now + .seconds(10)) {
                do throws(PostgresError) {
                    try connection.executeScript("SELECT \(found.validation)")
                    routines.append(Routine(name: found.name, signature: found.signature, error: nil))
                } catch {
                    guard error.state != nil else { throw error }
                    routines.append(Routine(name: found.name, signature: found.signature, error: error.serverMessage))
                }
            }
            return routines
        }
    }

    private struct FoundRoutine {
        let name: String
        let signature: String
        /// The call of the language's validator.
        let validation: String
    }

    private static let foundRoutines = Query<[FoundRoutine]>(
        Statement(
            name: "routines",
            parameterTypes: [],
            sql: """
                SELECT proname::text, routine.oid::regprocedure::text, format('%s(%s)', lanvalidator::regproc, routine.oid)
                FROM pg_proc AS routine
                JOIN pg_language ON pg_language.oid = prolang
                WHERE pronamespace = current_schema()::regnamespace
                    AND lanname IN ('sql', 'plpgsql')
                ORDER BY 2
                """
        ),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in
            try rows.many { (row) throws(PostgresError) in
                FoundRoutine(name: try row.read(0), signature: try row.read(1), validation: try row.read(2))
            }
        }
    )

    private static func describe(
        _ sql: String,
        _ parameterTypes: [String],
        on connection: Connection
    ) throws(PostgresError) -> Description {
        let names = TypeNames(connection: connection)
        do throws(PostgresError) {
            let found = try connection.describe(sql, types: [])
            return try description(found.columns, inferred: names.names(of: found.parameters), names)
        } catch {
            // With declared types, the server reports whether the statement itself is invalid.
            guard error.code == .statement else { throw error }
        }
        var types: [UInt32] = []
        for name in parameterTypes { types.append(try names.oid(of: name)) }
        return try description(connection.describe(sql, types: types).columns, inferred: nil, names)
    }

    private static func description(
        _ columns: [(String, UInt32)],
        inferred: [String]?,
        _ names: TypeNames
    ) throws(PostgresError) -> Description {
        let types = try names.names(of: columns.map(\.1))
        return Description(inferredParameters: inferred, columns: Array(zip(columns.map(\.0), types)))
    }
}

/// Type names and type numbers, as the server knows them.
private struct TypeNames {
    let connection: Connection

    func names(of types: [UInt32]) throws(PostgresError) -> [String] {
        var names: [String] = []
        for type in types { names.append(try run(Self.name(of: type))) }
        return names
    }

    func oid(of name: String) throws(PostgresError) -> UInt32 {
        UInt32(try run(Self.oid(of: name)))
    }

    private func run<Value>(_ query: Query<Value>) throws(PostgresError) -> Value {
        try connection.run(query, by: .now + .seconds(10))
    }

    private static func name(of type: UInt32) -> Query<String> {
        Query(
            Statement(name: "typeName", parameterTypes: [.int8], sql: "SELECT format_type($1::oid, NULL)"),
            bind: { $0.append(Int(type)) },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }

    private static func oid(of name: String) -> Query<Int> {
        Query(
            Statement(name: "typeNumber", parameterTypes: [.text], sql: "SELECT $1::regtype::oid::int8"),
            bind: { $0.append(name) },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }
}

extension PostgresError {
    /// The server's text. Use it in tools that show their own statements; a service logs `description`.
    public var serverMessage: String {
        var text = message
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
