/// A database schema: how a new database is created, how an existing one is migrated, and the functions that both have afterwards.
public struct Schema: Sendable {
    /// All migrations, in the order of their numbers.
    public let migrations: [Migration]
    /// Creates a new database; nil if it is created by the migrations.
    public let baseline: Baseline?
    /// The functions of the schema; nil if the migrations define them.
    public let routines: Routines?

    /// Creates a schema.
    public init(migrations: [Migration], baseline: Baseline? = nil, routines: Routines? = nil) {
        self.migrations = migrations.sorted { $0.version < $1.version }
        self.baseline = baseline
        self.routines = routines
    }

    /// The number of the newest migration; 0 if there is none.
    public var version: Int { migrations.last?.version ?? 0 }
}

/// The statements that create the schema in a new database. They run instead of the migrations up to `version`.
public struct Baseline: Sendable {
    /// The number of the newest migration that the baseline includes.
    public let version: Int
    /// The statements before the routines: tables.
    public let tables: String
    /// The statements after the routines, which use them: views, triggers.
    public let dependents: String

    /// Creates a baseline.
    public init(version: Int, tables: String, dependents: String) {
        self.version = version
        self.tables = tables
        self.dependents = dependents
    }
}

/// The functions of a schema.
///
/// Servers replace the functions in a database unless a newer server did before. A server is newer if its schema has a higher number, or
/// the same number and a higher revision.
public struct Routines: Sendable {
    /// Higher than that of all earlier versions of `sql`.
    public let revision: Int
    /// `CREATE OR REPLACE` statements, in an order in which each signature uses only known types.
    public let sql: String

    /// Creates a set of routines.
    public init(revision: Int, sql: String) {
        self.revision = revision
        self.sql = sql
    }

    /// Distinguishes versions of `sql`, in hexadecimal.
    public var fingerprint: String { String(Fingerprint.of(sql), radix: 16) }
}

/// The state of a database's schema.
public struct SchemaStatus: Sendable, Equatable {
    /// The number of the newest applied migration; 0 if there is none.
    public let version: Int
    /// Whether the database has the routines of the expected schema or newer ones.
    public let hasRoutines: Bool
}
