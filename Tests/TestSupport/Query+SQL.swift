public import Postgres

extension Query where Result == Int {
    /// A statement without parameters and rows; the result is the number of affected rows.
    public init(sql: String) {
        self.init(Statement(name: "sql", parameterTypes: [], sql: sql), bind: { _ in }) {
            (rows) throws(PostgresError) in
            rows.affected
        }
    }
}

extension Query where Result == String {
    /// The single value that a statement without parameters returns, as text.
    public init(text sql: String) {
        self.init(Statement(name: "text", parameterTypes: [], sql: sql), bind: { _ in }) {
            (rows) throws(PostgresError) in
            try rows.one { (row) throws(PostgresError) in try row.read(0) }
        }
    }
}
