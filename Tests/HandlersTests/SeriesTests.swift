import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Metrics as series: equity and drawdowns, indices, resource usage, and the series themselves.
@Suite struct SeriesTests {
    private let start = Timestamp.now.adding(seconds: -7_200)

    private func decimal(_ text: String) throws(Problem) -> Decimal {
        guard let value = Decimal(text) else { throw Problem(status: 0, code: "TEST", detail: text) }
        return value
    }

    private func metric(
        _ value: String,
        _ type: String = "equity",
        of instance: String = "i1",
        symbol: String = "BTC",
        at seconds: Int64,
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

    private func drawdown(_ symbol: String? = nil, in fleet: Fleet) async throws -> EquityDrawdown {
        switch try await fleet.api.getEquityDrawdown(.init(symbol: symbol, principal: fleet.operatorPrincipal)) {
        case .ok(let figures): figures
        }
    }

    @Test func `a drawdown is measured from the running peak of the summed equity`() async throws {
        try await Fleet.with { fleet in
            let empty = try await drawdown(in: fleet)
            #expect(empty.samples == 0)
            #expect(empty.peakEquity == nil)
            #expect(empty.maxDrawdownPct == nil)
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2")
            // 100, 120, 90, 110 alone.
            for (index, value) in ["100", "120", "90", "110"].enumerated() {
                try await metric(value, at: Int64(index * 10), in: fleet)
            }
            let one = try await drawdown(in: fleet)
            #expect(one.samples == 4)
            #expect(one.peakEquity?.description == "120")
            #expect(one.latestEquity?.description == "110")
            #expect(one.maxDrawdownAbs?.description == "30")
            #expect(one.maxDrawdownPct == 0.25)
            let current = try #require(one.currentDrawdownPct)
            #expect(abs(current - 10.0 / 120) < 1e-12)
            // Another one, carried forward: 100, 100 + 80, 120 + 80, 90 + 80, 90 + 200, 110 + 200.
            try await metric("80", of: "i2", at: 5, in: fleet)
            try await metric("200", of: "i2", at: 25, in: fleet)
            let both = try await drawdown(in: fleet)
            #expect(both.peakEquity?.description == "310")
            #expect(both.latestEquity?.description == "310")
            #expect(both.maxDrawdownAbs?.description == "30")
            #expect(both.maxDrawdownPct == 0.15)
            #expect(both.currentDrawdownPct == 0)
            #expect(try await drawdown("ETH", in: fleet).samples == 0)
        }
    }

    @Test func `without a peak above zero there is no fraction`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat()
            for (index, value) in ["-5", "-8"].enumerated() { try await metric(value, at: Int64(index), in: fleet) }
            let figures = try await drawdown(in: fleet)
            #expect(figures.maxDrawdownAbs?.description == "3")
            #expect(figures.maxDrawdownPct == 0)
            #expect(figures.currentDrawdownPct == 0)
        }
    }

    @Test func `the newest value of each index is listed, from any instance`() async throws {
        try await Fleet.with { fleet in
            func post(_ name: String, _ value: String, of instance: String, at seconds: Int64) async throws {
                let sample = IndexSample(
                    instanceID: instance,
                    indexName: name,
                    value: try decimal(value),
                    timestamp: start.adding(seconds: seconds)
                )
                _ = try await fleet.api.postIndex(.init(body: .indexSample(sample)))
            }
            func latest(_ name: String? = nil) async throws -> [String] {
                let input = GetLatestIndices.Input(indexName: name, principal: fleet.operatorPrincipal)
                switch try await fleet.api.getLatestIndices(input) {
                case .ok(let values): return values.items.map { "\($0.indexName)=\($0.value)" }
                }
            }
            #expect(try await latest() == [])
            let problem = await #expect(throws: Problem.self) { try await post("VIX", "1", of: "ghost", at: 0) }
            #expect(problem?.status == 404)
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2")
            try await post("VIX", "20.5", of: "i1", at: 10)
            try await post("VIX", "21", of: "i2", at: 20)
            try await post("VIX", "1", of: "i1", at: 5)
            try await post("FEAR", "61", of: "i1", at: 0)
            #expect(try await latest() == ["FEAR=61", "VIX=21"])
            #expect(try await latest("VIX") == ["VIX=21"])
        }
    }

    @Test func `resource usage is stored in pairs, with its newest values and its window`() async throws {
        try await Fleet.with { fleet in
            func post(_ cpu: String, _ memory: String, of instance: String, hoursAgo: Int64) async throws {
                let sample = ResourceSample(
                    instanceID: instance,
                    cpuPct: try decimal(cpu),
                    memoryPct: try decimal(memory),
                    timestamp: .now.adding(seconds: -3_600 * hoursAgo)
                )
                _ = try await fleet.api.postResource(.init(body: .resourceSample(sample)))
            }
            func latest(_ instance: String? = nil) async throws -> [String] {
                let input = GetLatestResource.Input(instanceID: instance, principal: fleet.operatorPrincipal)
                switch try await fleet.api.getLatestResource(input) {
                case .ok(let use):
                    return [use.instanceID ?? "unknown", "\(use.latestCpuPct)", "\(use.latestMemoryPct)"]
                }
            }
            func window(_ hours: Int, _ instance: String? = nil) async throws -> [Double] {
                let input = GetResourceWindow.Input(
                    instanceID: instance,
                    windowHours: hours,
                    principal: fleet.operatorPrincipal
                )
                switch try await fleet.api.getResourceWindow(input) {
                case .ok(let use):
                    return [
                        use.avgCpuPct, use.maxCpuPct, use.avgMemoryPct, use.maxMemoryPct, Double(use.cpuSamples),
                        Double(use.memorySamples),
                    ]
                }
            }
            #expect(try await latest() == ["unknown", "0", "0"])
            #expect(try await window(24) == [0, 0, 0, 0, 0, 0])
            let problem = await #expect(throws: Problem.self) { try await post("1", "1", of: "ghost", hoursAgo: 0) }
            #expect(problem?.detail == "instance not found")
            try await fleet.beat("i1")
            try await fleet.beat("i2", bot: "b2")
            try await post("10", "40", of: "i1", hoursAgo: 3)
            try await post("30.5", "60", of: "i1", hoursAgo: 1)
            try await post("90", "20", of: "i2", hoursAgo: 2)
            try await post("100", "100", of: "i2", hoursAgo: 100)
            #expect(try await latest() == ["i1", "30.5", "60"])
            #expect(try await latest("i2") == ["i2", "90", "20"])
            #expect(try await window(24) == [43.5, 90, 40, 60, 3, 3])
            #expect(try await window(168, "i2") == [95, 100, 60, 100, 2, 2])
        }
    }

    @Test func `a window of resource usage is computed from rollups, exactly`() async throws {
        try await Fleet.with(.acceptingAnyTime) { fleet in
            try await fleet.beat("i1")
            var posted: [(time: Timestamp, cpu: Double)] = []
            func post(_ cpu: Int, secondsAgo: Int64) async throws {
                let sample = ResourceSample(
                    instanceID: "i1",
                    cpuPct: Decimal(cpu),
                    memoryPct: Decimal(100 - cpu),
                    timestamp: .now.adding(seconds: -secondsAgo)
                )
                _ = try await fleet.api.postResource(.init(body: .resourceSample(sample)))
                posted.append((sample.timestamp, Double(cpu)))
            }
            /// Checks that each window equals the samples in it.
            func check(_ sourceLocation: SourceLocation = #_sourceLocation) async throws {
                for hours in 1...4 {
                    let input = GetResourceWindow.Input(windowHours: hours, principal: fleet.operatorPrincipal)
                    switch try await fleet.api.getResourceWindow(input) {
                    case .ok(let use):
                        let start = use.generatedAt.adding(seconds: -3_600 * Int64(hours))
                        let cpu = posted.filter { $0.time > start }.map(\.cpu)
                        let mean = cpu.reduce(0, +) / Double(cpu.count)
                        #expect(use.cpuSamples == cpu.count, sourceLocation: sourceLocation)
                        #expect(use.memorySamples == cpu.count, sourceLocation: sourceLocation)
                        #expect(abs(use.avgCpuPct - mean) < 1e-9, sourceLocation: sourceLocation)
                        #expect(abs(use.avgMemoryPct - (100 - mean)) < 1e-9, sourceLocation: sourceLocation)
                        #expect(use.maxCpuPct == cpu.max(), sourceLocation: sourceLocation)
                        #expect(use.maxMemoryPct == cpu.min().map { 100 - $0 }, sourceLocation: sourceLocation)
                    }
                }
            }
            for index in 0..<140 { try await post(index * 37 % 101, secondsAgo: Int64(13_600 - index * 97)) }
            try await check()
            try await fleet.api.maintain()
            try await check()
            // A late sample, a new one, and one in the next hour.
            try await post(99, secondsAgo: 5_000)
            try await post(3, secondsAgo: 0)
            try await post(1, secondsAgo: -3_600)
            try await check()
            try await fleet.api.maintain()
            // Rolled-up hours need no samples, except for the five minutes in which a window starts.
            _ = try await fleet.database.run(
                Query(
                    sql: """
                        DELETE FROM metric_samples
                        WHERE ts < now() - interval '10 minutes'
                            AND NOT EXISTS (
                                SELECT
                                FROM generate_series(1, 4) AS hours
                                WHERE abs(extract(epoch FROM now() - hours * interval '1 hour' - ts)) < 600
                            )
                        """
                )
            )
            try await check()
        }
    }

    @Test func `a series is returned in order, exactly, in parts and in steps`() async throws {
        try await Fleet.with { fleet in
            func series(
                from: Int64? = nil,
                to: Int64? = nil,
                step: Int? = nil,
                limit: Int = 1_000,
                of instance: String = "i1"
            ) async throws(Problem) -> Series {
                let input = GetSeries.Input(
                    instanceID: instance,
                    metricType: "equity",
                    symbol: "BTC",
                    from: from.map { start.adding(seconds: $0) },
                    to: to.map { start.adding(seconds: $0) },
                    stepSeconds: step,
                    limit: limit,
                    principal: fleet.operatorPrincipal
                )
                switch try await fleet.api.getSeries(input) {
                case .ok(let series): return series
                }
            }
            let unknown = await #expect(throws: Problem.self) { try await series(of: "ghost") }
            #expect(unknown?.detail == "instance not found")
            try await fleet.beat()
            #expect(try await series().points == [])
            var random = SplitMix()
            for second in (0..<10).shuffled(using: &random) {
                try await metric("\(second).1", at: Int64(second * 10), in: fleet)
            }
            let all = try await series()
            #expect(all.points.map(\.value.description) == (0..<10).map { "\($0).1" })
            #expect(all.points.map(\.timestamp) == (0..<10).map { start.adding(seconds: $0 * 10) })
            #expect(!all.hasMore)
            #expect(try await series(from: 20, to: 40).points.map(\.value.description) == ["2.1", "3.1"])
            let part = try await series(limit: 3)
            #expect(part.points.count == 3)
            #expect(part.hasMore)
            // Steps of an hour: one or two, depending on the current time; the last step has the last value.
            let steps = try await series(step: 3_600)
            #expect((1...2).contains(steps.points.count))
            #expect(steps.points.last?.value.description == "9.1")
        }
    }

    @Test func `a list of instances contains the equity of a day and the change of net PnL`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await fleet.beat("i2")
            let now = Timestamp.now
            let hour = Timestamp(microsecondsSinceEpoch: now.microsecondsSinceEpoch / 3_600_000_000 * 3_600_000_000)
            func report(
                _ type: String,
                _ value: String,
                _ time: Timestamp,
                of instance: String = "i1",
                in currency: String? = nil
            )
                async throws
            {
                let sample = MetricSample(
                    instanceID: instance,
                    symbol: "BTC",
                    metricType: type,
                    value: try decimal(value),
                    timestamp: time,
                    currency: currency
                )
                _ = try await fleet.api.postMetric(.init(body: .metricSample(sample)))
            }
            func book(_ type: CostType, _ amount: String, _ time: Timestamp) async throws {
                let entry = CostEntry(
                    instanceID: "i1",
                    symbol: "BTC",
                    costType: type,
                    amount: try decimal(amount),
                    timestamp: time
                )
                _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
            }
            try await report("equity", "100", hour.adding(seconds: -3 * 3_600 + 60))
            try await report("equity", "110.25", hour.adding(seconds: -3 * 3_600 + 120))
            try await report("equity", "90.5", hour.adding(seconds: -3_600))
            try await report("equity", "120", now)
            for (value, age) in [("50", 30), ("80", 1)] as [(String, Int64)] {
                try await report("realized_pnl", value, now.adding(seconds: -age * 3_600))
            }
            try await report("unrealized_pnl", "-5", now)
            try await book(.fee, "7", now.adding(seconds: -30 * 3_600))
            try await book(.fee, "2.5", now.adding(seconds: -3_600))
            try await book(.funding, "-1", now.adding(seconds: -7_200))
            // Euros and dollars are not added up.
            for currency in ["EUR", "USD"] {
                try await report("equity", "1", now, of: "i2", in: currency)
                try await report("realized_pnl", "1", now, of: "i2", in: currency)
            }
            try await fleet.api.maintain()

            guard case .ok(let page) = try await fleet.api.listInstances(.init(sort: .bot)) else {
                throw UnexpectedOutput()
            }
            #expect(page.items.map(\.instanceID) == ["i1", "i2"])
            let points = page.items[0].equityDay.map { $0?.description ?? "-" }
            #expect(points == Array(repeating: "-", count: 21) + ["110.25", "-", "90.5", "120"])
            // 80 - 50, less 5 unrealized, less 2.5 in fees and 1 in funding.
            #expect(page.items[0].netPnlDay?.description == "21.5")
            #expect(page.items[1].equityDay.isEmpty)
            #expect(page.items[1].netPnlDay == nil)
        }
    }
}
