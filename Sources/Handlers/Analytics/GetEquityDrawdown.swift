public import ContractRuntime
public import Generated

extension API {
    public func getEquityDrawdown(_ input: GetEquityDrawdown.Input) async throws(Problem) -> GetEquityDrawdown.Output {
        let row = try await read(.equityDrawdown(symbol: input.symbol, mode: input.mode, currency: input.currency))
        return .ok(
            EquityDrawdown(
                generatedAt: row.generatedAt,
                samples: row.samples,
                peakEquity: row.peak,
                latestEquity: row.latest,
                maxDrawdownAbs: row.maxFall,
                maxDrawdownPct: row.maxFraction,
                currentDrawdownPct: row.currentFraction,
                currency: row.currency.isEmpty ? nil : row.currency
            )
        )
    }
}
