public import ContractRuntime
public import Generated

extension API {
    public func getEquityDrawdown(_ input: GetEquityDrawdown.Input) async throws(Problem) -> GetEquityDrawdown.Output {
        let row = try await read(
            .equityDrawdown(
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency
            )
        )
        return .ok(
            EquityDrawdown(
                generatedAt: row.generatedAt,
                samples: row.samples,
                peakEquity: row.peak,
                latestEquity: row.latest,
                maxDrawdownAbs: row.maxFall,
                maxDrawdownPct: row.maxFraction,
                currentDrawdownPct: row.currentFraction,
                currency: row.currency?.isEmpty == true ? nil : row.currency,
                otherCurrencies: row.otherCurrencies.map { $0.isEmpty ? nil : $0 },
                resolution: row.resolution
            )
        )
    }
}
