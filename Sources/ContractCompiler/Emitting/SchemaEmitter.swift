/// Writes the current schema in Swift, so that the server contains it.
package enum SchemaEmitter {
    package static func file(_ schema: SchemaFiles) -> String {
        """
        \(SwiftWriter.header(source: "database/"))
        public import Postgres

        extension Schema {
            /// The current schema.
            public static let current = Schema(
                migrations: Migration.all,
                baseline: Baseline(
                    version: \(schema.version),
                    tables: \(SwiftWriter.block(schema.tables).indented(3)),
                    dependents: \(SwiftWriter.block(schema.dependents).indented(3))
                ),
                routines: Routines(
                    revision: \(schema.revision),
                    sql: \(SwiftWriter.block(schema.routines).indented(3))
                )
            )
        }

        """
    }
}
