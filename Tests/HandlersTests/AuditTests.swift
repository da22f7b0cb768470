import Generated
import Postgres
import TestSupport
import Testing

@Suite struct AuditTests {
    @Test(arguments: ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log", "TRUNCATE audit_log"])
    func `what the audit log has stays`(sql: String) async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await fleet.command()
            await #expect(throws: PostgresError.self) { try await fleet.database.run(Query(sql: sql)) }
            #expect(try await fleet.audit().map(\.actor) == ["admin-token-user"])
        }
    }
}
