public import ContractRuntime
public import Generated

extension API {
    public func listCosts(_ input: ListCosts.Input) async throws(Problem) -> ListCosts.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await read(
            .listCosts(
                instanceID: input.instanceID,
                symbol: input.symbol,
                costType: input.costType,
                from: input.from,
                to: input.to,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                afterTime: page.after?.0,
                afterOrdinal: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countCosts(
                instanceID: input.instanceID,
                symbol: input.symbol,
                costType: input.costType,
                from: input.from,
                to: input.to,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                most: Total.most
            )
        )
        let items = page.items(rows).map(BookedCost.init)
        let total = Total(counted: counted)
        return .ok(
            CostPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: items,
                nextCursor: page.next(rows) { ($0.ts, $0.ordinal) }
            )
        )
    }

    public func exportCosts(_ input: ExportCosts.Input) async throws(Problem) -> ExportCosts.Output {
        let rows = try await read(
            .listCosts(
                instanceID: input.instanceID,
                symbol: input.symbol,
                costType: input.costType,
                from: input.from,
                to: input.to,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                afterTime: nil,
                afterOrdinal: nil,
                limit: input.limit,
                offset: 0
            )
        )
        return .ok(CSV(rows.map(BookedCost.init), columns: Self.costColumns).text)
    }

    private static let costColumns = [
        "ordinal", "instance_id", "entry_id", "symbol", "cost_type", "amount", "currency", "fx_rate", "booked_amount",
        "timestamp", "received_at",
    ]
}

extension BookedCost {
    fileprivate init(_ row: ListCostsRow) {
        self.init(
            ordinal: row.ordinal,
            instanceID: row.instanceID,
            entryID: row.entryID,
            symbol: row.symbol,
            costType: row.costType,
            amount: row.amount,
            currency: row.currency,
            fxRate: row.fxRate,
            bookedAmount: row.bookedAmount,
            timestamp: row.ts,
            receivedAt: row.receivedAt
        )
    }
}
