public import ContractRuntime
public import Generated

extension API {
    public func listTrades(_ input: ListTrades.Input) async throws(Problem) -> ListTrades.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await read(
            .listTrades(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                mode: input.mode,
                accountID: input.accountID,
                currency: input.currency,
                status: input.status,
                from: input.from,
                to: input.to,
                afterTime: page.after?.0,
                afterOrdinal: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countTrades(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                mode: input.mode,
                accountID: input.accountID,
                currency: input.currency,
                status: input.status,
                from: input.from,
                to: input.to,
                most: Total.most
            )
        )
        let total = Total(counted: counted)
        return .ok(
            TradePage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map(Trade.init),
                nextCursor: page.next(rows) { ($0.lastAt, $0.ordinal) }
            )
        )
    }

    public func exportTrades(_ input: ExportTrades.Input) async throws(Problem) -> ExportTrades.Output {
        let rows = try await read(
            .listTrades(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                mode: input.mode,
                accountID: input.accountID,
                currency: input.currency,
                status: input.status,
                from: input.from,
                to: input.to,
                afterTime: nil,
                afterOrdinal: nil,
                limit: input.limit,
                offset: 0
            )
        )
        return .ok(CSV(rows.map(Trade.init), columns: Self.tradeColumns).text)
    }

    private static let tradeColumns = [
        "instance_id", "bot_id", "trade_id", "runtime_mode", "venue", "account_id", "symbol", "side", "status",
        "quantity", "entry_quantity", "entry_price", "exit_price", "current_price", "leverage", "profit",
        "unrealized_profit",
        "fees", "currency", "strategy_name", "strategy_version", "entry_tag", "exit_reason", "opened_at", "closed_at",
        "updated_at",
    ]
}

extension Trade {
    fileprivate init(_ row: ListTradesRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            tradeID: row.tradeID,
            runtimeMode: row.runtimeMode,
            venue: row.venue,
            accountID: row.accountID,
            symbol: row.symbol,
            side: row.side,
            status: row.status,
            quantity: row.quantity,
            entryQuantity: row.entryQuantity,
            entryPrice: row.entryPrice,
            exitPrice: row.exitPrice,
            currentPrice: row.currentPrice,
            leverage: row.leverage,
            profit: row.profit,
            unrealizedProfit: row.unrealizedProfit,
            fees: row.fees,
            currency: row.currency,
            strategyName: row.strategyName,
            strategyVersion: row.strategyVersion,
            entryTag: row.entryTag,
            exitReason: row.exitReason,
            openedAt: row.openedAt,
            closedAt: row.closedAt,
            updatedAt: row.updatedAt
        )
    }
}
