public import ContractRuntime
public import Generated

extension API {
    /// The maximum number of groups in a response.
    private static let groupLimit = 1_000
    private static let longestRangeDays = 400
    private static let standardRangeDays = 30
    private static let daySeconds: Int64 = 86_400

    public func getTradeStatistics(
        _ input: GetTradeStatistics.Input
    ) async throws(Problem) -> GetTradeStatistics.Output {
        let now = try await run(.serverTime())
        let end = input.to ?? now
        let start = input.from ?? end.adding(seconds: -Int64(Self.standardRangeDays) * Self.daySeconds)
        guard start.adding(seconds: Int64(Self.longestRangeDays) * Self.daySeconds) >= end else {
            let detail = "the range has more than \(Self.longestRangeDays) days; ask for a shorter one"
            throw Problem(status: 422, code: .rangeTooLong, detail: detail)
        }
        let rows = try await read(
            .getTradeStatistics(
                groupBy: input.groupBy,
                instanceID: input.instanceID,
                symbol: input.symbol,
                mode: input.mode,
                from: start,
                to: end,
                limit: Self.groupLimit + 1
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
            averageSeconds: row.averageSeconds
        )
    }
}
