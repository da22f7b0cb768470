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

/// Creates and migrates the schema of a database.
///
/// Every step is a transaction under an advisory lock, so any number of servers may start at once.
public struct Migrator: Sendable {
    private let schema: Schema
    private let url: String

    /// Creates a migrator for the database at `url`, a libpq URL.
    public init(url: String, schema: Schema) {
        self.url = url
        self.schema = schema
    }

    /// Creates a migrator that applies only migrations.
    public init(url: String, migrations: [Migration]) {
        self.init(url: url, schema: Schema(migrations: migrations))
    }

    /// The version of the newest of these migrations.
    public var target: Int { schema.version }

    /// Creates the schema in a new database from the baseline, applies missing migrations and replaces older routines.
    /// Throws if an applied migration was changed.
    ///
    /// - Returns: The version of the schema, which can be newer than `target` while a newer server runs beside this one.
    public func migrate(logger: Logger) async throws(PostgresError) -> Int {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            if let baseline = schema.baseline, try create(from: baseline, on: connection) {
                logger.info("schema created", metadata: ["version": "\(baseline.version)"])
            }
            let applied = try Self.applied(on: connection)
            for migration in schema.migrations {
                if let fingerprint = applied[migration.version] {
                    try Self.compare(migration, applied: fingerprint)
                } else if try apply(migration, on: connection) {
                    logger.info(
                        "migration applied",
                        metadata: ["version": "\(migration.version)", "name": "\(migration.name)"]
                    )
                }
            }
            if let routines = schema.routines, try apply(routines, on: connection) {
                logger.info("routines applied", metadata: ["revision": "\(routines.revision)"])
            }
            return try Self.version(on: connection)
        }
    }

    /// The version of the schema; 0 if the database has none.
    public func version() async throws(PostgresError) -> Int {
        try await status().version
    }

    /// The state of the schema, compared with the expected one.
    public func status() async throws(PostgresError) -> SchemaStatus {
        try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            let version = try Self.version(on: connection)
            guard let routines = schema.routines else { return SchemaStatus(version: version, hasRoutines: true) }
            let recorded = try Self.recordedRoutines(on: connection)
            return SchemaStatus(version: version, hasRoutines: !needs(routines, in: recorded, schemaVersion: target))
        }
    }

    // MARK: - Steps

    /// Creates the schema unless the database has one. Returns whether it was created now.
    private func create(from baseline: Baseline, on connection: Connection) throws(PostgresError) -> Bool {
        guard try Self.version(on: connection) == 0 else { return false }
        return try transaction("baseline \(baseline.version)", on: connection) { () throws(PostgresError) in
            guard try Self.run(Self.newest, on: connection) == 0 else { return false }
            try connection.executeScript(baseline.tables)
            if let routines = schema.routines {
                try replace(routines, schemaVersion: baseline.version, on: connection)
            }
            try connection.executeScript(baseline.dependents)
            // Servers of other releases find the same rows as after the migrations.
            for migration in schema.migrations where migration.version <= baseline.version {
                _ = try Self.run(Self.record(migration, isFromBaseline: true), on: connection)
            }
            return true
        }
    }

    /// Applies the migration unless it is applied already. Returns whether it was applied now.
    private func apply(_ migration: Migration, on connection: Connection) throws(PostgresError) -> Bool {
        try transaction("migration \(migration.version) (\(migration.name))", on: connection) {
            () throws(PostgresError) in
            if let applied = try Self.run(Self.fingerprint(of: migration.version), on: connection) {
                try Self.compare(migration, applied: applied)
                return false
            }
            try connection.executeScript(migration.sql)
            _ = try Self.run(Self.record(migration, isFromBaseline: false), on: connection)
            return true
        }
    }

    /// Replaces the routines unless the database has these or newer ones. Returns whether they were replaced now.
    private func apply(_ routines: Routines, on connection: Connection) throws(PostgresError) -> Bool {
        guard needs(routines, in: try Self.recordedRoutines(on: connection), schemaVersion: target) else {
            return false
        }
        return try transaction("routines \(routines.revision)", on: connection) { () throws(PostgresError) in
            // Another server may have been faster.
            let recorded = try Self.run(Self.newestRoutines, on: connection)
            guard needs(routines, in: recorded, schemaVersion: target) else { return false }
            try replace(routines, schemaVersion: target, on: connection)
            return true
        }
    }

    private func needs(_ routines: Routines, in recorded: RecordedRoutines?, schemaVersion: Int) -> Bool {
        guard let recorded else { return true }
        let order = (schemaVersion, routines.revision)
        let known = (recorded.schemaVersion, recorded.revision)
        return order == known ? routines.fingerprint != recorded.fingerprint : order > known
    }

    private func replace(_ routines: Routines, schemaVersion: Int, on connection: Connection) throws(PostgresError) {
        // Routines refer to each other, and in a new database to views that follow.
        try connection.executeScript("SET LOCAL check_function_bodies = off")
        try connection.executeScript(routines.sql)
        _ = try Self.run(Self.record(routines, schemaVersion: schemaVersion), on: connection)
    }

    private func transaction<Value>(
        _ step: String,
        on connection: Connection,
        _ body: () throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        try connection.executeScript(Self.lockAndPrepare)
        do throws(PostgresError) {
            let value = try body()
            try connection.executeScript("COMMIT")
            return value
        } catch {
            try connection.executeScript("ROLLBACK")
            guard error.code == .statement else { throw error }
            throw PostgresError(.configuration, state: error.state, "\(step) failed: \(error.message)")
        }
    }

    private static func compare(_ migration: Migration, applied: String) throws(PostgresError) {
        guard applied == fingerprint(of: migration.sql) else {
            let message =
                "migration \(migration.version) (\(migration.name)) differs from the version that was applied to the database"
            throw PostgresError(.configuration, message)
        }
    }

    private static func fingerprint(of sql: String) -> String { String(Fingerprint.of(sql), radix: 16) }

    // MARK: - What is recorded

    private struct RecordedRoutines {
        let schemaVersion: Int
        let revision: Int
        let fingerprint: String
    }

    private static func version(on connection: Connection) throws(PostgresError) -> Int {
        guard try run(exists("schema_migrations"), on: connection) else { return 0 }
        return try run(newest, on: connection)
    }

    /// The fingerprints of the applied migrations, by number.
    private static func applied(on connection: Connection) throws(PostgresError) -> [Int: String] {
        guard try run(exists("schema_migrations"), on: connection) else { return [:] }
        return try run(fingerprints, on: connection)
    }

    private static func recordedRoutines(on connection: Connection) throws(PostgresError) -> RecordedRoutines? {
        guard try run(exists("schema_routines"), on: connection) else { return nil }
        return try run(newestRoutines, on: connection)
    }

    private static func run<Value>(_ query: Query<Value>, on connection: Connection) throws(PostgresError) -> Value {
        try connection.run(query, by: .now + .seconds(30))
    }

    /// The number of the advisory lock of every step. Servers of all releases must use the same one.
    private static let lock = 7_379_269_446_424_095_841

    // A transaction-level lock works with PgBouncer, too.
    private static let lockAndPrepare = """
        BEGIN;
        SELECT pg_advisory_xact_lock(\(lock));
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version int8 PRIMARY KEY,
            name text NOT NULL,
            fingerprint text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS is_from_baseline bool NOT NULL DEFAULT false;
        CREATE TABLE IF NOT EXISTS schema_routines (
            id bool PRIMARY KEY DEFAULT true CHECK (id),
            schema_version int8 NOT NULL,
            revision int8 NOT NULL,
            fingerprint text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        """

    private static func exists(_ table: String) -> Query<Bool> {
        Query(
            Statement(name: "tableExists", parameterTypes: [.text], sql: "SELECT to_regclass($1) IS NOT NULL"),
            bind: { $0.append(table) },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
    }

    private static let newest = Query<Int>(
        Statement(name: "newest", parameterTypes: [], sql: "SELECT coalesce(max(version), 0) FROM schema_migrations"),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
    )

    private static let fingerprints = Query<[Int: String]>(
        Statement(name: "fingerprints", parameterTypes: [], sql: "SELECT version, fingerprint FROM schema_migrations"),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in
            var fingerprints: [Int: String] = [:]
            try rows.forEach { (row) throws(PostgresError) in
                let version: Int = try row.read(0)
                fingerprints[version] = try row.read(1)
            }
            return fingerprints
        }
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

    private static let newestRoutines = Query<RecordedRoutines?>(
        Statement(
            name: "newestRoutines",
            parameterTypes: [],
            sql: "SELECT schema_version, revision, fingerprint FROM schema_routines"
        ),
        bind: { _ in },
        read: { (rows) throws(PostgresError) in
            try rows.optional { (row) throws(PostgresError) in
                RecordedRoutines(
                    schemaVersion: try row.read(0),
                    revision: try row.read(1),
                    fingerprint: try row.read(2)
                )
            }
        }
    )

    private static func record(_ migration: Migration, isFromBaseline: Bool) -> Query<Int> {
        Query(
            Statement(
                name: "record",
                parameterTypes: [.int8, .text, .text, .bool],
                sql: """
                    INSERT INTO schema_migrations (version, name, fingerprint, is_from_baseline)
                    VALUES ($1, $2, $3, $4)
                    """
            ),
            bind: { parameters in
                parameters.append(migration.version)
                parameters.append(migration.name)
                parameters.append(fingerprint(of: migration.sql))
                parameters.append(isFromBaseline)
            },
            read: { (rows) throws(PostgresError) in rows.affected }
        )
    }

    private static func record(_ routines: Routines, schemaVersion: Int) -> Query<Int> {
        Query(
            Statement(
                name: "recordRoutines",
                parameterTypes: [.int8, .int8, .text],
                sql: """
                    INSERT INTO schema_routines (schema_version, revision, fingerprint)
                    VALUES ($1, $2, $3)
                    ON CONFLICT (id) DO UPDATE SET
                        schema_version = excluded.schema_version,
                        revision = excluded.revision,
                        fingerprint = excluded.fingerprint,
                        applied_at = excluded.applied_at
                    """
            ),
            bind: { parameters in
                parameters.append(schemaVersion)
                parameters.append(routines.revision)
                parameters.append(routines.fingerprint)
            },
            read: { (rows) throws(PostgresError) in rows.affected }
        )
    }
}
