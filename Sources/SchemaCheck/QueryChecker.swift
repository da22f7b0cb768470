import ContractCompiler
import Postgres

/// Compares what `.sql` headers say with what PostgreSQL says.
struct QueryChecker {
    let inspector: StatementInspector
    var log: DiagnosticLog

    /// Checks every query and answers the log with what was found.
    consuming func check(_ files: [QueryFile]) async throws -> DiagnosticLog {
        for query in files.flatMap(\.queries) { try await check(query) }
        return log
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
        // PostgreSQL cannot infer every parameter; those that it can must be what the header says.
        for (field, (found, expected)) in zip(query.inputs, zip(inferred ?? declared, declared)) where found != expected
        {
            log.error(
                .query,
                "'\(field.name)' is declared \(expected), PostgreSQL takes it for \(found)",
                at: field.location
            )
        }
    }

    private mutating func compare(_ query: QueryFile.Query, columns: [(name: String, type: String)]) {
        guard query.cardinality != .exec else {
            if !columns.isEmpty {
                log.error(.query, "'\(query.name)' is :exec and answers \(columns.count) columns", at: query.location)
            }
            return
        }
        guard columns.count == query.outputs.count else {
            let message = "'\(query.name)' declares \(query.outputs.count) columns, PostgreSQL answers \(columns.count)"
            return log.error(.query, message, at: query.location)
        }
        for (field, column) in zip(query.outputs, columns) {
            if column.type != field.type.postgresName {
                log.error(
                    .query,
                    "'\(field.name)' is declared \(field.type.postgresName), PostgreSQL answers \(column.type)",
                    at: field.location
                )
            }
        }
    }
}
