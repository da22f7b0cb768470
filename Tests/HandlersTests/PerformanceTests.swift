import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// Equity and net PnL of the fleet and of each instance, today and in seven days.
@Suite struct PerformanceTests {
    static let day: Int64 = 86_400

    /// The last midnight, UTC.
    let midnight: Timestamp = {
        let now = Timestamp.now.microsecondsSinceEpoch
        return Timestamp(microsecondsSinceEpoch: now - now % (day * 1_000_000))
    }()

    /// A time of yesterday.
    var yesterday: Timestamp { midnight.adding(seconds: -3_600) }

    func decimal(_ text: String) throws(Problem) -> Decimal {
        guard let value = Decimal(text) else { throw Problem(status: 0, code: "TEST", detail: text) }
        return value
    }

    func metric(
        _ instance: String,
        _ type: String,
        _ value: String,
        _ currency: String? = nil,
        at time: Timestamp = .now,
        in fleet: Fleet
    ) async throws(Problem) {
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

    func fee(
        _ instance: String,
        _ amount: String,
        _ currency: String? = nil,
        at time: Timestamp = .now,
        in fleet: Fleet
    ) async throws(Problem) {
        let entry = CostEntry(
            instanceID: instance,
            symbol: "BTC",
            costType: .fee,
            amount: try decimal(amount),
            timestamp: time,
            currency: currency
        )
        _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
    }

    func rate(_ currency: String, _ rate: Int, in fleet: Fleet) async throws(Problem) {
        let reported = ReportedFxRate(currency: currency, rate: Decimal(rate), timestamp: .now)
        let report = FxRateReport(quoteCurrency: "USDT", rates: [reported])
        _ = try await fleet.api.reportFxRates(.init(body: report, principal: fleet.operatorPrincipal))
    }

    /// Notes the performance, also if it was noted just now.
    func note(in fleet: Fleet) async throws {
        _ = try await fleet.text("UPDATE performance_horizon SET noted_at = '-infinity' RETURNING 'due'")
        try await fleet.api.maintain()
    }

    private func instances(
        _ sort: ListInstancesSort = .bot,
        _ order: ListInstancesOrder = .asc,
        in fleet: Fleet
    ) async throws(Problem) -> [Instance] {
        let input = ListInstances.Input(sort: sort, order: order, principal: fleet.operatorPrincipal)
        return try await fleet.api.listInstances(input).body.items
    }

    private func performance(_ mode: RuntimeMode? = nil, in fleet: Fleet) async throws(Problem) -> FleetPerformance {
        try await fleet.api.getPerformance(.init(mode: mode, principal: fleet.operatorPrincipal)).body
    }

    private static func text(_ value: Decimal?) -> String { value?.description ?? "null" }

    private static func texts(_ parts: [PerformanceInCurrency]) -> [String] {
        parts.map { part in
            "\(part.currency ?? "none") \(text(part.equity)) \(text(part.netPnlToday)) \(text(part.netPnlWeek))"
        }
    }

    /// i1 earns USDT and pays fees, i2 loses BTC, i3 only pays a fee in EUR, i4 reports nothing.
    private func seed(in fleet: Fleet) async throws {
        for (instance, mode) in [("i1", RuntimeMode.live), ("i2", .live), ("i3", .paper), ("i4", .paper)] {
            try await fleet.beat(instance, bot: "b\(instance)", mode: mode)
        }
        let longAgo = midnight.adding(seconds: -8 * Self.day)
        try await metric("i1", "realized_pnl", "50", at: longAgo, in: fleet)
        try await metric("i1", "realized_pnl", "100", at: yesterday, in: fleet)
        try await metric("i1", "realized_pnl", "130", in: fleet)
        try await metric("i1", "equity", "1000", at: yesterday, in: fleet)
        try await metric("i1", "equity", "1020", in: fleet)
        try await fee("i1", "2", at: yesterday, in: fleet)
        try await fee("i1", "5", in: fleet)
        try await metric("i2", "realized_pnl", "1", "BTC", at: yesterday, in: fleet)
        try await metric("i2", "realized_pnl", "0.9", "BTC", in: fleet)
        try await metric("i2", "equity", "10", "BTC", in: fleet)
        try await fee("i3", "3", "EUR", in: fleet)
    }

    static var books: API.Configuration {
        var configuration = API.Configuration()
        configuration.books.currency = "USDT"
        return configuration
    }

    @Test func `the performance of an instance counts from midnight and from six days before`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await seed(in: fleet)
            try await rate("BTC", 100, in: fleet)
            #expect(try await instances(in: fleet).map(\.performanceAsOf) == [nil, nil, nil, nil])
            try await note(in: fleet)
            let found = try await instances(in: fleet)
            #expect(found.map(\.currency) == ["USDT", "BTC", "EUR", nil])
            #expect(found.map { Self.text($0.netPnlToday) } == ["25", "-0.1", "-3", "null"])
            #expect(found.map { Self.text($0.netPnlWeek) } == ["73", "0.9", "-3", "null"])
            #expect(found.map { Self.text($0.equity) } == ["1020", "10", "null", "null"])
            // i2 had no equity when the day began.
            #expect(found.map(\.returnToday) == [0.025, nil, nil, nil])
            #expect(found.map(\.drawdown) == [0, 0, nil, nil])
            #expect(found.allSatisfy { $0.performanceAsOf != nil })
        }
    }

    @Test func `instances are sorted by amounts in the books' currency, those without a rate or an amount last`()
        async throws
    {
        try await Fleet.with(Self.books) { fleet in
            try await seed(in: fleet)
            try await rate("BTC", 100, in: fleet)
            try await note(in: fleet)
            func ids(_ sort: ListInstancesSort, _ order: ListInstancesOrder) async throws -> [String] {
                try await instances(sort, order, in: fleet).map(\.instanceID)
            }
            #expect(try await ids(.netPnlToday, .asc) == ["i2", "i1", "i3", "i4"])
            #expect(try await ids(.netPnlToday, .desc) == ["i1", "i2", "i3", "i4"])
            // 0.9 BTC are 90 USDT.
            #expect(try await ids(.netPnlWeek, .asc) == ["i1", "i2", "i3", "i4"])
            #expect(try await ids(.equity, .desc) == ["i1", "i2", "i3", "i4"])
            #expect(try await ids(.returnToday, .asc) == ["i1", "i2", "i3", "i4"])
            #expect(try await ids(.bot, .desc) == ["i4", "i3", "i2", "i1"])
        }
    }

    @Test func `amounts of the fleet are listed by currency, and summed if each has a rate`() async throws {
        try await Fleet.with(Self.books) { fleet in
            let none = try await performance(in: fleet)
            #expect(none.byCurrency == [])
            #expect([none.equity, none.netPnlToday] == [nil, nil])
            try await seed(in: fleet)
            try await rate("BTC", 100, in: fleet)
            try await note(in: fleet)
            let all = try await performance(in: fleet)
            #expect(Self.texts(all.byCurrency) == ["BTC 10 -0.1 0.9", "EUR null -3 -3", "USDT 1020 25 73"])
            #expect(all.currency == "USDT")
            #expect(all.unconverted.map(\.currency) == ["EUR"])
            #expect([all.netPnlToday, all.netPnlWeek] == [nil, nil])
            // No equity lacks a rate.
            #expect(Self.text(all.equity) == "2020")
            let live = try await performance(.live, in: fleet)
            #expect([live.netPnlToday, live.netPnlWeek].map(Self.text) == ["15", "163"])
            #expect(live.rates.map(\.currency) == ["BTC"])
            try await rate("EUR", 2, in: fleet)
            #expect(Self.text(try await performance(in: fleet).netPnlToday) == "9")
        }
    }

    @Test func `the drawdown is that from the highest noted equity`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            for (equity, drawdown) in [("100", 0.0), ("125", 0.0), ("100", 0.2), ("150", 0.0), ("-15", 1.1)] {
                try await metric("i1", "equity", equity, in: fleet)
                try await note(in: fleet)
                #expect(try await instances(in: fleet).map(\.drawdown) == [drawdown])
            }
        }
    }

    @Test func `a late report changes what was true at midnight, within an hour`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            try await metric("i1", "realized_pnl", "10", in: fleet)
            try await note(in: fleet)
            #expect(try await instances(in: fleet).map { Self.text($0.netPnlToday) } == ["10"])
            try await metric("i1", "realized_pnl", "4", at: yesterday, in: fleet)
            try await note(in: fleet)
            #expect(try await instances(in: fleet).map { Self.text($0.netPnlToday) } == ["10"])
            #expect(try await days(in: fleet) == ["\(text(midnight)) none 10 0 0 0 10"])
            let earlier = "UPDATE performance_parts SET marked_at = now() - interval '61 minutes' RETURNING 'earlier'"
            #expect(try await fleet.text(earlier) == "earlier")
            try await note(in: fleet)
            #expect(try await instances(in: fleet).map { Self.text($0.netPnlToday) } == ["6"])
            let expected = ["\(text(midnight)) none 6 0 0 0 6", "\(text(yesterday)) none 4 0 0 0 4"]
            #expect(try await days(in: fleet) == expected)
        }
    }

    func days(_ mode: RuntimeMode? = nil, in fleet: Fleet) async throws -> [String] {
        try await fleet.api.listPnlDays(.init(mode: mode, principal: fleet.operatorPrincipal)).body.items.map { day in
            let parts = [day.realized, day.unrealized, day.fees, day.funding, day.netPnl].map(\.description)
            return "\(day.day) \(day.currency ?? "none") \(parts.joined(separator: " "))"
        }
    }

    func text(_ time: Timestamp) -> String { String("\(time)".prefix(10)) }

    @Test func `the net PnL of a day is the sum of the changes of its instances`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await seed(in: fleet)
            try await note(in: fleet)
            let (today, day) = (text(midnight), text(yesterday))
            let eight = text(midnight.adding(seconds: -8 * Self.day))
            let all = [
                "\(today) BTC -0.1 0 0 0 -0.1", "\(today) EUR 0 0 3 0 -3", "\(today) USDT 30 0 5 0 25",
                "\(day) BTC 1 0 0 0 1", "\(day) USDT 50 0 2 0 48", "\(eight) USDT 50 0 0 0 50",
            ]
            #expect(try await days(in: fleet) == all)
            #expect(try await days(.paper, in: fleet) == ["\(today) EUR 0 0 3 0 -3"])
            // A day that has ended keeps the mode of its end.
            try await fleet.beat("i1", bot: "bi1", mode: .paper)
            #expect(try await days(.live, in: fleet) == [all[0], all[3], all[4], all[5]])
            let input = ExplainPnlDay.Input(
                day: try #require(CalendarDate(today)),
                principal: fleet.operatorPrincipal
            )
            let page = try await fleet.api.explainPnlDay(input).body
            let parts = page.items.map { "\($0.instanceID) \($0.botID ?? "") \(Self.text($0.netPnl))" }
            #expect(parts == ["i2 bi2 -0.1", "i3 bi3 -3", "i1 bi1 25"])
            #expect(page.total == 3)
            let first = ExplainPnlDay.Input(
                day: try #require(CalendarDate("0000-01-01")),
                principal: fleet.operatorPrincipal
            )
            #expect(try await fleet.api.explainPnlDay(first).body.total == 0)
        }
    }

    @Test func `a retired instance has no performance, and a second pass at once notes nothing`() async throws {
        try await Fleet.with { fleet in
            for instance in ["i1", "i2"] {
                try await fleet.beat(instance)
                try await metric(instance, "equity", "7", in: fleet)
            }
            try await note(in: fleet)
            let stop = """
                UPDATE instance_live
                SET last_seen = last_seen - interval '2 minutes', last_received_at = last_received_at - interval '2 minutes'
                WHERE instance_id = 'i1'
                RETURNING 'silent'
                """
            #expect(try await fleet.text(stop) == "silent")
            try await fleet.api.runScheduledChecks()
            let body = InstanceRetirement(reason: "replaced", abandonPositions: false)
            _ = try await fleet.api.retireInstance(
                .init(instanceID: "i1", body: body, principal: fleet.operatorPrincipal)
            )
            let count = "SELECT count(*)::text FROM performance_parts JOIN instance_performance USING (instance_id)"
            try await fleet.api.maintain()
            #expect(try await fleet.text(count) == "2")
            #expect(Self.texts(try await performance(in: fleet).byCurrency) == ["none 7 null null"])
            try await note(in: fleet)
            #expect(try await fleet.text(count) == "1")
        }
    }

    @Test func `the slippage is the mean of the day's executions`() async throws {
        try await Fleet.with { fleet in
            try await fleet.beat("i1")
            for (slippage, time) in [("100", yesterday), ("1", .now), ("2.5", .now)] {
                let sample = ExecutionSample(
                    instanceID: "i1",
                    symbol: "BTC",
                    slippageBps: try decimal(slippage),
                    latencyMs: Decimal(5),
                    fillRatio: Decimal(1),
                    timestamp: time
                )
                _ = try await fleet.api.postExecutionSample(.init(body: .executionSample(sample)))
            }
            try await note(in: fleet)
            #expect(try await instances(in: fleet).map(\.slippageBps) == [1.75])
        }
    }
}
