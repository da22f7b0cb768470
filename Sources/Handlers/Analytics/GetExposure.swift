public import ContractRuntime
public import Generated

extension API {
    public func getExposure(_ input: GetExposure.Input) async throws(Problem) -> GetExposure.Output {
        let (rows, equity) = try await read(
            .exposure(mode: input.mode, staleSeconds: configuration.heartbeatStaleSeconds),
            .latestEquity(mode: input.mode)
        )
        // The statement answers the row without symbol and mode whatever is stored.
        guard let total = rows.first(where: { $0.symbol == nil && $0.runtimeMode == nil }) else { throw .internalError }
        return .ok(
            Exposure(
                generatedAt: total.generatedAt,
                totalNetExposure: total.net,
                totalGrossExposure: total.gross,
                keyMetrics: .init(
                    latestEquity: equity,
                    trackedPositions: total.positions,
                    trackedSymbols: total.symbols
                ),
                stale: .init(
                    netExposure: total.staleNet,
                    grossExposure: total.staleGross,
                    positions: total.stalePositions
                ),
                bySymbol: rows.compactMap { row in
                    row.symbol.map { ExposureBySymbolItem(symbol: $0, netExposure: row.net, grossExposure: row.gross) }
                },
                byMode: rows.compactMap { row in
                    row.runtimeMode.map {
                        ExposureByModeItem(runtimeMode: $0, netExposure: row.net, grossExposure: row.gross)
                    }
                }
            )
        )
    }
}
