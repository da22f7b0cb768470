public import ContractRuntime
public import Generated

extension API {
    public func postFill(_ input: PostFill.Input) async throws(Problem) -> PostFill.Output {
        switch input.body {
        case .fill(let fill): .accepted(try await ingest(fill, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: Fill.self, by: input.principal))
        }
    }
}

extension Fill: RowElement {
    func row(within limits: ClientLimits) -> RecordFills {
        RecordFills(
            instanceID: instanceID,
            fillID: fillID,
            orderID: orderID,
            tradeID: tradeID,
            venue: venue,
            accountID: accountID ?? defaultAccount,
            symbol: symbol,
            side: side,
            quantity: quantity,
            price: price,
            quoteCurrency: quoteCurrency,
            fee: fee,
            feeCurrency: feeCurrency,
            fxRate: fxRate,
            liquidity: liquidity,
            ts: timestamp,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        try IngestReceipt(outcome, key: .fillID)
    }
}
