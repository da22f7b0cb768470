import ContractRuntime
import Generated

/// Closed trades in one currency, and the figures that pages derive from them.
///
/// An amount is nil if one of the trades has not reported it: a part of a sum must not be read as the sum.
struct TradeSummary {
    let currency: String
    private(set) var trades: Int
    private(set) var winning: Int
    private(set) var losing: Int
    private(set) var profit: Decimal?
    private(set) var fees: Decimal?
    private(set) var best: Decimal?
    private(set) var worst: Decimal?
    private(set) var grossProfit: Decimal?
    private(set) var grossLoss: Decimal?
    private(set) var volume: Decimal?
    /// The average time from opening to closing, in seconds.
    private(set) var averageSeconds: Double

    /// The closed trades of one group; nil if it has none.
    init?(_ item: TradeStatisticsItemsItem) {
        guard item.trades > 0, let averageSeconds = item.averageSeconds else { return nil }
        currency = item.currency
        trades = item.trades
        winning = item.winning
        losing = item.losing
        profit = item.profit
        fees = item.fees
        best = item.best
        worst = item.worst
        grossProfit = item.grossProfit
        grossLoss = item.grossLoss
        volume = item.volume
        self.averageSeconds = averageSeconds
    }

    /// The totals of all groups, one per currency, with the most trades first.
    static func totals(of items: [TradeStatisticsItemsItem]) -> [TradeSummary] {
        var totals: [ExactText: TradeSummary] = [:]
        for summary in items.compactMap(TradeSummary.init) {
            let name = ExactText(summary.currency)
            if totals[name]?.add(summary) == nil { totals[name] = summary }
        }
        return totals.values.sorted { ($1.trades, $0.currency) < ($0.trades, $1.currency) }
    }

    /// Adds the trades of another group in the same currency.
    private mutating func add(_ other: TradeSummary) {
        let (own, more) = (Double(trades), Double(other.trades))
        // traps: the operands are of type Double, which does not overflow.
        averageSeconds = (averageSeconds * own + other.averageSeconds * more) / max(own + more, 1)
        trades = trades.addingSaturated(other.trades)
        winning = winning.addingSaturated(other.winning)
        losing = losing.addingSaturated(other.losing)
        profit = Self.sum(profit, other.profit)
        fees = Self.sum(fees, other.fees)
        grossProfit = Self.sum(grossProfit, other.grossProfit)
        grossLoss = Self.sum(grossLoss, other.grossLoss)
        volume = Self.sum(volume, other.volume)
        best = [best, other.best].compactMap(\.self).max()
        worst = [worst, other.worst].compactMap(\.self).min()
    }

    private static func sum(_ first: Decimal?, _ second: Decimal?) -> Decimal? {
        guard let first, let second else { return nil }
        return first.adding(second)
    }

    /// The share of trades with a profit above 0; nil if the profit of a trade is unknown.
    var winRate: Double? {
        guard grossProfit != nil, trades > 0 else { return nil }
        return Double(winning) / Double(trades)
    }

    /// Gross profit divided by the absolute gross loss; nil without losses, or if the profit of a trade is unknown.
    var profitFactor: Double? {
        guard let grossProfit, let grossLoss, grossLoss < Decimal(0) else { return nil }
        return grossProfit.approximate / abs(grossLoss.approximate)
    }

    /// Why there is no profit factor; nil if there is one.
    var reasonWithoutFactor: String? {
        if grossLoss == nil || grossProfit == nil { return "a profit is not reported" }
        return profitFactor == nil ? "no losses" : nil
    }

    /// How the trades ended, such as `3 won · 1 lost`.
    var outcome: String {
        let even = trades.subtractingSaturated(winning).subtractingSaturated(losing)
        let parts = ["\(Figures.count(winning)) won", "\(Figures.count(losing)) lost"]
        let rest = grossProfit == nil ? "without profit or loss, or unknown" : "without profit or loss"
        return (even > 0 ? parts + ["\(Figures.count(even)) \(rest)"] : parts).joined(separator: " · ")
    }
}

extension Decimal {
    /// The exact sum; nil if it has more digits than a `Decimal` can hold.
    func adding(_ other: Decimal) -> Decimal? {
        // The texts of sums with more than 38 digits are no decimals.
        guard let first = Decimal("\(self)"), let second = Decimal("\(other)") else { return nil }
        let scale = max(first.scale, second.scale)
        guard let left = first.coefficient(atScale: scale), let right = second.coefficient(atScale: scale) else {
            return nil
        }
        let (sum, isOverflow) = left.addingReportingOverflow(right)
        return isOverflow ? nil : Decimal(coefficient: sum, scale: scale)
    }

    private func coefficient(atScale scale: Int) -> Int128? {
        var result = coefficient
        for _ in 0..<max(scale - self.scale, 0) {
            let (product, isOverflow) = result.multipliedReportingOverflow(by: 10)
            if isOverflow { return nil }
            result = product
        }
        return result
    }
}
