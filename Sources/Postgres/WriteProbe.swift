/// A write on a new connection, as a new client would make it.
///
/// After a package upgrade, a running PostgreSQL still serves old connections, but new ones fail at the first trigger: they load
/// `plpgsql.so`, which belongs to another version. And on a full disk, small writes still succeed in pages that exist already.
enum WriteProbe {
    /// Runs PL/pgSQL, which every trigger needs, and commits a message in the write-ahead log, which needs no table.
    static let loadLibrary = statement(
        "probeLibrary",
        "DO $$ BEGIN PERFORM pg_logical_emit_message(TRUE, 'flotilla', ''); END $$"
    )
    /// Fills half a megabyte of a temporary file, which is deleted immediately.
    static let fillFile = [
        statement("probeMemory", "SET work_mem = '64kB'"),
        statement("probeFile", "SELECT count(*) FROM generate_series(1, 20000)"),
    ]

    /// Blocks until the probe is finished.
    static func failure(at url: String) -> PostgresError? {
        do throws(PostgresError) {
            let connection = try Connection(url)
            let deadline = ContinuousClock.now + .seconds(5)
            for query in [loadLibrary] + fillFile { try connection.run(query, by: deadline) }
            return nil
        } catch {
            return error
        }
    }

    private static func statement(_ name: String, _ sql: String) -> Query<Void> {
        Query(Statement(name: name, parameterTypes: [], sql: sql), bind: { _ in }, read: { _ throws(PostgresError) in })
    }
}

extension Database {
    /// Writes on a separate connection. Returns the failure, or nil.
    public func probeNewConnection() async -> PostgresError? {
        let (results, continuation) = AsyncStream<PostgresError?>.makeStream()
        Thread.start { [url = configuration.url] in
            continuation.yield(WriteProbe.failure(at: url))
            continuation.finish()
        }
        // The stream ends with its task, so a shutdown need not wait for a connection that hangs.
        for await failure in results { return failure }
        return nil
    }
}
