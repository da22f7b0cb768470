public import ContractRuntime
public import Generated

extension API {
    public func listExecutionSamples(
        _ input: ListExecutionSamples.Input
    ) async throws(Problem) -> ListExecutionSamples.Output {
        let page = try Page<Timestamp, Int>(number: input.page, size: input.pageSize, cursor: input.cursor)
        let (rows, counted) = try await read(
            .listExecutionSamples(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                from: input.from,
                to: input.to,
                afterTime: page.after?.0,
                afterOrdinal: page.after?.1,
                limit: page.limit,
                offset: page.offset
            ),
            .countExecutionSamples(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                from: input.from,
                to: input.to,
                most: Total.most
            )
        )
        let items = page.items(rows).map(StoredExecutionSample.init)
        let total = Total(counted: counted)
        return .ok(
            ExecutionSamplePage(
                page: page.number,
                pageSize: page.size,
                total: total.count,
                totalIsExact: total.isExact,
                items: items,
                nextCursor: page.next(rows) { ($0.ts, $0.ordinal) }
            )
        )
    }

    public func exportExecutionSamples(
        _ input: ExportExecutionSamples.Input
    ) async throws(Problem) -> ExportExecutionSamples.Output {
        let rows = try await read(
            .listExecutionSamples(
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                from: input.from,
                to: input.to,
                afterTime: nil,
                afterOrdinal: nil,
                limit: input.limit,
                offset: 0
            )
        )
        return .ok(CSV(rows.map(StoredExecutionSample.init), columns: Self.sampleColumns).text)
    }

    private static let sampleColumns = [
        "ordinal", "instance_id", "symbol", "slippage_bps", "latency_ms", "fill_ratio", "timestamp", "received_at",
    ]
}

extension StoredExecutionSample {
    fileprivate init(_ row: ListExecutionSamplesRow) {
        self.init(
            ordinal: row.ordinal,
            instanceID: row.instanceID,
            symbol: row.symbol,
            slippageBps: row.slippageBps,
            latencyMs: row.latencyMs,
            fillRatio: row.fillRatio,
            timestamp: row.ts,
            receivedAt: row.receivedAt
        )
    }
}
