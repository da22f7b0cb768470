import ContractRuntime
import Foundation
import Generated
import Handlers
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

/// Seals with keys, and anchors: changes of the log by a superuser of the database without the key.
@Suite struct AuditKeyTests {
    static let first = String(repeating: "0123456789abcdef", count: 4)
    static let second = String(repeating: "fedcba9876543210", count: 4)

    static func configuration(_ keys: String?, anchors: String? = nil) throws -> API.Configuration {
        var configuration = API.Configuration()
        configuration.audit.keys = try keys.map { try AuditKeys($0) }
        configuration.audit.anchorFile = anchors
        configuration.audit.anchorSeconds = 1
        return configuration
    }

    /// Another server of the same database, with other keys.
    private func server<R>(_ url: String, _ keys: String?, anchors: String? = nil, _ body: (Fleet) async throws -> R)
        async throws -> R
    {
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        let database = Database(.init(url: url, connections: 4, deadline: .seconds(20)), logger: logger)
        defer { database.close() }
        return try await body(Fleet(over: database, try Self.configuration(keys, anchors: anchors)))
    }

    private func write(_ fleet: Fleet, _ count: Int) async throws {
        let rows = """
            INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
            SELECT 'ä', 'x', 'x', i::text, 'SUCCESS', '{"price": 1.10}'
            FROM generate_series(1, \(count)) AS i
            """
        _ = try await fleet.database.run(Query(sql: rows))
    }

    private func seal(_ fleet: Fleet) async throws { try await fleet.api.runScheduledChecks() }

    private func verify(_ fleet: Fleet) async throws(Problem) -> AuditVerification {
        switch try await fleet.api.verifyAuditLog(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let verification): return verification
        }
    }

    /// Changes rows without their triggers, as a superuser can.
    private func change(_ fleet: Fleet, _ statements: String...) async throws {
        try await fleet.database.transaction { transaction in
            _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
            for statement in statements { _ = try transaction.run(Query(sql: statement)) }
        }
    }

    /// Seals without a key from a position on: what anybody can compute.
    private static func forgedSeals(from position: Int) -> String {
        """
        WITH RECURSIVE forged (position, hash) AS (
            SELECT position, hash FROM audit_seals WHERE position = \(position - 1)
            UNION ALL
            SELECT seal.position, sha256(forged.hash || convert_to(audit_text(entry), 'UTF8'))
            FROM forged
            JOIN audit_seals AS seal ON seal.position = forged.position + 1
            JOIN audit_log AS entry ON entry.ordinal = seal.ordinal
        )
        UPDATE audit_seals
        SET hash = forged.hash, key_id = NULL
        FROM forged
        WHERE forged.position = audit_seals.position AND forged.position >= \(position)
        """
    }

    @Test func `a seal is an HMAC of its position, the seal before it and the entry`() async throws {
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            try await change(
                fleet,
                """
                INSERT INTO audit_log (ordinal, audit_id, actor, action, target_type, target_id, result, details, ts)
                VALUES (7, '3f2504e0-4f89-11d3-9a0c-0305e82c3301', 'ä', 'x', 'y', 'z', 'SUCCESS', '{"price": 1.10}', '2026-03-01T09:30:00Z')
                """,
                "INSERT INTO audit_unsealed VALUES (7)"
            )
            try await seal(fleet)
            // Computed with Python: hmac.digest(key, b"flotilla-audit:1\nb061fdd2\n1\n\n" + entry, "sha256").
            #expect(
                try await fleet.text("SELECT key_id || ' ' || encode(hash, 'hex') FROM audit_seals")
                    == "b061fdd2 5d2b32d1c1db0984c0051a5360c24c6b79998ce87c0ad018f48f95bda454327b"
            )
        }
    }

    @Test func `a log whose seals are computed again without the key is not intact`() async throws {
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            try await write(fleet, 10)
            try await seal(fleet)
            let before = try await verify(fleet)
            #expect(before.isIntact)
            #expect((before.sealed, before.unprotected) == (10, 0))
            try await change(
                fleet,
                "UPDATE audit_log SET actor = 'intruder' WHERE ordinal = 4",
                Self.forgedSeals(from: 4)
            )
            let found = try await verify(fleet)
            #expect((found.brokenAt, found.brokenPosition) == (4, 4))
            #expect(found.reason == "its seal has no key, unlike the ones before it")
        }
    }

    @Test func `entries sealed without a key stay verifiable, and none is sealed without one after the first key`()
        async throws
    {
        try await Fleet.with { old in
            try await write(old, 3)
            try await seal(old)
            try await server(old.url, Self.first) { new in
                // A server of the previous release continues to write, and its sealing leaves the entries to the others.
                try await write(old, 2)
                try await seal(new)
                try await write(old, 2)
                #expect(try await old.text("SELECT seal_audit(5000)::text") == "-1")
                #expect(try await old.text("SELECT seal_audit()::text") == "-1")
                #expect(try await verify(new).unsealed == 2)
                try await seal(new)
                let found = try await verify(new)
                #expect(found.isIntact)
                #expect((found.sealed, found.unprotected, found.unsealed) == (7, 3, 0))
                // The statement with which that release verifies.
                let look = "SELECT concat_ws(' ', checked, broken_at) FROM verify_audit_part(0, 5000)"
                #expect(try await old.text(look) == "7")
            }
            // A server without a key cannot verify them, and reports it.
            #expect(try await verify(old).reason?.hasSuffix("which this server does not have") == true)
            let failure = await #expect(throws: Problem.self) { try await seal(old) }
            #expect(failure?.detail.contains("set AUDIT_KEY_FILE") == true)
        }
    }

    @Test func `after a rotation old seals stay verifiable, and an old key seals nothing`() async throws {
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            try await write(fleet, 2)
            try await seal(fleet)
            try await server(fleet.url, "\(Self.first)\n\(Self.second)") { rotated in
                try await write(fleet, 2)
                try await seal(rotated)
                #expect(try await fleet.text("SELECT count(DISTINCT key_id)::text FROM audit_seals") == "2")
                try await write(fleet, 1)
                await #expect(throws: Problem.self) { try await seal(fleet) }
                try await seal(rotated)
                let found = try await verify(rotated)
                #expect(found.isIntact)
                #expect((found.sealed, found.unprotected) == (5, 0))
            }
            // A holder of the old key alone cannot continue with it.
            try await server(fleet.url, "\(Self.second),\(Self.first)") { swapped in
                let found = try await verify(swapped)
                #expect(found.reason == "its seal has an earlier key than the one before it")
            }
            try await server(fleet.url, "lost:\(try AuditKeys(Self.first).activeID) \(Self.second)") { without in
                let found = try await verify(without)
                #expect(found.isIntact)
                #expect((found.sealed, found.unprotected) == (5, 2))
            }
        }
    }

    @Test(arguments: ["", "0123", "lost:01234567", String(repeating: "x", count: 64), "\(first) \(first)"])
    func `a list of keys that cannot seal is rejected`(text: String) throws {
        #expect(throws: AuditKeys.Malformed.self) { try AuditKeys(text) }
    }

    @Test func `a log that was cut off is found by the server that saw it, and by others through the anchors`()
        async throws
    {
        let anchors = FileManager.default.temporaryDirectory.appending(path: "anchors-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: anchors) }
        try await Fleet.with(try Self.configuration(Self.first, anchors: anchors)) { fleet in
            try await write(fleet, 5)
            try await seal(fleet)
            let intact = try await verify(fleet)
            #expect(intact.isIntact)
            #expect(intact.anchored == 5)
            try await change(
                fleet,
                "DELETE FROM audit_log WHERE ordinal > 3",
                "DELETE FROM audit_seals WHERE position > 3"
            )
            let found = try await verify(fleet)
            #expect(!found.isIntact)
            #expect((found.brokenAt, found.brokenPosition) == (nil, 4))
            #expect(found.reason?.hasPrefix("the entries after position 3 are missing: position 5 existed at ") == true)
            // Another server knows only the file.
            try await server(fleet.url, Self.first, anchors: anchors) { other in
                #expect(try await verify(other).brokenPosition == 4)
                // New entries in place of the removed ones are others.
                try await write(other, 5)
                try await seal(other)
                let rewritten = try await verify(other)
                #expect(rewritten.brokenPosition == 5)
                #expect(rewritten.reason?.hasSuffix("the log was rewritten") == true)
                let alert = "SELECT message FROM alerts WHERE source = 'audit_log'"
                #expect(try await fleet.text(alert).hasPrefix("The audit log was cut off or rewritten. Position 5: "))
            }
            // The last anchor stays the evidence.
            #expect(try String(contentsOfFile: anchors, encoding: .utf8).split(separator: "\n").count == 1)
            // A server that has never seen the log and has no anchors cannot find it.
            try await server(fleet.url, Self.first) { other in
                let found = try await verify(other)
                #expect(found.isIntact)
            }
        }
    }

    @Test func `an anchor that was changed is found`() async throws {
        let anchors = FileManager.default.temporaryDirectory.appending(path: "anchors-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: anchors) }
        try await Fleet.with(try Self.configuration(Self.first, anchors: anchors)) { fleet in
            try await write(fleet, 2)
            try await seal(fleet)
            let text = try String(contentsOfFile: anchors, encoding: .utf8)
            #expect(text.contains(#""position":2,"#))
            try text.replacingOccurrences(of: #""position":2,"#, with: #""position":1,"#)
                .write(toFile: anchors, atomically: true, encoding: .utf8)
            #expect(try await verify(fleet).reason?.hasSuffix(" was changed") == true)
        }
    }

    @Test func `any single change is found, and the first bad entry is named`() async throws {
        var random = SplitMix()
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            try await write(fleet, 60)
            try await seal(fleet)
            for _ in 0..<40 {
                let place = Int.random(in: 1...59, using: &random)
                let kind = Int.random(in: 0..<5, using: &random)
                // The statements, and the number or the position that is named.
                let (statements, number, position): ([String], Int?, Int) =
                    switch kind {
                    case 0:
                        (["UPDATE audit_log SET details = '{\"price\": 1.100}' WHERE ordinal = \(place)"], place, place)
                    case 1: (["DELETE FROM audit_log WHERE ordinal = \(place)"], place, place)
                    case 2:
                        (
                            [
                                "DELETE FROM audit_log WHERE ordinal = \(place)",
                                "DELETE FROM audit_seals WHERE position = \(place)",
                                "UPDATE audit_seals SET position = position - 1 WHERE position > \(place)",
                            ], place + 1, place
                        )
                    case 3:
                        (
                            [
                                "UPDATE audit_log SET ordinal = 1000 WHERE ordinal = \(place)",
                                "UPDATE audit_log SET ordinal = \(place) WHERE ordinal = \(place + 1)",
                                "UPDATE audit_log SET ordinal = \(place + 1) WHERE ordinal = 1000",
                            ], place, place
                        )
                    default:
                        (
                            [
                                "DELETE FROM audit_log WHERE ordinal > \(place)",
                                "DELETE FROM audit_seals WHERE position > \(place)",
                            ], nil, place + 1
                        )
                    }
                try await change(
                    fleet,
                    "CREATE TABLE kept_log AS SELECT * FROM audit_log",
                    "CREATE TABLE kept_seals AS SELECT * FROM audit_seals"
                )
                for statement in statements { try await change(fleet, statement) }
                let found = try await verify(fleet)
                #expect(!found.isIntact, "kind \(kind) at \(place)")
                #expect((found.brokenAt, found.brokenPosition) == (number, position), "kind \(kind) at \(place)")
                try await change(
                    fleet,
                    "DELETE FROM audit_log",
                    "DELETE FROM audit_seals",
                    "INSERT INTO audit_log SELECT * FROM kept_log",
                    "INSERT INTO audit_seals SELECT * FROM kept_seals",
                    "DROP TABLE kept_log, kept_seals"
                )
                #expect(try await verify(fleet).isIntact)
            }
        }
    }

    @Test func `32 writers, two servers that seal and one of the previous release cause no false alarm`() async throws {
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            // From here on, the server of the previous release seals nothing.
            try await write(fleet, 1)
            try await seal(fleet)
            try await server(fleet.url, Self.first) { other in
                let isDone = Done()
                async let findings = watch(other, until: isDone)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<32 {
                        let server = writer % 2 == 0 ? fleet : other
                        group.addTask { for _ in 0..<15 { try await write(server, 3) } }
                    }
                    for server in [fleet, other] {
                        group.addTask { for _ in 0..<20 { try await seal(server) } }
                    }
                    group.addTask { for _ in 0..<20 { _ = try await other.text("SELECT seal_audit(5000)::text") } }
                    try await group.waitForAll()
                }
                isDone.set()
                let (count, alarms) = try await findings
                #expect(alarms.isEmpty)
                #expect(count > 0)
                try await seal(fleet)
                let found = try await verify(fleet)
                #expect(found.isIntact)
                #expect((found.sealed, found.unsealed, found.unprotected) == (1_441, 0, 0))
            }
        }
    }

    /// Verifies repeatedly; returns how often, and the reasons of alarms.
    private func watch(_ fleet: Fleet, until done: Done) async throws -> (count: Int, alarms: [String]) {
        var count = 0
        var alarms: [String] = []
        repeat {
            let found = try await verify(fleet)
            if !found.isIntact { alarms.append(found.reason ?? "no reason") }
            count += 1
        } while !done.isSet
        return (count, alarms)
    }

    @Test(arguments: [false, true])
    func `a month with keys is dropped once it is exported and its seals verify`(isChanged: Bool) async throws {
        var configuration = try Self.configuration(Self.first)
        configuration.auditDays = 30
        try await Fleet.with(configuration) { fleet in
            let next = "(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date"
            func arrange() async throws {
                for _ in 0..<20 where try await fleet.text("SELECT arrange_audit(\(next))::text") == "1" {}
            }
            try await write(fleet, 3)
            try await seal(fleet)
            try await arrange()
            try await write(fleet, 1)
            try await seal(fleet)
            try await arrange()
            let months = try await fleet.api.auditMonths(before: nil, again: false)
            let summary = try await fleet.api.exportAudit(months) { _ in }
            #expect((summary.entries, summary.unprotected) == (3, 0))
            let sha256 = String(repeating: "ab", count: 32)
            try await fleet.api.noteAuditExport(summary, file: "audit.ndjson", sha256: sha256, by: "archivist")
            try await change(fleet, "UPDATE audit_months SET closed_at = closed_at - interval '31 days'")
            if isChanged { try await change(fleet, "UPDATE audit_log SET actor = 'intruder' WHERE ordinal = 2") }
            // A server of the previous release leaves the month to those with the key.
            #expect(try await fleet.text("SELECT drop_audit_month('30 days', 5000)::text") == "0")
            try await fleet.api.maintain()
            let found = try await verify(fleet)
            #expect(found.dropped == (isChanged ? 0 : 3))
            #expect(found.isIntact != isChanged)
            let alert =
                "SELECT coalesce(max(message), 'none') FROM alerts WHERE source = 'audit_log' AND target_type = 'audit_month'"
            let expected = isChanged ? "kept: entry 2: the entry is not as it was sealed" : "none"
            #expect(try await fleet.text(alert).hasSuffix(expected))
        }
    }

    @Test func `the entry of a command has the hash of its payload and its lifetime`() async throws {
        try await Fleet.with(try Self.configuration(Self.first)) { fleet in
            try await fleet.beat()
            let request = CommandRequest(
                commandID: UUID(),
                instanceID: "i1",
                commandType: .setMode,
                payload: JSONObject { json in json.member("mode", "PAPER") },
                ttlSeconds: 90
            )
            _ = try await fleet.api.createCommand(.init(body: request, principal: fleet.operatorPrincipal))
            let details = try #require(try await fleet.audit().first).details
            // printf '{"mode": "PAPER"}' | sha256sum
            #expect(
                details.description.contains(
                    #""payload_sha256": "c03086ec17ad5ec1e51ea41b8967b584b0d78170aff3f36778ee5f2b677b5038""#
                )
            )
            #expect(details.description.contains(#""instance_id": "i1""#))
            #expect(try await fleet.text("SELECT (details -> 'ttl_seconds')::text FROM audit_log") == "90.000")
        }
    }
}

private final class Done: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
