public import ContractRuntime
public import Generated

extension API {
    public func listPositions(_ input: ListPositions.Input) async throws(Problem) -> ListPositions.Output {
        let page = try Page<String, String>(number: input.page, size: input.pageSize, cursor: nil)
        let now = Timestamp.now
        let (rows, total) = try await read(
            .listPositions(
                staleSeconds: configuration.heartbeatStaleSeconds,
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                isStale: input.stale,
                books: configuration.books.currency,
                limit: page.size,
                offset: page.offset
            ),
            .countPositions(
                staleSeconds: configuration.heartbeatStaleSeconds,
                botID: input.botID,
                instanceID: input.instanceID,
                exchange: input.exchange,
                symbol: input.symbol,
                mode: input.mode,
                currency: input.currency,
                isStale: input.stale,
                books: configuration.books.currency
            )
        )
        let items = rows.map { Position($0) }
        return .ok(
            PositionPage(generatedAt: now, page: page.number, pageSize: page.size, total: total, items: items)
        )
    }
}

extension Position {
    fileprivate init(_ row: ListPositionsRow) {
        self.init(
            instanceID: row.instanceID,
            botID: row.botID,
            runtimeMode: row.runtimeMode,
            exchange: row.exchange,
            symbol: row.symbol,
            netExposure: row.netExposure,
            grossExposure: row.grossExposure,
            updatedAt: row.updatedAt,
            isStale: row.isStale,
            currency: row.currency.isEmpty ? nil : row.currency
        )
    }
}
