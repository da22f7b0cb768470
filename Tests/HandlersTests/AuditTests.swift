import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

@Suite struct AuditTests {
    @Test(arguments: [
        "UPDATE audit_log SET actor = 'intruder'", "DELETE FROM audit_log", "TRUNCATE audit_log",
        "DELETE FROM audit_seals",
        "UPDATE audit_seals SET hash = ''", "TRUNCATE audit_seals",
    ])
    func `entries of the audit log cannot be changed`(sql: String) async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            try await fleet.command()
            try await fleet.api.runScheduledChecks()
            await #expect(throws: PostgresError.self) { try await fleet.database.run(Query(sql: sql)) }
            #expect(try await fleet.audit().map(\.actor) == ["admin-token-user"])
        }
    }

    private func verify(_ fleet: Fleet) async throws(Problem) -> AuditVerification {
        switch try await fleet.api.verifyAuditLog(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let verification): return verification
        }
    }

    @Test func `an unchanged log is intact, and its head moves with each entry`() async throws {
        try await Fleet.with { fleet in
            #expect(
                try await verify(fleet)
                    == AuditVerification(
                        isIntact: true,
                        sealed: 0,
                        unsealed: 0,
                        head: "",
                        brokenAt: nil,
                        reason: nil,
                        next: nil,
                        dropped: 0,
                        droppedHead: "",
                        unprotected: 0
                    )
            )
            try await fleet.beat()
            for _ in 0..<3 { try await fleet.command() }
            #expect(try await verify(fleet).unsealed == 3)
            try await fleet.api.runScheduledChecks()
            let first = try await verify(fleet)
            #expect(first.isIntact)
            #expect(first.sealed == 3)
            #expect(first.unsealed == 0)
            #expect(first.head.count == 64)
            try await fleet.command()
            try await fleet.api.runScheduledChecks()
            let second = try await verify(fleet)
            #expect(second.isIntact)
            #expect(second.head != first.head)
        }
    }

    @Test(arguments: [
        (
            "UPDATE audit_log SET details = '{\"type\": \"START\"}' WHERE ordinal = 2", 2,
            "the entry is not as it was sealed"
        ),
        ("DELETE FROM audit_log WHERE ordinal = 3", 3, "the entry is missing"),
        ("DELETE FROM audit_seals WHERE position = 2", 3, "a seal is missing before it"),
        ("UPDATE audit_log SET ts = ts + interval '1 us' WHERE ordinal = 1", 1, "the entry is not as it was sealed"),
        (
            "DELETE FROM audit_unsealed; INSERT INTO audit_log (actor, action, target_type, target_id, result, details) "
                + "VALUES ('x', 'x', 'x', 'x', 'SUCCESS', '{}'); DELETE FROM audit_unsealed",
            5, "the entry was never sealed, or is missing"
        ),
    ])
    func `a change in spite of the triggers is detected`(sql: String, place: Int, reason: String)
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            for _ in 0..<4 { try await fleet.command() }
            try await fleet.api.runScheduledChecks()
            // A superuser can disable triggers.
            try await fleet.database.transaction { transaction in
                _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
                for statement in sql.components(separatedBy: "; ") { _ = try transaction.run(Query(sql: statement)) }
            }
            let found = try await verify(fleet)
            #expect(!found.isIntact)
            #expect(found.brokenAt == place)
            #expect(found.reason == reason)
        }
    }

    @Test func `a long log is verified in parts`() async throws {
        try await Fleet.with { fleet in
            func insert(_ count: Int) async throws {
                let rows = """
                    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
                    SELECT 'x', 'x', 'x', i::text, 'SUCCESS', '{}'
                    FROM generate_series(1, \(count)) AS i
                    """
                _ = try await fleet.database.run(Query(sql: rows))
            }
            /// The last response, with `sealed` summed over all responses.
            func verify(after: Int) async throws(Problem) -> AuditVerification {
                switch try await fleet.api.verifyAuditLog(.init(after: after, principal: fleet.operatorPrincipal)) {
                case .ok(let first):
                    guard let next = first.next else { return first }
                    var rest = try await verify(after: next)
                    rest.sealed += first.sealed
                    return rest
                }
            }
            try await insert(12_000)
            for _ in 0..<3 { _ = try await fleet.text("SELECT seal_audit()::text") }
            let all = try await verify(after: 0)
            #expect(all.isIntact)
            #expect(all.sealed == 12_000)
            let rest = try await verify(after: 7_500)
            #expect(rest.sealed == 4_500)
            #expect(rest.head == all.head)
            // An entry in place of one that was rolled back is found in its part.
            _ = try await fleet.text("SELECT setval(pg_get_serial_sequence('audit_log', 'ordinal'), 12001)::text")
            try await insert(1)
            _ = try await fleet.text("SELECT seal_audit()::text")
            try await fleet.database.transaction { transaction in
                let slipIn = """
                    INSERT INTO audit_log (ordinal, actor, action, target_type, target_id, result, details)
                    OVERRIDING SYSTEM VALUE
                    VALUES (12001, 'x', 'x', 'x', 'x', 'SUCCESS', '{}')
                    """
                _ = try transaction.run(Query(sql: "SET LOCAL session_replication_role = replica"))
                _ = try transaction.run(Query(sql: slipIn))
            }
            #expect(try await verify(after: 0).brokenAt == 12_001)
            #expect(try await verify(after: 12_000).reason == "the entry was never sealed, or is missing")
        }
    }

    @Test func `entries are found by actor, action, target and related objects`() async throws {
        try await Fleet.with { fleet in
            func list(_ change: (inout ListAuditLogs.Input) -> Void) async throws(Problem) -> [String] {
                var input = ListAuditLogs.Input(principal: fleet.operatorPrincipal)
                change(&input)
                switch try await fleet.api.listAuditLogs(input) {
                case .ok(let page):
                    #expect(page.total == page.items.count)
                    return page.items.map(\.action)
                }
            }
            try await fleet.beat()
            let id = try await fleet.command().commandID
            try await fleet.acknowledge(id, .completed)
            await #expect(throws: Problem.self) { try await fleet.acknowledge(id, .completed, by: "other") }
            let module = UUID()
            let registration = ModuleRegistration(
                moduleID: module,
                name: "m",
                enabled: true,
                executionMode: .manual,
                config: .empty,
                createdAt: .now,
                updatedAt: .now
            )
            _ = try await fleet.api.upsertModule(.init(body: registration, principal: fleet.operatorPrincipal))
            let request = RunRequest(triggerType: .manual)
            guard
                case .accepted(let run) = try await fleet.api.triggerModuleRun(
                    .init(moduleID: module, body: request, principal: fleet.operatorPrincipal)
                )
            else {
                Issue.record("the run was not accepted")
                return
            }
            _ = try await fleet.api.cancelModuleRun(.init(runID: run.runID, principal: fleet.operatorPrincipal))
            #expect(try await list { $0.actor = "agent" } == ["COMMAND_ACK", "COMMAND_ACK"])
            #expect(try await list { $0.result = .rejected } == ["COMMAND_ACK"])
            #expect(
                try await list {
                    $0.action = "COMMAND_CREATE"; $0.targetID = id.text
                } == ["COMMAND_CREATE"]
            )
            #expect(try await list { $0.targetType = "module" } == ["MODULE_RUN_TRIGGER", "MODULE_CREATE"])
            // The trigger action targets the module, but is also found by its run.
            #expect(try await list { $0.runID = run.runID } == ["MODULE_RUN_CANCEL", "MODULE_RUN_TRIGGER"])
            #expect(try await list { $0.from = .now.adding(seconds: 60) }.isEmpty)
            guard
                case .ok(let csv) = try await fleet.api.exportAuditLogs(
                    .init(action: "MODULE_CREATE", principal: fleet.operatorPrincipal)
                )
            else {
                Issue.record("the log was not exported")
                return
            }
            let lines = csv.components(separatedBy: "\r\n")
            #expect(
                lines[0]
                    == "ordinal,timestamp,actor,action,target_type,target_id,result,details,run_id,reconcile_id,audit_id"
            )
            #expect(
                lines[1].contains(
                    "admin-token-user,MODULE_CREATE,module,\(module.text),SUCCESS,\"{\"\"enabled\"\":true}\",,,"
                )
            )
        }
    }

    @Test func `only an admin can move an instance to another bot`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            await #expect(throws: Problem.self) { try await fleet.beat(bot: "b2") }
            let move = InstanceMove(botID: "b2", reason: "renamed")
            _ = try await fleet.api.moveInstance(
                .init(instanceID: "i1", body: move, principal: fleet.operatorPrincipal)
            )
            try await fleet.beat(bot: "b2", version: "2")
            await #expect(throws: Problem.self) { try await fleet.beat(bot: "b1") }
            let page = try await fleet.bots()
            #expect(page.items.map(\.botID) == ["b1", "b2"])
            #expect(page.items.map { $0.instanceID ?? "none" } == ["none", "i1"])
            let entry = try #require(try await fleet.audit().first { $0.action == "INSTANCE_MOVE" })
            #expect(entry.details.description == #"{"to": "b2", "from": "b1", "reason": "renamed"}"#)
            let ghost = await #expect(throws: Problem.self) {
                try await fleet.api.moveInstance(
                    .init(instanceID: "ghost", body: move, principal: fleet.operatorPrincipal)
                )
            }
            #expect(ghost?.code == "INSTANCE_NOT_FOUND")
        }
    }
}
