import ContractRuntime
import Foundation
import Generated
import Postgres
import TestSupport
import Testing

@testable import Handlers

/// Schedules, workers that claim runs, and leases.
@Suite struct ScheduleTests {
    @Test(arguments: [
        ("*/5 * * * *", "2026-03-01T09:30:00Z", "2026-03-01T09:35:00Z"),
        ("0 2 * * *", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("30 9 1 * *", "2026-03-01T09:29:59.999999Z", "2026-03-01T09:30:00Z"),
        ("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 12 * * MON-FRI", "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z"),
        ("0 0 13 * 5", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"),
        ("0 0 * * 7", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("15,45 8-10/2 * jan,JUL *", "2026-01-31T10:45:00Z", "2026-07-01T08:15:00Z"),
        ("0 22-1/2 * * *", "2026-11-20T22:00:00Z", "2026-11-21T00:00:00Z"),
        ("0 0 * * FRI-MON", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
        ("0 0 * * FRI-MON", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"),
        ("50/5 * * * *", "2026-01-01T00:55:00Z", "2026-01-01T01:50:00Z"),
        ("@weekly", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"),
    ])
    func `an expression matches its times`(text: String, after: String, expected: String) throws {
        let next = try CronExpression(text).next(after: try #require(Timestamp(after)))
        #expect(next == Timestamp(expected))
    }

    @Test(arguments: [
        ("* * * *", "found 4 fields, expected five"), ("60 * * * *", "found '60' for the minute, expected 0 to 59"),
        ("* 24 * * *", "found '24' for the hour, expected 0 to 23"),
        ("* * 0 * *", "found '0' for the day of the month, expected 1 to 31"),
        ("* * * FOO *", "found 'FOO' for the month, expected 1 to 12"),
        ("* * * * 8", "found '8' for the day of the week, expected 0 to 7"),
        ("*/0 * * * *", "found '*/0' for the minute, expected 0 to 59"),
        ("1,,2 * * * *", "found '' for the minute, expected 0 to 59"), ("0 0 31 2 *", "no day matches"),
        ("@often", "found 1 field, expected five"),
    ])
    func `an invalid expression is rejected with the position`(text: String, message: String) throws {
        let error = #expect(throws: CronExpression.Mistake.self) { try CronExpression(text) }
        #expect(error?.message == message)
    }

    /// The full minute six hours from now, which no test reaches, and the expression for it.
    private static func distant() throws -> (time: Timestamp, cron: String) {
        let text = "\(Timestamp.now.adding(seconds: 6 * 3_600))".prefix(16)
        let time = try #require(Timestamp("\(text):00Z"))
        return (time, "\(text.suffix(2)) \(text.suffix(5).prefix(2)) * * *")
    }

    private func register(
        _ id: UUID,
        _ mode: ExecutionMode = .scheduled,
        cron: String? = nil,
        policy: MissedRunPolicy = .runOnce,
        runTimeout: Int? = nil,
        in fleet: Fleet
    ) async throws -> Module {
        let registration = ModuleRegistration(
            moduleID: id,
            name: "m",
            enabled: true,
            executionMode: mode,
            scheduleCron: try cron ?? Self.distant().cron,
            config: .empty,
            createdAt: .now,
            updatedAt: .now,
            missedRunPolicy: policy,
            runTimeoutSeconds: runTimeout
        )
        switch try await fleet.api.upsertModule(.init(body: registration, principal: fleet.operatorPrincipal)) {
        case .created(let module): return module
        }
    }

    private func runs(in fleet: Fleet) async throws(Problem) -> [ModuleRun] {
        switch try await fleet.api.listModuleRuns(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let page): return page.items
        }
    }

    private func late(by interval: String, in fleet: Fleet) async throws {
        _ = try await fleet.database.run(Query(sql: "UPDATE modules SET next_run_at = now() - interval '\(interval)'"))
        try await fleet.api.runScheduledChecks()
    }

    @Test func `a module runs by its schedule, and queued runs do not pile up`() async throws {
        try await Fleet.with { fleet in
            let id = UUID()
            let (time, cron) = try Self.distant()
            #expect(try await register(id, cron: cron, in: fleet).nextRunAt == time)
            try await fleet.api.runScheduledChecks()
            #expect(try await runs(in: fleet).isEmpty)
            try await late(by: "1 s", in: fleet)
            let run = try #require(try await runs(in: fleet).first)
            #expect(run.triggerType == .schedule)
            #expect(run.status == .queued)
            #expect(try await fleet.audit().first?.actor == "scheduler")
            try await late(by: "1 s", in: fleet)
            #expect(try await runs(in: fleet).count == 1)
            #expect(try await register(id, .manual, in: fleet).nextRunAt == nil)
            let wrong = await #expect(throws: Problem.self) { try await register(id, cron: "often", in: fleet) }
            #expect(wrong?.status == 422)
            #expect(wrong?.errors.first?.pointer == "/schedule_cron")
        }
    }

    @Test(arguments: [(MissedRunPolicy.runOnce, 1), (.skip, 0)])
    func `missed runs are made up for once, or skipped`(policy: MissedRunPolicy, expected: Int) async throws {
        try await Fleet.with { fleet in
            _ = try await register(UUID(), policy: policy, in: fleet)
            try await late(by: "3 h", in: fleet)
            #expect(try await runs(in: fleet).count == expected)
            try await fleet.api.runScheduledChecks()
            #expect(try await runs(in: fleet).count == expected)
        }
    }

    private func trigger(_ id: UUID, in fleet: Fleet) async throws(Problem) {
        let request = RunRequest(triggerType: .manual)
        _ = try await fleet.api.triggerModuleRun(.init(moduleID: id, body: request, principal: fleet.operatorPrincipal))
    }

    private func claim(_ worker: String, lease: Int = 60, in fleet: Fleet) async throws(Problem) -> RunClaim? {
        let request = RunClaimRequest(workerID: worker, leaseSeconds: lease)
        switch try await fleet.api.claimModuleRun(.init(body: request, principal: fleet.operatorPrincipal)) {
        case .ok(let claim): return claim
        case .noContent: return nil
        }
    }

    private func beat(_ id: UUID, _ worker: String, in fleet: Fleet) async throws(Problem) -> ModuleRun {
        let report = RunProgress(workerID: worker, progress: 0.5, message: "half", leaseSeconds: 60)
        switch try await fleet.api.reportRunProgress(.init(runID: id, body: report, principal: fleet.operatorPrincipal))
        {
        case .ok(let run): return run
        }
    }

    @Test func `each run is claimed once, however many workers ask`() async throws {
        try await Fleet.with { fleet in
            let id = UUID()
            _ = try await register(id, .manual, in: fleet)
            for _ in 0..<10 { try await trigger(id, in: fleet) }
            let claims = try await withThrowingTaskGroup(of: RunClaim?.self) { group in
                for worker in 0..<25 { group.addTask { try await claim("w\(worker)", in: fleet) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claims.compactMap { $0 }.count == 10)
            #expect(Set(claims.compactMap(\.?.run.runID)).count == 10)
            #expect(try await claim("late", in: fleet) == nil)
        }
    }

    private func stuck(in fleet: Fleet) async throws(Problem) -> Int {
        let input = CheckStuckRuns.Input(staleAfterSeconds: 60, principal: fleet.operatorPrincipal)
        switch try await fleet.api.checkStuckRuns(input) {
        case .ok(let check): return check.stuckRuns
        }
    }

    @Test func `a worker that reports progress is not stuck, a silent one is`() async throws {
        try await Fleet.with { fleet in
            let id = UUID()
            _ = try await register(id, .manual, in: fleet)
            try await trigger(id, in: fleet)
            let run = try #require(try await claim("w1", in: fleet)).run
            #expect(run.status == .running)
            #expect(run.claimedBy == "w1")
            // Long past the threshold, and still working.
            _ = try await fleet.database.run(Query(sql: "UPDATE module_runs SET started_at = now() - interval '2 h'"))
            #expect(try await stuck(in: fleet) == 0)
            #expect(try await beat(run.runID, "w1", in: fleet).progress == 0.5)
            let other = await #expect(throws: Problem.self) { try await beat(run.runID, "w2", in: fleet) }
            #expect(other?.code == "RUN_NOT_CLAIMED")
            _ = try await fleet.database.run(
                Query(sql: "UPDATE module_runs SET lease_expires_at = now() - interval '1 s'")
            )
            #expect(try await stuck(in: fleet) == 1)
            _ = try await beat(run.runID, "w1", in: fleet)
            #expect(try await stuck(in: fleet) == 0)
            let open = Query(sql: "UPDATE alerts SET message = message WHERE status <> 'RESOLVED'")
            #expect(try await fleet.database.run(open) == 0)
            // A module may limit the time of work that never ends.
            _ = try await register(id, .manual, runTimeout: 10, in: fleet)
            _ = try await fleet.database.run(Query(sql: "UPDATE module_runs SET claimed_at = now() - interval '11 s'"))
            #expect(try await stuck(in: fleet) == 1)
        }
    }
}
