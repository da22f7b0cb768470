import ContractRuntime
import Generated
import Testing

@testable import Dashboard

@Suite struct TradeFiguresTests {
    private func group(
        _ key: String?,
        _ currency: String = "USDT",
        trades: Int = 1,
        won: Int = 1,
        lost: Int = 0,
        profit: String? = "1",
        gains: String? = "1",
        losses: String? = "0",
        seconds: Double? = 60,
        open: Int? = 0,
        gain: String? = "0"
    ) throws -> TradeStatisticsItemsItem {
        func amount(_ text: String?) throws -> Decimal? { try text.map { try #require(Decimal($0)) } }
        return TradeStatisticsItemsItem(
            key: key,
            currency: currency,
            trades: trades,
            winning: won,
            losing: lost,
            profit: try amount(profit),
            fees: try amount(profit == nil ? nil : "0.1"),
            best: try amount(gains),
            worst: try amount(losses),
            grossProfit: try amount(gains),
            grossLoss: try amount(losses),
            volume: Decimal(100),
            averageSeconds: seconds,
            openTrades: open,
            unrealizedProfit: try amount(gain)
        )
    }

    private func statistics(_ items: [TradeStatisticsItemsItem], isComplete: Bool = true) -> TradeStatistics {
        let time = Timestamp(microsecondsSinceEpoch: 0)
        return TradeStatistics(
            generatedAt: time,
            from: time,
            to: time,
            groupBy: .bot,
            items: items,
            isComplete: isComplete
        )
    }

    @Test func `totals are exact, and amounts of different currencies are never added`() throws {
        let totals = TradeSummary.totals(of: [
            try group("a", trades: 3, won: 2, lost: 1, profit: "0.1", gains: "0.5", losses: "-0.4", seconds: 60),
            try group("b", "BTC"),
            try group("c", trades: 1, won: 1, profit: "0.2", gains: "0.2", seconds: 100),
        ])
        #expect(totals.map(\.currency) == ["USDT", "BTC"])
        let usdt = try #require(totals.first)
        #expect(usdt.trades == 4)
        #expect(usdt.profit == Decimal("0.3"))
        #expect(usdt.fees == Decimal("0.2"))
        #expect(usdt.volume == Decimal(200))
        #expect(usdt.best == Decimal("0.5"))
        #expect(usdt.worst == Decimal("-0.4"))
        #expect(usdt.winRate == 0.75)
        #expect(usdt.profitFactor.map { Figures.decimal($0) } == "1.75")
        #expect(usdt.averageSeconds == 70)
        #expect(usdt.outcome == "3 won · 1 lost")
        #expect(totals.last?.profit == Decimal(1))
    }

    @Test func `a profit that is not reported makes the figures unknown, never zero`() throws {
        let total = try #require(
            TradeSummary.totals(of: [
                try group("a"), try group("b", trades: 2, won: 0, profit: nil, gains: nil, losses: nil),
            ]).first
        )
        #expect(total.profit == nil)
        #expect(total.winRate == nil)
        #expect(total.profitFactor == nil)
        #expect(total.reasonWithoutFactor == "a profit is not reported")
        #expect(total.outcome == "1 won · 0 lost · 2 without profit or loss, or unknown")
        let texts = total.cells.map(\.text)
        #expect(texts == ["3", "—", "—", "—", "—", "200.00 USDT", "+1.00 USDT", "0.00 USDT", "1 m 0 s"])
        #expect(total.figures.first { $0.label == "Profit, USDT" }?.value == "—")
    }

    @Test func `without losses there is no profit factor`() throws {
        let total = try #require(TradeSummary(try group("a")))
        #expect(total.profitFactor == nil)
        #expect(total.reasonWithoutFactor == "no losses")
    }

    @Test(arguments: [
        ("0.1", "0.2", "0.3"), ("1e37", "-1e37", "0"), ("0.000000000000000001", "-1", "-0.999999999999999999"),
        ("99999999999999999999999999999999999999", "1", nil), ("1e37", "0.000000000000000001", nil),
    ])
    func `decimals are added exactly or not at all`(first: String, second: String, sum: String?) throws {
        let result = try #require(Decimal(first)).adding(try #require(Decimal(second)))
        #expect(result == sum.flatMap { Decimal($0) })
        #expect((result == nil) == (sum == nil))
    }

    @Test func `an order by an amount keeps currencies together, and unknown values are last`() throws {
        let items = [
            try group("a", profit: "1"), try group("b", "BTC", profit: "2"), try group("c", profit: nil),
            try group("d", profit: "3"), try group(nil, "BTC", profit: "-4"),
        ]
        func names(_ sort: String?) -> [String?] {
            TradeComparison(statistics(items), sort: sort).lines.map(\.name)
        }
        #expect(names(nil) == ["a", "b", "c", "d", nil])
        #expect(names("profit") == ["b", nil, "d", "a", "c"])
        #expect(names("-profit") == [nil, "b", "a", "d", "c"])
        #expect(names("name") == ["a", "b", "c", "d", nil])
        #expect(names("nonsense") == names(nil))
    }

    @Test func `a bot with only open trades is compared`() throws {
        let items = [
            try group("a", open: 1, gain: "-2.5"),
            try group("b", trades: 0, won: 0, profit: "0", gains: nil, seconds: nil, open: 2, gain: nil),
        ]
        let comparison = TradeComparison(statistics(items), sort: "open")
        #expect(comparison.lines.map(\.name) == ["b", "a"])
        #expect(comparison.lines.first?.closed == nil)
        let rows = comparison.lines.map { comparison.row($0, .bot, [:]).cells.prefix(5).map(\.text) }
        #expect(rows == [["b", "USDT", "2", "—", "0"], ["a", "USDT", "1", "−2.50 USDT", "1"]])
        #expect(TradeComparison(statistics(items), sort: "open-profit").lines.map(\.name) == ["a", "b"])
        #expect(
            comparison.columns(.bot, [:]).prefix(5).map(\.title) == [
                "Bot", "Currency", "Open", "Open profit", "Closed",
            ]
        )
        #expect(comparison.columns(.week, [:]).prefix(3).map(\.title) == ["Week", "Currency", "Closed"])
    }

    @Test func `a trade's profit is a share of the value of its entries`() throws {
        let trade = try trade(bot: "b", "USDT")
        #expect(trade.profitCell.text == "+15.00 USDT")
        #expect(trade.profitCell.note == "+1.00 %")
        #expect(trade.direction == "LONG × 3")
        #expect(trade.size.text == "0.5")
        #expect(trade.currentPriceCell.text == "2\u{202F}970")
        #expect(trade.currentPriceCell.noteTime?.text == "2026-03-01 09:30:00Z")
        #expect(trade.openProfitCell.text == "−45.00 USDT")
        #expect(trade.openProfitCell.note == "−3.00 %")
        var free = trade
        free.entryPrice = Decimal(0)
        #expect(free.profitCell.note == nil)
        free.profit = nil
        #expect(free.profitCell.text == "—")
        free.currentPrice = nil
        #expect(free.currentPriceCell.noteTime == nil)
        #expect(free.fees == nil)
        #expect(Cell.money(free.fees, free.currency).text == "—")
    }

    private func trade(bot: String, _ currency: String) throws -> Trade {
        let time = try #require(Timestamp("2026-03-01T09:30:00Z"))
        return Trade(
            instanceID: "i1",
            botID: bot,
            tradeID: "7",
            runtimeMode: .live,
            venue: "binance",
            accountID: "default",
            symbol: "ETH/USDT",
            side: .long,
            status: .open,
            quantity: try #require(Decimal("0.5")),
            entryQuantity: try #require(Decimal("0.5")),
            entryPrice: Decimal(3_000),
            exitPrice: nil,
            currentPrice: Decimal(2_970),
            leverage: Decimal(3),
            profit: Decimal(15),
            unrealizedProfit: Decimal(-45),
            fees: nil,
            currency: currency,
            strategyName: nil,
            strategyVersion: nil,
            entryTag: nil,
            exitReason: nil,
            openedAt: time,
            closedAt: nil,
            updatedAt: time
        )
    }

    @Test(arguments: [
        ("0.5", "0.5"), ("3000", "3\u{202F}000"), ("0.000100", "0.0001"), ("100", "100"), ("0", "0"),
        ("1e30", "1.00 × 10³⁰"), ("-12.50", "−12.5"),
    ])
    func `a quantity has no digits that say nothing`(text: String, expected: String) throws {
        #expect(Figures.quantity(try #require(Decimal(text))) == expected)
    }

    @Test func `each day with a value has a bar, and the others have none`() throws {
        let days = ["2026-03-01", "2026-03-02", "2026-03-03"]
        let values = [ExactText("2026-03-01"): try #require(Decimal("-2.5")), ExactText("2026-03-03"): Decimal(10)]
        let chart = try #require(Chart.days("c", "Profit", days, values))
        guard case .line(let line) = chart.content else { return #expect(Bool(false)) }
        #expect(line.drawing.split(separator: "<rect").count == 3)
        #expect(
            line.drawing.contains(#"class="bar minus" x="50.0" width="233.3" y="80.0" height="20.0""#),
            "\(line.drawing)"
        )
        #expect(line.drawing.contains(#"class="bar" x="716.7" width="233.3" y="0.0" height="80.0""#), "\(line.drawing)")
        #expect(line.values == ["10.00", "3.75", "−2.50"])
        #expect(line.times.map(\.text) == ["03-01", "03-02", "03-03"])
        #expect(line.times.map(\.x) == ["16.7%", "50.0%", "83.3%"])
        #expect(chart.table.rows.map { $0.cells.map(\.text) } == [["2026-03-01", "−2.50"], ["2026-03-03", "+10.00"]])
        #expect(Chart.days("c", "Profit", days, [:]) == nil)
        for extreme in ["1e37", "-1e37", "0", "0.000000000000000001"] {
            let one = [ExactText("2026-03-02"): try #require(Decimal(extreme))]
            guard case .line(let drawn) = try #require(Chart.days("c", "t", days, one)).content else { continue }
            #expect(!drawn.drawing.contains("nan") && !drawn.drawing.contains("inf"), "\(drawn.drawing)")
        }
    }
}

@Suite struct BotInterfaceTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"), ("https://bot.example/ui?x=1#top", "bot.example"),
        ("HTTPS://Bot.Example", "Bot.Example"), ("http://[::1]:8080", "[::1]:8080"),
    ])
    func `an address of a web page is a link with its host`(address: String, host: String) throws {
        let link = try #require(BotInterface(address))
        #expect(link.href == address)
        #expect(link.host == host)
    }

    @Test(arguments: [
        "javascript:alert(1)", "data:text/html,x", "ftp://bot.example/", "//bot.example", "http://", "https:///x",
        "https://flotilla.example@evil.example/", "https://evil.example\\@flotilla.example", "http://bot.example/a b",
        "http://b\u{F6}t.example", "http://bot.example/\u{202E}", " http://bot.example", "http://a%2eb",
    ])
    func `any other address is not a link`(address: String) {
        #expect(BotInterface(address) == nil)
    }
}
