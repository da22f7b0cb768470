import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import TestSupport
import Testing

/// The audit log's months: how one begins, is exported, and is dropped.
@Suite struct AuditMonthTests {
    private static var keeping30Days: API.Configuration {
        var configuration = API.Configuration()
        configuration.auditDays = 30
        return configuration
    }

    /// The first day of the month that comes so many months after this one.
    private static func month(_ offset: Int) -> String {
        "(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '\(offset) months')::date"
    }

    /// Arranges the months as in the month that comes so many months after this one.
    private func arrange(_ fleet: Fleet, in offset: Int) async throws {
        for _ in 0..<20 {
            if try await fleet.text("SELECT arrange_audit(\(Self.month(offset)))::text") == "0" { return }
        }
    }

    /// Three commands in this month, one in the next one, all of them sealed.
    private func twoMonths(_ fleet: Fleet) async throws {
        try await fleet.beat()
        for _ in 0..<3 { try await fleet.command() }
        try await arrange(fleet, in: 1)
        try await fleet.command()
        try await fleet.api.runScheduledChecks()
        try await arrange(fleet, in: 1)
    }

    /// Changes rows without their triggers, as a superuser can.
    private func change(_ fleet: Fleet, _ statement: String) async throws {
        try await fleet.database.transaction { transaction in
            _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
            _ = try transaction.run(Query(sql: statement))
        }
    }

    private func age(_ fleet: Fleet) async throws {
        try await change(fleet, "UPDATE audit_months SET closed_at = closed_at - interval '31 days'")
    }

    /// The lines of an export of all months that have ended; it is recorded.
    private func export(_ fleet: Fleet) async throws -> [[UInt8]] {
        let months = try await fleet.api.auditMonths(before: nil, again: false)
        var bytes: [UInt8] = []
        let summary = try await fleet.api.exportAudit(months) { bytes += $0 }
        let sha256 = String(repeating: "ab", count: 32)
        try await fleet.api.noteAuditExport(summary, file: "audit.ndjson", sha256: sha256, by: "archivist")
        return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func verify(_ fleet: Fleet, after: Int = 0) async throws(Problem) -> AuditVerification {
        switch try await fleet.api.verifyAuditLog(.init(after: after, principal: fleet.operatorPrincipal)) {
        case .ok(let verification): return verification
        }
    }

    private func check(_ lines: [[UInt8]]) throws(AuditFileError) -> AuditFileSummary {
        var verifier = AuditFileVerifier(keys: nil)
        for line in lines { try verifier.add(line[...]) }
        return try verifier.summary()
    }

    private let partitions = """
        SELECT count(*)::text FROM pg_inherits WHERE inhparent IN ('audit_log'::regclass, 'audit_seals'::regclass)
        """

    @Test func `partitions are made ahead, and numbers say their month`() async throws {
        try await Fleet.with { fleet in
            try await fleet.api.maintain()
            #expect(try await fleet.text(partitions) == "6")
            try await twoMonths(fleet)
            #expect(try await fleet.text(partitions) == "8")
            let first = try await fleet.text("SELECT to_char(\(Self.month(1)), 'YYYYMM') || '0000000000'")
            #expect(try await fleet.audit().map { "\($0.ordinal)" } == [first, "3", "2", "1"])
            let seals = "SELECT string_agg(ordinal::text, ' ' ORDER BY position) FROM audit_seals"
            #expect(try await fleet.text(seals) == "1 2 3 \(first)")
            let all = try await verify(fleet)
            #expect(all.isIntact)
            #expect((all.sealed, all.dropped) == (4, 0))
        }
    }

    @Test func `servers that were off for months make every month`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await fleet.command()
            for _ in 0..<2 { try await arrange(fleet, in: 14) }
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_months WHERE closed_at IS NOT NULL") == "14")
            try await fleet.command()
            try await fleet.api.runScheduledChecks()
            try await arrange(fleet, in: 14)
            #expect(try await verify(fleet).sealed == 2)
            #expect(try await fleet.text("SELECT count(*)::text FROM audit_months WHERE last_position = 1") == "14")
        }
    }

    @Test func `a month begins once no entry of the one before can come`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await fleet.api.maintain()
            let isOver = "SELECT (count(*) > 0)::text FROM audit_months WHERE closed_at IS NOT NULL"
            try await fleet.another { other in
                async let late: Void = other.database.transaction { transaction in
                    let entry = """
                        INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                        VALUES ('late', 'x', 'x', 'x', 'SUCCESS', '{}')
                        """
                    _ = try transaction.run(Query(sql: entry))
                    _ = try transaction.run(Query(sql: "SELECT pg_sleep(2)"))
                }
                let isWritten = """
                    SELECT (count(*) > 0)::text
                    FROM pg_locks
                    WHERE relation = 'audit_log'::regclass
                        AND mode = 'RowExclusiveLock'
                    """
                for _ in 0..<200 where try await fleet.text(isWritten) == "false" {
                    try await Task.sleep(for: .milliseconds(10))
                }
                try await arrange(fleet, in: 1)
                #expect(try await fleet.text(isOver) == "false")
                try await late
            }
            try await fleet.command()
            try await arrange(fleet, in: 1)
            #expect(try await fleet.text(isOver) == "true")
            #expect(try await fleet.audit().map(\.ordinal) == [2, 1])
        }
    }

    @Test func `a month is dropped once it is old and exported, and the chain continues from it`() async throws {
        try await Fleet.with(Self.keeping30Days) { fleet in
            try await twoMonths(fleet)
            let before = try await verify(fleet)
            let third = try await fleet.text("SELECT encode(hash, 'hex') FROM audit_seals WHERE position = 3")
            let lines = try await export(fleet)
            try await fleet.api.maintain()
            #expect(try await verify(fleet).dropped == 0)
            try await age(fleet)
            try await fleet.api.maintain()
            try await fleet.api.runScheduledChecks()
            let after = try await verify(fleet)
            #expect(after.isIntact)
            #expect((after.sealed, after.dropped, after.droppedHead) == (3, 3, third))
            // A position among those that were dropped begins behind them, too.
            let rest = try await verify(fleet, after: 1)
            #expect((rest.isIntact, rest.sealed) == (true, 3))
            #expect(rest.head != before.head)
            let file = try check(lines)
            let name = try await fleet.text("SELECT to_char(\(Self.month(0)), 'YYYY-MM')")
            #expect(file.months == name...name)
            #expect((file.entries, file.headBefore, file.head) == (3, "", third))
            #expect(try await fleet.audit().map(\.action) == ["AUDIT_DROP", "AUDIT_EXPORT", "COMMAND_CREATE"])
            #expect(try await fleet.audit().map(\.actor) == ["scheduler", "archivist", "admin-token-user"])
        }
    }

    @Test func `pages say what was dropped, and a cursor into it ends`() async throws {
        try await Fleet.with(Self.keeping30Days) { fleet in
            func list(_ size: Int, after cursor: String? = nil) async throws(Problem) -> AuditPage {
                let input = ListAuditLogs.Input(pageSize: size, cursor: cursor, principal: fleet.operatorPrincipal)
                switch try await fleet.api.listAuditLogs(input) {
                case .ok(let page): return page
                }
            }
            try await twoMonths(fleet)
            #expect(try await list(50).droppedBefore == nil)
            let cursor = try #require(try await list(2).nextCursor)
            #expect(cursor.hasSuffix(".3"))
            _ = try await export(fleet)
            try await age(fleet)
            try await fleet.api.maintain()
            let rest = try await list(50, after: cursor)
            #expect(rest.items.isEmpty)
            #expect(rest.nextCursor == nil)
            let until = try await fleet.text(
                "SELECT (extract(epoch FROM closed_at) * 1000000)::int8::text FROM audit_months WHERE dropped_at IS NOT NULL"
            )
            #expect(rest.droppedBefore.map { "\($0.microsecondsSinceEpoch)" } == until)
        }
    }

    @Test func `nothing is dropped without an export, and the month waits for it`() async throws {
        try await Fleet.with(Self.keeping30Days) { fleet in
            func waiting() async throws(Problem) -> Bool {
                switch try await fleet.api.getMetrics(.init()) {
                case .ok(let text): return text.contains("\nflotilla_audit_months_waiting 1\n")
                }
            }
            try await twoMonths(fleet)
            #expect(try await !waiting())
            try await age(fleet)
            try await fleet.api.maintain()
            #expect(try await fleet.audit().count == 4)
            #expect(try await waiting())
            _ = try await export(fleet)
            #expect(try await !waiting())
            #expect(try await fleet.api.auditMonths(before: nil, again: false).isEmpty)
            #expect(try await fleet.api.auditMonths(before: nil, again: true).count == 1)
        }
    }

    @Test func `without AUDIT_DAYS exported months stay`() async throws {
        try await Fleet.with { fleet in
            try await twoMonths(fleet)
            _ = try await export(fleet)
            try await age(fleet)
            try await fleet.api.maintain()
            #expect(try await verify(fleet).dropped == 0)
        }
    }

    @Test(arguments: [
        ("UPDATE audit_log SET actor = 'nobody' WHERE ordinal = 2", "entry 2: the entry is not as it was sealed"),
        ("DELETE FROM audit_log WHERE ordinal = 3", "entry 3: the entry is missing"),
        (
            "INSERT INTO audit_log (ordinal, actor, action, target_type, target_id, result, details) "
                + "VALUES (99, 'x', 'x', 'x', 'x', 'SUCCESS', '{}')",
            "entry 99: the entry was never sealed, or is missing"
        ),
        ("DELETE FROM audit_seals WHERE position >= 3", "entry 3: the entry was never sealed, or is missing"),
        (
            "DELETE FROM audit_seals WHERE position >= 3; DELETE FROM audit_log WHERE ordinal >= 3 AND action = 'COMMAND_CREATE'",
            "seals are missing at its end"
        ),
    ])
    func `a month that does not verify is an alert and stays`(sql: String, fault: String) async throws {
        try await Fleet.with(Self.keeping30Days) { fleet in
            try await twoMonths(fleet)
            _ = try await export(fleet)
            try await age(fleet)
            for statement in sql.components(separatedBy: "; ") { try await change(fleet, statement) }
            try await fleet.api.maintain()
            #expect(try await verify(fleet).dropped == 0)
            let alert = try await fleet.text("SELECT severity || ' ' || message FROM alerts WHERE source = 'audit_log'")
            let name = try await fleet.text("SELECT to_char(\(Self.month(0)), 'YYYY-MM')")
            #expect(alert == "CRITICAL Month \(name) of the audit log does not verify and is kept: \(fault)")
            // Nor is it exported again.
            let months = try await fleet.api.auditMonths(before: nil, again: true)
            await #expect(throws: (any Error).self) { _ = try await fleet.api.exportAudit(months) { _ in } }
        }
    }

    @Test func `a file that was changed is found out`() async throws {
        try await Fleet.with { fleet in
            try await twoMonths(fleet)
            let lines = try await export(fleet)
            #expect(lines.count == 5)
            func fault(_ change: (inout [[UInt8]]) -> Void) -> String {
                var changed = lines
                change(&changed)
                do {
                    _ = try check(changed)
                    return "none"
                } catch { return "\(error)" }
            }
            func replacing(_ old: String, _ new: String) -> ([UInt8]) -> [UInt8] {
                { Array(String(decoding: $0, as: UTF8.self).replacingOccurrences(of: old, with: new).utf8) }
            }
            #expect(fault { _ in } == "none")
            #expect(
                fault { $0[2] = replacing("admin-token-user", "somebody")($0[2]) }
                    == "line 3: position 2: the entry is not as it was sealed"
            )
            #expect(fault { $0.remove(at: 2) } == "line 3: found position 3, expected 2")
            #expect(fault { $0.swapAt(1, 2) } == "line 2: found position 2, expected 1")
            #expect(fault { $0.removeLast() } == "line 4: the file ends without its footer")
            #expect(fault { $0.remove(at: 3) } == "line 4: found 2 entries, expected 3")
            #expect(fault { $0.append($0[1]) } == "line 6: there is a line after the footer")
            #expect(fault { $0.removeFirst() } == "line 1: expected the header of an export of the audit log")
            #expect(fault { $0[1] = [] } == "line 2: expected an entry or the footer")
            #expect(fault { $0[1] = Array($0[1].prefix(40)) } == "line 2: expected the hash of an entry")
        }
    }

    @Test(arguments: [
        "DELETE FROM %I", "TRUNCATE %I", "UPDATE %I SET ordinal = ordinal", "INSERT INTO %I SELECT * FROM %1$I",
    ])
    func `nobody writes to a partition`(statement: String) async throws {
        try await Fleet.with { fleet in
            try await fleet.api.maintain()
            try await twoMonths(fleet)
            for parent in ["audit_log", "audit_seals"] {
                let attempt = """
                    DO $$
                    BEGIN
                        EXECUTE format('\(statement)', audit_part('\(parent)', \(Self.month(0))));
                    END
                    $$
                    """
                await #expect(throws: PostgresError.self) { try await fleet.database.run(Query(sql: attempt)) }
            }
            #expect(try await verify(fleet).sealed == 4)
        }
    }

    @Test(arguments: [
        "UPDATE audit_months SET head = 'x'", "UPDATE audit_months SET last_position = 1", "DELETE FROM audit_months",
        "UPDATE audit_months SET closed_at = NULL", "TRUNCATE audit_months CASCADE", "DELETE FROM audit_exports",
        "UPDATE audit_exports SET file = 'x'",
        "INSERT INTO audit_log (ordinal, actor, action, target_type, target_id, result, details) "
            + "VALUES (99, 'x', 'x', 'x', 'x', 'SUCCESS', '{}')",
    ])
    func `what is known of a month that has ended stays`(sql: String) async throws {
        try await Fleet.with { fleet in
            try await twoMonths(fleet)
            _ = try await export(fleet)
            await #expect(throws: PostgresError.self) { try await fleet.database.run(Query(sql: sql)) }
        }
    }

    @Test func `servers that seal at once make one chain`() async throws {
        try await Fleet.with { fleet in
            let rows = """
                INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                SELECT 'x', 'x', 'x', i::text, 'SUCCESS', '{}'
                FROM generate_series(1, 20000) AS i
                """
            _ = try await fleet.database.run(Query(sql: rows))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<2 { _ = try await fleet.text("SELECT seal_audit()::text") } }
                }
                try await group.waitForAll()
            }
            var (sealed, next): (Int, Int?) = (0, 0)
            while let after = next {
                let part = try await verify(fleet, after: after)
                #expect(part.isIntact)
                (sealed, next) = (sealed + part.sealed, part.next)
            }
            #expect(sealed == 20_000)
        }
    }

    @Test func `a log from before is migrated with its seals, and servers of 1.2.0 keep working`() async throws {
        try await TestDatabase.empty { url in
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            _ = try await Migrator(url: url, migrations: Migration.all.filter { $0.version < 44 }).migrate(
                logger: logger
            )
            let database = Database(.init(url: url, connections: 1, deadline: .seconds(10)), logger: logger)
            defer { database.close() }
            // The statements of releases/1.2.0.sql, prepared on a connection that stays open.
            let record = Query(
                sql: """
                    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                    VALUES ('old', 'COMMAND_CREATE', 'command', 'c', 'SUCCESS', '{"type": "STOP"}')
                    """
            )
            let seal = Query(text: "SELECT seal_audit()::text")
            let verify = Query(text: "SELECT checked || ' ' || coalesce(reason, 'intact') FROM verify_audit(0)")
            let stray = Query(
                text: """
                    SELECT
                        (SELECT count(*) FROM audit_unsealed)::text || ' ' || coalesce(
                            (
                                SELECT min(ordinal)
                                FROM audit_log
                                WHERE NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.ordinal = audit_log.ordinal)
                                    AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal)
                            )::text, 'none'
                        )
                    """
            )
            let seals = Query(text: "SELECT string_agg(encode(hash, 'hex'), ' ' ORDER BY position) FROM audit_seals")
            for _ in 0..<3 { _ = try await database.run(record) }
            #expect(try await database.run(seal) == "3")
            #expect(try await database.run(stray) == "0 none")
            _ = try await database.run(record)
            let before = try await database.run(seals)
            _ = try await Migrator(url: url, migrations: Migration.all).migrate(logger: logger)
            #expect(try await database.run(seals) == before)
            _ = try await database.run(record)
            #expect(try await database.run(stray) == "2 none")
            #expect(try await database.run(seal) == "2")
            #expect(try await database.run(verify) == "5 intact")
            let api = Fleet(over: database)
            for offset in [0, 1] { try await arrange(api, in: offset) }
            _ = try await database.run(record)
            #expect(try await database.run(seal) == "1")
            #expect(try await database.run(verify) == "6 intact")
            let numbers = try await database.run(
                Query(text: "SELECT string_agg(ordinal::text, ' ' ORDER BY ordinal) FROM audit_log")
            )
            #expect(numbers.hasPrefix("1 2 3 4 5 20"))
        }
    }
}
