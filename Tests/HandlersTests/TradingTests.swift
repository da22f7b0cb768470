import ContractRuntime
import Generated
import Handlers
import Postgres
import TestSupport
import Testing

/// How long orders, fills, trades, balances and logs are kept.
@Suite struct TradingTests {
    private let opened = Timestamp("2026-03-01T09:30:00Z") ?? .now

    private func order(_ id: String, _ status: OrderStatus, in fleet: Fleet) async throws(Problem) {
        let order = OrderReport(
            instanceID: "i1",
            orderID: id,
            symbol: "ETH/USDT",
            side: .buy,
            orderType: "limit",
            status: status,
            quantity: Decimal(1),
            filledQuantity: Decimal(0),
            createdAt: opened,
            updatedAt: opened
        )
        _ = try await fleet.api.postOrder(.init(body: .orderReport(order)))
    }

    private func fill(_ id: String, in fleet: Fleet) async throws(Problem) {
        let fill = Fill(
            instanceID: "i1",
            fillID: id,
            symbol: "ETH/USDT",
            side: .buy,
            quantity: Decimal(1),
            price: Decimal(3_000),
            fee: Decimal(3),
            timestamp: opened
        )
        _ = try await fleet.api.postFill(.init(body: .fill(fill)))
    }

    private func trade(_ id: String, closed: Bool, in fleet: Fleet) async throws(Problem) {
        let trade = TradeReport(
            instanceID: "i1",
            tradeID: id,
            symbol: "ETH/USDT",
            side: .long,
            status: closed ? .closed : .open,
            quantity: Decimal(closed ? 0 : 1),
            entryQuantity: Decimal(1),
            entryPrice: Decimal(3_000),
            currency: "USDT",
            openedAt: opened,
            closedAt: closed ? opened.adding(seconds: 60) : nil,
            updatedAt: opened.adding(seconds: 60)
        )
        _ = try await fleet.api.postTrade(.init(body: .tradeReport(trade)))
    }

    private func ids(_ table: String, _ column: String, in fleet: Fleet) async throws -> String {
        try await fleet.text("SELECT coalesce(string_agg(\(column), ' ' ORDER BY \(column)), '') FROM \(table)")
    }

    @Test func `what ended is removed after its retention period, what is open and the costs are kept`() async throws {
        var configuration = API.Configuration()
        configuration.historyDays.trades = 30
        try await Fleet.with(configuration) { fleet in
            try await fleet.beat()
            try await order("open", .open, in: fleet)
            try await order("ended", .canceled, in: fleet)
            try await fill("f1", in: fleet)
            try await trade("open", closed: false, in: fleet)
            try await trade("closed", closed: true, in: fleet)
            // They happened long ago, but were reported just now.
            try await fleet.api.maintain()
            #expect(try await ids("orders", "order_id", in: fleet) == "ended open")
            for table in ["orders", "fills", "trades"] {
                let age = "UPDATE \(table) SET received_at = received_at - interval '31 days'"
                _ = try await fleet.database.run(Query(sql: age))
            }
            try await fleet.api.maintain()
            #expect(try await ids("orders", "order_id", in: fleet) == "open")
            #expect(try await ids("fills", "fill_id", in: fleet) == "")
            #expect(try await ids("trades", "trade_id", in: fleet) == "open")
            #expect(try await ids("cost_entries", "entry_id", in: fleet) == "f1")
            // A fill that is reported again after its removal is not booked twice.
            try await fill("f1", in: fleet)
            #expect(try await ids("cost_entries", "entry_id", in: fleet) == "f1")
        }
    }

    @Test func `a deleted instance leaves its fills and trades, and nothing else`() async throws {
        try await Fleet.with { fleet in
            let profiled = Heartbeat(
                instanceID: "i1",
                botID: "b1",
                runtimeMode: .paper,
                exchange: "binance",
                symbol: "ETH/USDT",
                version: "1",
                timestamp: .now,
                software: "freqtrade",
                accounts: [Account(venue: "binance", accountID: "main")]
            )
            _ = try await fleet.api.postHeartbeat(.init(body: .heartbeat(profiled)))
            try await order("open", .open, in: fleet)
            try await fill("f1", in: fleet)
            try await trade("closed", closed: true, in: fleet)
            let balances = BalanceReport(
                instanceID: "i1",
                balances: [Balance(currency: "USDT", total: Decimal(1))],
                timestamp: opened
            )
            _ = try await fleet.api.postBalances(.init(body: .balanceReport(balances)))
            let line = LogLine(instanceID: "i1", lineID: "1", level: .error, message: "m", timestamp: opened)
            _ = try await fleet.api.postLogLine(.init(body: .logLine(line)))
            let silence = "UPDATE instance_live SET last_received_at = now() - interval '2 minutes'"
            _ = try await fleet.database.run(Query(sql: silence))
            let retirement = InstanceRetirement(reason: "replaced", abandonPositions: false)
            _ = try await fleet.api.retireInstance(
                .init(instanceID: "i1", body: retirement, principal: fleet.operatorPrincipal)
            )
            _ = try await fleet.api.deleteInstance(.init(instanceID: "i1", principal: fleet.operatorPrincipal))
            try await fleet.api.maintain()
            for table in [
                "instances", "instance_profiles", "instance_accounts", "orders", "account_balances", "log_lines",
                "log_counts",
            ] {
                #expect(try await fleet.text("SELECT count(*)::text FROM \(table)") == "0", "\(table)")
            }
            #expect(try await ids("fills", "fill_id", in: fleet) == "f1")
            switch try await fleet.api.listTrades(.init(principal: fleet.operatorPrincipal)) {
            case .ok(let page):
                #expect(page.items.map(\.tradeID) == ["closed"])
                #expect(page.items.first?.botID == nil)
            }
        }
    }
}
