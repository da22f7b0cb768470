/// A write as a client makes it that has just connected.
///
/// After an upgrade of its packages a running PostgreSQL goes on over its old connections, while each new one fails at the first trigger:
/// it loads `plpgsql.so`, which belongs to another version now. And while the disk is full, small writes still find room in pages that
/// exist.
enum WriteProbe {
    /// Runs PL/pgSQL, which every trigger needs, and commits a message in the write-ahead log, which needs no table.
    static let loadLibrary = statement(
        "probeLibrary",
        "DO $$ BEGIN PERFORM pg_logical_emit_message(TRUE, 'flotilla', ''); END $$"
    )
    /// Fills half a megabyte of a temporary file, which is gone at once.
    static let fillFile = [
        statement("probeMemory", "SET work_mem = '64kB'"),
        statement("probeFile", "SELECT count(*) FROM generate_series(1, 20000)"),
    ]

    /// Blocks until all of it is done.
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
    /// Writes over a connection of its own, and answers why it cannot; nil if it can.
    public func probeNewConnection() async -> PostgresError? {
        let (results, continuation) = AsyncStream<PostgresError?>.makeStream()
        Thread.start { [url = configuration.url] in
            continuation.yield(WriteProbe.failure(at: url))
            continuation.finish()
        }
        // A stream ends with its task, so no shutdown waits for a connection that hangs.
        for await failure in results { return failure }
        return nil
    }
}
