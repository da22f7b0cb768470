import ContractCompiler
import Postgres

/// Compares the types and column names in `.sql` headers with those that PostgreSQL infers, and checks the routines.
struct QueryChecker {
    let inspector: StatementInspector
    /// Whether the statements are those of a release, whose text is frozen. Its server reads columns by position, so their names matter
    /// only if they show that two columns are swapped.
    let isReleased: Bool
    var log: DiagnosticLog

    /// Checks every query and adds diagnostics to the log.
    consuming func check(_ files: [QueryFile]) async throws -> DiagnosticLog {
        for query in files.flatMap(\.queries) { try await check(query) }
        return log
    }

    /// Adds a diagnostic for each function whose body PostgreSQL rejects, and for each that only a migration defines.
    mutating func check(routinesOf schema: SchemaFiles) async throws {
        for routine in try await inspector.routines() {
            guard let location = schema.location(ofRoutine: routine.name) else {
                let message = "'\(routine.signature)' is not defined in routines/"
                log.error(.schemaFile, message, at: schema.revisionLocation)
                continue
            }
            if let error = routine.error { log.error(.query, "'\(routine.signature)': \(error)", at: location) }
        }
    }

    private mutating func check(_ query: QueryFile.Query) async throws {
        let declared = query.inputs.map { $0.type.postgresName + (query.cardinality == .batch ? "[]" : "") }
        do throws(PostgresError) {
            let described = try await inspector.describe(query.sql, parameterTypes: declared)
            compare(query, inferred: described.inferredParameters, declared: declared)
            compare(query, columns: described.columns)
        } catch {
            guard error.state != nil else { throw error }
            log.error(.query, "'\(query.name)': \(error.serverMessage)", at: query.location)
        }
    }

    private mutating func compare(_ query: QueryFile.Query, inferred: [String]?, declared: [String]) {
        // PostgreSQL cannot infer the type of every parameter. Those it infers must match the header.
        for (field, (found, expected)) in zip(query.inputs, zip(inferred ?? declared, declared)) where found != expected
        {
            log.error(
                .query,
                "'\(field.name)' is declared \(expected), but PostgreSQL infers \(found)",
                at: field.location
            )
        }
    }

    private mutating func compare(_ query: QueryFile.Query, columns: [(name: String, type: String)]) {
        guard query.cardinality != .exec else {
            if !columns.isEmpty {
                log.error(.query, "'\(query.name)' is :exec but returns \(columns.count) columns", at: query.location)
            }
            return
        }
        guard columns.count == query.columns.count else {
            let message =
                "'\(query.name)' declares \(query.columns.count) columns, but PostgreSQL returns \(columns.count)"
            return log.error(.query, message, at: query.location)
        }
        let names = Set(query.columns.map(\.name))
        for (index, (field, column)) in zip(query.columns, columns).enumerated() {
            let isDeclared = names.contains(column.name)
            if column.name != field.name, isDeclared || !isReleased {
                log.error(
                    .query,
                    "column \(index + 1) is declared '\(field.name)', but PostgreSQL names it '\(column.name)'"
                        + (isDeclared ? "" : ": add 'AS \(field.name)'"),
                    at: field.location
                )
            }
            if column.type != field.type.postgresName {
                log.error(
                    .query,
                    "'\(field.name)' is declared \(field.type.postgresName), but PostgreSQL returns \(column.type)",
                    at: field.location
                )
            }
        }
    }
}
