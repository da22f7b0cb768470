public import ContractRuntime
public import Generated

extension API {
    public func getExecutionQuality(
        _ input: GetExecutionQuality.Input
    ) async throws(Problem) -> GetExecutionQuality.Output {
        let row = try await read(.executionQuality(symbol: input.symbol))
        return .ok(
            ExecutionQuality(
                generatedAt: row.generatedAt,
                avgSlippageBps: row.avgSlippage,
                avgLatencyMs: row.avgLatency,
                avgFillRatio: row.avgFill,
                samples: row.samples,
                slippageBps: .init(p50: row.p50Slippage, p95: row.p95Slippage, p99: row.p99Slippage),
                latencyMs: .init(p50: row.p50Latency, p95: row.p95Latency, p99: row.p99Latency)
            )
        )
    }
}
