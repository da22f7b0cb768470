import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// The role of servers, which does not own the tables.
@Suite struct RuntimeRoleTests {
    private static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    /// A migrated database with a role that was granted what servers need; `body` gets the owner's connections and the operations of that role.
    private func withRole(_ body: (_ owner: Database, _ server: Fleet) async throws -> Void) async throws {
        try await TestDatabase.migrated { url in
            // Roles belong to the whole cluster.
            let name = "server_\(UUID().uuidString.prefix(8).lowercased())"
            let runtimeURL = url.replacingOccurrences(of: "user='flotilla'", with: "user=\(name)")
            #expect(runtimeURL != url)
            let role = try #require(RuntimeRole(url: runtimeURL))
            try await role.grant(at: url)
            // The second time changes nothing.
            try await role.grant(at: url)
            let owner = Database(.init(url: url, connections: 1, deadline: .seconds(10)), logger: Self.logger)
            defer { owner.close() }
            let database = Database(.init(url: runtimeURL, connections: 4, deadline: .seconds(10)), logger: Self.logger)
            do {
                try await body(owner, Fleet(over: database, try AuditKeyTests.configuration(AuditKeyTests.first)))
            } catch {
                database.close()
                throw error
            }
            database.close()
            _ = try await owner.run(Query(sql: "DROP OWNED BY \(name)"))
            _ = try await owner.run(Query(sql: "DROP ROLE \(name)"))
        }
    }

    @Test func `the role of servers can write, seal and maintain, and change no entry of the audit log`() async throws {
        try await withRole { owner, server in
            try await server.beat()
            for _ in 0..<3 { try await server.command() }
            try await server.api.runScheduledChecks()
            try await server.api.maintain()
            #expect(try await owner.run(Query(text: "SELECT count(key_id)::text FROM audit_seals")) == "3")
            #expect(
                try await owner.run(
                    Query(
                        text:
                            "SELECT bool_and(relowner = 'flotilla'::regrole)::text FROM pg_class WHERE relname ~ '^audit_'"
                    )
                ) == "true"
            )
            let part = try await owner.run(
                Query(
                    text:
                        "SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_log'::regclass"
                )
            )
            let refused = [
                "UPDATE audit_log SET actor = 'intruder'", "DELETE FROM audit_log", "TRUNCATE audit_log",
                "ALTER TABLE audit_log ADD COLUMN note text", "ALTER TABLE audit_log DISABLE TRIGGER ALL",
                "DROP TABLE audit_log",
                "ALTER TABLE audit_log DETACH PARTITION \(part)", "DROP TABLE \(part)", "TRUNCATE \(part)",
                "UPDATE \(part) SET actor = 'intruder'", "DELETE FROM \(part)",
                "ALTER TABLE \(part) DISABLE TRIGGER ALL",
                "CREATE TRIGGER t BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
                "CREATE RULE r AS ON INSERT TO audit_log DO INSTEAD NOTHING",
                "DROP TRIGGER audit_log_is_append_only ON audit_log",
                "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "SET session_replication_role = replica",
                "UPDATE audit_seals SET hash = ''", "DELETE FROM audit_seals", "TRUNCATE audit_seals",
                "DROP TABLE audit_seals",
                "INSERT INTO audit_seals (position, ordinal, hash) VALUES (4, 4, '')",
                "UPDATE audit_unsealed SET ordinal = 0", "DELETE FROM audit_unsealed", "TRUNCATE audit_unsealed",
                "UPDATE audit_months SET dropped_at = now()",
                "INSERT INTO audit_months (month, first_ordinal) VALUES ('2020-01-01', 0)",
                "INSERT INTO audit_exports (month, exported_by, file, sha256, last_position, head) "
                    + "SELECT month, 'x', 'x', '', 1, '' FROM audit_months",
                // The time and the number of an entry are the database's.
                "INSERT INTO audit_log (ordinal, actor, action, target_type, target_id, result, details) "
                    + "VALUES (1, 'x', 'x', 'x', 'x', 'SUCCESS', '{}')",
                "INSERT INTO audit_log (ts, actor, action, target_type, target_id, result, details) "
                    + "VALUES (now() - interval '1 day', 'x', 'x', 'x', 'x', 'SUCCESS', '{}')",
                "SELECT setval('audit_log_ordinal_seq', 1)", "INSERT INTO audit_unsealed VALUES (1)",
                "SELECT arrange_partitions('audit_log', '1 day', 1, '1 day')",
                "DELETE FROM schema_migrations", "UPDATE schema_routines SET revision = 0", "CREATE TABLE t ()",
            ]
            for sql in refused {
                let error = await #expect(throws: PostgresError.self, "\(sql)") {
                    try await server.database.run(Query(sql: sql))
                }
                #expect(error?.state == .insufficientPrivilege, "\(sql): \(String(describing: error))")
            }
            // A function that runs with the owner's rights ignores temporary tables.
            try await server.database.transaction { transaction in
                _ = try transaction.run(
                    Query(sql: "CREATE TEMPORARY TABLE audit_unsealed ON COMMIT DROP AS SELECT 999 AS ordinal")
                )
                #expect(try transaction.run(Query(text: "SELECT hold_audit_seals(10)::text")) == "{}")
                _ = try transaction.run(
                    Query(
                        sql: "INSERT INTO audit_log (actor, action, target_type, target_id, result, details) "
                            + "VALUES ('x', 'x', 'x', 'x', 'SUCCESS', '{}')"
                    )
                )
                #expect(try transaction.run(Query(text: "SELECT cardinality(hold_audit_seals(10))::text")) == "1")
            }
            guard case .ok(let found) = try await server.api.verifyAuditLog(.init(principal: server.operatorPrincipal))
            else {
                return
            }
            #expect(found.isIntact)
            #expect((found.sealed, found.unprotected) == (3, 0))
        }
    }

    @Test func `a role that owns the tables is no role of servers`() async throws {
        try await TestDatabase.migrated { url in
            let role = try #require(RuntimeRole(url: url))
            let error = await #expect(throws: PostgresError.self) { try await role.grant(at: url) }
            #expect(error?.description.contains("expected the owner of the tables and another role") == true)
        }
    }
}
