public import ContractRuntime
public import Generated

extension API {
    public func getSeries(_ input: GetSeries.Input) async throws(Problem) -> GetSeries.Output {
        guard try await run(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        // One more than is asked for tells whether there are more.
        let points = try await points(of: input, limit: input.limit + 1)
        return .ok(
            Series(
                instanceID: input.instanceID,
                metricType: input.metricType,
                symbol: input.symbol,
                points: Array(points.prefix(input.limit)),
                hasMore: points.count > input.limit
            )
        )
    }

    private func points(of input: GetSeries.Input, limit: Int) async throws(Problem) -> [SeriesPointsItem] {
        guard let step = input.stepSeconds else {
            let rows = try await run(
                .seriesPoints(
                    instanceID: input.instanceID,
                    metricType: input.metricType,
                    symbol: input.symbol,
                    currency: input.currency,
                    from: input.from,
                    to: input.to,
                    limit: limit
                )
            )
            return rows.map { SeriesPointsItem(timestamp: $0.ts, value: $0.value) }
        }
        let rows = try await run(
            .seriesSteps(
                instanceID: input.instanceID,
                metricType: input.metricType,
                symbol: input.symbol,
                currency: input.currency,
                from: input.from,
                to: input.to,
                stepSeconds: step,
                limit: limit
            )
        )
        return rows.map { SeriesPointsItem(timestamp: $0.ts, value: $0.value) }
    }
}
