public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of groups in a response.
    private static let groupLimit = 1_000
    /// 400 days, in seconds.
    private static let longestRange: Int64 = 34_560_000
    /// 30 days, in seconds.
    private static let standardRange: Int64 = 2_592_000

    public func getTradeStatistics(
        _ input: GetTradeStatistics.Input
    ) async throws(Problem) -> GetTradeStatistics.Output {
        let now = try await run(.serverTime())
        let end = input.to ?? now
        let start = input.from ?? end.adding(seconds: -Self.standardRange)
        guard start.adding(seconds: Self.longestRange) >= end else {
            let detail = "the range is longer than 400 days; ask for a shorter one"
            throw Problem(status: 422, code: .rangeTooLong, detail: detail)
        }
        let rows = try await read(
            .getTradeStatistics(
                groupBy: input.groupBy,
                botID: input.botID,
                instanceID: input.instanceID,
                symbol: input.symbol,
                mode: input.mode,
                accountID: input.accountID,
                currency: input.currency,
                from: start,
                to: end,
                limit: Self.groupLimit.addingSaturated(1)
            )
        )
        return .ok(
            TradeStatistics(
                generatedAt: now,
                from: start,
                to: end,
                groupBy: input.groupBy,
                items: rows.prefix(Self.groupLimit).map(TradeStatisticsItemsItem.init),
                isComplete: rows.count <= Self.groupLimit
            )
        )
    }
}

extension TradeStatisticsItemsItem {
    fileprivate init(_ row: GetTradeStatisticsRow) {
        self.init(
            key: row.key,
            currency: row.currency,
            trades: row.trades,
            winning: row.winning,
            losing: row.losing,
            profit: row.profit,
            fees: row.fees,
            best: row.best,
            worst: row.worst,
            grossProfit: row.grossProfit,
            grossLoss: row.grossLoss,
            volume: row.volume,
            averageSeconds: row.averageSeconds,
            openTrades: row.openTrades,
            unrealizedProfit: row.unrealizedProfit
        )
    }
}
