import Testing

@testable import FleetSimulator

/// What a seed decides.
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

    @Test func `the same seed is the same run, and another is another`() {
        #expect(plan(7) == plan(7))
        #expect(plan(7) != plan(8))
        #expect(plan(7).bots[0] != plan(7).bots[1])
    }

    @Test func `every fault happens to some, and to none when it is not asked for`() {
        let all = plan(7)
        for fault in Fault.allCases { #expect((10..<400).contains(all.bots.count { $0.has(fault) }), "\(fault)") }
        let none = plan(7, faults: [])
        #expect(none.bots.allSatisfy { $0.faults.isEmpty && $0.cuts.isEmpty && $0.restarts.isEmpty && $0.skew == 0 })
        #expect(none.bots.allSatisfy { $0.isReachable })
        // What else is asked for does not change whom a fault happens to.
        let slow = plan(7, faults: [.slow])
        let before = all.bots.filter { $0.has(.slow) }.map(\.number)
        #expect(Set(slow.bots.filter { $0.has(.slow) }.map(\.number)).isSuperset(of: before))
    }

    @Test func `only the silent are silent for longer than the control plane waits`() {
        for bot in plan(7).bots {
            #expect(bot.has(.silent) ? bot.longestCut == 130 : bot.longestCut <= 40)
            #expect(bot.cuts.allSatisfy { $0.upperBound <= 260 })
        }
        // A run that is too short for that has no silent bots.
        #expect(!plan(7, duration: 60).bots.contains { $0.has(.silent) })
    }

    @Test func `commands come in order, to bots of the fleet, and early enough to be carried out`() {
        let commands = plan(7).commands
        #expect((500...1100).contains(commands.count))
        #expect(commands == commands.sorted { $0.at < $1.at })
        #expect(commands.allSatisfy { (0..<1000).contains($0.bot) && $0.at >= 37.5 && $0.at <= 250 })
        #expect(Set(commands.map(\.type)) == ["SAFE_MODE", "START", "CANCEL_ALL", "SYNC_BALANCE"])
    }
}
