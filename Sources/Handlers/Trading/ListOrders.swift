public import ContractRuntime
public import Generated

extension API {
    public func listOrders(_ input: ListOrders.Input) async throws(Problem) -> ListOrders.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await read(
            .listOrders(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                status: input.status,
                from: input.from,
                to: input.to,
                afterTime: page.after?.0,
                afterOrdinal: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countOrders(
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                status: input.status,
                from: input.from,
                to: input.to,
                most: Total.most
            )
        )
        let total = Total(counted: counted)
        return .ok(
            OrderPage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: page.items(rows).map(Order.init),
                nextCursor: page.next(rows) { ($0.createdAt, $0.ordinal) }
            )
        )
    }
}

extension Order {
    fileprivate init(_ row: ListOrdersRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            orderID: row.orderID,
            tradeID: row.tradeID,
            venue: row.venue,
            accountID: row.accountID,
            symbol: row.symbol,
            side: row.side,
            orderType: row.orderType,
            status: row.status,
            quantity: row.quantity,
            filledQuantity: row.filledQuantity,
            price: row.price,
            averagePrice: row.averagePrice,
            isReduceOnly: row.isReduceOnly,
            tag: row.tag,
            createdAt: row.createdAt,
            updatedAt: row.updatedAt
        )
    }
}
