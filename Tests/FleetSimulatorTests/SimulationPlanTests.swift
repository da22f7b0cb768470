import Testing

@testable import FleetSimulator

/// Plans that the seed determines.
@Suite struct SimulationPlanTests {
    private func plan(_ seed: UInt64, faults: Set<Fault> = Set(Fault.allCases), duration: Double = 300)
        -> SimulationPlan
    {
        SimulationPlan(
            instances: 1000,
            duration: duration,
            seed: seed,
            faults: faults,
            stale: 90,
            heartbeat: 30,
            commandsPerMinute: 200
        )
    }

    @Test func `the same seed gives the same run, and another seed a different run`() {
        #expect(plan(7) == plan(7))
        #expect(plan(7) != plan(8))
        #expect(plan(7).bots[0] != plan(7).bots[1])
    }

    @Test func `each requested fault affects some bots, and other faults affect none`() {
        let all = plan(7)
        for fault in Fault.allCases { #expect((10..<400).contains(all.bots.count { $0.has(fault) }), "\(fault)") }
        let none = plan(7, faults: [])
        #expect(none.bots.allSatisfy { $0.faults.isEmpty && $0.outages.isEmpty && $0.restarts.isEmpty && $0.skew == 0 })
        #expect(none.bots.allSatisfy { $0.isReachable })
        // The other requested faults do not change which bots a fault affects.
        let slow = plan(7, faults: [.slow])
        let before = all.bots.filter { $0.has(.slow) }.map(\.number)
        #expect(Set(slow.bots.filter { $0.has(.slow) }.map(\.number)).isSuperset(of: before))
    }

    @Test func `only bots with the silent fault exceed the alert threshold`() {
        for bot in plan(7).bots {
            #expect(bot.has(.silent) ? bot.longestOutage == 130 : bot.longestOutage <= 40)
            #expect(bot.outages.allSatisfy { $0.upperBound <= 260 })
        }
        // A short run has no silent bots.
        #expect(!plan(7, duration: 60).bots.contains { $0.has(.silent) })
    }

    @Test func `commands are in order, address bots of the fleet, and leave time for execution`() {
        let commands = plan(7).commands
        #expect((500...1100).contains(commands.count))
        #expect(commands == commands.sorted { $0.at < $1.at })
        #expect(commands.allSatisfy { (0..<1000).contains($0.bot) && $0.at >= 37.5 && $0.at <= 250 })
        #expect(Set(commands.map(\.type)) == ["SAFE_MODE", "START", "CANCEL_ALL", "SYNC_BALANCE"])
    }
}
