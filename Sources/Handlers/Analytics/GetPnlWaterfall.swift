public import ContractRuntime
public import Generated

extension API {
    public func getPnlWaterfall(_ input: GetPnlWaterfall.Input) async throws(Problem) -> GetPnlWaterfall.Output {
        let (rows, time) = try await readPrimary(
            .pnlWaterfall(
                day: input.day.stored,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency
            ),
            .performanceTime()
        )
        return .ok(
            PnlWaterfall(
                generatedAt: .now,
                asOf: time,
                day: input.day,
                currencies: rows.map(PnlWaterfallCurrency.init)
            )
        )
    }
}

extension CalendarDate {
    /// The day as PostgreSQL reads it. PostgreSQL has no year 0.
    var stored: String { year > 0 ? description : "0001-01-01" }
}

extension PnlWaterfallCurrency {
    fileprivate init(_ row: PnlWaterfallRow) {
        self.init(
            currency: row.currency.isEmpty ? nil : row.currency,
            netPnl: row.net,
            changes: [
                .init(kind: .realized, amount: row.realized, instances: row.realizedInstances),
                .init(kind: .unrealized, amount: row.unrealized, instances: row.unrealizedInstances),
                .init(kind: .fee, amount: row.fees.negated, instances: row.feeInstances),
                .init(kind: .funding, amount: row.funding, instances: row.fundingInstances),
            ]
        )
    }
}
