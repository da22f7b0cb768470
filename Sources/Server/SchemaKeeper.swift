import Handlers
import Logging
import Postgres

/// Finds out, as soon as the database can be reached, that its schema is the one that the statements expect.
struct SchemaKeeper {
    /// The schema is behind, and the server was not asked to migrate it.
    struct NotMigrated: Error, CustomStringConvertible {
        let version: Int
        let expected: Int

        var description: String {
            "the database's schema is at version \(version), expected \(expected): run './flotilla migrate' or start with --migrate"
        }
    }

    /// The reaction to a schema that is behind.
    enum Policy {
        /// Bring it up to date.
        case migrate
        /// Refuse to start.
        case refuse
        /// Wait for the supervisor, which does one of the two.
        case wait
    }

    let migrator: Migrator
    let policy: Policy
    let schema: SchemaState
    let logger: Logger

    /// Returns once the schema is confirmed. While the database is away it tries again; a schema that cannot be used is an error.
    func confirm() async throws {
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
        if policy == .migrate { return try await migrator.migrate(logger: logger) }
        let version = try await migrator.version()
        guard version >= migrator.target else { throw NotMigrated(version: version, expected: migrator.target) }
        return version
    }
}
