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
        if let error = error as? PostgresError { return error.isTransient }
        return error is NotMigrated && policy == .wait
    }

    private func version() async throws -> Int {
        try await policy == .migrate ? migrator.migrate(logger: logger) : Self.usableVersion(migrator)
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
