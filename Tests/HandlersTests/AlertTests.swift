import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Alerts: raised once, counted, resolved on recovery; and the comparisons that raise some of them.
@Suite struct AlertTests {
    private func check(_ seconds: Int = 60, in fleet: Fleet) async throws(Problem) -> HeartbeatCheck {
        let input = CheckHeartbeats.Input(staleAfterSeconds: seconds, principal: fleet.operatorPrincipal)
        switch try await fleet.api.checkHeartbeats(input) {
        case .ok(let check): return check
        }
    }

    private func alerts(_ status: AlertStatus? = nil, _ severity: Severity? = nil, in fleet: Fleet) async throws
        -> [Alert]
    {
        let input = ListAlerts.Input(status: status, severity: severity, principal: fleet.operatorPrincipal)
        switch try await fleet.api.listAlerts(input) {
        case .ok(let page):
            #expect(page.total == page.items.count)
            return page.items
        }
    }

    private func acknowledge(_ id: UUID, in fleet: Fleet) async throws(Problem) -> Alert {
        switch try await fleet.api.acknowledgeAlert(.init(alertID: id, principal: fleet.operatorPrincipal)) {
        case .ok(let alert): return alert
        }
    }

    private func resolve(_ id: UUID, in fleet: Fleet) async throws(Problem) -> Alert {
        switch try await fleet.api.resolveAlert(.init(alertID: id, principal: fleet.operatorPrincipal)) {
        case .ok(let alert): return alert
        }
    }

    @Test func `a check during the storage of a heartbeat raises no alert`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", at: .now.adding(seconds: -300))
            let database = fleet.database
            let heartbeat = """
                DO $$ BEGIN
                    UPDATE instance_live SET last_seen = clock_timestamp();
                    PERFORM pg_sleep(2);
                END $$
                """
            async let stored = database.run(Query(sql: heartbeat))
            let sleeping = "UPDATE instances SET bot_id = bot_id FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            while try await database.run(Query(sql: sleeping)) == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await check(in: fleet).alertsCreated == 0)
            _ = try await stored
            #expect(try await alerts(in: fleet).isEmpty)
        }
    }

    @Test func `a lost instance has one alert until it reports again, and the next loss raises a new one`() async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", at: .now.adding(seconds: -300))
            try await fleet.beat("i2", bot: "b2")
            let first = try await check(in: fleet)
            #expect(first.staleThresholdSeconds == 60)
            #expect(first.staleInstances == 1)
            #expect(first.alertsCreated == 1)
            #expect(try await check(in: fleet).alertsCreated == 0)
            let alert = try #require(try await alerts(in: fleet).first)
            #expect(alert.status == .open)
            #expect(alert.severity == .critical)
            #expect(alert.source == "heartbeat_monitor")
            #expect([alert.targetType, alert.targetID] == ["instance", "i1"])
            #expect(alert.message == "Heartbeat lost for instance i1")
            #expect(alert.metadata.description.contains(#""bot_id": "b1""#))
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "HEARTBEAT_LOSS_ALERT")
            #expect(entry.details.description == #"{"notified": false, "severity": "CRITICAL"}"#)
            // A late packet does not show that the instance is running.
            try await fleet.beat("i1", at: .now.adding(seconds: -200))
            #expect(try await alerts(.open, in: fleet).count == 1)
            try await fleet.beat("i1")
            let resolved = try #require(try await alerts(in: fleet).first)
            #expect(resolved.status == .resolved)
            #expect(resolved.resolvedBy == "auto")
            // Lost again.
            _ = try await fleet.database.run(Query(sql: "UPDATE instance_live SET last_seen = now() - interval '2 h'"))
            #expect(try await check(in: fleet).alertsCreated == 2)
            #expect(try await alerts(.open, in: fleet).map(\.targetID).sorted() == ["i1", "i2"])
            #expect(try await alerts(.resolved, in: fleet).map(\.alertID) == [alert.alertID])
        }
    }

    @Test func `concurrent checks raise one alert`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", at: .now.adding(seconds: -300))
            let created = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { (try? await check(in: fleet).alertsCreated) ?? 100 } }
                return await group.reduce(0, +)
            }
            #expect(created == 1)
            #expect(try await alerts(in: fleet).count == 1)
        }
    }

    @Test func `unresolved alerts are grouped, the most severe first, each with its three newest`() async throws {
        try await Fleet.with { fleet in
            for number in 1...5 { try await fleet.beat("i\(number)", at: .now.adding(seconds: -300)) }
            #expect(try await check(in: fleet).alertsCreated == 5)
            _ = try await reconcile(.mismatch, in: fleet)
            _ = try await acknowledge(try #require(alerts(.open, .critical, in: fleet).last).alertID, in: fleet)
            func groups() async throws -> [AlertGroup] {
                try await fleet.api.listAlertGroups(.init(principal: fleet.operatorPrincipal)).body.groups
            }
            let found = try await groups()
            let texts = found.map { group in
                let kind = "\(group.source) \(group.severity.rawValue) \(group.status.rawValue)"
                return "\(kind) \(group.alerts) \(group.newest.count)"
            }
            #expect(
                texts == [
                    "heartbeat_monitor CRITICAL ACKED 1 1", "heartbeat_monitor CRITICAL OPEN 4 3",
                    "reconcile WARNING OPEN 1 1",
                ]
            )
            let newest = try await alerts(.open, .critical, in: fleet).prefix(3)
            #expect(found[1].newest.map(\.alertID) == newest.map(\.alertID))
            let input = ListAlerts.Input(source: "reconcile", principal: fleet.operatorPrincipal)
            #expect(try await fleet.api.listAlerts(input).body.items.map(\.source) == ["reconcile"])
            for alert in try await alerts(in: fleet) { _ = try await resolve(alert.alertID, in: fleet) }
            #expect(try await groups().isEmpty)
        }
    }

    @Test func `an operator acknowledges and resolves an alert`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", at: .now.adding(seconds: -300))
            _ = try await check(in: fleet)
            let id = try #require(try await alerts(.open, .critical, in: fleet).first).alertID
            let acked = try await acknowledge(id, in: fleet)
            #expect(acked.status == .acked)
            #expect(acked.ackedBy == "admin-token-user")
            #expect(try await acknowledge(id, in: fleet).ackedAt == acked.ackedAt)
            // It is unresolved: another check raises no other alert.
            #expect(try await check(in: fleet).alertsCreated == 0)
            #expect(try await resolve(id, in: fleet).resolvedBy == "admin-token-user")
            for _ in 0..<2 {
                let problem = await #expect(throws: Problem.self) { try await acknowledge(id, in: fleet) }
                #expect(problem?.status == 409)
            }
            let unknown = await #expect(throws: Problem.self) { try await resolve(UUID(), in: fleet) }
            #expect(unknown?.detail == "alert not found")
            // The problem persists, so the next check raises a new alert.
            #expect(try await check(in: fleet).alertsCreated == 1)
            #expect(try await alerts(nil, .warning, in: fleet) == [])
        }
    }

    @Test func `a stuck run has an alert until it ends`() async throws {
        try await Fleet.with { fleet in
            let module = UUID()
            let registration = ModuleRegistration(
                moduleID: module,
                name: "m",
                description: nil,
                enabled: true,
                executionMode: .manual,
                scheduleCron: nil,
                config: .empty,
                createdAt: .now,
                updatedAt: .now
            )
            _ = try await fleet.api.upsertModule(.init(body: registration, principal: fleet.operatorPrincipal))
            let input = TriggerModuleRun.Input(moduleID: module, body: RunRequest(), principal: fleet.operatorPrincipal)
            guard case .accepted(let run) = try await fleet.api.triggerModuleRun(input) else {
                throw UnexpectedOutput()
            }
            func stuck() async throws -> [Int] {
                let input = CheckStuckRuns.Input(staleAfterSeconds: 60, principal: fleet.operatorPrincipal)
                switch try await fleet.api.checkStuckRuns(input) {
                case .ok(let check): return [check.stuckRuns, check.alertsCreated]
                }
            }
            #expect(try await stuck() == [0, 0])
            _ = try await fleet.database.run(Query(sql: "UPDATE module_runs SET started_at = now() - interval '61 s'"))
            #expect(try await stuck() == [1, 1])
            #expect(try await stuck() == [1, 0])
            let alert = try #require(try await alerts(in: fleet).first)
            #expect(alert.severity == .warning)
            #expect(alert.message == "Module run \(run.runID.text) appears stuck in status QUEUED")
            #expect(try await fleet.audit().first?.action == "MODULE_RUN_STUCK_ALERT")
            _ = try await fleet.api.cancelModuleRun(.init(runID: run.runID, principal: fleet.operatorPrincipal))
            #expect(try await alerts(.resolved, in: fleet).map(\.alertID) == [alert.alertID])
        }
    }

    @Test func `the server runs the checks itself, and concurrent servers raise one alert`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", at: .now.adding(seconds: -300))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try? await fleet.api.runScheduledChecks() } }
            }
            #expect(try await alerts(.open, in: fleet).map(\.targetID) == ["i1"])
            #expect(try await fleet.audit().first?.actor == "scheduler")
        }
    }

    // MARK: - Comparisons

    private func reconcile(
        _ status: ReconcileStatus,
        _ difference: String = "0.1",
        of instance: String = "i1",
        at time: Timestamp = .now,
        in fleet: Fleet
    ) async throws(Problem) -> ReconcileResult {
        guard let difference = Decimal(difference), let equity = Decimal("10250.70"), let other = Decimal("10250.80")
        else {
            throw Problem(status: 0, code: "TEST", detail: difference)
        }
        let report = ReconcileReport(
            instanceID: instance,
            exchangeEquity: other,
            internalEquity: equity,
            difference: difference,
            status: status,
            timestamp: time
        )
        switch try await fleet.api.submitReconcile(.init(body: report, principal: fleet.operatorPrincipal)) {
        case .accepted(let result): return result
        }
    }

    @Test func `a mismatch raises an alert, further ones add occurrences, and an agreement resolves it`() async throws {
        try await Fleet.with { fleet in
            let unknown = await #expect(throws: Problem.self) { try await reconcile(.mismatch, in: fleet) }
            #expect(unknown?.detail == "instance not found")
            try await fleet.beat()
            for _ in 0..<11 { _ = try await reconcile(.mismatch, in: fleet) }
            let live = try await alerts(.open, in: fleet)
            #expect(live.count == 1)
            #expect(live[0].occurrences == 11)
            #expect(live[0].severity == .warning)
            #expect(live[0].message == "Reconciliation mismatch for i1: exchange=10250.8, internal=10250.7, diff=0.1")
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "RECONCILE_SUBMIT")
            #expect([entry.targetType, entry.targetID] == ["reconcile", "i1"])
            _ = try await reconcile(.ok, "0", in: fleet)
            // Both the report and the server find an agreement, which only the list of comparisons shows.
            #expect(try await fleet.audit().count { $0.action == "RECONCILE_SUBMIT" } == 11)
            try await fleet.api.runScheduledChecks()
            #expect(try await fleet.audit().count { $0.action == "RECONCILE_SUBMIT" } == 11)
            #expect(try await alerts(.resolved, in: fleet).map(\.alertID) == live.map(\.alertID))
            _ = try await reconcile(.mismatch, in: fleet)
            #expect(try await alerts(.open, in: fleet).map(\.occurrences) == [1])
        }
    }

    @Test func `an alert that is raised again notifies again an hour after its last notification`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            for (age, notifications) in [
                ("0 minutes", "1"), ("59 minutes", "1"), ("61 minutes", "2"), ("0 minutes", "2"),
            ] {
                let age = "UPDATE alerts SET last_queued_at = now() - interval '\(age)'"
                _ = try await fleet.database.run(Query(sql: age))
                _ = try await reconcile(.mismatch, in: fleet)
                #expect(try await fleet.text("SELECT count(*)::text FROM notifications") == notifications)
            }
        }
    }

    @Test func `comparisons are listed newest first, and both filters apply`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2")
            let results = [
                try await reconcile(.ok, "0", at: .now.adding(seconds: -30), in: fleet),
                try await reconcile(.mismatch, at: .now.adding(seconds: -10), in: fleet),
                try await reconcile(.mismatch, of: "i2", at: .now.adding(seconds: -20), in: fleet),
            ]
            func list(_ instance: String? = nil, _ status: ReconcileStatus? = nil) async throws -> [UUID] {
                let input = ListReconcileResults.Input(
                    instanceID: instance,
                    status: status,
                    principal: fleet.operatorPrincipal
                )
                switch try await fleet.api.listReconcileResults(input) {
                case .ok(let page):
                    #expect(page.total == page.items.count)
                    return page.items.map(\.reconcileID)
                }
            }
            #expect(try await list() == [results[1], results[2], results[0]].map(\.reconcileID))
            #expect(try await list("i1") == [results[1], results[0]].map(\.reconcileID))
            #expect(try await list("i1", .mismatch) == [results[1].reconcileID])
        }
    }
}
