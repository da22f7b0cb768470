/// Writes the migrations in Swift, so that the server contains its database schema.
package enum MigrationEmitter {
    package static func file(_ migrations: [MigrationFile]) -> String {
        """
        \(SwiftWriter.header(source: "migrations/"))
        public import Postgres

        extension Migration {
            /// All migrations, oldest first.
            public static let all = [
                \(migrations.map(migration).lines("\n").indented(2))
            ]
        }

        """
    }

    private static func migration(_ migration: MigrationFile) -> String {
        """
        Migration(
            version: \(migration.version),
            name: \(SwiftWriter.literal(migration.name)),
            sql: \(SwiftWriter.block(migration.sql).indented())
        ),
        """
    }
}
