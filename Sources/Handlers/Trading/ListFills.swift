public import ContractRuntime
public import Generated

extension API {
    public func listFills(_ input: ListFills.Input) async throws(Problem) -> ListFills.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await read(
            .listFills(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                tradeID: input.tradeID,
                from: input.from,
                to: input.to,
                afterTime: page.after?.0,
                afterOrdinal: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countFills(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                tradeID: input.tradeID,
                from: input.from,
                to: input.to,
                most: Total.most
            )
        )
        let total = Total(counted: counted)
        return .ok(
            FillPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map(StoredFill.init),
                nextCursor: page.next(rows) { ($0.ts, $0.ordinal) }
            )
        )
    }

    public func exportFills(_ input: ExportFills.Input) async throws(Problem) -> ExportFills.Output {
        let rows = try await read(
            .listFills(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                tradeID: input.tradeID,
                from: input.from,
                to: input.to,
                afterTime: nil,
                afterOrdinal: nil,
                limit: input.limit,
                offset: 0
            )
        )
        return .ok(CSV(rows.map(StoredFill.init), columns: Self.fillColumns).text)
    }

    private static let fillColumns = [
        "ordinal", "instance_id", "bot_id", "fill_id", "order_id", "trade_id", "venue", "account_id", "symbol",
        "side", "quantity", "price", "quote_currency", "fee", "fee_currency", "liquidity", "timestamp",
        "received_at",
    ]
}

extension StoredFill {
    fileprivate init(_ row: ListFillsRow) {
        self.init(
            ordinal: row.ordinal,
            instanceID: row.instanceID,
            botID: row.botID,
            fillID: row.fillID,
            orderID: row.orderID,
            tradeID: row.tradeID,
            venue: row.venue,
            accountID: row.accountID,
            symbol: row.symbol,
            side: row.side,
            quantity: row.quantity,
            price: row.price,
            quoteCurrency: row.quoteCurrency,
            fee: row.fee,
            feeCurrency: row.feeCurrency,
            liquidity: row.liquidity,
            timestamp: row.ts,
            receivedAt: row.receivedAt
        )
    }
}
