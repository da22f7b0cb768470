import Foundation
import Testing

@testable import Postgres

/// Inspects a running cluster from outside.
enum ClusterProbe {
    /// The text that a query returns over a new connection.
    static func text(_ sql: String, at url: String) async throws -> String {
        let query = Query<String>(
            Statement(name: "text", parameterTypes: [], sql: sql),
            bind: { _ in },
            read: { (rows) throws(PostgresError) in try rows.one { (row) throws(PostgresError) in try row.read(0) } }
        )
        return try await Connection.withOwn(at: url) { (connection) throws(PostgresError) in
            try connection.run(query, by: .now + .seconds(30))
        }
    }

    /// The process id in `postmaster.pid`.
    static func postmaster(in folder: String) throws -> pid_t {
        let file = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
        return try #require(file.split(separator: "\n").first.flatMap { pid_t($0) })
    }
}
