import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Timestamps ahead of the database's clock that older servers stored are repaired.
@Suite struct AheadTests {
    private let far = Timestamp(microsecondsSinceEpoch: 4_070_908_800_000_000)  // 2099-01-01

    /// Runs `body` with operations that accept any timestamp, as older servers did, and current ones, over the same database.
    private func with(_ body: (_ old: Fleet, _ new: Fleet) async throws -> Void) async throws {
        try await Fleet.with(.acceptingAnyTime) { old in
            try await body(old, Fleet(over: old.database))
        }
    }

    private func metric(
        _ type: String,
        _ value: Int,
        at time: Timestamp,
        in fleet: Fleet
    ) async throws(Problem) {
        let sample = MetricSample(
            instanceID: "i1",
            symbol: "BTC",
            metricType: type,
            value: Decimal(value),
            timestamp: time
        )
        _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
    }

    @discardableResult
    private func position(_ net: Int, at time: Timestamp, in fleet: Fleet) async throws(Problem) -> IngestReceipt {
        let report = PositionReport(
            instanceID: "i1",
            symbol: "BTC",
            netExposure: Decimal(net),
            grossExposure: Decimal(net),
            updatedAt: time
        )
        switch try await fleet.api.postPosition(.init(body: .positionReport(report))) {
        case .accepted(let receipt): return receipt
        }
    }

    private func fee(_ amount: Int, at time: Timestamp, in fleet: Fleet) async throws(Problem) {
        let entry = CostEntry(
            instanceID: "i1",
            symbol: "BTC",
            costType: .fee,
            amount: Decimal(amount),
            timestamp: time,
            entryID: "e\(amount)"
        )
        _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
    }

    private func execution(at time: Timestamp, in fleet: Fleet) async throws(Problem) {
        let sample = ExecutionSample(
            instanceID: "i1",
            symbol: "BTC",
            slippageBps: Decimal(1),
            latencyMs: Decimal(80),
            fillRatio: Decimal(1),
            timestamp: time,
            sampleID: "o1"
        )
        _ = try await fleet.api.postExecutionSample(.init(body: .executionSample(sample)))
    }

    private func repair(_ instance: String? = nil, dryRun: Bool = false, in fleet: Fleet) async throws(Problem)
        -> TimestampRepair
    {
        let request = TimestampRepairRequest(instanceID: instance, dryRun: dryRun)
        switch try await fleet.api.repairTimestamps(.init(body: request, principal: fleet.operatorPrincipal)) {
        case .ok(let repair): return repair
        }
    }

    private func counts(_ repair: TimestampRepair) -> [Int] {
        [
            repair.positions, repair.metricSamples, repair.metricSeries, repair.costs, repair.executionSamples,
            repair.comparisons, repair.fxRates,
        ]
    }

    /// Net exposure, equity, realized profit, fees, and executions.
    private func figures(_ fleet: Fleet) async throws -> [String?] {
        let exposure = try await fleet.api.getExposure(.init(principal: fleet.operatorPrincipal))
        let pnl = try await fleet.api.getNetPnl(.init(principal: fleet.operatorPrincipal))
        let quality = try await fleet.api.getExecutionQuality(.init(principal: fleet.operatorPrincipal))
        guard case (.ok(let exposure), .ok(let pnl), .ok(let quality)) = (exposure, pnl, quality) else { return [] }
        let numbers = [exposure.totalNetExposure, exposure.keyMetrics.latestEquity, pnl.realized, pnl.fees]
        return numbers.map { $0?.description } + ["\(quality.samples)"]
    }

    @Test func `values from 2099 are repaired, and new reports count again`() async throws {
        try await with { old, new in
            try await old.beat("i1")
            try await metric("equity", 100, at: .now.adding(seconds: -60), in: old)
            try await metric("equity", 5_000, at: far, in: old)
            try await metric("realized_pnl", 7, at: far, in: old)
            try await position(1, at: far, in: old)
            try await fee(2, at: far, in: old)
            try await execution(at: far, in: old)
            try await execution(at: far.adding(seconds: 1), in: old)
            try await old.api.maintain()
            // New reports change nothing any more.
            try await metric("equity", 110, at: .now.adding(seconds: -30), in: new)
            #expect(try await position(3, at: .now, in: new).stale == true)
            #expect(try await figures(new) == ["1", "5000", "7", "2", "2"])

            #expect(counts(try await repair(dryRun: true, in: new)) == [1, 2, 2, 1, 2, 0, 0])
            #expect(try await figures(new) == ["1", "5000", "7", "2", "2"])
            #expect(counts(try await repair(in: new)) == [1, 2, 2, 1, 2, 0, 0])
            #expect(counts(try await repair(in: new)) == [0, 0, 0, 0, 0, 0, 0])
            // No other profit was known.
            #expect(try await figures(new) == ["1", "110", "0", "2", "2"])

            #expect(try await position(3, at: .now, in: new).stale == nil)
            try await metric("realized_pnl", 9, at: .now, in: new)
            try await new.api.maintain()
            #expect(try await figures(new) == ["3", "110", "9", "2", "2"])
            let ahead = "SELECT count(*)::text FROM cost_balances WHERE last_at > now()"
            #expect(try await new.text(ahead) == "0")
            let entries = try await new.audit().filter { $0.action == "TIMESTAMPS_REPAIR" }
            #expect(entries.count == 2)
            #expect(entries.last?.details.description.contains(#""metric_samples": 2"#) == true)
        }
    }

    @Test func `the repair of one instance leaves the others unchanged, and the instance must exist`() async throws {
        try await with { old, new in
            try await old.beat("i1")
            try await old.beat("i2")
            try await position(1, at: far, in: old)
            #expect(counts(try await repair("i2", in: new)) == [0, 0, 0, 0, 0, 0, 0])
            #expect(counts(try await repair("i1", in: new)) == [1, 0, 0, 0, 0, 0, 0])
            let unknown = await #expect(throws: Problem.self) { _ = try await repair("ghost", in: new) }
            #expect(unknown?.status == 404)
        }
    }

    @Test func `if two entries have one id, the one with the correct time is booked`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            func entry(_ time: Timestamp) throws -> JSONObject {
                let text = """
                    {"instance_id":"i1","symbol":"BTC","cost_type":"FEE","amount":2,"entry_id":"e1","timestamp":"\(time)"}
                    """
                return try #require(JSONObject(text))
            }
            let body = PostCost.Input(body: .array([try entry(far), try entry(.now), try entry(far)]))
            guard case .accepted(let receipt) = try await fleet.api.postCost(body) else { throw UnexpectedOutput() }
            #expect(receipt.items?.map(\.status) == [.rejected, .accepted, .rejected])
            #expect(receipt.items?.map(\.code) == [.timestampAhead, nil, .timestampAhead])
            #expect(try await figures(fleet)[3] == "2")
        }
    }
}
