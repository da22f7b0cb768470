import ContractRuntime
import Foundation
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Module runs: their states, their list, and their statistics.
@Suite struct ModuleRunTests {
    private let module = UUID()

    private func register(_ id: UUID? = nil, enabled: Bool = true, in fleet: Fleet) async throws {
        let registration = ModuleRegistration(
            moduleID: id ?? module,
            name: "rebalance",
            description: nil,
            enabled: enabled,
            executionMode: .manual,
            scheduleCron: nil,
            config: try #require(JSONObject("{}")),
            createdAt: .now,
            updatedAt: .now
        )
        _ = try await fleet.api.upsertModule(.init(body: registration, principal: fleet.operatorPrincipal))
    }

    @discardableResult
    private func trigger(_ id: UUID? = nil, in fleet: Fleet) async throws -> ModuleRun {
        let input = TriggerModuleRun.Input(
            moduleID: id ?? module,
            body: RunRequest(summary: .string("by hand")),
            principal: fleet.operatorPrincipal
        )
        switch try await fleet.api.triggerModuleRun(input) {
        case .accepted(let run): return run
        }
    }

    @discardableResult
    private func update(
        _ run: UUID,
        _ status: RunStatus,
        _ summary: String? = nil,
        endedAt: Timestamp? = nil,
        in fleet: Fleet
    ) async throws(Problem) -> ModuleRun {
        let body = RunUpdate(status: status, summary: summary, endedAt: endedAt)
        switch try await fleet.api.updateModuleRun(.init(runID: run, body: body, principal: fleet.operatorPrincipal)) {
        case .ok(let run): return run
        }
    }

    private func cancel(_ run: UUID, in fleet: Fleet) async throws(Problem) -> ModuleRun {
        switch try await fleet.api.cancelModuleRun(.init(runID: run, principal: fleet.operatorPrincipal)) {
        case .ok(let run): return run
        }
    }

    private func list(_ module: UUID? = nil, _ status: RunStatus? = nil, in fleet: Fleet) async throws -> ModuleRunPage
    {
        let input = ListModuleRuns.Input(moduleID: module, status: status, principal: fleet.operatorPrincipal)
        switch try await fleet.api.listModuleRuns(input) {
        case .ok(let page): return page
        }
    }

    @Test func `a run is queued, executed and stored, and each step is audited`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            let run = try await trigger(in: fleet)
            #expect(run.status == .queued)
            #expect(run.triggerType == .manual)
            #expect(run.summary == "by hand")
            #expect(run.endedAt == nil)
            #expect(try await update(run.runID, .running, in: fleet).endedAt == nil)
            let ended = try await update(run.runID, .succeeded, "12 books moved", in: fleet)
            #expect(ended.status == .succeeded)
            #expect(ended.summary == "12 books moved")
            #expect(try #require(ended.endedAt) >= run.startedAt)
            _ = try await fleet.api.deleteModule(.init(moduleID: module, principal: fleet.operatorPrincipal))
            #expect(try await list(in: fleet).items == [ended])
            let entries = try await fleet.audit().dropFirst().dropLast()
            #expect(entries.map(\.action) == ["MODULE_RUN_UPDATE", "MODULE_RUN_UPDATE", "MODULE_RUN_TRIGGER"])
            #expect(entries.map(\.targetType) == ["module_run", "module_run", "module"])
            #expect(
                entries.map(\.details.description).dropLast() == [
                    #"{"status": "SUCCEEDED"}"#, #"{"status": "RUNNING"}"#,
                ]
            )
        }
    }

    @Test func `an end time from the worker is stored`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            let run = try await trigger(in: fleet)
            let end = run.startedAt.adding(seconds: 5)
            try await update(run.runID, .running, in: fleet)
            #expect(try await update(run.runID, .failed, endedAt: end, in: fleet).endedAt == end)
        }
    }

    /// The previous statuses, the next one, and whether the change is allowed.
    @Test(
        arguments: [
            ([], RunStatus.running, true), ([], .canceled, true), ([], .succeeded, false), ([], .failed, false),
            ([.running], .running, true), ([.running], .queued, false), ([.running], .canceled, true),
            ([.running, .succeeded], .running, false), ([.running, .failed], .succeeded, false),
            ([.canceled], .canceled, false),
        ] as [([RunStatus], RunStatus, Bool)]
    )
    func `a run only moves forward`(way: [RunStatus], next: RunStatus, isStep: Bool) async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            let run = try await trigger(in: fleet)
            for status in way { try await update(run.runID, status, in: fleet) }
            do {
                let changed = try await update(run.runID, next, in: fleet)
                #expect(isStep)
                #expect(changed.status == next)
            } catch let problem as Problem {
                #expect(!isStep)
                #expect(problem.status == 409)
                let entry = try #require(try await fleet.audit().first)
                #expect(entry.result == .rejected)
                #expect(try await list(in: fleet).items[0].status == way.last ?? .queued)
            }
        }
    }

    @Test func `a run that has not ended can be canceled once`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            let run = try await trigger(in: fleet)
            let canceled = try await cancel(run.runID, in: fleet)
            #expect(canceled.status == .canceled)
            #expect(canceled.endedAt != nil)
            let problem = await #expect(throws: Problem.self) { try await cancel(run.runID, in: fleet) }
            #expect(problem?.status == 409)
            #expect(problem?.detail == "module run already terminal")
            #expect(try await fleet.audit().map(\.action).prefix(2) == ["MODULE_RUN_CANCEL", "MODULE_RUN_CANCEL"])
        }
    }

    @Test func `of concurrent contradictory ends exactly one is stored`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            let run = try await trigger(in: fleet)
            try await update(run.runID, .running, in: fleet)
            let statuses = await withTaskGroup(of: Int.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let status: RunStatus = [.succeeded, .failed, .canceled][index % 3]
                        do throws(Problem) {
                            try await update(run.runID, status, in: fleet)
                            return 200
                        } catch {
                            return error.status
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 1, 409: 19])
        }
    }

    @Test func `a run that cannot start returns the reason, and an attempt for a disabled module is audited`()
        async throws
    {
        try await Fleet.with { fleet in
            let unknown = await #expect(throws: Problem.self) { try await trigger(in: fleet) }
            #expect(unknown?.status == 404)
            #expect(unknown?.detail == "Module not found")
            try await register(enabled: false, in: fleet)
            let disabled = await #expect(throws: Problem.self) { try await trigger(in: fleet) }
            #expect(disabled?.status == 409)
            let entry = try #require(try await fleet.audit().first)
            #expect(entry.action == "MODULE_RUN_TRIGGER")
            #expect(entry.result == .rejected)
            #expect(try await list(in: fleet).total == 0)
            let run = await #expect(throws: Problem.self) { try await update(UUID(), .running, in: fleet) }
            #expect(run?.detail == "Module run not found")
        }
    }

    @Test func `the list is newest first, and both filters apply`() async throws {
        try await Fleet.with { fleet in
            let other = UUID()
            try await register(in: fleet)
            try await register(other, in: fleet)
            let runs = [
                try await trigger(in: fleet), try await trigger(other, in: fleet), try await trigger(in: fleet),
            ]
            try await update(runs[2].runID, .running, in: fleet)
            #expect(try await list(in: fleet).items.map(\.runID) == runs.reversed().map(\.runID))
            #expect(try await list(module, in: fleet).items.map(\.runID) == [runs[2].runID, runs[0].runID])
            let both = try await list(module, .running, in: fleet)
            #expect(both.items.map(\.runID) == [runs[2].runID])
            #expect(both.total == 1)
        }
    }

    // MARK: - Figures

    /// Stores a run that started and ended the given numbers of seconds ago.
    private func store(_ status: RunStatus, from start: Int, to end: Int?, in fleet: Fleet) async throws {
        let ended = end.map { "now() - interval '\($0) s'" } ?? "NULL"
        let sql = """
            INSERT INTO module_runs (module_id, trigger_type, status, started_at, ended_at)
            VALUES ('\(module.text)', 'MANUAL', '\(status.rawValue)', now() - interval '\(start) s', \(ended))
            """
        _ = try await fleet.database.run(Query(sql: sql))
    }

    @Test func `statistics are those of the stored runs, and zero without any`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            #expect(try await performance(in: fleet) == [0, 0, 0, 0, 0])
            #expect(try await activeAge(in: fleet) == [0, 0, 0])
            // Durations 1…20 s, and one of a worker with a slow clock: 0 s.
            for seconds in 1...20 {
                try await store(seconds <= 5 ? .failed : .succeeded, from: 100_000 + seconds, to: 100_000, in: fleet)
            }
            try await store(.succeeded, from: 50, to: 60, in: fleet)
            try await store(.running, from: 30, to: nil, in: fleet)
            try await store(.queued, from: 10, to: nil, in: fleet)
            // 0, 1, …, 20: the mean is 10; rank ⌈0.95 × 21⌉ = 20 is 19.
            #expect(try await performance(in: fleet) == [23, 21, 16.0 / 21, 10, 19])
            let age = try await activeAge(in: fleet)
            #expect(age[0] == 2)
            #expect(age[1] >= 30 && age[1] < 60)
            #expect(abs(age[2] - (age[1] - 10)) < 0.1)
            switch try await fleet.api.getModuleRunStatistics(.init(principal: fleet.operatorPrincipal)) {
            case .ok(let counts):
                #expect(counts.totalRuns == 23)
                #expect(counts.activeRuns == 2)
                #expect(counts.statusCounts.succeeded == 16)
                #expect(counts.statusCounts.failed == 5)
                #expect(counts.statusCounts.canceled == 0)
            }
        }
    }

    @Test func `failures are counted among the most recently ended runs, starts within the window`() async throws {
        try await Fleet.with { fleet in
            try await register(in: fleet)
            for index in 0..<10 {
                try await store(index < 4 ? .failed : .succeeded, from: 5_000, to: 100 + index, in: fleet)
            }
            try await store(.canceled, from: 500, to: 50, in: fleet)
            try await store(.running, from: 200_000, to: nil, in: fleet)
            func rate(_ window: Int) async throws -> [Double] {
                switch try await fleet.api.getRunFailureRate(
                    .init(windowSize: window, principal: fleet.operatorPrincipal)
                ) {
                case .ok(let rate): [Double(rate.totalCompleted), Double(rate.failedRuns), rate.failureRate]
                }
            }
            #expect(try await rate(5) == [5, 4, 0.8])
            #expect(try await rate(500) == [11, 4, 4.0 / 11])
            func throughput(_ hours: Int) async throws -> [Double] {
                switch try await fleet.api.getRunThroughput(
                    .init(windowHours: hours, principal: fleet.operatorPrincipal)
                ) {
                case .ok(let figures): [Double(figures.totalRuns), figures.runsPerHour]
                }
            }
            #expect(try await throughput(1) == [1, 1])
            #expect(try await throughput(2) == [11, 5.5])
            #expect(try await throughput(168) == [12, 12.0 / 168])
        }
    }

    private func performance(in fleet: Fleet) async throws -> [Double] {
        switch try await fleet.api.getRunPerformance(.init(moduleID: module, principal: fleet.operatorPrincipal)) {
        case .ok(let figures):
            [
                Double(figures.totalRuns), Double(figures.completedRuns), figures.successRate,
                (figures.avgDurationSeconds * 1e6).rounded() / 1e6, (figures.p95DurationSeconds * 1e6).rounded() / 1e6,
            ]
        }
    }

    private func activeAge(in fleet: Fleet) async throws -> [Double] {
        switch try await fleet.api.getRunActiveAge(.init(principal: fleet.operatorPrincipal)) {
        case .ok(let figures): [Double(figures.activeRuns), figures.oldestActiveSeconds, figures.avgActiveSeconds]
        }
    }
}
