public import ContractRuntime
public import Generated

extension API {
    public func postTrade(_ input: PostTrade.Input) async throws(Problem) -> PostTrade.Output {
        switch input.body {
        case .tradeReport(let trade): .accepted(try await ingest(trade, by: input.principal))
        case .array(let objects): .accepted(try await ingest(objects, as: TradeReport.self, by: input.principal))
        }
    }
}

extension TradeReport: RowElement {
    var timestamp: Timestamp { updatedAt }

    /// Rejects a status that contradicts the other members.
    func check(_ limits: ClientLimits) throws(Problem) {
        switch status {
        case .open where closedAt != nil: throw .invalid("/closed_at", "an OPEN trade has no closed_at")
        case .closed where closedAt == nil: throw .invalid("/closed_at", "a CLOSED trade needs closed_at")
        case .closed where quantity != Decimal(0): throw .invalid("/quantity", "the quantity of a CLOSED trade is 0")
        case .closed where currentPrice != nil:
            throw .invalid("/current_price", "a CLOSED trade has no current price")
        case .closed where unrealizedProfit != nil:
            throw .invalid("/unrealized_profit", "a CLOSED trade has no unrealized profit")
        case .open, .closed: break
        }
    }

    func row(within limits: ClientLimits) -> RecordTrades {
        RecordTrades(
            instanceID: instanceID,
            tradeID: tradeID,
            venue: venue,
            accountID: accountID ?? defaultAccount,
            symbol: symbol,
            side: side,
            status: status,
            quantity: quantity,
            entryQuantity: entryQuantity,
            entryPrice: entryPrice,
            exitPrice: exitPrice,
            currentPrice: currentPrice,
            leverage: leverage,
            profit: profit,
            unrealizedProfit: unrealizedProfit,
            fees: fees,
            currency: currency,
            strategyName: strategyName,
            strategyVersion: strategyVersion,
            entryTag: entryTag,
            exitReason: exitReason,
            openedAt: openedAt,
            closedAt: closedAt,
            updatedAt: updatedAt,
            most: limits.openTradesPerInstance,
            aheadSeconds: limits.clockAheadSeconds
        )
    }

    func receipt(_ outcome: RowOutcome) throws(Problem) -> IngestReceipt {
        guard outcome != .crowded else {
            let detail = "the instance has reached OPEN_TRADES_PER_INSTANCE; report the end of its old trades"
            throw Problem(.trades, status: 422, detail)
        }
        return try IngestReceipt(outcome)
    }
}

extension Problem {
    /// 422 for a member that contradicts others.
    static func invalid(_ pointer: String, _ message: String) -> Problem {
        Problem(InvalidInput(violations: [Violation(pointer: pointer, keyword: "rule", message: message)]))
    }
}
