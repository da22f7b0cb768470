public import ContractRuntime
public import Generated

extension API {
    public func getFleetEquity(_ input: GetFleetEquity.Input) async throws(Problem) -> GetFleetEquity.Output {
        // One extra row shows whether there are more.
        let rows = try await read(
            .fleetEquity(
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                from: input.from,
                to: input.to,
                stepSeconds: input.stepSeconds,
                limit: input.limit.addingSaturated(1)
            )
        )
        let points = rows.compactMap { EquityCurvePointsItem($0.ts, $0.equity, $0.fall, instances: $0.instances) }
        return .ok(
            EquityCurve(
                points,
                limit: input.limit,
                in: rows.first?.currency,
                without: rows.first?.otherCurrencies ?? [],
                resolution: .eachMinute,
                peak: rows.first?.peak,
                deepest: rows.first?.deepest
            )
        )
    }
}
