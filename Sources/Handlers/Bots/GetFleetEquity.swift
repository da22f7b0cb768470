public import ContractRuntime
public import Generated

extension API {
    public func getFleetEquity(_ input: GetFleetEquity.Input) async throws(Problem) -> GetFleetEquity.Output {
        // One more than is asked for tells whether there are more.
        let rows = try await read(
            .fleetEquity(
                mode: input.mode,
                currency: input.currency,
                from: input.from,
                to: input.to,
                stepSeconds: input.stepSeconds,
                limit: input.limit + 1
            )
        )
        let currency = rows.first?.currency ?? input.currency ?? ""
        return .ok(
            EquityCurve(
                generatedAt: .now,
                currency: currency.isEmpty ? nil : currency,
                points: rows.prefix(input.limit).map {
                    EquityCurvePointsItem(timestamp: $0.ts, equity: $0.equity, drawdownPct: $0.fall)
                },
                hasMore: rows.count > input.limit
            )
        )
    }
}
