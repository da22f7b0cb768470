/// Properties of a running cluster, read over a new connection.
struct ClusterFacts {
    /// The version of the running programs.
    let version: String
    /// The TCP addresses on which it listens; empty unless an earlier release started it.
    let addresses: String

    /// Connects and reads. It does not use the pool, because PostgreSQL loads its libraries for new connections.
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
