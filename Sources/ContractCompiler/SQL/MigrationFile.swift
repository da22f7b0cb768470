/// A step of the schema: a file `migrations/0001_fleet.sql`.
package struct MigrationFile: Sendable {
    /// The number in front of the name.
    package let version: Int
    /// What stands between the number and the suffix.
    package let name: String
    /// The statements.
    package let sql: String

    /// The migrations among `files`, in their order; a name of another form and a number given twice are errors.
    package static func read(_ files: [SourceFile], log: inout DiagnosticLog) -> [MigrationFile] {
        var migrations: [MigrationFile] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            let start = Location(file: file, line: 1, column: 1)
            let fileName = file.path.split(separator: "/").last ?? ""
            let parts = fileName.dropLast(".sql".count).split(separator: "_", maxSplits: 1)
            guard parts.count == 2, let number = parts.first, let name = parts.last, number.count == 4,
                let version = Int(number), version > 0
            else {
                log.error(.migrationName, "'\(fileName)', expected a name of the form 0001_fleet.sql", at: start)
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
    /// Whether the file lies in a folder of migrations.
    package var isMigration: Bool {
        path.hasSuffix(".sql") && path.split(separator: "/").dropLast().last == "migrations"
    }
}
