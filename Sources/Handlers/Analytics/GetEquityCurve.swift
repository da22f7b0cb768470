public import ContractRuntime
public import Generated

extension API {
    public func getEquityCurve(_ input: GetEquityCurve.Input) async throws(Problem) -> GetEquityCurve.Output {
        // One more than is asked for tells whether there are more.
        let rows = try await read(
            .equityCurve(
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                from: input.from,
                to: input.to,
                stepSeconds: input.stepSeconds,
                limit: input.limit.addingSaturated(1)
            )
        )
        let points = rows.map { ($0.currency, $0.ts, $0.equity, $0.fall) }
        return .ok(EquityCurve(points, limit: input.limit, in: input.currency))
    }
}

extension EquityCurve {
    /// Points, of which one more than the limit tells that there are more; they are in `currency` where there are none.
    init(
        _ points: [(currency: String, time: Timestamp, equity: Decimal, fall: Double)],
        limit: Int,
        in currency: String?
    ) {
        let currency = points.first?.currency ?? currency ?? ""
        self.init(
            generatedAt: .now,
            currency: currency.isEmpty ? nil : currency,
            points: points.prefix(limit).map {
                EquityCurvePointsItem(timestamp: $0.time, equity: $0.equity, drawdownPct: $0.fall)
            },
            hasMore: points.count > limit
        )
    }
}
