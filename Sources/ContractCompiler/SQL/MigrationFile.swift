/// A migration of the database schema: a file such as `migrations/0001_fleet.sql`.
package struct MigrationFile: Sendable {
    /// The number at the start of the file name.
    package let version: Int
    /// The text between the number and the suffix.
    package let name: String
    /// The SQL statements.
    package let sql: String

    /// The migrations in `files`, in order. An invalid name or a duplicate number is an error.
    package static func read(_ files: [SourceFile], log: inout DiagnosticLog) -> [MigrationFile] {
        var migrations: [MigrationFile] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            let start = Location(file: file, line: 1, column: 1)
            let fileName = file.path.split(separator: "/").last ?? ""
            let parts = fileName.dropLast(".sql".count).split(separator: "_", maxSplits: 1)
            guard parts.count == 2, let number = parts.first, let name = parts.last, number.count == 4,
                let version = Int(number), version > 0
            else {
                log.error(
                    .migrationName,
                    "'\(fileName)' is not a migration name, expected a name like 0001_fleet.sql",
                    at: start
                )
                continue
            }
            if migrations.last?.version == version {
                log.error(.duplicateName, "another migration has the number \(version)", at: start)
            }
            let sql = String(decoding: file.bytes, as: UTF8.self)
            migrations.append(MigrationFile(version: version, name: String(name), sql: sql))
        }
        return migrations
    }
}

extension SourceFile {
    /// Whether the file is in a folder of migrations.
    package var isMigration: Bool {
        path.hasSuffix(".sql") && path.split(separator: "/").dropLast().last == "migrations"
    }
}
