import ArgumentParser
import ContractCompiler
import Foundation
import Logging
import Postgres

struct Queries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prepares every .sql query in PostgreSQL and compares types and column names with its header.",
        discussion:
            "Migrations and routines are applied to a temporary database: in a temporary cluster, or on the server of --database-url."
    )

    @Argument(help: ".sql files, and folders of them.")
    var paths: [String]

    @Option(help: "The folder with the migrations.")
    var migrations = "migrations"

    @Option(help: "The folder with the baseline and the routines. Without it only migrations are applied.")
    var schema: String?

    @Option(help: "A libpq connection string. Its user must be allowed to create databases.")
    var databaseURL: String?

    @Flag(
        help:
            "The statements are those of a release: accept columns that have no name or another one, but not swapped columns."
    )
    var released = false

    @OptionGroup var report: ReportOptions

    func run() async throws {
        var log = DiagnosticLog()
        let steps = MigrationFile.read(
            ContractFiles.files(below: migrations, suffix: ".sql").compactMap(SourceFile.init(reading:)),
            log: &log
        )
        if steps.isEmpty { couldNotRun("no migrations in '\(migrations)'") }
        let current = readSchema(&log)
        let files = paths.flatMap { path in
            path.hasSuffix(".sql") ? [path] : ContractFiles.files(below: path, suffix: ".sql")
        }
        let sources = files.compactMap(SourceFile.init(reading:)).filter { !$0.isMigration && !$0.isSchema }
        if sources.isEmpty { couldNotRun("no .sql files in \(paths.joined(separator: ", "))") }
        let queryFiles = QueryFileReader.read(sources, log: &log)
        do {
            log = try await TemporaryDatabase.withDatabase(at: databaseURL, steps, current?.routines) { inspector in
                var checker = QueryChecker(inspector: inspector, isReleased: released, log: log)
                if let current { try await checker.check(routinesOf: current.files) }
                return try await checker.check(queryFiles)
            }
        } catch {
            couldNotRun((error as? PostgresError)?.debugDescription ?? "\(error)")
        }
        let count = queryFiles.reduce(0) { $0 + $1.queries.count }
        try Report(log.sorted.map { Finding($0) }, checked: "\(count) queries in \(sources.count) files").print(report)
    }

    /// The schema's files and routines. Changed routines without a new revision are an error: servers would not replace the previous ones.
    private func readSchema(_ log: inout DiagnosticLog) -> (files: SchemaFiles, routines: Routines)? {
        guard let schema else { return nil }
        let sources = ContractFiles.files(below: schema, suffix: ".sql").compactMap(SourceFile.init(reading:))
        if sources.isEmpty { couldNotRun("no .sql files in '\(schema)'") }
        guard let files = SchemaFiles.read(sources, log: &log) else { return nil }
        let routines = Routines(revision: files.revision, sql: files.routines)
        if routines.fingerprint != files.fingerprint {
            let message =
                "the routines changed: raise their revision, '-- routines: \(files.revision + 1) \(routines.fingerprint)'"
            log.error(.schemaFile, message, at: files.revisionLocation)
        }
        return (files, routines)
    }
}

/// A migrated database for one run.
private enum TemporaryDatabase {
    static func withDatabase<Result>(
        at url: String?,
        _ steps: [MigrationFile],
        _ routines: Routines?,
        _ body: (StatementInspector) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "schema-check")
        logger.logLevel = .warning
        let schema = Schema(
            migrations: steps.map { Migration(version: $0.version, name: $0.name, sql: $0.sql) },
            routines: routines
        )
        if let url {
            return try await withSchema(at: url, schema, logger, body)
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "schema-check-\(UUID().uuidString)").path
        let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
        do {
            let result = try await withSchema(at: cluster.url(database: "postgres"), schema, logger, body)
            try await cluster.stop()
            try FileManager.default.removeItem(atPath: folder)
            return result
        } catch {
            try? await cluster.stop()
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func withSchema<Result>(
        at url: String,
        _ schema: Schema,
        _ logger: Logger,
        _ body: (StatementInspector) async throws -> Result
    ) async throws -> Result {
        try await ScratchDatabase.with(at: url) { scratch in
            _ = try await Migrator(url: scratch, schema: schema).migrate(logger: logger)
            return try await body(StatementInspector(url: scratch))
        }
    }
}
