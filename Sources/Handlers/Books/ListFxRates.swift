public import ContractRuntime
public import Generated

extension API {
    public func listFxRates(_ input: ListFxRates.Input) async throws(Problem) -> ListFxRates.Output {
        .ok(try await fxRates())
    }

    /// The newest rates into the books' currency; empty if it is not set.
    func fxRates() async throws(Problem) -> FxRateList {
        let books = configuration.books
        var rows: [ListFxRatesRow] = []
        if let currency = books.currency {
            rows = try await run(.listFxRates(quote: currency, maxSeconds: books.rateSeconds))
        }
        return FxRateList(
            generatedAt: .now,
            booksCurrency: books.currency,
            maxAgeSeconds: books.rateSeconds,
            rates: rows.map(KnownFxRate.init)
        )
    }
}

extension KnownFxRate {
    fileprivate init(_ row: ListFxRatesRow) {
        self.init(
            currency: row.currency,
            rate: row.rate,
            timestamp: row.ts,
            ageSeconds: row.age,
            isUsable: row.isUsable,
            receivedAt: row.receivedAt,
            reportedBy: row.reportedBy
        )
    }
}
