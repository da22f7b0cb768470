/// The Swift text of the migrations, so that a server carries its schema with it.
package enum MigrationEmitter {
    package static func file(_ migrations: [MigrationFile]) -> String {
        """
        \(SwiftWriter.header(source: "migrations/"))
        public import Postgres

        extension Migration {
            /// Every step of the schema, oldest first.
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
