public import ContractRuntime
public import Generated

extension API {
    public func getSeries(_ input: GetSeries.Input) async throws(Problem) -> GetSeries.Output {
        guard try await read(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        // One extra row shows whether there are more.
        let points = try await points(of: input, limit: input.limit.addingSaturated(1))
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

    public func exportSeries(_ input: ExportSeries.Input) async throws(Problem) -> ExportSeries.Output {
        guard try await read(.isInstance(instanceID: input.instanceID)) else { throw .instanceNotFound }
        let same = GetSeries.Input(
            instanceID: input.instanceID,
            metricType: input.metricType,
            symbol: input.symbol,
            from: input.from,
            to: input.to,
            stepSeconds: input.stepSeconds,
            currency: input.currency
        )
        return .ok(CSV(try await points(of: same, limit: input.limit), columns: ["timestamp", "value"]).text)
    }

    private func points(of input: GetSeries.Input, limit: Int) async throws(Problem) -> [SeriesPointsItem] {
        guard let step = input.stepSeconds else {
            let rows = try await read(
                .seriesPoints(
                    instanceID: input.instanceID,
                    metricType: input.metricType,
                    symbol: input.symbol,
                    currency: input.currency,
                    books: configuration.books.currency,
                    from: input.from,
                    to: input.to,
                    limit: limit
                )
            )
            return rows.map { SeriesPointsItem(timestamp: $0.ts, value: $0.value) }
        }
        let rows = try await read(
            .seriesSteps(
                instanceID: input.instanceID,
                metricType: input.metricType,
                symbol: input.symbol,
                currency: input.currency,
                books: configuration.books.currency,
                from: input.from,
                to: input.to,
                stepSeconds: step,
                limit: limit
            )
        )
        return rows.map { SeriesPointsItem(timestamp: $0.ts, value: $0.value) }
    }
}
