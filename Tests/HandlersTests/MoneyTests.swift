import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Positions, costs, execution samples, and their statistics.
@Suite struct MoneyTests {
    private let start = Timestamp.now.adding(seconds: -3_600)

    private func decimal(_ text: String) throws(Problem) -> Decimal {
        guard let value = Decimal(text) else { throw Problem(status: 0, code: "TEST", detail: text) }
        return value
    }

    // MARK: - What the tests say to the fleet

    @discardableResult
    private func position(
        _ instance: String,
        _ symbol: String,
        net: String,
        gross: String,
        currency: String? = nil,
        at seconds: Int64 = 0,
        in fleet: Fleet
    ) async throws(Problem) -> IngestReceipt {
        let report = PositionReport(
            instanceID: instance,
            symbol: symbol,
            netExposure: try decimal(net),
            grossExposure: try decimal(gross),
            currency: currency,
            updatedAt: start.adding(seconds: seconds)
        )
        switch try await fleet.api.postPosition(.init(body: .positionReport(report))) {
        case .accepted(let receipt): return receipt
        }
    }

    @discardableResult
    private func cost(
        _ instance: String,
        _ type: CostType,
        _ amount: String,
        symbol: String = "BTC",
        id: String? = nil,
        in fleet: Fleet
    ) async throws(Problem) -> IngestReceipt {
        let entry = CostEntry(
            instanceID: instance,
            symbol: symbol,
            costType: type,
            amount: try decimal(amount),
            timestamp: start,
            entryID: id
        )
        switch try await fleet.api.postCost(.init(body: .costEntry(entry))) {
        case .accepted(let receipt): return receipt
        }
    }

    private func metric(
        _ instance: String,
        _ type: String,
        _ value: String,
        symbol: String = "BTC",
        at seconds: Int64 = 0,
        in fleet: Fleet
    ) async throws(Problem) {
        let sample = MetricSample(
            instanceID: instance,
            symbol: symbol,
            metricType: type,
            value: try decimal(value),
            timestamp: start.adding(seconds: seconds)
        )
        _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
    }

    private func exposure(_ mode: RuntimeMode? = nil, in fleet: Fleet) async throws -> Exposure {
        switch try await fleet.api.getExposure(.init(mode: mode, principal: fleet.operatorPrincipal)) {
        case .ok(let exposure): exposure
        }
    }

    private func pnl(_ symbol: String? = nil, _ mode: RuntimeMode? = nil, in fleet: Fleet) async throws -> NetPnl {
        switch try await fleet.api.getNetPnl(.init(symbol: symbol, mode: mode, principal: fleet.operatorPrincipal)) {
        case .ok(let pnl): pnl
        }
    }

    // MARK: - Exposure

    @Test func `positions are summed by symbol and by mode, exactly`() async throws {
        try await Fleet.with { fleet in
            let empty = try await exposure(in: fleet)
            #expect(empty.totalNetExposure?.description == "0")
            #expect(empty.bySymbol == [])
            #expect(empty.keyMetrics.trackedPositions == 0)
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", bot: "b2", mode: .paper)
            try await position("i1", "BTC", net: "100", gross: "150", in: fleet)
            try await position("i2", "ETH", net: "-40", gross: "60", in: fleet)
            for (instance, value) in [("i1", "0.1"), ("i2", "0.2")] {
                try await metric(instance, "equity", value, in: fleet)
            }
            let all = try await exposure(in: fleet)
            #expect(all.totalNetExposure?.description == "60")
            #expect(all.totalGrossExposure?.description == "210")
            #expect(all.bySymbol.map(\.symbol) == ["BTC", "ETH"])
            #expect(all.bySymbol.map(\.netExposure.description) == ["100", "-40"])
            #expect(all.byMode.map(\.runtimeMode) == [.live, .paper])
            #expect(all.byMode.map(\.grossExposure.description) == ["150", "60"])
            #expect(all.keyMetrics.latestEquity?.description == "0.3")
            #expect(all.keyMetrics.trackedPositions == 2)
            #expect(all.keyMetrics.trackedSymbols == 2)
            #expect(all.stale.positions == 0)
            let live = try await exposure(.live, in: fleet)
            #expect(live.totalNetExposure?.description == "100")
            #expect(live.keyMetrics.latestEquity?.description == "0.1")
        }
    }

    private static func texts(_ parts: [ExposureInCurrency]) -> [String] {
        parts.map { "\($0.currency ?? "none") \($0.netExposure) \($0.grossExposure)" }
    }

    private func seedCurrencies(in fleet: Fleet) async throws {
        try await fleet.beat("i1", mode: .live)
        try await fleet.beat("i2", bot: "b2", at: .now.adding(seconds: -300), mode: .paper)
        try await position("i1", "BTC", net: "100", gross: "150", currency: "USDT", in: fleet)
        try await position("i1", "ETH", net: "-0.5", gross: "0.5", currency: "BTC", in: fleet)
        try await position("i2", "BTC", net: "-40", gross: "60", in: fleet)
    }

    @Test func `exposure has a sum for each currency`() async throws {
        try await Fleet.with { fleet in
            try await seedCurrencies(in: fleet)
            let all = try await exposure(in: fleet)
            #expect(Self.texts(all.byCurrency) == ["none -40 60", "BTC -0.5 0.5", "USDT 100 150"])
            #expect(Self.texts(all.stale.byCurrency) == ["none -40 60"])
            let symbols = all.bySymbol.map { "\($0.symbol) \($0.currency ?? "none") \($0.netExposure)" }
            #expect(symbols == ["BTC none -40", "BTC USDT 100", "ETH BTC -0.5"])
            let modes = all.byMode.map { "\($0.runtimeMode.rawValue) \($0.currency ?? "none") \($0.grossExposure)" }
            #expect(modes == ["LIVE BTC 0.5", "LIVE USDT 150", "PAPER none 60"])
            #expect(all.keyMetrics.trackedPositions == 3)
            #expect(all.keyMetrics.trackedSymbols == 2)
            #expect([all.totalNetExposure, all.totalGrossExposure, all.stale.netExposure] == [nil, nil, nil])
            #expect(all.currency == nil)
            #expect(all.unconverted == all.byCurrency)
            // A position that is reported in another currency moves to its sum.
            try await position("i1", "ETH", net: "-900", gross: "900", currency: "USDT", at: 10, in: fleet)
            let moved = try await exposure(.live, in: fleet)
            #expect(Self.texts(moved.byCurrency) == ["USDT -800 1050"])
            #expect(moved.totalNetExposure?.description == "-800")
            #expect(moved.currency == "USDT")
        }
    }

    @Test func `positions without a currency are in the currency of the books`() async throws {
        var configuration = API.Configuration()
        configuration.books.currency = "USDT"
        try await Fleet.with(configuration) { fleet in
            try await seedCurrencies(in: fleet)
            let all = try await exposure(in: fleet)
            #expect(Self.texts(all.byCurrency) == ["BTC -0.5 0.5", "USDT 60 210"])
            #expect(all.bySymbol.map(\.currency) == ["USDT", "BTC"])
            #expect(all.currency == "USDT")
            #expect(all.totalNetExposure == nil)
            #expect(Self.texts(all.unconverted) == ["BTC -0.5 0.5"])
            let rate = ReportedFxRate(currency: "BTC", rate: Decimal(60_000), timestamp: .now)
            let report = FxRateReport(quoteCurrency: "USDT", rates: [rate])
            _ = try await fleet.api.reportFxRates(.init(body: report, principal: fleet.operatorPrincipal))
            let converted = try await exposure(in: fleet)
            #expect(converted.totalNetExposure?.description == "-29940")
            #expect(converted.totalGrossExposure?.description == "30210")
            #expect(converted.stale.netExposure?.description == "-40")
            #expect(converted.unconverted == [])
            #expect(converted.rates.map(\.currency) == ["BTC"])
            let page = try await fleet.api.listPositions(.init(principal: fleet.operatorPrincipal)).body
            #expect(page.items.map(\.currency) == ["USDT", "USDT", "BTC"])
        }
    }

    @Test func `the exposure of instances and of a command's targets has no sum of several currencies`() async throws {
        try await Fleet.with { fleet in
            try await seedCurrencies(in: fleet)
            let page = try await fleet.api.listInstances(.init(sort: .bot, principal: fleet.operatorPrincipal)).body
            let expected = [["BTC -0.5 0.5", "USDT 100 150"], ["none -40 60"]]
            #expect(page.items.map { Self.texts($0.exposures) } == expected)
            #expect(page.items.map { $0.netExposure?.description } == [nil, "-40"])
            #expect(page.items.map { $0.grossExposure?.description } == [nil, "60"])
            let target = FleetQuery(instanceIDs: ["i1", "i2"])
            let request = BulkCommandRequest(commandType: .safeMode, target: target, ttlSeconds: 60, dryRun: true)
            let input = CreateCommands.Input(body: request, principal: fleet.operatorPrincipal)
            let preview = try await fleet.api.createCommands(input).body
            #expect(Self.texts(preview.exposures ?? []) == ["none -40 60", "BTC -0.5 0.5", "USDT 100 150"])
            #expect(preview.netExposure == nil)
            #expect(preview.instances?.map { $0.netExposure?.description } == [nil, "-40"])
            #expect(preview.instances?.map { Self.texts($0.exposures) } == expected)
        }
    }

    @Test func `a newer report replaces an older one, and an older one changes nothing`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            #expect(try await position("i1", "BTC", net: "1", gross: "1", at: 10, in: fleet).stale == nil)
            #expect(try await position("i1", "BTC", net: "9", gross: "9", at: 5, in: fleet).stale == true)
            #expect(try await exposure(in: fleet).totalNetExposure?.description == "1")
            #expect(try await position("i1", "BTC", net: "0.1", gross: "0.1", at: 20, in: fleet).stale == nil)
            #expect(try await position("i1", "BTC", net: "0.2", gross: "0.2", at: 20, in: fleet).stale == nil)
            #expect(try await exposure(in: fleet).totalNetExposure?.description == "0.2")
            let problem = await #expect(throws: Problem.self) {
                try await position("ghost", "BTC", net: "1", gross: "1", in: fleet)
            }
            #expect(problem?.detail == "instance not found")
        }
    }

    @Test func `concurrent first reports create one position, and in any order the newest is kept`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            var random = SplitMix()
            let order = (0..<50).shuffled(using: &random)
            await withTaskGroup(of: Void.self) { group in
                for second in order {
                    group.addTask {
                        _ = try? await position(
                            "i1",
                            "BTC",
                            net: "\(second)",
                            gross: "50",
                            at: Int64(second),
                            in: fleet
                        )
                    }
                }
            }
            let held = try await exposure(in: fleet)
            #expect(held.keyMetrics.trackedPositions == 1)
            #expect(held.totalNetExposure?.description == "49")
        }
    }

    @Test func `positions of silent instances are reported separately`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2", at: .now.adding(seconds: -300))
            try await position("i1", "BTC", net: "1", gross: "2", in: fleet)
            try await position("i2", "BTC", net: "5", gross: "7", in: fleet)
            let held = try await exposure(in: fleet)
            #expect(held.totalNetExposure?.description == "6")
            #expect(held.stale.netExposure?.description == "5")
            #expect(held.stale.grossExposure?.description == "7")
            #expect(held.stale.positions == 1)
        }
    }

    // MARK: - Costs and NetPnL

    @Test func `net PnL is realized plus unrealized profit, less fees, plus funding`() async throws {
        try await Fleet.with { fleet in
            #expect(try await pnl(in: fleet).netPnl == nil)
            try await fleet.beat("i1")
            try await metric("i1", "realized_pnl", "120", in: fleet)
            try await metric("i1", "unrealized_pnl", "30", in: fleet)
            try await cost("i1", .fee, "10", in: fleet)
            try await cost("i1", .funding, "5", in: fleet)
            #expect(try await pnl(in: fleet).netPnl?.description == "145")
        }
    }

    @Test func `the newest values of each instance and symbol are summed`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1", mode: .live)
            try await fleet.beat("i2", bot: "b2", mode: .paper)
            for (instance, value) in [("i1", "100"), ("i2", "50")] {
                try await metric(instance, "realized_pnl", value, at: 10, in: fleet)
                try await cost(instance, .fee, "1", in: fleet)
            }
            #expect(try await pnl(in: fleet).netPnl?.description == "148")
            // A late older sample changes nothing, a newer one replaces the value.
            try await metric("i1", "realized_pnl", "7", at: 5, in: fleet)
            #expect(try await pnl(in: fleet).realized?.description == "150")
            try await metric("i1", "realized_pnl", "110", at: 20, in: fleet)
            try await metric("i1", "realized_pnl", "3", symbol: "ETH", in: fleet)
            let all = try await pnl(in: fleet)
            #expect(all.realized?.description == "163")
            #expect(all.byMode.map(\.runtimeMode) == [.live, .paper])
            #expect(all.byMode.map(\.netPnl?.description) == ["112", "49"])
            #expect(try await pnl("ETH", in: fleet).netPnl?.description == "3")
            #expect(try await pnl(nil, .paper, in: fleet).netPnl?.description == "49")
        }
    }

    @Test func `an entry with an id is booked once, and the id is taken`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2")
            #expect(try await cost("i1", .fee, "0.1", id: "e1", in: fleet).duplicate == nil)
            #expect(try await cost("i1", .fee, "0.10", id: "e1", in: fleet).duplicate == true)
            let problem = await #expect(throws: Problem.self) { try await cost("i1", .fee, "0.2", id: "e1", in: fleet) }
            #expect(problem?.status == 409)
            // The id belongs to the instance, and every entry without an id is booked.
            #expect(try await cost("i2", .fee, "0.1", id: "e1", in: fleet).duplicate == nil)
            for _ in 0..<2 { #expect(try await cost("i1", .fee, "0.1", in: fleet).duplicate == nil) }
            #expect(try await pnl(in: fleet).fees?.description == "0.4")
        }
    }

    @Test func `an entry that is sent many times concurrently is booked once`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            let outcomes = await withTaskGroup(of: Bool?.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let id = "e\(index % 10)"
                        guard let receipt = try? await cost("i1", .fee, "1", id: id, in: fleet) else { return nil }
                        return receipt.duplicate ?? false
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes == [true: 90, false: 10])
            #expect(try await pnl(in: fleet).fees?.description == "10")
        }
    }

    /// The oracle counts in units of 10⁻⁸, in integers.
    @Test func `random sums are exact to the last digit, and symbols add up to the total`() async throws {
        try await Fleet.with { fleet in
            var random = SplitMix()
            var units: [String: Int] = [:]
            try await fleet.beat()
            for index in 0..<60 {
                let amount = Int.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
                let symbol = ["BTC", "ETH", "SOL"][index % 3]
                units[symbol, default: 0] -= amount
                let digits = String(abs(amount))
                let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
                let text = (amount < 0 ? "-" : "") + padded.dropLast(8) + "." + padded.suffix(8)
                try await cost("i1", .fee, text, symbol: symbol, in: fleet)
            }
            func inUnits(_ value: Decimal?) -> Int? {
                guard let value else { return nil }
                let parts = value.description.split(separator: ".", omittingEmptySubsequences: false)
                let fraction = parts.count > 1 ? parts[1] : ""
                return Int(parts[0] + fraction + String(repeating: "0", count: 8 - fraction.count))
            }
            for (symbol, expected) in units { #expect(try await inUnits(pnl(symbol, in: fleet).netPnl) == expected) }
            #expect(try await inUnits(pnl(in: fleet).netPnl) == units.values.reduce(0, +))
        }
    }

    // MARK: - Execution quality

    @Test func `an execution sample with an id is stored once, and a different one with that id is rejected`()
        async throws
    {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func post(_ latency: String, id: String?) async throws -> Bool {
                let sample = ExecutionSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    slippageBps: try decimal("1"),
                    latencyMs: try decimal(latency),
                    fillRatio: try decimal("1"),
                    timestamp: start,
                    sampleID: id
                )
                switch try await fleet.api.postExecutionSample(.init(body: .executionSample(sample))) {
                case .accepted(let receipt): return receipt.duplicate ?? false
                }
            }
            #expect(try await post("80", id: "o1") == false)
            #expect(try await post("80.0", id: "o1"))
            let problem = await #expect(throws: Problem.self) { _ = try await post("81", id: "o1") }
            #expect(problem?.code == "SAMPLE_ID_TAKEN")
            for _ in 0..<2 { #expect(try await post("80", id: nil) == false) }
            let input = GetExecutionQuality.Input(principal: fleet.operatorPrincipal)
            switch try await fleet.api.getExecutionQuality(input) {
            case .ok(let quality): #expect(quality.samples == 3)
            }
        }
    }

    @Test func `execution quality is the mean of the samples, with percentiles`() async throws {
        try await Fleet.with { fleet in
            func post(_ slippage: String, _ latency: String, _ fill: String, _ symbol: String = "BTC") async throws {
                let sample = ExecutionSample(
                    instanceID: "i1",
                    symbol: symbol,
                    slippageBps: try decimal(slippage),
                    latencyMs: try decimal(latency),
                    fillRatio: try decimal(fill),
                    timestamp: start
                )
                _ = try await fleet.api.postExecutionSample(.init(body: .executionSample(sample)))
            }
            func quality(_ symbol: String? = nil) async throws -> ExecutionQuality {
                let input = GetExecutionQuality.Input(symbol: symbol, principal: fleet.operatorPrincipal)
                switch try await fleet.api.getExecutionQuality(input) {
                case .ok(let quality): return quality
                }
            }
            #expect(try await quality().samples == 0)
            #expect(try await quality().avgFillRatio == 0)
            let problem = await #expect(throws: Problem.self) { try await post("1", "1", "1") }
            #expect(problem?.detail == "instance not found")
            try await fleet.beat()
            try await post("2", "120", "0.95")
            try await post("4", "80", "0.90")
            let both = try await quality()
            #expect([both.avgSlippageBps, both.avgLatencyMs, both.avgFillRatio] == [3, 100, 0.925])
            #expect(both.samples == 2)
            try await post("-5", "10", "1", "ETH")
            #expect(try await quality("BTC").samples == 2)
            #expect(try await quality("ETH").avgSlippageBps == -5)
            for latency in 1...100 { try await post("0", "\(latency)", "1", "SOL") }
            let percentiles = try await quality("SOL").latencyMs
            #expect([percentiles.p50, percentiles.p95, percentiles.p99] == [50, 95, 99])
        }
    }

    @Test(arguments: ["'NaN'", "'Infinity'", "'-Infinity'"])
    func `NaN and infinity never enter the books, not even by hand`(value: String) async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            for sql in [
                "INSERT INTO metric_series (instance_id, metric_type, symbol) VALUES ('i1', 'equity', 'BTC');"
                    + "INSERT INTO metric_samples SELECT series_id, now(), \(value) FROM metric_series",
                "INSERT INTO positions VALUES ('i1', 'BTC', \(value), 1, now(), now())",
                "INSERT INTO cost_entries (instance_id, symbol, cost_type, amount, ts, received_at) "
                    + "VALUES ('i1', 'BTC', 'FEE', \(value), now(), now())",
            ] {
                let statements = sql.split(separator: ";").map(String.init)
                let error = await #expect(throws: PostgresError.self) {
                    for statement in statements { _ = try await fleet.database.run(Query(sql: statement)) }
                }
                // 23514: check_violation
                #expect(error?.state?.code == "23514")
            }
        }
    }

    @Test func `a long list is counted up to ten thousand`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            func book(_ count: Int) async throws {
                let entries = """
                    INSERT INTO cost_entries (instance_id, symbol, cost_type, amount, ts, received_at)
                    SELECT 'i1', 'BTC', 'FEE', 1, now(), now()
                    FROM generate_series(1, \(count))
                    """
                _ = try await fleet.database.run(Query(sql: entries))
            }
            func page() async throws(Problem) -> CostPage {
                switch try await fleet.api.listCosts(.init(principal: fleet.operatorPrincipal)) {
                case .ok(let page): return page
                }
            }
            try await book(10_000)
            #expect(try await page().total == 10_000)
            #expect(try await page().totalIsExact)
            try await book(1)
            #expect(try await page().total == 10_000)
            #expect(try await !page().totalIsExact)
            #expect(try await page().nextCursor != nil)
        }
    }
}
