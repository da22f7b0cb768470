import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct StrategyDriftTests {
    private func instance(_ id: String, _ version: String?, _ hash: String? = nil, name: String = "Flip") -> Instance {
        let time = Timestamp(microsecondsSinceEpoch: 0)
        return Instance(
            instanceID: id,
            botID: "b1",
            strategyName: name,
            runtimeMode: .live,
            exchange: "binance",
            symbol: "BTCUSDT",
            version: "1.0",
            status: .running,
            isLate: false,
            lastSeen: time,
            lastReceivedAt: time,
            firstSeen: time,
            clockLagSeconds: nil,
            bootID: nil,
            metadata: .empty,
            netExposure: nil,
            grossExposure: nil,
            exposures: [],
            exposureAsOf: nil,
            openAlerts: 0,
            worstSeverity: nil,
            waitingCommands: 0,
            presence: String(repeating: "-", count: 120),
            equityDay: [],
            netPnlDay: nil,
            software: nil,
            strategyVersion: version,
            strategyHash: hash,
            uiURL: nil,
            symbols: [],
            accounts: [],
            currency: nil,
            equity: nil,
            netPnlToday: nil,
            netPnlWeek: nil,
            returnToday: nil,
            drawdown: nil,
            slippageBps: nil,
            performanceAsOf: nil,
            stateCause: nil
        )
    }

    @Test func `different versions are named with their instances`() throws {
        let instances = [
            instance("i1", "3"), instance("i2", "4"), instance("i3", "3"), instance("i4", nil, name: "unknown"),
        ]
        let drift = try #require(StrategyDrift(instances, isComplete: true))
        #expect(
            drift.text
                == "The instances of this bot last reported different strategies: Flip version 3 on i1, i3; "
                + "Flip version 4 on i2. Not reported by i4."
        )
        #expect(instances.map { drift.includes($0) } == [true, true, true, false])
    }

    @Test func `different hashes are a drift even with the same version`() throws {
        let (first, second) = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
        let drift = try #require(
            StrategyDrift([instance("i1", "3", first), instance("i2", "3", second)], isComplete: false)
        )
        #expect(
            drift.text
                == "The first instances of this bot last reported different strategies: "
                + "Flip version 3 hash aaaaaaaaaaaa on i1; Flip version 3 hash bbbbbbbbbbbb on i2."
        )
        // Hashes that differ only at their end are shown in full.
        let third = String(repeating: "a", count: 39) + "c"
        let close = try #require(
            StrategyDrift([instance("i1", "3", first), instance("i2", "3", third)], isComplete: true)
        )
        #expect(close.text.contains("hash \(first) on i1") && close.text.contains("hash \(third) on i2"))
    }

    @Test func `what is not reported does not differ`() {
        let hash = String(repeating: "a", count: 40)
        for instances in [
            [], [instance("i1", "3")], [instance("i1", "3"), instance("i2", "3")],
            [instance("i1", "3"), instance("i2", nil)], [instance("i1", "3", hash), instance("i2", "3")],
            [instance("i1", nil, hash), instance("i2", "3")],
        ] {
            #expect(StrategyDrift(instances, isComplete: true) == nil)
        }
    }

    @Test func `only the first instances of a strategy are named`() throws {
        let many = (1...8).map { instance("i\($0)", "3") } + [instance("j", "4")]
        let text = try #require(StrategyDrift(many, isComplete: true)).text
        #expect(text.contains("Flip version 3 on i1, i2, i3, i4, i5 and 3 more; Flip version 4 on j."), "\(text)")
    }
}
