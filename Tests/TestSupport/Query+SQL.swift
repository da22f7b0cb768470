public import Postgres

extension Query where Result == Int {
    /// A statement without parameters and rows; the result is how many rows it affected.
    public init(sql: String) {
        self.init(Statement(name: "sql", parameterTypes: [], sql: sql), bind: { _ in }) {
            (rows) throws(PostgresError) in
            rows.affected
        }
    }
}
