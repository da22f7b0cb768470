public import ContractRuntime
public import Generated

extension API {
    public func getPerformance(_ input: GetPerformance.Input) async throws(Problem) -> GetPerformance.Output {
        let books = configuration.books
        let rows = try await readPrimary(
            .fleetPerformance(mode: input.mode, books: books.currency, rateSeconds: books.rateSeconds)
        )
        return .ok(FleetPerformance(rows, in: books))
    }
}

extension FleetPerformance {
    /// Converts rows to the totals and the amounts of each currency.
    fileprivate init(_ rows: [FleetPerformanceRow], in books: BooksCurrency) {
        let ofCurrencies = rows.filter { $0.currency != nil }
        let total = rows.first { $0.currency == nil }
        let currency = total?.totalCurrency ?? books.currency ?? ""
        self.init(
            generatedAt: .now,
            asOf: total?.asOf,
            currency: currency.isEmpty ? nil : currency,
            equity: total?.equity,
            netPnlToday: total?.netPnlToday,
            netPnlWeek: total?.netPnlWeek,
            byCurrency: ofCurrencies.map(PerformanceInCurrency.init),
            unconverted: ofCurrencies.filter(\.isUnconverted).map(PerformanceInCurrency.init),
            rates: ofCurrencies.compactMap { FxRate($0.currency, $0.rate, $0.rateAt, $0.rateAge) }
        )
    }
}

extension FleetPerformanceRow {
    /// Whether no rate converts the amounts in a currency.
    fileprivate var isUnconverted: Bool {
        rate == nil && [equity, netPnlToday, netPnlWeek].contains { $0 != nil && $0 != Decimal(0) }
    }
}

extension PerformanceInCurrency {
    fileprivate init(_ row: FleetPerformanceRow) {
        self.init(
            currency: row.currency.flatMap { $0.isEmpty ? nil : $0 },
            equity: row.equity,
            netPnlToday: row.netPnlToday,
            netPnlWeek: row.netPnlWeek,
            drawdownDay: row.drawdownDay
        )
    }
}
