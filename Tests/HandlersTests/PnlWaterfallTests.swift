import ContractRuntime
import Generated
import Handlers
import Testing

/// The changes that make up the net PnL of a day, and the entries of each.
extension PerformanceTests {
    private func cost(
        _ type: CostType,
        _ amount: String,
        _ currency: String?,
        of instance: String = "i1",
        at time: Timestamp,
        rate: String? = nil,
        id: String? = nil,
        in fleet: Fleet
    ) async throws {
        let entry = CostEntry(
            instanceID: instance,
            symbol: "BTC",
            costType: type,
            amount: try decimal(amount),
            timestamp: time,
            entryID: id,
            currency: currency,
            fxRate: try rate.map(decimal)
        )
        _ = try await fleet.api.postCost(.init(body: .costEntry(entry)))
    }

    /// Two LIVE instances and a PAPER one, in four currencies, with reports of yesterday and before.
    private func seedCurrencies(in fleet: Fleet) async throws {
        for (instance, mode) in [("i1", RuntimeMode.live), ("i2", .live), ("i3", .paper)] {
            try await fleet.beat(instance, bot: "b\(instance)", mode: mode)
        }
        let before = midnight.adding(seconds: -2 * Self.day)
        for (value, time) in [
            ("10.000000000000000001", before), ("12.5", yesterday), ("12.5", yesterday.adding(seconds: 1)),
            ("11.000000000000000003", yesterday.adding(seconds: 60)),
        ] {
            try await metric("i1", "realized_pnl", value, "USDT", at: time, in: fleet)
        }
        try await metric("i2", "realized_pnl", "-3", "USDT", at: yesterday, in: fleet)
        try await metric("i2", "unrealized_pnl", "0.125", "USDT", at: yesterday, in: fleet)
        try await metric("i1", "realized_pnl", "0.19", "BTC", at: yesterday, in: fleet)
        try await metric("i3", "unrealized_pnl", "-152.25", "USDC", at: yesterday, in: fleet)
        try await cost(.fee, "0.000000000000000007", "USDT", at: yesterday, id: "f1", in: fleet)
        try await cost(.fee, "-0.5", "USDT", of: "i2", at: yesterday, id: "rebate", in: fleet)
        // In the books' currency, because it has a rate.
        try await cost(.fee, "0.001", "BNB", at: yesterday, rate: "600", id: "f2", in: fleet)
        try await cost(.funding, "-1.5", "EUR", at: yesterday, in: fleet)
        // Paid on the day before.
        try await cost(.fee, "99", "USDT", at: before, in: fleet)
    }

    private func waterfall(_ mode: RuntimeMode? = nil, in fleet: Fleet) async throws -> [String] {
        let day = try #require(CalendarDate(text(yesterday)))
        let input = GetPnlWaterfall.Input(day: day, mode: mode, principal: fleet.operatorPrincipal)
        return try await fleet.api.getPnlWaterfall(input).body.currencies.map { part in
            let changes = part.changes.map { "\($0.kind.rawValue) \($0.amount)/\($0.instances)" }
            return "\(part.currency ?? "none") \(changes.joined(separator: " ")) = \(part.netPnl)"
        }
    }

    private func entries(
        _ kind: PnlKind,
        _ currency: String? = nil,
        of instance: String? = nil,
        page: Int = 1,
        size: Int = 50,
        on time: Timestamp? = nil,
        in fleet: Fleet
    ) async throws -> PnlEntryPage {
        let input = ListPnlEntries.Input(
            day: try #require(CalendarDate(text(time ?? yesterday))),
            kind: kind,
            currency: currency,
            instanceID: instance,
            page: page,
            pageSize: size,
            principal: fleet.operatorPrincipal
        )
        return try await fleet.api.listPnlEntries(input).body
    }

    private func texts(_ page: PnlEntryPage) -> [String] {
        page.items.map { entry in
            let name = entry.entryID ?? entry.previous?.description ?? "first"
            return "\(entry.instanceID) \(entry.currency ?? "none") \(entry.amount) of \(entry.value) \(name)"
        }
    }

    private func sums(_ page: PnlEntryPage) -> [String] {
        page.sums.map { "\($0.currency ?? "none") \($0.amount) \($0.entriesAmount?.description ?? "null")" }
    }

    @Test func `the changes of a day sum to its net PnL, and the entries of each to the change`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await seedCurrencies(in: fleet)
            try await note(in: fleet)
            #expect(
                try await waterfall(in: fleet) == [
                    "BTC REALIZED 0.19/1 UNREALIZED 0/0 FEE 0/0 FUNDING 0/0 = 0.19",
                    "EUR REALIZED 0/0 UNREALIZED 0/0 FEE 0/0 FUNDING -1.5/1 = -1.5",
                    "USDC REALIZED 0/0 UNREALIZED -152.25/1 FEE 0/0 FUNDING 0/0 = -152.25",
                    "USDT REALIZED -1.999999999999999998/2 UNREALIZED 0.125/1 FEE -0.100000000000000007/2 FUNDING 0/0"
                        + " = -1.975000000000000005",
                ]
            )
            let listed = try await days(in: fleet).filter { $0.hasPrefix(text(yesterday)) }
            #expect(
                listed.map { $0.split(separator: " ").last.map(String.init) } == [
                    "0.19", "-1.5", "-152.25", "-1.975000000000000005",
                ]
            )
            #expect(try await waterfall(.paper, in: fleet).map { $0.prefix(4) } == ["USDC"])
            let realized = try await entries(.realized, "USDT", in: fleet)
            #expect(
                texts(realized) == [
                    "i1 USDT 2.499999999999999999 of 12.5 10.000000000000000001",
                    "i1 USDT -1.499999999999999997 of 11.000000000000000003 12.5", "i2 USDT -3 of -3 first",
                ]
            )
            #expect(sums(realized) == ["USDT -1.999999999999999998 -1.999999999999999998"])
            #expect((realized.total, realized.totalIsExact) == (3, true))
            let fees = try await entries(.fee, "USDT", in: fleet)
            #expect(
                texts(fees) == [
                    "i1 USDT -0.000000000000000007 of 0.000000000000000007 f1", "i1 USDT -0.6 of 0.001 f2",
                    "i2 USDT 0.5 of -0.5 rebate",
                ]
            )
            #expect(sums(fees) == ["USDT -0.100000000000000007 -0.100000000000000007"])
            #expect(sums(try await entries(.funding, in: fleet)) == ["EUR -1.5 -1.5"])
            #expect(sums(try await entries(.unrealized, in: fleet)) == ["USDC -152.25 -152.25", "USDT 0.125 0.125"])
        }
    }

    @Test func `entries have pages, and can be those of an instance`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await seedCurrencies(in: fleet)
            try await note(in: fleet)
            let second = try await entries(.realized, "USDT", page: 2, size: 2, in: fleet)
            #expect(texts(second) == ["i2 USDT -3 of -3 first"])
            #expect(sums(second) == ["USDT -1.999999999999999998 -1.999999999999999998"])
            let one = try await entries(.fee, "USDT", of: "i2", in: fleet)
            #expect(texts(one) == ["i2 USDT 0.5 of -0.5 rebate"])
            #expect(sums(one) == ["USDT 0.5 0.5"])
            let none = try await entries(.fee, on: Timestamp(microsecondsSinceEpoch: 0), in: fleet)
            #expect((none.total, none.items.count, none.sums.count) == (0, 0, 0))
            #expect(none.asOf != nil)
        }
    }

    @Test func `a report that has arrived since a day was noted differs from the sum until the next pass`() async throws
    {
        try await Fleet.with(Self.books) { fleet in
            try await seedCurrencies(in: fleet)
            try await note(in: fleet)
            try await cost(.fee, "7", "USDT", at: yesterday, id: "late", in: fleet)
            let before = try await entries(.fee, "USDT", of: "i1", in: fleet)
            #expect(sums(before) == ["USDT -0.600000000000000007 -7.600000000000000007"])
            let earlier = """
                WITH earlier AS (UPDATE performance_parts SET marked_at = now() - interval '61 minutes' RETURNING 1)
                SELECT min(1)::text FROM earlier
                """
            #expect(try await fleet.text(earlier) == "1")
            try await note(in: fleet)
            let after = try await entries(.fee, "USDT", of: "i1", in: fleet)
            #expect(sums(after) == ["USDT -7.600000000000000007 -7.600000000000000007"])
        }
    }

    @Test func `reports that are days late change their day`() async throws {
        try await Fleet.with(Self.books) { fleet in
            let (six, four) = (midnight.adding(seconds: -6 * Self.day), midnight.adding(seconds: -4 * Self.day))
            try await fleet.beat("i1")
            try await metric("i1", "realized_pnl", "1", "USDT", at: midnight.adding(seconds: -30 * Self.day), in: fleet)
            try await metric("i1", "realized_pnl", "10", "USDT", at: four.adding(seconds: 5), in: fleet)
            func settle(_ expected: [String]) async throws {
                // Transactions of other tests delay the sums.
                for _ in 0..<200 where try await days(in: fleet) != expected {
                    try await note(in: fleet)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await days(in: fleet) == expected)
            }
            let first = "\(text(midnight.adding(seconds: -30 * Self.day))) USDT 1 0 0 0 1"
            try await settle(["\(text(four)) USDT 9 0 0 0 9", first])
            // The day after a late sample changes, too: it begins with another value.
            try await metric("i1", "realized_pnl", "4", "USDT", at: six.adding(seconds: 7), in: fleet)
            try await settle(["\(text(four)) USDT 6 0 0 0 6", "\(text(six)) USDT 3 0 0 0 3", first])
            try await cost(.fee, "0.5", "USDT", at: six, in: fleet)
            try await settle(["\(text(four)) USDT 6 0 0 0 6", "\(text(six)) USDT 3 0 0.5 0 2.5", first])
            #expect(sums(try await entries(.fee, "USDT", on: six, in: fleet)) == ["USDT -0.5 -0.5"])
            let queued = "SELECT count(*)::text FROM late_days"
            for _ in 0..<200 where try await fleet.text(queued) != "0" { try await note(in: fleet) }
            #expect(try await fleet.text(queued) == "0")
        }
    }

    @Test func `days on which no server ran are noted when one runs again`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await fleet.beat("i1")
            try await note(in: fleet)
            let old = midnight.adding(seconds: -3 * Self.day)
            try await metric("i1", "realized_pnl", "4", "USDT", at: old, in: fleet)
            try await note(in: fleet)
            let forget = """
                WITH gone AS (DELETE FROM pnl_days RETURNING 1)
                UPDATE performance_parts SET marked_at = now() - interval '4 days' RETURNING (SELECT count(*) FROM gone)::text
                """
            #expect(try await fleet.text(forget) == "1")
            try await note(in: fleet)
            #expect(try await days(in: fleet) == ["\(text(old)) USDT 4 0 0 0 4"])
        }
    }

    @Test func `costs are filtered by the mode of their instance and by the currency of their sum`() async throws {
        try await Fleet.with(Self.books) { fleet in
            try await seedCurrencies(in: fleet)
            try await cost(.fee, "2", nil, of: "i3", at: yesterday, id: "paper", in: fleet)
            func costs(_ mode: RuntimeMode?, _ currency: String?) async throws -> [String] {
                let input = ListCosts.Input(mode: mode, currency: currency, principal: fleet.operatorPrincipal)
                let page = try await fleet.api.listCosts(input).body
                #expect(page.total == page.items.count)
                return page.items.map { "\($0.instanceID) \($0.amount) \($0.currency ?? "none")" }.sorted()
            }
            #expect(try await costs(.paper, nil) == ["i3 2 none"])
            #expect(try await costs(nil, "EUR") == ["i1 -1.5 EUR"])
            #expect(try await costs(nil, "BNB") == [])
            #expect(
                try await costs(.live, "USDT") == [
                    "i1 0.000000000000000007 USDT", "i1 0.001 BNB", "i1 99 USDT", "i2 -0.5 USDT",
                ]
            )
        }
    }
}
