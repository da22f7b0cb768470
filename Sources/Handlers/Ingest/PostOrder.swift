public import ContractRuntime
public import Generated

extension API {
    public func postOrder(_ input: PostOrder.Input) async throws(Problem) -> PostOrder.Output {
        switch input.body {
        case .orderReport(let order): .accepted(try await ingest(order, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: OrderReport.self, by: input.principal))
        }
    }
}

extension OrderReport: RowElement {
    var timestamp: Timestamp { updatedAt }

    func row(within limits: ClientLimits) -> RecordOrders {
        RecordOrders(
            instanceID: instanceID,
            orderID: orderID,
            tradeID: tradeID,
            venue: venue,
            accountID: accountID ?? defaultAccount,
            symbol: symbol,
            side: side,
            orderType: orderType,
            status: status,
            quantity: quantity,
            filledQuantity: filledQuantity,
            price: price,
            averagePrice: averagePrice,
            isReduceOnly: isReduceOnly,
            tag: tag,
            createdAt: createdAt,
            updatedAt: updatedAt,
            most: limits.openOrdersPerInstance,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        guard outcome != .crowded else {
            let detail = "the instance has reached OPEN_ORDERS_PER_INSTANCE; report the end of its old orders"
            throw Problem(.orders, status: 422, detail)
        }
        return try IngestReceipt(outcome)
    }
}

/// The account of a report that names none.
let defaultAccount = "default"
