public import ContractRuntime
public import Generated

extension API {
    /// The bounds between the buckets of the slippage, in basis points.
    private static let slippageBounds: [Double] = [-50, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50]
    /// The bounds between the buckets of the latency, in milliseconds.
    private static let latencyBounds: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
    /// The maximum number of samples that are counted.
    private static let samplesCounted = 20_000
    /// The maximum number of groups in a response.
    private static let groupsListed = 50
    /// 31 days, in seconds.
    private static let longestHistogram: Int64 = 2_678_400

    public func getExecutionHistogram(
        _ input: GetExecutionHistogram.Input
    ) async throws(Problem) -> GetExecutionHistogram.Output {
        let now = try await run(.serverTime())
        let end = input.to ?? now
        let start = input.from ?? end.adding(seconds: -86_400)
        guard start.adding(seconds: Self.longestHistogram) >= end else {
            let detail = "the range is longer than 31 days; ask for a shorter one"
            throw Problem(status: 422, code: .rangeTooLong, detail: detail)
        }
        let rows = try await read(
            .executionHistogram(
                groupBy: input.groupBy,
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                from: start,
                to: end,
                slippageBounds: Self.slippageBounds.map { "\($0)" },
                latencyBounds: Self.latencyBounds.map { "\($0)" },
                // One more tells whether there are more.
                most: Self.samplesCounted.addingSaturated(1),
                mostGroups: Self.groupsListed
            )
        )
        let range = rows.first { $0.measure == 0 }
        let isComplete = (range?.samples ?? 0) <= Self.samplesCounted
        func group(_ rows: some Collection<ExecutionHistogramRow>) -> ExecutionHistogramGroup {
            ExecutionHistogramGroup(
                key: rows.first?.key,
                samples: rows.first { $0.measure == 1 && $0.bucket == nil }?.samples ?? 0,
                slippageBps: ExecutionDistribution(rows.filter { $0.measure == 1 }, Self.slippageBounds.count),
                latencyMs: ExecutionDistribution(rows.filter { $0.measure == 2 }, Self.latencyBounds.count),
                fillRatio: rows.first { $0.measure == 3 }?.mean
            )
        }
        let ofGroups = Dictionary(grouping: rows.filter { $0.rank != nil }) { $0.rank ?? 0 }
        return .ok(
            ExecutionHistogram(
                generatedAt: now,
                from: isComplete ? start : range?.oldest ?? start,
                to: end,
                isComplete: isComplete,
                groupBy: input.groupBy,
                slippageBpsBounds: Self.slippageBounds,
                latencyMsBounds: Self.latencyBounds,
                all: group(rows.filter { $0.rank == nil && $0.measure > 0 }),
                groups: range?.groups ?? 0,
                items: ofGroups.sorted { $0.key < $1.key }.map { group($0.value) }
            )
        )
    }
}

extension ExecutionDistribution {
    /// - Parameters:
    ///   - rows: The rows of one measure and group.
    ///   - bounds: The number of bounds between the buckets.
    fileprivate init(_ rows: [ExecutionHistogramRow], _ bounds: Int) {
        let statistics = rows.first { $0.bucket == nil }
        let known = Dictionary(rows.compactMap { row in row.bucket.map { ($0, row.samples) } }) { first, _ in first }
        self.init(
            mean: statistics?.mean,
            p50: statistics?.p50,
            p95: statistics?.p95,
            p99: statistics?.p99,
            counts: (0...bounds).map { known[$0] ?? 0 }
        )
    }
}
