public import Logging

/// One step of the schema, forward only.
public struct Migration: Sendable {
    /// The number of the migration; migrations are applied in this order.
    public let version: Int
    /// The name, for the log.
    public let name: String
    /// The SQL statements.
    public let sql: String

    /// Creates a migration.
    public init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// Applies migrations to a database.
public struct Migrator: Sendable {
    private let migrations: [Migration]
    private let url: String

    /// Creates a migrator for the database at `url`, a libpq URL.
    public init(url: String, migrations: [Migration]) {
        self.url = url
        self.migrations = migrations.sorted { $0.version < $1.version }
    }

    /// The version of the newest of these migrations.
    public var target: Int { migrations.last?.version ?? 0 }

    /// Applies missing migrations, each in its own transaction under an advisory lock, so that any number of servers may start at once.
    /// Throws if an applied migration was changed.
    ///
    /// - Returns: The version of the schema, which can be newer than `target` while a newer server runs beside this one.
    public func migrate(logger: Logger) async throws(PostgresError) -> Int {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            for migration in migrations where try apply(migration, on: connection) {
                logger.info(
                    "migration applied",
                    metadata: ["version": "\(migration.version)", "name": "\(migration.name)"]
                )
            }
            return try Self.version(on: connection)
        }
    }

    /// The version of the schema; 0 if the database has none.
    public func version() async throws(PostgresError) -> Int {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            try Self.version(on: connection)
        }
    }

    /// Applies the migration unless it is applied already. Returns whether it was applied now.
    private func apply(_ migration: Migration, on connection: Connection) throws(PostgresError) -> Bool {
        try connection.executeScript(Self.lockAndPrepare)
        do throws(PostgresError) {
            let isMissing = try check(migration, on: connection)
            if isMissing {
                try connection.executeScript(migration.sql)
                _ = try Self.run(Self.record(migration), on: connection)
            }
            try connection.executeScript("COMMIT")
            return isMissing
        } catch {
            try connection.executeScript("ROLLBACK")
            guard error.code == .statement else { throw error }
            let message = "migration \(migration.version) (\(migration.name)) failed: \(error.message)"
            throw PostgresError(.configuration, state: error.state, message)
        }
    }

    private func check(_ migration: Migration, on connection: Connection) throws(PostgresError) -> Bool {
        guard let applied = try Self.run(Self.fingerprint(of: migration.version), on: connection) else { return true }
        guard applied == Self.fingerprint(of: migration.sql) else {
            let message =
                "migration \(migration.version) (\(migration.name)) differs from the version that was applied to the database"
            throw PostgresError(.configuration, message)
        }
        return false
    }

    private static func version(on connection: Connection) throws(PostgresError) -> Int {
        guard try run(tableExists, on: connection) else { return 0 }
        return try run(newest, on: connection)
    }

    private static func run<Value>(_ query: Query<Value>, on connection: Connection) throws(PostgresError) -> Value {
        try connection.run(query, by: .now + .seconds(30))
    }

    // The lock's number is "flotilla" in ASCII. It is a transaction-level lock, so PgBouncer can be used.
    private static let lockAndPrepare = """
        BEGIN;
        SELECT pg_advisory_xact_lock(7379269446424095841);
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version int8 PRIMARY KEY,
            name text NOT NULL,
            fingerprint text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        """

    private static func fingerprint(of sql: String) -> String { String(Fingerprint.of(sql), radix: 16) }

    private static let tableExists = Query<Bool>(
        Statement(name: "tableExists", parameterTypes: [], sql: "SELECT to_regclass('schema_migrations') IS NOT NULL"),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
    )

    private static let newest = Query<Int>(
        Statement(name: "newest", parameterTypes: [], sql: "SELECT coalesce(max(version), 0) FROM schema_migrations"),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
    )

    private static func fingerprint(of version: Int) -> Query<String?> {
        Query(
            Statement(
                name: "fingerprint",
                parameterTypes: [.int8],
                sql: "SELECT fingerprint FROM schema_migrations WHERE version = $1"
            ),
            bind: { $0.append(version) },
            read: { (rows) throws(PostgresError) in try rows.optional { (row) throws(PostgresError) in try row.read(0) }
            }
        )
    }

    private static func record(_ migration: Migration) -> Query<Int> {
        Query(
            Statement(
                name: "record",
                parameterTypes: [.int8, .text, .text],
                sql: "INSERT INTO schema_migrations (version, name, fingerprint) VALUES ($1, $2, $3)"
            ),
            bind: { parameters in
                parameters.append(migration.version)
                parameters.append(migration.name)
                parameters.append(fingerprint(of: migration.sql))
            },
            read: { (rows) throws(PostgresError) in rows.affected }
        )
    }
}
