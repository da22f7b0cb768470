/// What a running cluster says of itself to a new connection.
struct ClusterFacts {
    /// The version of the running programs.
    let version: String
    /// The addresses at which it takes TCP connections; none unless an earlier release started it.
    let addresses: String

    /// Connects and asks. A connection of the pool would not do: PostgreSQL loads its libraries when a new connection needs them.
    static func read(at url: String) async -> Result<ClusterFacts, PostgresError> {
        do throws(PostgresError) {
            return .success(try await Connection.withOwn(at: url, read(over:)))
        } catch {
            return .failure(error)
        }
    }

    @Sendable private static func read(over connection: Connection) throws(PostgresError) -> ClusterFacts {
        let deadline = ContinuousClock.now + .seconds(5)
        let facts = try connection.run(facts, by: deadline)
        try connection.run(WriteProbe.loadLibrary, by: deadline)
        return facts
    }

    private static let facts = Query<ClusterFacts>(
        Statement(
            name: "clusterFacts",
            parameterTypes: [],
            sql: "SELECT current_setting('server_version'), current_setting('listen_addresses')"
        ),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in
            try rows.one { (row) throws(PostgresError) in
                ClusterFacts(version: try row.read(0), addresses: try row.read(1))
            }
        }
    )
}
