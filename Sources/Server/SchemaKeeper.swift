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

    let migrator: Migrator
    /// Whether a schema that is behind is brought up to date.
    let migrates: Bool
    let schema: SchemaState
    let logger: Logger

    /// Returns once the schema is confirmed. While the database is away it tries again; a schema that cannot be used is an error.
    func confirm() async throws {
        while true {
            do {
                schema.confirm(version: try await version())
                return
            } catch let error as PostgresError where error.isTransient {
                logger.debug("schema unknown", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func version() async throws -> Int {
        if migrates { return try await migrator.migrate(logger: logger) }
        let version = try await migrator.version()
        guard version >= migrator.target else { throw NotMigrated(version: version, expected: migrator.target) }
        return version
    }
}
