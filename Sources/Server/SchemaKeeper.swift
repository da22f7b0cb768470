import Handlers
import Logging
import Postgres
import ServiceLifecycle

/// Checks, as soon as the database is reachable, that its schema is the expected one.
struct SchemaKeeper: Service {
    /// The schema is outdated, and the server was not started with `--migrate`.
    struct NotMigrated: Error, CustomStringConvertible {
        let found: SchemaStatus
        let expected: Int

        var description: String {
            let difference =
                found.version < expected
                ? "schema is at version \(found.version), expected \(expected)"
                : "routines are older than this server's"
            return "the database's \(difference): run './flotilla migrate' or start with --migrate"
        }
    }

    /// How to handle an outdated schema.
    enum Policy {
        /// Migrate it.
        case migrate
        /// Refuse to start.
        case refuse
        /// Wait for the supervisor to migrate it or refuse.
        case wait
    }

    let migrator: Migrator
    let policy: Policy
    /// Migrates instead of `migrator`, with the role that owns the tables; nil if servers have that role, too.
    var owner: SchemaOwner?
    let schema: SchemaState
    let logger: Logger

    /// Confirms the schema, unless a shutdown comes first.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await confirm() }
        } catch {
            guard Task.isShuttingDownGracefully else { throw error }
        }
    }

    /// Returns once the schema is confirmed. Retries while the database is unavailable; throws if the schema cannot be used.
    private func confirm() async throws {
        while true {
            do {
                schema.confirm(version: try await version())
                return
            } catch  where Self.isTemporary(error, policy) {
                logger.debug("schema unknown", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .milliseconds(policy == .wait ? 100 : 500))
            }
        }
    }

    private static func isTemporary(_ error: any Error, _ policy: Policy) -> Bool {
        if let error = error as? PostgresError {
            // The supervisor has not granted this role its privileges yet.
            return error.isTransient || policy == .wait && error.state == .insufficientPrivilege
        }
        return error is NotMigrated && policy == .wait
    }

    private func version() async throws -> Int {
        guard policy == .migrate else { return try await Self.usableVersion(migrator) }
        guard let owner else { return try await migrator.migrate(logger: logger) }
        return try await owner.migrate(logger: logger)
    }

    /// The version of the schema; throws `NotMigrated` if it or its routines are outdated.
    static func usableVersion(_ migrator: Migrator) async throws -> Int {
        let status = try await migrator.status()
        guard status.version >= migrator.target, status.hasRoutines else {
            throw NotMigrated(found: status, expected: migrator.target)
        }
        return status.version
    }
}

/// The role that owns the tables, and the one of servers.
struct SchemaOwner {
    /// The libpq URL of the owner.
    let url: String
    /// The role of servers; nil if it is the same one.
    let runtime: RuntimeRole?

    /// Migrates the schema, and gives the other role what servers need.
    func migrate(logger: Logger) async throws(PostgresError) -> Int {
        let version = try await Migrator(url: url, schema: .current).migrate(logger: logger)
        try await runtime?.grant(at: url)
        return version
    }
}
