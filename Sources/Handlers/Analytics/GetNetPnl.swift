public import ContractRuntime
public import Generated

extension API {
    public func getNetPnl(_ input: GetNetPnl.Input) async throws(Problem) -> GetNetPnl.Output {
        let books = configuration.books
        let rows = try await read(
            .netPnl(
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                books: books.currency,
                rateSeconds: books.rateSeconds
            )
        )
        return .ok(NetPnl(rows, in: books))
    }
}

extension NetPnl {
    /// Converts rows to the totals and the figures of each currency.
    fileprivate init(_ rows: [NetPnlRow], in books: BooksCurrency) {
        let ofCurrencies = rows.filter { $0.currency != nil }
        let total = rows.first { $0.currency == nil && $0.runtimeMode == nil }
        let currency = total?.totalCurrency ?? books.currency ?? ""
        self.init(
            generatedAt: .now,
            realized: total?.realized,
            unrealized: total?.unrealized,
            fees: total?.fees,
            funding: total?.funding,
            netPnl: total?.net,
            byMode: rows.compactMap(NetPnlByModeItem.init),
            currency: currency.isEmpty ? nil : currency,
            byCurrency: ofCurrencies.compactMap(NetPnlInCurrency.init),
            unconverted: ofCurrencies.filter(\.isUnconverted).compactMap(NetPnlInCurrency.init),
            rates: ofCurrencies.compactMap { FxRate($0.currency, $0.rate, $0.rateAt, $0.rateAge) }
        )
    }
}

extension NetPnlRow {
    /// Whether no rate converts the amounts in a currency.
    fileprivate var isUnconverted: Bool {
        rate == nil && [realized, unrealized, fees, funding].contains { $0 != nil && $0 != Decimal(0) }
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

extension NetPnlInCurrency {
    /// Nil for a row without a currency; the others have all figures.
    fileprivate init?(_ row: NetPnlRow) {
        guard let currency = row.currency, let realized = row.realized, let unrealized = row.unrealized,
            let fees = row.fees, let funding = row.funding, let net = row.net
        else { return nil }
        self.init(
            currency: currency.isEmpty ? nil : currency,
            realized: realized,
            unrealized: unrealized,
            fees: fees,
            funding: funding,
            netPnl: net
        )
    }
}

extension FxRate {
    /// The rate that converts a currency; nil if none was reported.
    init?(_ currency: String?, _ rate: Decimal?, _ time: Timestamp?, _ age: Int?) {
        guard let currency, let rate, let time, let age else { return nil }
        self.init(currency: currency, rate: rate, timestamp: time, ageSeconds: age)
    }
}
