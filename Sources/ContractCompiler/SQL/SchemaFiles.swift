/// The files of the current schema: `database/baseline.sql` and `database/routines/*.sql`.
///
/// The baseline has two header lines, `-- schema: 43` and `-- routines: 1 9a3f…`, and one block of lines like `\ir routines/alerts.sql` (psql's
/// "include relative"), one for each file with routines.
package struct SchemaFiles: Sendable {
    /// The newest migration that the baseline includes.
    package let version: Int
    /// The revision of the routines.
    package let revision: Int
    /// The fingerprint of the routines for which the revision was set.
    package let fingerprint: String
    /// Where the revision is set.
    package let revisionLocation: Location
    /// The statements before the routines.
    package let tables: String
    /// The routines, in the order of the block.
    package let routines: String
    /// The statements after the routines.
    package let dependents: String
    private let routineFiles: [SourceFile]

    /// The schema in `files`; nil if they are incomplete, which is an error.
    package static func read(_ files: [SourceFile], log: inout DiagnosticLog) -> SchemaFiles? {
        guard let baseline = files.first(where: { $0.name == "baseline.sql" }) else {
            if let file = files.first {
                log.error(.schemaFile, "baseline.sql is missing", at: Location(file: file, line: 1, column: 1))
            }
            return nil
        }
        let lines = String(decoding: baseline.bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func location(_ index: Int) -> Location { Location(file: baseline, line: index + 1, column: 1) }
        guard let version = lines.first.flatMap({ header("schema", $0) }).flatMap({ Int($0) }), version > 0 else {
            log.error(.schemaFile, "expected a line like '-- schema: 43'", at: location(0))
            return nil
        }
        let words = (lines.dropFirst().first.flatMap { header("routines", $0) } ?? "").split(separator: " ")
        guard words.count == 2, let revision = words.first.flatMap({ Int($0) }), revision > 0,
            let fingerprint = words.last
        else {
            log.error(.schemaFile, "expected a line like '-- routines: 1 9a3f'", at: location(1))
            return nil
        }
        let included = lines.indices.filter { lines[$0].hasPrefix(includes) }
        guard let first = included.first, let last = included.last, last - first + 1 == included.count else {
            log.error(.schemaFile, "expected one block of lines like '\(includes)alerts.sql'", at: location(0))
            return nil
        }
        var rest = files.filter { $0.path != baseline.path }
        var routines: [SourceFile] = []
        for index in included {
            let name = lines[index].dropFirst(includes.count)
            if let found = rest.firstIndex(where: { $0.name == name }) {
                routines.append(rest.remove(at: found))
            } else {
                log.error(
                    .schemaFile,
                    "'\(name)' is not a file in routines/, or is included twice",
                    at: location(index)
                )
            }
        }
        for file in rest {
            let start = Location(file: file, line: 1, column: 1)
            log.error(.schemaFile, "baseline.sql does not include this file: add '\(includes)\(file.name)'", at: start)
        }
        return SchemaFiles(
            version: version,
            revision: revision,
            fingerprint: String(fingerprint),
            revisionLocation: location(1),
            tables: lines[..<first].joined(separator: "\n"),
            routines: routines.map { String(decoding: $0.bytes, as: UTF8.self) }.joined(separator: "\n"),
            dependents: lines[(last + 1)...].joined(separator: "\n"),
            routineFiles: routines
        )
    }

    /// Where the routines define the function `name`; nil if they do not.
    package func location(ofRoutine name: String) -> Location? {
        for file in routineFiles {
            let lines = String(decoding: file.bytes, as: UTF8.self).split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            if let index = lines.firstIndex(where: { $0.hasPrefix("CREATE OR REPLACE FUNCTION \(name)(") }) {
                return Location(file: file, line: index + 1, column: 1)
            }
        }
        return nil
    }

    private static let includes = "\\ir routines/"

    private static func header(_ name: String, _ line: String) -> String? {
        let prefix = "-- \(name): "
        return line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : nil
    }
}

extension SourceFile {
    /// Whether the file is part of the current schema.
    package var isSchema: Bool {
        guard path.hasSuffix(".sql") else { return false }
        let folders = path.split(separator: "/").dropLast()
        return folders.last == "database" || folders.suffix(2).elementsEqual(["database", "routines"])
    }

    fileprivate var name: Substring { path.split(separator: "/").last ?? "" }
}
