import ArgumentParser
import ContractCompiler
import Foundation
import Logging
import Postgres

struct Queries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prepares every .sql query in PostgreSQL and compares types and column names with its header.",
        discussion:
            "Migrations run in a temporary database: in a temporary cluster, or on the server of --database-url."
    )

    @Argument(help: ".sql files, and folders of them.")
    var paths: [String]

    @Option(help: "The folder with the migrations.")
    var migrations = "migrations"

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
        let files = paths.flatMap { path in
            path.hasSuffix(".sql") ? [path] : ContractFiles.files(below: path, suffix: ".sql")
        }
        let sources = files.compactMap(SourceFile.init(reading:)).filter { !$0.isMigration }
        if sources.isEmpty { couldNotRun("no .sql files in \(paths.joined(separator: ", "))") }
        let queryFiles = QueryFileReader.read(sources, log: &log)
        do {
            log = try await TemporaryDatabase.withDatabase(at: databaseURL, steps) { inspector in
                try await QueryChecker(inspector: inspector, isReleased: released, log: log).check(queryFiles)
            }
        } catch {
            couldNotRun((error as? PostgresError)?.debugDescription ?? "\(error)")
        }
        let count = queryFiles.reduce(0) { $0 + $1.queries.count }
        try Report(log.sorted.map { Finding($0) }, checked: "\(count) queries in \(sources.count) files").print(report)
    }
}

/// A migrated database for one run.
private enum TemporaryDatabase {
    static func withDatabase<Result>(
        at url: String?,
        _ steps: [MigrationFile],
        _ body: (StatementInspector) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "schema-check")
        logger.logLevel = .warning
        let migrations = steps.map { Migration(version: $0.version, name: $0.name, sql: $0.sql) }
        if let url {
            return try await withSchema(at: url, migrations, logger, body)
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "schema-check-\(UUID().uuidString)").path
        let cluster = try await EmbeddedCluster.start(in: folder, logger: logger)
        do {
            let result = try await withSchema(at: cluster.url(database: "postgres"), migrations, logger, body)
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
        _ migrations: [Migration],
        _ logger: Logger,
        _ body: (StatementInspector) async throws -> Result
    ) async throws -> Result {
        try await ScratchDatabase.with(at: url) { scratch in
            _ = try await Migrator(url: scratch, migrations: migrations).migrate(logger: logger)
            return try await body(StatementInspector(url: scratch))
        }
    }
}
