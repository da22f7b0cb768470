public import ContractRuntime
public import Generated

extension API {
    public func getEquityCurve(_ input: GetEquityCurve.Input) async throws(Problem) -> GetEquityCurve.Output {
        // One extra row shows whether there are more.
        let rows = try await read(
            .equityCurve(
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                books: configuration.books.currency,
                from: input.from,
                to: input.to,
                stepSeconds: input.stepSeconds,
                limit: input.limit.addingSaturated(1)
            )
        )
        let points = rows.compactMap { EquityCurvePointsItem($0.ts, $0.equity, $0.fall) }
        return .ok(
            EquityCurve(
                points,
                limit: input.limit,
                in: rows.first?.currency,
                without: rows.first?.otherCurrencies ?? [],
                resolution: rows.first?.resolution ?? .everySample,
                peak: rows.first?.peak,
                deepest: rows.first?.deepest
            )
        )
    }
}

extension EquityCurve {
    /// Converts rows to points; one row beyond the limit shows that there are more. An empty currency means values without one.
    init(
        _ points: [EquityCurvePointsItem],
        limit: Int,
        in currency: String?,
        without others: [String],
        resolution: EquityResolution,
        peak: Decimal?,
        deepest: Double?
    ) {
        self.init(
            generatedAt: .now,
            currency: currency?.isEmpty == true ? nil : currency,
            otherCurrencies: others.map { $0.isEmpty ? nil : $0 },
            resolution: resolution,
            points: Array(points.prefix(limit)),
            peakEquity: peak,
            maxDrawdownPct: deepest,
            hasMore: points.count > limit
        )
    }
}

extension EquityCurvePointsItem {
    /// Nil for a row that contains only the currency.
    init?(_ time: Timestamp?, _ equity: Decimal?, _ fall: Double?, instances: Int? = nil) {
        guard let time, let equity, let fall else { return nil }
        self.init(timestamp: time, equity: equity, drawdownPct: fall, instances: instances)
    }
}
