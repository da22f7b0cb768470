public import ContractRuntime
public import Generated

extension API {
    public func getNetPnl(_ input: GetNetPnl.Input) async throws(Problem) -> GetNetPnl.Output {
        .ok(NetPnl(try await read(.netPnl(symbol: input.symbol, mode: input.mode))))
    }
}

extension NetPnl {
    /// The figures of the books' own currency, or of the only one there is; all currencies stand beside them.
    fileprivate init(_ rows: [NetPnlRow]) {
        let totals = rows.filter { $0.runtimeMode == nil }
        let currency = totals.count == 1 ? totals[0].currency : ""
        let total = totals.first { $0.currency == currency }
        self.init(
            generatedAt: .now,
            realized: total?.realized ?? Decimal(0),
            unrealized: total?.unrealized ?? Decimal(0),
            fees: total?.fees ?? Decimal(0),
            funding: total?.funding ?? Decimal(0),
            netPnl: total?.net ?? Decimal(0),
            byMode: rows.filter { $0.currency == currency }.compactMap(NetPnlByModeItem.init),
            currency: currency.isEmpty ? nil : currency,
            byCurrency: totals.map(NetPnlByCurrencyItem.init)
        )
    }
}

extension NetPnlByModeItem {
    fileprivate init?(_ row: NetPnlRow) {
        guard let mode = row.runtimeMode else { return nil }
        self.init(
            runtimeMode: mode,
            realized: row.realized,
            unrealized: row.unrealized,
            fees: row.fees,
            funding: row.funding,
            netPnl: row.net
        )
    }
}

extension NetPnlByCurrencyItem {
    fileprivate init(_ row: NetPnlRow) {
        self.init(
            currency: row.currency.isEmpty ? nil : row.currency,
            realized: row.realized,
            unrealized: row.unrealized,
            fees: row.fees,
            funding: row.funding,
            netPnl: row.net
        )
    }
}
